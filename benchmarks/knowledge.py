"""What share of the relations that a graph shows is true, and what share is true and worth keeping: what users gain.

    python benchmarks/knowledge.py sheet --runs NAME=RUN[,RUN] ... --seed S --out DIR [--questions 100] [--per-arm 50]
    python benchmarks/knowledge.py read DIR [--ratio ARM,ARM ARM,ARM] [--json]
    python benchmarks/knowledge.py read --key KEY --verdicts A B [--runs NAME=RUN[,RUN] ...] [--json]
    python benchmarks/knowledge.py coverage --gold FILE --runs NAME=RUN[,RUN] ... [--questions 100] [--json]

An arm is one way to grow: a name and the files of its runs. In a run with fact checks, relations of less confidence
than `--threshold T` are not shown; NAME@T=RUN is an arm with a threshold of its own.

`sheet` draws relations of every arm, mixes them and hides whose they are: sheet.csv is for two judges, who each read
every row on their own, key.csv for `read` alone. A judge writes id,truth,informative,source_ok,target_ok, one line per
row: truth is T (true as stated), H (half: reversed, another predicate, strained) or F, the others 1 or 0. `read` finds
the verdicts as judge-a.csv and judge-b.csv beside the key, and the runs by the paths in the key, relative to the root
of the project.

`--ratio` compares two groups of arms by their true and informative relations per 1,000 tokens, with a 95 % interval
from resampling the judged relations of each arm (the bootstrap, Efron 1979).

`coverage` says how much of a field the graphs have reached: the share of the lines of a vocabulary, names of one
concept separated by |, of which a graph holds any name.

All tokens of the first questions count, and those of their fact checks; those of reasoning, which adds nothing to a
graph, do not.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from figures import first_questions

from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Expansion, FactCheck, Relation
from graphgrow.reason.judge import wilson

ROOT = Path(__file__).parent.parent
SHEET = ["id", "source", "predicate", "target"]  # and the topic, where there are several
KEY = ["id", "arm", "run", "event", "confidence", "topic", "questions", "threshold"]
ALLOWED = {"truth": "THF", "informative": "01", "source_ok": "01", "target_ok": "01"}  # verdict -> what a judge may say
HEADINGS = (
    "arm", "judged", "true %", "half %", "false %", "informative %", "fit names %", "true and informative %",
    "relations", "questions", "tokens", "true and informative/1k",
)  # fmt: skip
JUDGES = ("a", "b")
DRAWN = 2000  # resamples, for the interval of a ratio
BINS = 5  # of confidence, equally wide


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to grow, by the files of its runs; `threshold` is its own, None where it has none."""

    name: str
    paths: tuple[Path, ...]
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What a run shows after its first questions, and what these cost."""

    path: Path
    graph: Graph
    relations: list[Relation]
    questions: int
    tokens: int
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A share, or what is proportional to one, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Relations of about the same confidence: how many, their mean confidence, the share of them that is true."""

    count: int
    confidence: float
    true: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What confidence says about truth: reliability, expected calibration error, area under the ROC curve."""

    bins: list[Bin]
    error: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What both judges say of an arm, averaged; `fit_names` is the share of relation ends that name something."""

    arm: str
    judged: int
    true: Share
    half: float
    false: float
    informative: float
    fit_names: float
    true_and_informative: Share
    relations: int
    questions: int
    tokens: int
    per_1000_tokens: Share  # true and informative


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of a vocabulary the graphs of an arm hold: the mean share of its lines, and lines per token spent."""

    arm: str
    runs: int
    coverage: float
    tokens: int
    lines_per_1000_tokens: float


def parse_threshold(text: str) -> float:
    """Return a confidence that a user names, 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"a threshold of {text!r}: confidence is a number from 0 to 1")
    return value


def parse_arm(text: str) -> Arm:
    """Return the arm that NAME=RUN,RUN or NAME@T=RUN,RUN means."""
    name, _, paths = text.partition("=")
    _, has_own, own = name.partition("@")
    if not name or not paths:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=RUN[,RUN] or NAME@T=RUN[,RUN]")
    return Arm(name, tuple(map(Path, paths.split(","))), parse_threshold(own) if has_own else None)


