"""`compare`, `consensus`, `core` and `diff`: runs side by side, what they agree on, what was said often enough."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from graphgrow.cli.arguments import MOST, AsJson, LeastConfidence, Runs, Store
from graphgrow.cli.graph import is_file
from graphgrow.cli.output import counted, dump, per_cent, relation_row, say, size_in_words, sizes, spaced, table
from graphgrow.errors import BadInput, without_passwords
from graphgrow.export import export, read_graph
from graphgrow.graph.confidence import confidence as confidence_of
from graphgrow.graph.confidence import trusted_part
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Edit, Event
from graphgrow.measure import agreement
from graphgrow.stores import open_store

if TYPE_CHECKING:
    from graphgrow.measure.comparison import Run, Setup, Value

POINTS = 5  # of a curve, in the table
FEWEST = 2
SHOWN = 20  # concepts or relations
LETTERS = 26
RUN_FILES = (".jsonl", ".jsonl.gz")

To = Annotated[Path | None, Option("--to", help="Also write it to a graph file, as `export` does.")]
Source = Annotated[str, Argument(help="A store, a run file (.jsonl, .jsonl.gz) or a graph file.")]


def _events_of(source: str) -> list[Event]:
    """Return the events of a store or a run file."""
    if source.endswith(RUN_FILES):
        return list(read_events(Path(source)))
    with closing(open_store(source)) as home:
        return list(home.events())


def compare(
    runs: Runs,
    every: Annotated[int, Option(min=1, max=MOST, help="Steps from one snapshot to the next.")] = 25,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side: curves at the same steps, final panels, mean and interval over repeats of one setup."""
    from graphgrow.measure.comparison import run, setups, shared, spread

    if len(runs) < FEWEST:
        raise BadInput(f"one run has nothing to be compared with: name at least {FEWEST}")
    taken: list[Run] = []
    for source in runs:
        if source.endswith(RUN_FILES):
            taken.append(run(source, read_events(Path(source)), every=every))
        else:
            with closing(open_store(source)) as home:
                taken.append(run(without_passwords(source), home.events(), every=every, cache=home))
    groups = setups(taken)
    if not as_json:
        _print_comparison(taken, groups)
        return

    def spreads(seq: int, members: Sequence["Run"]) -> dict[str, Any]:
        rows = [one.snapshots[seq] for one in members]
        return {"seq": seq, **{name: asdict(spread(row[name] for row in rows)) for name in rows[0]}}

    dump({
        "runs": [asdict(one) for one in taken],
        "setups": [
            {
                **asdict(setup),
                "runs": [one.name for one in members],
                "spread": [spreads(seq, members) for seq in shared(members)],
            }
            for setup, members in groups.items()
        ],
    })  # fmt: skip


def _print_comparison(runs: Sequence["Run"], groups: dict["Setup", list["Run"]]) -> None:
    """Print which runs there are, their curves at the same events, and the panels of their ends."""
    from graphgrow.measure.comparison import CURVES, shared, spread

    for one in runs:
        if not one.snapshots:
            raise BadInput(f"{one.name} holds no step yet")
    letters = {setup: chr(ord("A") + n) if n < LETTERS else f"{n}." for n, setup in enumerate(groups)}
    names = [f"{letters[one.setup]}{groups[one.setup].index(one) + 1}" for one in runs]
    repeated = {letters[setup]: members for setup, members in groups.items() if len(members) >= FEWEST}
    rows = [
        (name, one.name, max(one.snapshots), ", ".join(map(str, one.seeds)), one.setup.topic,
         ", ".join(one.setup.models), ", ".join(one.setup.strategies))
        for name, one in zip(names, runs, strict=True)
    ]  # fmt: skip
    table(("", "run", " steps", "seed", "topic", "model", "strategies"), rows)
    say("the same letter: repeats of one setup (topic, model, strategies), over which mean and interval are taken")
    for (one, first), (other, second) in combinations(zip(runs, names, strict=True), 2):
        if (one.seeds, one.snapshots) == (other.seeds, other.snapshots):
            say(f"{first} and {second} are the same run, and a copy is no repeat")

    def value(one: "Run", metric: str, seq: int | None) -> "Value":
        return one.snapshots[max(one.snapshots) if seq is None else seq][metric]

    def cells(metric: str, seq: int | None = None) -> list["Value"]:
        """Return a metric of every run after an event, or at its end, and mean and interval of each repeated setup."""
        row = [value(one, metric, seq) for one in runs]
        for members in repeated.values():
            over = spread(value(one, metric, seq) for one in members)
            row += [over.mean, over.low, over.high]
        return row

    columns = [
        *(f" {name}" for name in names),
        *(f" {letter} {statistic}" for letter in repeated for statistic in ("mean", "low", "high")),
    ]
    points = shared(runs)
    if points:
        shown = spaced(points, POINTS)
        curves = [(metric, seq, *cells(metric, seq)) for metric in CURVES for seq in shown]
        table(("metric", " step", *columns), curves, f"At the same steps, up to {points[-1]}")
        if len(shown) < len(points):
            say(f"{len(shown)} of {len(points)} snapshots; --json has them all")
    else:
        say("the runs have no snapshot in common: try a smaller --every")
    metrics = [name for name in runs[0].snapshots[max(runs[0].snapshots)] if name != "powerlaw_verdict"]
    panels: list[Sequence[object]] = [(metric, *cells(metric)) for metric in metrics]
    verdicts = [value(one, "powerlaw_verdict", None) for one in runs]
    panels.append(("powerlaw_verdict", *verdicts, *[""] * (len(columns) - len(verdicts))))  # a word has no mean
    table(("metric", *columns), panels, "At the end of each run")
    if len({max(one.snapshots) for one in runs}) > 1:
        say("the runs differ in length, so their ends are not alike: compare them at the same steps above")


