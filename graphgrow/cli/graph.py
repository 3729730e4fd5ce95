"""`show`, `measure`, `critical`, `predicates` and `verify`: what a graph holds, and how it is built."""

from collections import Counter
from contextlib import closing
from dataclasses import asdict
from itertools import groupby, takewhile
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Exit, Option

from graphgrow.cli.arguments import MOST, AsJson, Embeddings, LeastConfidence, Predicates, Store
from graphgrow.cli.output import (
    beside,
    bill_rows,
    counted,
    dump,
    per_cent,
    relation_row,
    say,
    size_in_words,
    sizes,
    spaced,
    table,
)
from graphgrow.cli.progress import Progress
from graphgrow.errors import BadInput, StoreError
from graphgrow.graph.confidence import TRUSTED, trusted, trusted_part
from graphgrow.graph.confidence import confidence as confidence_of
from graphgrow.graph.digests import is_run_file, read_records
from graphgrow.graph.graph import fold
from graphgrow.graph.keys import clean
from graphgrow.graph.qualified import qualifiers_in_words
from graphgrow.policy.monitor import monitor
from graphgrow.resolve.options import open_meanings, open_vocabulary
from graphgrow.resolve.search import find
from graphgrow.stores import open_store
from graphgrow.stores.copying import last_seq
from graphgrow.stores.verifying import verify as verify_store
from graphgrow.stores.verifying import verify_log

LogPlace = Annotated[str, Argument(metavar="STORE", help="A store, or a run file (.jsonl, .jsonl.gz).")]
HUBS = 12
COLUMNS = 5  # snapshots in a table
SURPRISING = 15  # relations in a table
LABELS = {
    "events": "steps", "steps": "questions of runs", "largest_component": "largest component", "usd": "USD",
    "watch": "saturation",
}  # fmt: skip


