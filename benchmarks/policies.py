"""Which rule asks best: every strategy and policy on worlds with a known truth, and on a real model.

    python benchmarks/policies.py --world [--seeds 20] [--questions 300] [--jobs 2] [--kinds ...] [--policies ...]
    python benchmarks/policies.py --llm [local] [--seeds 1] [--questions 100] [--minutes M] [--policies ...]
    python benchmarks/policies.py --table [--questions 100] [--worlds FILE]

The first prints a Markdown table for each kind of world, best first by on-topic concepts per 1,000 tokens. A seed makes
world and run alike, so the policies meet the same worlds. Finished trials are kept as lines of JSON in --keep, and a
benchmark that is started again only does what is missing. A file is for one set of dials; after a change of strategies
or policies take another one.

The second gives every policy the same model, temperature, prompts and seed of the n-th question (live.py), and keeps
each run in data/policies; the third prints the tables of what is kept there (standings.py, figures.py).
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import figures
import live
import standings
from tables import agreement, mean, table
from trial import Run, on_world

from graphgrow.api.models import KINDS
from graphgrow.errors import GraphgrowError
from graphgrow.llm.simulated.shapes import DEGREE, SIZE
from graphgrow.llm.simulated.world import WorldSettings
from graphgrow.policy import POLICIES as NAMED
from graphgrow.policy.strategies import STRATEGIES

KEPT = Path(__file__).parent.parent / "data" / "policies"
TOPIC = "impact resistant materials"
POLICIES = (*NAMED, *STRATEGIES)
BEST_BY = "kept on-topic"
COLUMNS = {
    "coverage": ("coverage %", 1),
    "on-topic": ("on topic %", 1),
    "bridges": ("bridges %", 1),
    "kept 1": ("kept/1k, 1st third", 2),
    "kept 2": ("2nd", 2),
    "kept 3": ("3rd", 2),
    "kept on-topic": ("on-topic kept/1k", 2),
    "duplicates": ("duplicates", 1),
    "junk": ("junk kept", 1),
    "rejects": ("rejects", 1),
    "questions": ("questions", 0),
    "kilotokens": ("tokens, k", 0),
}
Ranked = dict[str, dict[str, list[Run]]]  # kind of world -> policy -> its runs


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of the benchmark, by what it is a run of."""

    kind: str
    size: int
    policy: str
    seed: int
    questions: int

    def run(self) -> tuple["Trial", Run]:
        """Do it."""
        return self, on_world(self.kind, self.size, self.policy, self.seed, self.questions)


def trials(how: argparse.Namespace) -> list[Trial]:
    """Return all that is asked for, so that one process meets the policies of one world together."""
    return [
        Trial(kind, how.size, policy, seed, how.questions)
        for seed in range(how.seeds)
        for kind in how.kinds
        for policy in how.policies
    ]


def kept(path: Path | None) -> dict[Trial, Run]:
    """Return the finished trials of a file; ends the program where its dials are not those of now."""
    if path is None or not path.is_file():
        return {}
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    setting = json.loads(first)
    setting["dials"] = asdict(WorldSettings()) | setting["dials"]  # one that came later has its default there
    if setting != _setting():
        sys.exit(f"{path} was made with other dials: --keep another file")
    return {Trial(**row["trial"]): row["run"] for row in map(json.loads, lines)}


def _setting() -> dict[str, object]:
    return {"dials": asdict(WorldSettings()), "degree": DEGREE}


def done(missing: list[Trial], jobs: int, path: Path | None) -> Iterator[tuple[Trial, Run]]:
    """Yield each missing trial as it is done, and keep it."""
    by_world = defaultdict(list)
    for trial in missing:
        by_world[trial.kind, trial.seed].append(trial)
    with multiprocessing.Pool(jobs) as pool:
        for finished in pool.imap_unordered(_together, by_world.values()):
            if path:
                _keep(path, finished)
            yield from finished


def _together(group: list[Trial]) -> list[tuple[Trial, Run]]:
    return [trial.run() for trial in group]


def _keep(path: Path, finished: Iterable[tuple[Trial, Run]]) -> None:
    is_new = not path.exists()
    with path.open("a", encoding="utf-8") as file:
        lines = [{"trial": asdict(trial), "run": run} for trial, run in finished]
        file.writelines(json.dumps(line) + "\n" for line in ([_setting()] if is_new else []) + lines)


def report(kind: str, runs: dict[str, list[Run]], how: argparse.Namespace) -> Iterator[str]:
    """Yield the lines about one kind of world."""
    every = [run for some in runs.values() for run in some]
    radii = sorted({int(run["radius"]) for run in every})
    radius = "-".join(map(str, dict.fromkeys((radii[0], radii[-1]))))
    share = statistics.mean(run["within"] for run in every)
    yield f"\n### {kind}: {how.size} hidden concepts, {how.questions} questions, {how.seeds} seeds\n"
    yield f"On topic: within {radius} relations of it in the hidden graph, which holds {share:.0%} of the concepts.\n"
    yield from table(runs, COLUMNS, BEST_BY)


