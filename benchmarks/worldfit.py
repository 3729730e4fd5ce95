"""How like a real model a world is: its dials fitted to a recorded run, and both beside each other.

    python benchmarks/worldfit.py [--run data/runs/impact-resistant-materials.jsonl.gz] [--tries 60] [--jobs 2]

k and junk are read off the replies. What cannot be read off (popularity, recall, drift, size and degree of the hidden
graph) is searched: worlds are grown by the policy of the run, and the one whose figures come nearest is kept. A figure
that is off by its tolerance counts as much as any other. This is no part of the package: nobody imports it.
"""

import argparse
import multiprocessing
import random
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from graphgrow.codec import read_events
from graphgrow.graph import Graph
from graphgrow.growth import Growth, Settings
from graphgrow.llm.asked import read
from graphgrow.llm.world import Dials, World
from graphgrow.model import Budget, Expansion
from graphgrow.names import canonical
from graphgrow.parse import parse
from graphgrow.policy import Mix
from graphgrow.stores.memory import MemoryStore
from graphgrow.worlds import make_world

ROOT = Path(__file__).parent.parent
RUN = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
POLICY = Mix({"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05})  # what the run was grown with
KIND = "communities"
PARTS = 6
BINS = (1, 2, 4, 8, 16)  # least degree of each class
SEEDS = 1  # worlds of a try
FINAL = 5  # worlds of the table
VARIANTS = 0.03  # set, not fitted: .12 new spellings a question among 5.5 names in the recorded run, .02
ROW = "{:34} {:>9} {:>9} {:>9}"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a world is made of, beside its dials."""

    dials: Dials
    size: int
    degree: float


def growing(events: Iterable[Expansion]) -> dict[str, float]:
    """Return the figures of a run by name: yield, repetitions and degrees."""
    graph, rows = Graph(), []
    for event in events:
        rows.append(_step(event, graph))
        graph.apply(event)
    degrees = [graph.degree(key) for key in graph.concepts]
    classes = Counter(max(least for least in BINS if least <= max(1, degree)) for degree in degrees)
    part = len(rows) // PARTS
    figures = {
        f"new concepts a question, {n * part + 1}-{(n + 1) * part}": statistics.mean(
            row["new"] for row in rows[n * part : (n + 1) * part]
        )
        for n in range(PARTS)
    }
    total = {name: sum(row[name] for row in rows) for name in rows[0]}
    return figures | {
        "relations said a reply": total["said"] / len(rows),
        "rejects a relation said": total["rejects"] / total["said"],
        "named concepts known before": total["known"] / total["named"],
        "listed as known, named all the same": total["again"] / max(1, total["listed"]),
        "relations known before": total["support"] / max(1, total["support"] + total["relations"]),
        **{f"concepts of degree {_class(n)}": classes[least] / len(degrees) for n, least in enumerate(BINS)},
        "average degree": statistics.mean(degrees),
        "largest degree / concepts": max(degrees) / len(degrees),
    }


def _class(place: int) -> str:
    least, *after = BINS[place:]
    return f"{least}" if after and after[0] == least + 1 else f"{least}-{after[0] - 1}" if after else f"{least}+"


def _step(event: Expansion, graph: Graph) -> dict[str, int]:
    """Return the counts of one question."""
    said = parse(event.reply.text, event.reply.finish_reason).triples
    asked = read(event.prompt)
    focus = set(map(canonical, asked.concepts))
    named = {key for one in said for key in (canonical(one.source), canonical(one.target)) if key} - focus
    listed = set(map(canonical, asked.listed)) - focus
    return {
        "new": len(event.delta.new_concepts),
        "said": len(said),
        "rejects": len(event.delta.rejects),
        "named": len(named),
        "known": sum(key in graph.concepts for key in named),
        "listed": len(listed),
        "again": len(listed & named),
        "support": len(event.delta.support),
        "relations": len(event.delta.relations),
    }


def grown(shape: Shape, seed: int, steps: int) -> dict[str, float]:
    """Return the figures of one run on a made world."""
    hidden = make_world(KIND, shape.size, seed, degree=shape.degree)
    settings = Settings(POLICY, Budget(steps=steps), seed=seed)
    return growing(Growth(str(hidden.graph["topic"]), MemoryStore(), World(hidden, shape.dials, seed), settings))


def tolerance(value: float) -> float:
    """Return how far off is as bad as any other figure's being so far off: a tenth of it, and .05 at least."""
    return max(abs(value) / 10, 0.05)


def distance(real: dict[str, float], made: dict[str, float]) -> float:
    """Return the mean squared error over all figures, in tolerances; 25 at most for one."""
    return statistics.mean(min(25.0, ((made[n] - real[n]) / tolerance(real[n])) ** 2) for n in real)


def tried(job: tuple[dict[str, float], Shape, int]) -> float:
    """Return how far a shape is from the real run."""
    real, shape, steps = job
    runs = [grown(shape, seed, steps) for seed in range(SEEDS)]
    return distance(real, {name: statistics.mean(run[name] for run in runs) for name in real})


def shapes(real: dict[str, float], tries: int) -> list[Shape]:
    """Return the shapes to try: what can be read off as it is, the rest by chance."""
    rng = random.Random(0)
    read_off = Dials(
        k=round(real["relations said a reply"]),
        variants=VARIANTS,
        junk=round(real["rejects a relation said"], 2),
    )
    return [
        Shape(
            replace(
                read_off,
                popularity=round(rng.uniform(0.6, 1.6), 2),
                recall=round(rng.uniform(0, 0.5), 2),
                drift=round(rng.uniform(0, 0.15), 2),
            ),
            round(10 ** rng.uniform(2.9, 3.3)),
            round(rng.uniform(8, 30)),
        )
        for _ in range(tries)
    ]


def main() -> None:
    """Print the best shapes and the table of the best."""
    parser = argparse.ArgumentParser(description="The dials of a world fitted to a recorded run.")
    parser.add_argument("--run", type=Path, default=RUN)
    parser.add_argument("--tries", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    how = parser.parse_args()
    events = [event for event in read_events(how.run) if isinstance(event, Expansion)]
    real, steps = growing(events), len(events)
    jobs = [(real, shape, steps) for shape in shapes(real, how.tries)]
    with multiprocessing.Pool(how.jobs) as pool:
        scores = pool.map(tried, jobs, chunksize=1)
        ranked = sorted(zip(scores, (shape for _, shape, _ in jobs), strict=True), key=lambda pair: pair[0])
        best = ranked[0][1]
        runs = pool.starmap(grown, [(best, 100 + seed, steps) for seed in range(FINAL)])
    for score, shape in ranked[:5]:
        print(f"{score:7.2f}  {asdict(shape.dials)} size={shape.size} degree={shape.degree:g}")
    print(ROW.format("", "real", "world", "sd"))
    for name, value in real.items():
        values = [run[name] for run in runs]
        print(ROW.format(name, f"{value:.3f}", f"{statistics.mean(values):.3f}", f"{statistics.stdev(values):.3f}"))


if __name__ == "__main__":
    main()