def show(
    store: Store, concept: Annotated[str, Argument(help="A concept to look at.")] = "", as_json: AsJson = False
) -> None:
    """Say what a graph holds, or all that is known about one concept."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    if concept:
        key = find(graph, concept)
        found, asked, first = graph.concepts[key], graph.asks.get(key, 0), graph.introduced[key]
        rows = [
            (relation_row(graph, relation), confidence_of(graph, relation), graph.relations[relation])
            for relation in graph.incident[key]
        ]
        if as_json:
            relations = [
                {**row, "confidence": round(sure, 4), "events": [one.seq for one in evidence],
                 "raw": [one.raw.predicate for one in evidence], **beside(evidence)}
                for row, sure, evidence in rows
            ]  # fmt: skip
            dump({"key": key, "name": found.name, "type": found.type, "aliases": found.aliases, "introduced": first,
                  "asked": asked, "relations": relations})  # fmt: skip
            return
        spellings = f", also written {', '.join(found.aliases)}" if found.aliases else ""
        spellings = f" ({clean(found.type)}){spellings}" if found.type else spellings
        times = {0: "never asked", 1: "asked once"}.get(asked, f"asked {asked} times")
        say(f"{found.name}{spellings}: first mentioned in step {first}, {times}")
        table(
            ("source", "predicate", "target", " support", " confidence", "steps"),
            [
                (*row.values(), per_cent(sure), ", ".join(str(one.seq) for one in evidence))
                for row, sure, evidence in rows
            ],
        )
        for row, _, evidence in rows:
            for one in evidence:
                if words := qualifiers_in_words(one.qualifiers):
                    said = " ".join(clean(str(row[end])) for end in ("source", "predicate", "target"))
                    say(f"step {one.seq}, {said}: {words}")
        return
    hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]
    newest = [graph.name(key) for key in list(graph.concepts)[-HUBS:]]
    facts = {
        "topic": graph.topic,
        "events": graph.seq,
        "steps": graph.steps,
        **sizes(graph),
        "components": len(graph.components.sizes),
        "largest_component": graph.components.largest,
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd,
        "watch": monitor(graph).assessment.summary,
    }
    sure, checked = len(trusted(graph)), len(graph.checks)
    if as_json:
        named = [{"name": graph.name(key), "degree": graph.degree(key)} for key in hubs]
        dump({**facts, "bills": graph.bill_rows, "trusted": sure, "checked": checked,
              "rejected": dict(graph.rejected), "hubs": named, "newest": newest})  # fmt: skip
        return
    rejected = ", ".join(f"{count} {rule}" for rule, count in sorted(graph.rejected.items())) or "nothing"
    labelled: list[tuple[str, object]] = []
    for name, value in facts.items():
        if name == "usd" and not value:  # no known price
            continue
        labelled += [(LABELS.get(name, name), value), *(bill_rows(graph) if name == "tokens" else [])]
    share = f"{sure} of {counted(len(graph.relations), 'relation')}, of a confidence of {per_cent(TRUSTED)} or more"
    if checked or sure:  # by fact checks, or by hand
        labelled += [("trusted", share), ("fact checks", f"of {counted(checked, 'relation')}")]
    else:
        labelled.append(("fact checks", "none, so nothing is trusted or distrusted"))
    table(("", ""), [*labelled, ("rejected", rejected), ("newest", ", ".join(newest))])
    if hubs:
        say("")
        table((" degree", "most connected concepts"), [(graph.degree(key), graph.name(key)) for key in hubs])


def measure(
    source: Annotated[str, Argument(metavar="STORE|FILE", help="A store, or a graph file.")],
    at: Annotated[int | None, Option(min=0, max=MOST, help="As it was after this step.")] = None,
    every: Annotated[int | None, Option(min=1, max=MOST, help="One row every K steps.")] = None,
    nulls: Annotated[
        int | None, Option(min=2, help="Compare with this many graphs of each null model instead.")
    ] = None,
    confidence: LeastConfidence = 0,
    as_json: AsJson = False,
) -> None:
    """Print the whole panel of metrics of a graph."""
    if at is not None and every is not None:
        raise BadInput("--at is one moment and --every are many: give one of them")
    if is_file(source) and (at is not None or every is not None):
        raise BadInput(f"{source} is a graph file, which has no history: --at and --every go with a store")
    if confidence and (every is not None or is_file(source)):
        raise BadInput("--confidence reads the fact checks of a log at one moment: leave out --every, and name a store")
    if every is not None:
        _measure_every(source, every, as_json=as_json)
        return
    progress = Progress()
    if is_file(source):
        from graphgrow.export import read_table

        concepts, triples = read_table(Path(source), progress=progress)
    else:
        with closing(open_store(source)) as home:
            wanted = home.events() if at is None else takewhile(lambda event: event.seq <= at, home.events())
            graph = fold(progress.over(wanted, "reading the log", at or last_seq(home)))
        if at is not None and graph.seq < at:
            raise BadInput(f"{home.url} ends at step {graph.seq}: there is no step {at}")
        graph = trusted_part(graph, confidence)
        concepts, triples = list(graph.concepts), graph.triples()
    from graphgrow.measure.panel import panel
    from graphgrow.measure.projection import simple_graph

    if nulls is None:
        values = panel(concepts, triples, progress=progress)
        if as_json:
            dump(values)
        else:
            table(("metric", " value"), values.items())
        return
    from graphgrow.measure import nulls as models

    rows = models.nulls(simple_graph(concepts, {(s, t) for s, _, t in triples}), samples=nulls)
    if as_json:
        dump([asdict(row) for row in rows])
        return
    shown: list[tuple[object, ...]] = []
    for metric, members in groupby(rows, key=lambda row: (row.metric, row.observed)):
        shown.append((*metric, "", "", "", ""))
        shown += [(f"- {row.model.replace('_', ' ')}", "", row.mean, row.low, row.high, row.z) for row in members]
    table(("metric", " observed", " mean", " low", " high", " z"), shown)
    say(f"low and high hold 95 % of {nulls} graphs of each model; z is the distance from their mean in deviations")


def is_file(source: str) -> bool:
    """Tell whether a source is a graph file and no store."""
    from graphgrow.export import is_graph_file

    return "://" not in source and is_graph_file(Path(source))


def _measure_every(url: str, every: int, *, as_json: bool) -> None:
    """Print the panel after every `every`-th event and after the last one."""
    from graphgrow.measure.history import history
    from graphgrow.measure.panel import NAMES

    with closing(open_store(url)) as home:
        panels = history(home.events(), every=every, cache=home, progress=Progress())
    chosen = panels[(panels.index % every == 0) | (panels.index == panels.index.max())].astype(object)
    rows = chosen.where(chosen.notna(), None)[list(NAMES)].reset_index().to_dict("records")
    if as_json:
        dump(rows)
        return
    shown = spaced(rows, COLUMNS)
    names = [name for name in NAMES if rows and not isinstance(rows[-1][name], dict)]
    table(("metric", *(f" {row['seq']}" for row in shown)), [(name, *(row[name] for row in shown)) for name in names])
    if len(shown) < len(rows):
        say(f"{len(shown)} of {len(rows)} snapshots; --json has them all")


def critical(
    store: Store,
    embeddings: Embeddings = "",
    base_url: Annotated[str, Option(help="The endpoint of the embedding model.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print structural and semantic entropy, and which relations join what is far apart in meaning."""
    from graphgrow.measure import critical as measures

    with closing(open_store(store)) as home:
        graph, embedder = home.graph(), open_meanings(embeddings, home, base_url)
        names = [concept.name for concept in graph.concepts.values()]
        vectors: Any = embedder.vectors(names) if embedder is not None else None
    simple = graph.igraph()
    row = measures.critical(simple, vectors)
    edges = measures.surprising_edges(simple, vectors).edges if vectors is not None else ()
    if as_json:
        named = [{"one": names[a], "other": names[b], "similarity": near} for a, b, near in edges]
        dump({**row, "surprising": named})
        return
    table(("", " value"), [(name.replace("_", " "), value) for name, value in row.items() if name != "missing"])
    if edges:
        say("\nthe most surprising relations")
        table(("one", "other", " similarity"), [(names[a], names[b], near) for a, b, near in edges[:SURPRISING]])
    say(str(row["missing"]) + (" Try  --embeddings local" if row["missing"] else ""))


