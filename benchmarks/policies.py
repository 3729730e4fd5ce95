"""Which rule asks best: every strategy and policy on worlds with a known truth, and on a real model.

    python benchmarks/policies.py --world [--judged] [--seeds 20] [--questions 300] [--jobs 2] [--policies ...]
    python benchmarks/policies.py --llm [local] [--seeds 1] [--questions 100] [--minutes M] [--policies ...]
    python benchmarks/policies.py --table [--questions 100] [--worlds FILE]

The first prints a Markdown table for each kind of world, best first by on-topic concepts per 1,000 tokens. A seed fixes
both world and run, so the policies meet the same worlds. Finished trials are kept as lines of JSON in --keep, and a
benchmark that is started again only does what is missing. A file is for one set of dials; after a change of strategies
or policies use another one. With --judged the worlds state falsehoods as often as judges found a model does, and only
true relations count; the last lines compare that with the judgements (data/judgements/policies.csv).

The second gives every policy the same model, temperature, prompts and seed for the n-th question (live.py), and keeps
each run in data/policies; the third prints the tables of what is kept there (standings.py, figures.py).
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import figures
import live
import pandas as pd
import standings
from tables import agreement, mean, table
from trial import HABITS, JUDGED, Run, on_world

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
BEST_TRUE = "true near"
TRUE = {"true": ("true %", 1), BEST_TRUE: ("true near the topic/1k", 2), "questions": ("questions", 0),
        "kilotokens": ("tokens, k", 0)}  # fmt: skip
PER_1000 = "true_and_informative_per_1000_tokens"
VERDICTS = Path(__file__).parent.parent / "data" / "judgements" / "policies.csv"
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
    """One run of the benchmark, by what defines it."""

    kind: str
    size: int
    policy: str
    seed: int
    questions: int
    dials: WorldSettings = HABITS

    def run(self) -> tuple["Trial", Run]:
        """Do it."""
        return self, on_world(self.kind, self.size, self.policy, self.seed, self.questions, self.dials)


def trials(how: argparse.Namespace) -> list[Trial]:
    """Return all trials asked for, ordered so that one process gets the policies of one world together."""
    return [
        Trial(kind, how.size, policy, seed, how.questions, JUDGED if how.judged else HABITS)
        for seed in range(how.seeds)
        for kind in how.kinds
        for policy in how.policies
    ]


def kept(path: Path | None, dials: WorldSettings = HABITS) -> dict[Trial, Run]:
    """Return the finished trials of a file; ends the program where its dials are not today's."""
    if path is None or not path.is_file():
        return {}
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    setting = json.loads(first)
    setting["dials"] = asdict(WorldSettings()) | setting["dials"]  # a dial that was added later has its default there
    if setting != _setting(dials):
        sys.exit(f"{path} was made with other dials: --keep another file")
    return {Trial(**row["trial"], dials=dials): row["run"] for row in map(json.loads, lines)}


def _setting(dials: WorldSettings) -> dict[str, object]:
    return {"dials": asdict(dials), "degree": DEGREE}


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


def _keep(path: Path, finished: Sequence[tuple[Trial, Run]]) -> None:
    is_new = not path.exists()
    with path.open("a", encoding="utf-8") as file:
        lines = [{"trial": _told(trial), "run": run} for trial, run in finished]
        setting = [_setting(finished[0][0].dials)] if is_new else []
        file.writelines(json.dumps(line) + "\n" for line in setting + lines)


def _told(trial: Trial) -> dict[str, object]:
    return {name: value for name, value in asdict(trial).items() if name != "dials"}  # they stand in the first line


def report(kind: str, runs: dict[str, list[Run]], how: argparse.Namespace) -> Iterator[str]:
    """Yield the lines about one kind of world."""
    every = [run for some in runs.values() for run in some]
    radii = sorted({int(run["radius"]) for run in every})
    radius = "-".join(map(str, dict.fromkeys((radii[0], radii[-1]))))
    share = statistics.mean(run["within"] for run in every)
    yield f"\n### {kind}: {how.size} hidden concepts, {how.questions} questions, {how.seeds} seeds\n"
    yield f"On topic: within {radius} relations of it in the hidden graph, which holds {share:.0%} of the concepts.\n"
    yield from table(runs, TRUE if how.judged else COLUMNS, best_by(how))


def best_by(how: argparse.Namespace) -> str:
    """Return the figure that says which policy is best."""
    return BEST_TRUE if how.judged else BEST_BY


def rankings(found: Ranked, figure: str) -> Iterator[str]:
    """Yield how far the kinds of world agree about the order of the policies by a figure."""
    scores = {kind: {policy: mean(runs, figure) for policy, runs in found[kind].items()} for kind in found}
    for one, other in combinations(scores, 2):
        yield f"{one} and {other} agree about the order: {agreement(scores[one], scores[other])}"


def on_worlds(how: argparse.Namespace) -> None:
    """Do the missing trials on hidden graphs and print the tables."""
    started = time.monotonic()
    how.seeds, how.questions, how.policies = how.seeds or 20, how.questions or 300, how.policies or list(POLICIES)
    wanted = trials(how)
    runs = kept(how.keep, JUDGED if how.judged else HABITS)
    missing = [trial for trial in wanted if trial not in runs]
    runs |= dict(done(missing, how.jobs, how.keep))
    found = by_kind({trial: runs[trial] for trial in wanted})
    for kind, by_policy in found.items():
        print("\n".join(report(kind, by_policy, how)))
    print("\n" + "\n".join(rankings(found, best_by(how))))
    if how.judged:
        print("\n".join(beside_verdicts(found)))
    print(f"\n{len(missing)} trials in {(time.monotonic() - started) / 60:.1f} minutes with {how.jobs} processes")


def beside_verdicts(found: Ranked) -> Iterator[str]:
    """Yield what judges found about the policies on a model, what holds on all worlds, and how far the orders agree."""
    verdicts = pd.read_csv(VERDICTS).set_index("policy")
    every = {policy: [run for runs in found.values() for run in runs[policy]] for policy in next(iter(found.values()))}
    both = [policy for policy in verdicts.index if policy in every]
    yield "\n| policy | judged | true %, judged | true %, worlds | true and informative/1k | true near the topic/1k |"
    yield f"|---|{'---:|' * 5}"
    for policy in both:
        row, runs = verdicts.loc[policy], every[policy]
        shares = f"{100 * row['true']:.0f} | {100 * mean(runs, 'true'):.0f}"
        yield f"| {policy} | {row['judged']:.0f} | {shares} | {row[PER_1000]:.1f} | {mean(runs, BEST_TRUE):.2f} |"
    scores = {policy: mean(every[policy], BEST_TRUE) for policy in both}
    yield f"\nthe model and the worlds agree about the order: {agreement(dict(verdicts[PER_1000]), scores)}"


def by_kind(runs: dict[Trial, Run]) -> Ranked:
    """Return the runs of every policy in every kind of world."""
    found: Ranked = defaultdict(lambda: defaultdict(list))
    for trial, run in runs.items():
        found[trial.kind][trial.policy].append(run)
    return found


def on_a_model(how: argparse.Namespace) -> None:
    """Do the missing runs on a real model, unless only the tables are wanted, and print the tables of what is kept."""
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
    worlds.add_argument("--judged", action="store_true", help="they say what is false as often as judges found it")
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