def load(arm: Arm, questions: int, threshold: float | None = None) -> tuple[Arm, list[Run]]:
    """Return an arm with the threshold that applies to it, and its runs cut after so many questions.

    The threshold for all applies to an arm with fact checks that has none of its own. Raises BadInput where a run is
    not readable, or where only some runs of the arm have the fact checks that a threshold needs.
    """
    logs = {path: first_questions(read_events(path), questions) for path in arm.paths}
    # An event that is no question, edit or reasoning is a fact check.
    checked = {path: any(isinstance(event, FactCheck) for event in events) for path, events in logs.items()}
    for path, is_checked in checked.items():
        if not is_checked and (any(checked.values()) or arm.threshold is not None):
            raise BadInput(f"{path} has no fact checks in its first {questions} questions, as arm {arm.name!r} needs")
    held = threshold if arm.threshold is None and all(checked.values()) else arm.threshold
    runs = []
    for path, events in logs.items():
        graph = fold(events)
        tokens = sum(event.reply.usage.tokens for event in events if isinstance(event, Expansion | FactCheck))
        if not graph.concepts or not tokens:
            raise BadInput(f"{path} holds no graph with a bill in tokens after {questions} questions")
        runs.append(Run(path, graph, shown(graph, held), graph.steps, tokens, checked[path]))
    return replace(arm, threshold=held), runs


def shown(graph: Graph, threshold: float | None) -> list[Relation]:
    """Return the relations that a graph shows: all of them where no threshold applies."""
    if threshold is None:
        return list(graph.relations)
    from graphgrow.graph.confidence import trusted

    return list(trusted(graph, threshold))


def confidence(run: Run, relation: Relation) -> float | None:
    """Return how sure a graph with fact checks is of a relation, 0 to 1."""
    if not run.is_checked:
        return None
    from graphgrow.graph.confidence import confidence

    return float(confidence(run.graph, relation))