def predicates(store: Store, predicates: Predicates = None, as_json: AsJson = False) -> None:
    """List the wordings that the vocabulary does not hold, most frequent first, with what each may mean."""
    vocabulary = open_vocabulary(predicates)
    with closing(open_store(store)) as home:
        wordings = Counter(one.raw.predicate for event in home.events() for one in event.delta.statements)
    unmapped = vocabulary.unmapped(wordings)
    held = wordings.total() - sum(one.count for one in unmapped)
    if as_json:
        rows = [{"wording": one.wording, "count": one.count, "proposal": one.proposal, "turned": one.turned,
                 "score": one.score} for one in unmapped]  # fmt: skip
        dump({"statements": wordings.total(), "in_vocabulary": held, "unmapped": rows})
        return
    if unmapped:
        table((" times", "wording", "proposal", " likeness"),
              [(one.count, one.wording, one.proposal + (", turned round" if one.turned and one.proposal else ""),
                one.score) for one in unmapped])  # fmt: skip
    count = len(vocabulary.names)
    say(f"{held} of {wordings.total()} statements use a wording of the vocabulary ({count} predicates)")


def verify(store: LogPlace, as_json: AsJson = False) -> None:
    """Check that no step was altered, fold the log again, compare it with what the store shows; exit code 1 if not."""
    if is_run_file(store):
        verdict = verify_log(store, *read_records(Path(store)), Progress())
    else:
        with closing(open_store(store)) as home:
            verdict = verify_store(home, Progress())
    graph, found, seal = verdict.graph, verdict.problems, verdict.seal
    if as_json:
        digest, since = (seal.digest, seal.since) if seal else (None, None)
        dump({"equal": not found, "events": graph.seq, **sizes(graph), "differences": found,
              "altered": verdict.altered or None, "digest": digest, "digests_since": since})  # fmt: skip
    elif verdict.altered:
        raise StoreError(found[0])
    else:
        for sentence in found:
            say(clean(sentence))
        if not found:
            is_known = seal is not None or not is_run_file(store)
            say(f"{'equal' if is_known else 'readable'}: {counted(graph.seq, 'step')}, {size_in_words(graph, ', ')}")
        if graph.seq and verdict.silence:
            say(verdict.silence)
        elif is_run_file(store) and not found:
            say(
                "whether steps are missing at its end, or its last step was altered with its digest, a run file"
                " cannot tell by itself"
            )
    raise Exit(1 if found else 0)