def rankings(found: Ranked) -> Iterator[str]:
    """Yield how far the kinds of world agree about the order of the policies."""
    scores = {kind: {policy: mean(runs, BEST_BY) for policy, runs in found[kind].items()} for kind in found}
    for one, other in combinations(scores, 2):
        yield f"{one} and {other} agree about the order: {agreement(scores[one], scores[other])}"


def on_worlds(how: argparse.Namespace) -> None:
    """Do the missing trials on hidden graphs and print the tables."""
    started = time.monotonic()
    how.seeds, how.questions, how.policies = how.seeds or 20, how.questions or 300, how.policies or list(POLICIES)
    wanted = trials(how)
    runs = kept(how.keep)
    missing = [trial for trial in wanted if trial not in runs]
    runs |= dict(done(missing, how.jobs, how.keep))
    found = by_kind({trial: runs[trial] for trial in wanted})
    for kind, by_policy in found.items():
        print("\n".join(report(kind, by_policy, how)))
    print("\n" + "\n".join(rankings(found)))
    print(f"\n{len(missing)} trials in {(time.monotonic() - started) / 60:.1f} minutes with {how.jobs} processes")


def by_kind(runs: dict[Trial, Run]) -> Ranked:
    """Return the runs of every policy in every kind of world."""
    found: Ranked = defaultdict(lambda: defaultdict(list))
    for trial, run in runs.items():
        found[trial.kind][trial.policy].append(run)
    return found


def on_a_model(how: argparse.Namespace) -> None:
    """Do the missing runs on a real model, unless only the table is wanted, and print the tables of what is kept."""
    folder, questions = how.keep or KEPT, how.questions or 100
    policies, seeds = how.policies or list(POLICIES), range(how.seeds or 1)
    if not how.table:
        until = None if how.minutes is None else time.monotonic() + 60 * how.minutes
        plan = live.Plan(folder, how.topic, how.llm, questions, until)
        left = live.grow_missing([live.Entry(policy, seed) for seed in seeds for policy in policies], plan)
        print(f"not done yet: {', '.join(map(str, left))}\n" if left else "all runs are done\n")
    chosen = [
        entry
        for entry in live.entries(folder)
        if entry.policy in (how.policies or [entry.policy]) and (how.seeds is None or entry.seed in seeds)
    ]
    runs, remarks = standings.load(chosen, folder, questions)
    compare = figures.cosines()
    print("\n".join([*standings.report(runs, questions, compare), "", *remarks]))
    if how.worlds:
        print("\n".join(agreements(standings.measured(runs, compare), how.worlds)))


def agreements(runs: dict[str, list[Run]], worlds: Path) -> Iterator[str]:
    """Yield how far a model and each kind of world, and all of them, agree about the order of the policies."""
    scores = {policy: mean(rows, standings.BEST_BY) for policy, rows in runs.items()}
    found = by_kind(kept(worlds))
    every = defaultdict[str, list[Run]](list)
    for by_policy in found.values():
        for policy, rows in by_policy.items():
            every[policy] += rows
    for kind, by_policy in {**found, "all worlds": every}.items():
        on_topic = {policy: mean(rows, BEST_BY) for policy, rows in by_policy.items()}
        yield f"the model and {kind} agree about the order: {agreement(scores, on_topic)}"


def main() -> None:
    """Do what is missing and print the tables."""
    how = parser().parse_args()
    try:
        on_worlds(how) if how.world else on_a_model(how)
    except GraphgrowError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    options = argparse.ArgumentParser(description="Which strategy or policy asks best.")
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--world", action="store_true", help="on hidden graphs that answer like a model")
    what.add_argument("--llm", nargs="?", const="local", help="on a model, any that `graphgrow grow --llm` takes")
    what.add_argument("--table", action="store_true", help="ask nothing: the tables of the runs that are kept")
    options.add_argument("--policies", nargs="+")
    options.add_argument("--seeds", type=int, help="from 0 on; 20 worlds, or 1 run of a model")
    options.add_argument("--questions", type=int, help="of a run; 300 to a world, 100 to a model")
    options.add_argument("--keep", type=Path, help="a file of finished trials, or the folder of a model's runs")
    worlds = options.add_argument_group("worlds")
    worlds.add_argument("--size", type=int, default=SIZE)
    worlds.add_argument("--jobs", type=int, default=2)
    worlds.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    models = options.add_argument_group("models")
    models.add_argument("--topic", default=TOPIC)
    models.add_argument("--minutes", type=float, help="stop after so long; started again it goes on")
    models.add_argument("--worlds", type=Path, help="a --keep file of --world: do both agree about the order?")
    return options


if __name__ == "__main__":
    main()
