"""Which rule asks best: every strategy and policy on worlds with a known truth, over seeds, with intervals.

    python benchmarks/policies.py --world [--seeds 20] [--questions 300] [--jobs 2] [--kinds ...] [--policies ...]

Prints a Markdown table for each kind of world, best first by on-topic concepts per 1,000 tokens. A seed makes world and
run alike, so the policies meet the same worlds. Finished trials are kept as lines of JSON in --keep, and a benchmark
that is started again only does what is missing. A file is for one set of dials; after a change of strategies or
policies take another one.
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
from pathlib import Path

from trial import Run, interval, on_world

from graphgrow.llm.world import Dials
from graphgrow.strategies import STRATEGIES
from graphgrow.worlds import KINDS
from graphgrow.worlds.made import DEGREE, SIZE

POLICIES = ("mix", *STRATEGIES)
BEST_BY = "kept on-topic"
# figure -> (heading, digits); a share is shown in percent
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
SHARES = frozenset(("coverage", "on-topic", "bridges"))


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
    if json.loads(first) != _setting():
        sys.exit(f"{path} was made with other dials: --keep another file")
    return {Trial(**row["trial"]): row["run"] for row in map(json.loads, lines)}


def _setting() -> dict[str, object]:
    return {"dials": asdict(Dials()), "degree": DEGREE}


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


def table(runs: dict[str, list[Run]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, policy by policy, best first: means and 95 % intervals over the runs."""
    headings = [heading for heading, _ in COLUMNS.values()]
    yield f"| policy | {' | '.join(headings)} |"
    yield f"|---|{'---:|' * len(headings)}"
    for policy in sorted(runs, key=lambda policy: -statistics.mean(run[BEST_BY] for run in runs[policy])):
        yield f"| {policy} | {' | '.join(_cell(name, runs[policy]) for name in COLUMNS)} |"


def _cell(name: str, runs: list[Run]) -> str:
    factor, digits = 100 if name in SHARES else 1, COLUMNS[name][1]
    values = [factor * run[name] for run in runs]
    half = interval(values)
    return f"{statistics.mean(values):,.{digits}f}" + (f" ± {half:.{digits}f}" if half else "")


def report(kind: str, runs: dict[str, list[Run]], how: argparse.Namespace) -> Iterator[str]:
    """Yield the lines about one kind of world."""
    every = [run for some in runs.values() for run in some]
    radii = sorted({int(run["radius"]) for run in every})
    radius = "-".join(map(str, dict.fromkeys((radii[0], radii[-1]))))
    share = statistics.mean(run["within"] for run in every)
    yield f"\n### {kind}: {how.size} hidden concepts, {how.questions} questions, {how.seeds} seeds\n"
    yield f"On topic: within {radius} relations of it in the hidden graph, which holds {share:.0%} of the concepts.\n"
    yield from table(runs)


def rankings(found: dict[str, dict[str, list[Run]]]) -> Iterator[str]:
    """Yield how far the kinds of world agree about the order of the policies."""
    from scipy.stats import spearmanr

    kinds = list(found)
    for place, one in enumerate(kinds):
        for other in kinds[place + 1 :]:
            both = [
                [statistics.mean(run[BEST_BY] for run in found[kind][policy]) for policy in found[one]]
                for kind in (one, other)
            ]
            yield f"{one} and {other} agree about the order: Spearman's rho {spearmanr(*both).statistic:.2f}"


def main() -> None:
    """Do what is missing and print the tables."""
    parser = argparse.ArgumentParser(description="Strategies and policies on worlds with a known truth.")
    parser.add_argument("--world", action="store_true", required=True, help="on hidden graphs that answer like a model")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--policies", nargs="+", default=list(POLICIES))
    parser.add_argument("--keep", type=Path, help="a file of finished trials; left out, nothing is kept")
    how = parser.parse_args()
    started = time.monotonic()
    wanted = trials(how)
    runs = kept(how.keep)
    missing = [trial for trial in wanted if trial not in runs]
    runs |= dict(done(missing, how.jobs, how.keep))
    found: dict[str, dict[str, list[Run]]] = {kind: {policy: [] for policy in how.policies} for kind in how.kinds}
    for trial in wanted:
        found[trial.kind][trial.policy].append(runs[trial])
    for kind, by_policy in found.items():
        print("\n".join(report(kind, by_policy, how)))
    print("\n" + "\n".join(rankings(found)))
    print(f"\n{len(missing)} trials in {(time.monotonic() - started) / 60:.1f} minutes with {how.jobs} processes")


if __name__ == "__main__":
    main()