def draw(runs: Sequence[Run], count: int, rng: random.Random) -> list[tuple[Run, Relation]]:
    """Return relations of some runs, all equally likely and from each run in proportion to what it shows.

    Raises BadInput where a run would not be represented: left out, it would make its arm look better than it is.
    """
    pool = [(run, relation) for run in runs for relation in rng.sample(run.relations, len(run.relations))]
    count = min(count, len(pool))
    start = rng.randrange(len(pool)) if pool else 0
    drawn = [pool[(start + place * len(pool)) // count] for place in range(count)]
    for run in runs:
        if not any(one is run for one, _ in drawn):
            shows = f"{run.path} shows {len(run.relations)} relations, none of which was drawn"
            raise BadInput(f"{shows}: draw more from an arm, or lower its threshold")
    return drawn


def sheet(how: argparse.Namespace) -> None:
    """Draw from every arm, and write what judges see and, in a separate file, whose each relation is."""
    if (how.out / "sheet.csv").exists():
        raise BadInput(f"{how.out} holds a sheet already, maybe judged: name another folder")
    rows = []
    for given in distinct(how.runs):
        one, runs = load(given, how.questions, how.threshold)
        for run, relation in draw(runs, how.per_arm, random.Random(f"{how.seed}:{one.name}")):
            source, target = map(run.graph.name, relation.ends)
            path = run.path.resolve()
            rows.append(
                {
                    "source": source,
                    "predicate": relation.predicate,
                    "target": target,
                    "arm": one.name,
                    "run": path.relative_to(ROOT) if path.is_relative_to(ROOT) else path,
                    "event": run.graph.relations[relation][0].seq,
                    "confidence": confidence(run, relation),
                    "topic": run.graph.topic,
                    "questions": how.questions,
                    "threshold": one.threshold,
                }
            )
    random.Random(how.seed).shuffle(rows)
    table = pd.DataFrame(rows).assign(id=range(1, len(rows) + 1))
    how.out.mkdir(parents=True, exist_ok=True)
    topics = table["topic"].unique()
    table[SHEET + ["topic"] * (len(topics) > 1)].to_csv(how.out / "sheet.csv", index=False)
    table[KEY].to_csv(how.out / "key.csv", index=False)
    print(
        f"{len(table)} relations of {len(how.runs)} arms are in {how.out}: sheet.csv is for the judges, key.csv is not"
    )


def distinct(arms: Sequence[Arm]) -> Sequence[Arm]:
    """Return arms that differ by name; raises BadInput where two do not."""
    names = [one.name for one in arms]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"arm {name!r} is given twice: put all runs of an arm behind one name, separated by commas")
    return arms


def columns(path: Path, names: Sequence[str]) -> pd.DataFrame:
    """Return columns of a CSV file as text, by id; raises BadInput where one is missing or an id stands twice."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no table that can be read: {error}") from None
    if missing := [name for name in ("id", *names) if name not in table]:
        raise BadInput(f"{path} has no column {missing[0]!r}")
    if twice := table["id"][table["id"].duplicated()].tolist():
        raise BadInput(f"{path} has the id {twice[0]!r} twice")
    return table.set_index("id")[list(names)]


def verdicts(path: Path, ids: pd.Index) -> pd.DataFrame:
    """Return what a judge says of each id; raises BadInput where one is missing, or is not a permitted verdict."""
    table = columns(path, list(ALLOWED))
    if missing := ids.difference(table.index, sort=False).tolist():
        raise BadInput(f"{path} does not judge the id {missing[0]!r} ({len(missing)} of {len(ids)} are missing)")
    if strange := table.index.difference(ids, sort=False).tolist():
        raise BadInput(f"{path} judges the id {strange[0]!r}, which is not in the key")
    for name, allowed in ALLOWED.items():
        if wrong := table[name][~table[name].isin(list(allowed))].to_dict():
            id_, said = next(iter(wrong.items()))
            raise BadInput(f"{path} says {name} {said!r} of the id {id_!r}: it may be {', '.join(allowed)}")
    return table.loc[ids]


def kappa(one: pd.Series, other: pd.Series) -> float | None:
    """Return how far two judges agree beyond chance (Cohen 1960); None where chance alone would make them agree."""
    by_one, by_other = one.value_counts(normalize=True), other.value_counts(normalize=True)
    chance = float(by_one.mul(by_other, fill_value=0).sum())
    return None if chance >= 1 else (float((one == other).mean()) - chance) / (1 - chance)


def share(is_so: pd.DataFrame, factor: float = 1) -> Share:
    """Return the mean of what the judges say, a column each, with Wilson's interval for that many relations."""
    value = float(is_so.to_numpy().mean())
    return Share(*(factor * bound for bound in (value, *wilson(value * len(is_so), len(is_so)))))


def calibration(confidences: pd.Series, is_true: pd.DataFrame) -> Calibration:
    """Return what confidences say about truth, by what the judges say, a column each.

    The error is that of equally wide bins (Naeini et al. 2015); the area, None where all or none are true, is averaged
    over the judges.
    """
    from scipy.stats import mannwhitneyu

    table = pd.DataFrame({"confidence": confidences, "true": is_true.mean(axis=1)})
    by_bin = table.groupby((table["confidence"] * BINS).astype(int).clip(upper=BINS - 1))  # 1 is in the last one
    bins = [Bin(len(rows), float(rows["confidence"].mean()), float(rows["true"].mean())) for _, rows in by_bin]
    error = sum(one.count * abs(one.confidence - one.true) for one in bins) / len(table)
    areas = []
    for judge in is_true:
        true, other = confidences[is_true[judge]], confidences[~is_true[judge]]
        if len(true) and len(other):
            areas.append(mannwhitneyu(true, other).statistic / (len(true) * len(other)))
    return Calibration(bins, error, float(np.mean(areas)) if areas else None)


def current(rows: pd.DataFrame, sheet: pd.DataFrame, runs: Sequence[Run]) -> pd.Series:
    """Return how sure the graphs are now of the relations of a key, by id; those that a graph lost are left out.

    Relations were drawn with equal probability from what an arm showed, so those that remain under a stricter measure
    are an equally fair sample of what that shows.
    """
    by_name: dict[tuple[str, str, str, str], float] = {}
    for run in runs:
        for relation in run.graph.relations:
            names = run.graph.name(relation.source), relation.predicate, run.graph.name(relation.target)
            by_name[run.path.name, *names] = confidence(run, relation) or 0.0
    found = {}
    for row in sheet.loc[rows.index].assign(of=rows["run"]).itertuples():  # several runs may state the same relation
        if (name := (Path(str(row.of)).name, str(row.source), str(row.predicate), str(row.target))) in by_name:
            found[str(row.Index)] = by_name[name]
    return pd.Series(found, dtype=float)


def figures(one: Arm, runs: Sequence[Run], said: dict[str, pd.DataFrame]) -> Figures:
    """Return the figures of an arm, from the verdicts on the relations that were drawn from it.

    Per 1,000 tokens: the share, times the number of relations that all runs of the arm show, divided by their cost.
    """
    is_both = (said["truth"] == "T") & (said["informative"] == "1")
    relations, tokens = sum(len(run.relations) for run in runs), sum(run.tokens for run in runs)
    return Figures(
        arm=one.name,
        judged=len(is_both),
        true=share(said["truth"] == "T"),
        half=share(said["truth"] == "H").value,
        false=share(said["truth"] == "F").value,
        informative=share(said["informative"] == "1").value,
        fit_names=(share(said["source_ok"] == "1").value + share(said["target_ok"] == "1").value) / 2,
        true_and_informative=share(is_both),
        relations=relations,
        questions=sum(run.questions for run in runs),
        tokens=tokens,
        per_1000_tokens=share(is_both, 1000 * relations / tokens),
    )


def ratio_of(
    ones: Sequence[str],
    others: Sequence[str],
    is_both: pd.DataFrame,
    arm: pd.Series,
    sizes: dict[str, tuple[int, int]],
) -> Share:
    """Return the ratio of two groups of arms in true and informative relations per 1,000 tokens.

    `sizes` are relations shown and tokens by arm. Raises BadInput for an unknown arm.
    """
    if unknown := {*ones, *others} - sizes.keys():
        raise BadInput(f"there is no arm {', '.join(sorted(unknown))}: the arms are {', '.join(sizes)}")
    rng = np.random.default_rng(0)
    values = {name: is_both[arm == name].mean(axis=1).to_numpy() for name in (*ones, *others)}

    def rate(names: Sequence[str], *, again: bool) -> float:
        won = sum(
            float((rng.choice(values[name], len(values[name])) if again else values[name]).mean()) * sizes[name][0]
            for name in names
        )
        return won / sum(sizes[name][1] for name in names)

    def ratio(*, again: bool) -> float:
        return rate(ones, again=again) / (rate(others, again=again) or np.nan)

    low, high = np.nanpercentile([ratio(again=True) for _ in range(DRAWN)], (2.5, 97.5))
    return Share(ratio(again=False), float(low), float(high))


def read(how: argparse.Namespace) -> None:
    """Print what the judges say of each arm, how far they agree, and what confidence says about truth."""
    if how.folder:
        how.key, how.verdicts = how.folder / "key.csv", [how.folder / f"judge-{one}.csv" for one in JUDGES]
    key = columns(how.key, KEY[1:])
    judges = [verdicts(path, key.index) for path in how.verdicts]
    said = {name: pd.concat([judge[name] for judge in judges], axis=1, keys=JUDGES) for name in ALLOWED}
    moved = {one.name: one.paths for one in distinct(how.runs)}
    if moved and moved.keys() != set(key["arm"]):
        raise BadInput(f"the arms of {how.key} are {', '.join(key['arm'].unique())}: --runs has to name just these")
    sheet = columns(how.key.with_name("sheet.csv"), SHEET[1:]) if how.key.with_name("sheet.csv").exists() else None
    arms, gone = [], 0
    for name, drawn in key.groupby("arm", sort=False):
        rows, first = drawn, drawn.iloc[0]
        paths = moved.get(str(name)) or tuple(ROOT / path for path in dict.fromkeys(drawn["run"]))
        given = Arm(str(name), paths, float(first["threshold"]) if first["threshold"] else None)
        given, runs = load(given, int(first["questions"]))
        if sheet is not None and runs[0].is_checked:  # confidences of the same logs by today's weights
            today = current(rows, sheet, runs)
            key.loc[today.index, "confidence"] = today.astype(str)
            held = today.index[today >= (given.threshold or 0)]
            gone += len(drawn) - len(held)
            key, rows = key.drop(drawn.index.difference(held)), drawn.loc[held]
        own = {verdict: table.loc[rows.index] for verdict, table in said.items()}
        arms.append(figures(given, runs, own))
    arms.sort(key=lambda one: -one.per_1000_tokens.value)
    ratio = None
    if how.ratio:
        sizes = {one.arm: (one.relations, one.tokens) for one in arms}
        both = (said["truth"] == "T") & (said["informative"] == "1")
        one, other = (group.split(",") for group in how.ratio)
        ratio = ratio_of(one, other, both.loc[key.index], key["arm"], sizes)
    kappas = {name: kappa(*(judge[name] for judge in judges)) for name in ("truth", "informative")}
    # A threshold leaves only sure relations: these would say little about confidence, and weigh too much beside the
    # rest.
    sure = key[key["confidence"] != ""]
    calibrations = {
        str(threshold): calibration(rows["confidence"].astype(float), said["truth"].loc[rows.index] == "T")
        for threshold, rows in sure.groupby("threshold")
    }
    if how.json:
        known = {threshold: asdict(found) for threshold, found in calibrations.items()}
        whole = {"arms": [asdict(one) for one in arms], "kappa": kappas, "calibration": known}
        print(json.dumps(whole | ({"ratio": asdict(ratio)} if ratio else {}), indent=1))
        return
    print("\n".join(report(arms)))
    if ratio:
        print(f"\n{' and '.join(how.ratio)}, true and informative/1k: {bounded(ratio, digits=1)} times as much.")
    words = ", ".join(f"{name} {'-' if value is None else f'{value:.2f}'}" for name, value in kappas.items())
    if gone:
        print(f"\nLeft out, as confidence by today's weights is below the threshold: {gone} judged relations.")
    count = len(judges[0])
    print(f"\nCohen's kappa of the judges over {count} relations: {words}. In brackets: Wilson's interval of 95 %.")
    for threshold, found in calibrations.items():
        print("\n" + "\n".join(reliability(threshold, found)))


def report(arms: Sequence[Figures]) -> Iterator[str]:
    """Yield the lines of a Markdown table of the arms."""
    yield f"| {' | '.join(HEADINGS)} |\n|---|{'---:|' * (len(HEADINGS) - 1)}"
    for one in arms:
        shares = (one.half, one.false, one.informative, one.fit_names)
        cells = (
            one.arm, one.judged, bounded(one.true, 100), *(f"{100 * share:.0f}" for share in shares),
            bounded(one.true_and_informative, 100), f"{one.relations:,}", one.questions, f"{one.tokens:,}",
            bounded(one.per_1000_tokens, digits=1),
        )  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"


def reliability(threshold: str, one: Calibration) -> Iterator[str]:
    """Yield what confidence says about truth."""
    area = "-" if one.auc is None else f"{one.auc:.2f}"
    yield f"Confidence, of what is shown {f'at {threshold}' if threshold else 'without a threshold'}:"
    yield f"expected calibration error {one.error:.3f}, area under the ROC curve {area}\n"
    yield "| mean confidence | relations | true % |\n|---:|---:|---:|"
    for some in one.bins:
        yield f"| {some.confidence:.2f} | {some.count} | {100 * some.true:.0f} |"


def bounded(share: Share, factor: float = 1, digits: int = 0) -> str:
    """Return a share with its interval, for people."""
    value, low, high = (f"{factor * bound:.{digits}f}" for bound in (share.value, share.low, share.high))
    return f"{value} ({low} to {high})"


def coverage(how: argparse.Namespace) -> None:
    """Print how much of a vocabulary each arm has reached, averaged over its runs."""
    try:
        lines = how.gold.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise BadInput(f"{how.gold} is no vocabulary that can be read: {error}") from None
    entries = [set(map(canonical, line.split("|"))) - {""} for line in lines if not line.startswith("#")]
    gold = [names for names in entries if names]
    if not gold:
        raise BadInput(f"{how.gold} names no concept")
    rows, topics = [], set[str]()
    for given in distinct(how.runs):
        one, runs = load(given, how.questions, how.threshold)
        held = [sum(not names.isdisjoint(names_of(run, one.threshold)) for names in gold) for run in runs]
        topics |= {run.graph.topic for run in runs}
        tokens = sum(run.tokens for run in runs)
        rows.append(Reached(one.name, len(runs), sum(held) / len(runs) / len(gold), tokens, 1000 * sum(held) / tokens))
    if len(topics) > 1:
        raise BadInput(f"the runs are about {', '.join(sorted(topics))}: a vocabulary is of one topic")
    if how.json:
        print(json.dumps({"topic": topics.pop(), "lines": len(gold), "arms": [asdict(row) for row in rows]}, indent=1))
        return
    print(f"{topics.pop()}: {len(gold)} lines\n\n| arm | runs | coverage % | tokens | lines/1k |\n|---|{'---:|' * 4}")
    for row in sorted(rows, key=lambda row: -row.coverage):
        rate = row.lines_per_1000_tokens
        print(f"| {row.arm} | {row.runs} | {100 * row.coverage:.1f} | {row.tokens:,} | {rate:.2f} |")


def names_of(run: Run, threshold: float | None) -> set[str]:
    """Return all names of the concepts that are shown, as keys; with a threshold, of those in a shown relation."""
    keys = run.graph.concepts if threshold is None else dict.fromkeys(key for r in run.relations for key in r.ends)
    concepts = [run.graph.concepts[key] for key in keys]
    return {key for one in concepts for key in (one.key, *map(canonical, (one.name, *one.aliases)))}


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tasks = options.add_subparsers(required=True)
    drawing = tasks.add_parser("sheet", help="draw relations for two judges")
    reading = tasks.add_parser("read", help="the figures of what was judged")
    covering = tasks.add_parser("coverage", help="how much of a vocabulary the graphs hold")
    for task, what in ((drawing, sheet), (reading, read), (covering, coverage)):
        task.set_defaults(does=what)
        needed = task is not reading
        task.add_argument("--runs", nargs="+", type=parse_arm, default=[], required=needed, metavar="NAME=RUN,RUN")
        if needed:
            task.add_argument("--questions", type=int, default=100, help="of each run, from its first on")
            task.add_argument("--threshold", type=parse_threshold, help="of confidence, where an arm has fact checks")
        if task is not drawing:
            task.add_argument("--json", action="store_true")
    drawing.add_argument("--per-arm", type=int, default=50, help="relations drawn from an arm")
    drawing.add_argument("--seed", type=int, required=True)
    drawing.add_argument("--out", type=Path, required=True, metavar="DIR")
    reading.add_argument("folder", type=Path, nargs="?", help="with key.csv, judge-a.csv and judge-b.csv")
    reading.add_argument("--ratio", nargs=2, metavar="ARM,ARM", help="two groups of arms to set against each other")
    reading.add_argument("--key", type=Path)
    reading.add_argument("--verdicts", type=Path, nargs=2)
    covering.add_argument("--gold", type=Path, required=True, help="a concept a line, its names separated by |")
    return options


def main(words: Sequence[str] | None = None) -> None:
    """Draw, read or compare."""
    options = parser()
    how = options.parse_args(words)
    if how.does is read and bool(how.folder) == bool(how.key and how.verdicts):
        options.error("read either a folder, or --key and --verdicts")
    try:
        how.does(how)
    except GraphgrowError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
