"""How closely a world resembles a real model: its dials fitted to a recorded run, and the two side by side.

    python benchmarks/worldfit.py [--run data/runs/impact-resistant-materials.jsonl.gz] [--tries 60] [--jobs 2]

k, recall and junk are read off the replies. What cannot be (popularity, chain, pull, drift, size and degree of the
hidden graph) is searched: worlds are grown by the policy of the run, and the one whose figures come nearest is kept.
Errors are measured in tolerances, so that all figures count alike. No run of another policy plays a part in it, so the
world favours no rule that is tried on it. This is not part of the package: nothing imports it.

Which dials are needed was read off the run too: of 724 neighbours that a question listed as known its reply named 402,
of 381 that it had no room to list, 1. So what is known is recited rather than avoided, by whole replies. What the run
cannot tell is what happens when a concept that brought nothing is asked about again at once: the policy of the run did
so five times. A rule that stays with such a concept (`latest`) fares better on a world than with the model.
"""

import argparse
import multiprocessing
import random
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from graphgrow.api.models import make_world
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Asks, Budget, Expansion
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.shapes import DEGREE, SIZE
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.parse.reply import parse
from graphgrow.policy import Mix
from graphgrow.prompts.render import render
from graphgrow.stores.memory import MemoryStore

ROOT = Path(__file__).parent.parent
RUN = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
POLICY = Mix({"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05})  # what the run was grown with
KIND = "communities"
PARTS = 6
BINS = (1, 2, 4, 8, 16)  # least degree of each class
SEEDS = 1  # worlds per try
FINAL = 5  # worlds in the table
VARIANTS = 0.03  # set, not fitted: .12 new spellings a question among 5.5 names in the recorded run, .02
ROW = "{:34} {:>9} {:>9} {:>9}"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a world is made from, besides its dials."""

    dials: WorldSettings
    size: int
    degree: float


def growing(events: Iterable[Expansion]) -> dict[str, float]:
    """Return the figures of a run by name: yield, repetitions, what relations are about, and degrees."""
    graph, rows = Graph(), []
    for event in events:
        rows.append(_step(event, graph))
        graph.apply(event)
    return _yields(rows) | _habits(rows) | _degrees(graph)


def _yields(rows: list[Counter[str]]) -> dict[str, float]:
    """Return how many new concepts a question brought: over the run, and by how much was known about its concept."""
    part = len(rows) // PARTS
    over = {
        f"new concepts a question, {n * part + 1}-{(n + 1) * part}": _mean(rows[n * part : (n + 1) * part], "new")
        for n in range(PARTS)
    }
    near = {
        f"  of a concept of degree {_class(n)}": _mean([row for row in rows if row["class"] == least], "new")
        for n, least in enumerate(BINS)
    }
    nothing = sum(row["new"] == 0 for row in rows) / len(rows)
    return over | near | {"questions that brought nothing": nothing}


def _mean(rows: list[Counter[str]], name: str) -> float:
    return statistics.mean(row[name] for row in rows) if rows else 0.0


def _habits(rows: list[Counter[str]]) -> dict[str, float]:
    total = sum(rows, Counter[str]())
    aside = [row for row in rows if row["aside"]]
    listing = [row for row in rows if row["listed"]]
    fresh = total["named"] - total["again"]
    return {
        "relations said a reply": total["said"] / len(rows),
        "  of the topic, not of the concept": sum(row["pulled"] for row in aside) / sum(row["said"] for row in aside),
        "  of neither": sum(row["chained"] for row in aside) / sum(row["said"] for row in aside),
        "  known before": total["support"] / max(1, total["support"] + total["relations"]),
        "rejects a relation said": total["rejects"] / total["said"],
        "other concepts named a reply": total["named"] / len(rows),
        "replies that name nothing of a list": sum(row["again"] == 0 for row in listing) / max(1, len(listing)),
        "listed as known, named all the same": total["again"] / max(1, total["listed"]),
        "named without being listed, yet known": (total["known"] - total["again"]) / max(1, fresh),
    }


def _degrees(graph: Graph) -> dict[str, float]:
    degrees = [graph.degree(key) for key in graph.concepts]
    classes = Counter(map(_least, degrees))
    shares = {f"concepts of degree {_class(n)}": classes[least] / len(degrees) for n, least in enumerate(BINS)}
    return shares | {
        "average degree": statistics.mean(degrees),
        "largest degree / concepts": max(degrees) / len(degrees),
    }


def _least(degree: int) -> int:
    return max(least for least in BINS if least <= max(1, degree))


def _class(place: int) -> str:
    least, *after = BINS[place:]
    return f"{least}" if after and after[0] == least + 1 else f"{least}-{after[0] - 1}" if after else f"{least}+"


def _step(event: Expansion, graph: Graph) -> Counter[str]:
    """Return the counts of one question; the topic is not counted as a name, since every other reply says it."""
    pairs = [
        tuple(map(canonical, (t.source, t.target))) for t in parse(event.reply.text, event.reply.finish_reason).triples
    ]
    asked, topic = render(event.focus, graph, event.topic).asks or Asks("expand"), canonical(event.topic)
    focus = set(map(canonical, asked.concepts))
    named = {key for pair in pairs for key in pair if key} - focus - {topic}
    listed = set(map(canonical, asked.listed)) - focus - {topic}
    degree = max((graph.degree(key) for key in event.focus.concepts if key in graph.concepts), default=0)
    return Counter({
        "new": len(event.delta.new_concepts),
        "class": _least(degree),
        "said": len(pairs),
        "aside": topic not in focus,
        "pulled": sum(topic in pair and not focus.intersection(pair) for pair in pairs),
        "chained": sum(not focus.union((topic,)).intersection(pair) for pair in pairs),
        "rejects": len(event.delta.rejects),
        "named": len(named),
        "known": sum(key in graph.concepts or key in listed for key in named),
        "listed": len(listed),
        "again": len(listed & named),
        "support": len(event.delta.support),
        "relations": len(event.delta.relations),
    })  # fmt: skip


def grown(shape: Shape, seed: int, steps: int) -> dict[str, float]:
    """Return the figures of one run on a made-up world."""
    hidden = make_world(KIND, shape.size, seed, degree=shape.degree)
    settings = Settings(POLICY, Budget(steps=steps), seed=seed)
    return growing(Growth(str(hidden.graph["topic"]), MemoryStore(), World(hidden, shape.dials, seed), settings))


def tolerance(value: float) -> float:
    """Return the error of a figure that counts as one unit: a tenth of its value, and .05 at least."""
    return max(abs(value) / 10, 0.05)


def distance(real: dict[str, float], made: dict[str, float]) -> float:
    """Return the mean squared error over all figures, in tolerances; at most 25 for one figure."""
    return statistics.mean(min(25.0, ((made[n] - real[n]) / tolerance(real[n])) ** 2) for n in real)


def tried(job: tuple[dict[str, float], Shape, int]) -> float:
    """Return how far a shape is from the real run."""
    real, shape, steps = job
    runs = [grown(shape, seed, steps) for seed in range(SEEDS)]
    return distance(real, {name: statistics.mean(run[name] for run in runs) for name in real})


def shapes(real: dict[str, float], tries: int) -> list[Shape]:
    """Return the shapes to try: what can be read off as it is, the rest at random; for no tries the package's own."""
    if not tries:
        return [Shape(WorldSettings(), SIZE, DEGREE)]
    rng = random.Random(0)
    read_off = WorldSettings(
        k=round(real["relations said a reply"]),
        recall=round(real["replies that name nothing of a list"], 2),
        variants=VARIANTS,
        junk=round(real["rejects a relation said"], 2),
    )
    return [
        Shape(
            replace(
                read_off,
                popularity=round(rng.uniform(0.5, 1.5), 2),
                chain=round(rng.uniform(0.35, 0.5), 2),
                pull=round(rng.uniform(0.1, 0.25), 2),
                drift=round(rng.uniform(0, 0.06), 2),
            ),
            round(10 ** rng.uniform(3.1, 3.5)),
            round(rng.uniform(6, 16)),
        )
        for _ in range(tries)
    ]


def main() -> None:
    """Print the best shapes and the table of the best."""
    parser = argparse.ArgumentParser(description="The dials of a world fitted to a recorded run.")
    parser.add_argument("--run", type=Path, default=RUN)
    parser.add_argument("--tries", type=int, default=60, help="0 shows how the dials that ship fit")
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