def consensus(
    runs: Runs,
    agree: Annotated[int | None, Option(min=1, help="How many runs have to agree (default: most).")] = None,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Print the graph that several runs agree on, and how alike the runs are."""
    graphs = [fold(_events_of(source)) for source in runs]
    least = agree or len(graphs) // 2 + 1
    agreed, alike = agreement.consensus(graphs, least)
    if not as_json:
        say(f"over {counted(alike.pairs, 'pair')} of runs: Jaccard index of concepts {alike.concepts:.3f}, "
            f"of relations {alike.relations:.3f}")  # fmt: skip
    facts = {"runs": len(graphs), **asdict(alike)}
    ranked = sorted(agreed.relations, key=lambda r: (-agreed.support(r), r.source, r.predicate, r.target))
    rows = [relation_row(agreed, relation) for relation in ranked]
    _print_part(agreed, rows, to, facts, f"in at least {least} of {len(graphs)} runs", as_json=as_json)


def core(
    store: Store,
    support: Annotated[
        int | None, Option(min=1, help="How many have to say a relation (default 2, with --confidence 1).")
    ] = None,
    by: Annotated[
        agreement.By, Option(help="What --support counts: replies (samples), questions, models or seeds.")
    ] = "samples",
    confidence: LeastConfidence = 0,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Print the relations that are said often enough: by different replies, questions, models or seeds."""
    least = support or (1 if confidence else 2)
    with closing(open_store(store)) as home:
        events = list(home.events())
    said, whole = agreement.core(events, least, by), fold(events)
    trusted = trusted_part(whole, confidence).relations
    kept = [relation for relation in said.relations if relation in trusted]
    ranked = sorted(kept, key=lambda r: (-said.support(r), r.source, r.predicate, r.target))
    rows = [{**relation_row(said, one), "confidence": round(confidence_of(whole, one), 4)} for one in ranked]
    facts = {"of_concepts": len(whole.concepts), "of_relations": len(whole.relations)}
    which = f"said by at least {counted(least, by[:-1])}"
    which += f", of a confidence of {per_cent(confidence)} or more" if confidence else ""
    _print_part(whole.subgraph(kept), rows, to, facts, which, as_json=as_json)


def _print_part(
    graph: Graph, rows: list[dict[str, Any]], to: Path | None, facts: dict[str, Any], which: str, *, as_json: bool
) -> None:
    """Print the rows of relations that were kept, and write their graph; `facts` stand before them in the JSON."""
    if to:
        export(graph, to)
    if as_json:
        dump({**facts, **sizes(graph), "listed": rows})
        return
    columns = ("source", "predicate", "target", " support", " confidence")
    shown = [{**row, "confidence": per_cent(row["confidence"])} if "confidence" in row else row for row in rows[:SHOWN]]
    table(columns[: len(shown[0]) if shown else len(columns)], [tuple(row.values()) for row in shown])
    more = f", the first {SHOWN} above" if len(rows) > SHOWN else ""
    where = f"; written to {to}" if to else ""
    say(f"{size_in_words(graph)} {which}{more}{where}")


def diff(one: Source, other: Source, as_json: AsJson = False) -> None:
    """Say which concepts and relations two graphs have that the other has not."""
    graphs: list[Graph] = []
    for source in (one, other):
        if is_file(source):
            graph = Graph()
            graph.apply(Edit(1, "add", read_graph(Path(source))))
        else:
            graph = fold(_events_of(source))
        graphs.append(graph)
    sides: list[dict[str, Any]] = []
    for source, (graph, opposite) in ((one, graphs), (other, graphs[::-1])):
        keys, relations = agreement.lacking(graph, opposite)
        sides.append({
            "source": without_passwords(source),
            "concepts": [graph.name(key) for key in keys],
            "relations": [relation_row(graph, relation) for relation in relations],
        })  # fmt: skip
    shared = {name: size - len(sides[0][name]) for name, size in sizes(graphs[0]).items()}
    if as_json:
        dump({"both": shared, "only": sides})
        return
    for side in sides:
        concepts, rows = side["concepts"], side["relations"]
        numbers = f"{counted(len(concepts), 'concept')}, {counted(len(rows), 'relation')}"
        say(f"only in {side['source']}: {numbers}")
        if concepts:
            more = f" and {len(concepts) - SHOWN} more" if len(concepts) > SHOWN else ""
            say(f"  {', '.join(concepts[:SHOWN])}{more}")
        if rows:
            table(("source", "predicate", "target", " support"), [tuple(row.values()) for row in rows[:SHOWN]])
            if len(rows) > SHOWN:
                say(f"and {len(rows) - SHOWN} more relations")
    say(f"in both: {counted(shared['concepts'], 'concept')}, {counted(shared['relations'], 'relation')}")
