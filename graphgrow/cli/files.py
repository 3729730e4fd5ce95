"""`replay`, `export`, `import`, `copy`, `fork` and `report`: graphs and runs as files, and from store to store."""

import re
from collections import Counter
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from graphgrow.api.imports import MOST_ALIKE, import_graph, title_of
from graphgrow.cli.arguments import MOST, AsJson, Embeddings, LeastConfidence, Predicates, Store, Without
from graphgrow.cli.output import by_rule, counted, dump, hygiene_in_words, note, place, say, size_in_words, sizes, table
from graphgrow.cli.progress import Progress
from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, ROLES, TABBED, read_file
from graphgrow.export import export as write_graph
from graphgrow.graph.confidence import trusted_part
from graphgrow.graph.digests import checked, is_run_file, read_records
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Expansion
from graphgrow.growth.replay import Fields, recording
from graphgrow.growth.replay import replay as run_again
from graphgrow.resolve.options import open_meanings, open_resolver
from graphgrow.resolve.resolve import VERBATIM
from graphgrow.stores import DEFAULT_URL, GraphStore, copying, open_store, store_url

ENDINGS = ", ".join(FORMATS)
SAMPLES = 3  # names that are shown of many


def replay(
    file: Annotated[Path, Argument(help="A run file, or JSON lines with replies; .gz is fine.")],
    store: Annotated[str, Option(help="Where the graph is kept.")] = DEFAULT_URL,
    field: Annotated[str, Option(help="For foreign JSON lines: the field that holds the raw reply.")] = "",
    question_field: Annotated[str, Option(help="The field that holds the question.")] = "",
    topic: Annotated[
        str, Option(help="For foreign JSON lines: their topic; without it names are not checked against one.")
    ] = "",
    resolution: Annotated[Literal["on", "off"], Option(help="off: names and predicates as they stand.")] = "on",
    without_rule: Without = None,
    predicates: Predicates = None,
    embeddings: Embeddings = "",
    append: Annotated[bool, Option("--append", help="Add to a store that holds a graph already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run recorded replies through the same parse, resolve and commit as live ones."""
    fields = Fields(field, question_field) if field else None
    recorded = recording(file, fields, topic)
    with closing(open_store(store, create=True)) as home:
        how = VERBATIM
        if resolution == "on":
            how = open_resolver(without_rule or (), predicates, open_meanings(embeddings, home))
        outcomes: Counter[str] = Counter()
        notes = []
        for event in run_again(recorded, home, how, append=append, progress=Progress()):
            if isinstance(event, Expansion):
                outcomes[event.outcome] += 1
                if event.reason and event.outcome != "ok":
                    notes.append((event.seq, event.outcome, event.reason))
        graph = home.graph()
    if not graph.seq:
        raise BadInput(f"{file} holds no reply and no decision: there is nothing to replay")
    if as_json:
        dump({"outcomes": dict(outcomes), **sizes(graph), "rejected": dict(graph.rejected), "notes": notes})
        return
    if notes:
        table((" step", "outcome", "why"), notes)
    by_outcome = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()) or "none"
    say(f"{outcomes.total()} replies: {by_outcome}")
    say(f"{size_in_words(graph)} in {place(home.url)}")
    say(hygiene_in_words(graph.rejected, store))


def export(
    store: Store,
    file: Annotated[Path, Argument(help=f"A name that ends in {ENDINGS}.")],
    confidence: LeastConfidence = 0,
    excel: Annotated[bool, Option("--excel", help="With FILE.csv: for Excel, which else shows µ as Âµ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a graph to a file that other programs read."""
    own = Path(place(store))
    if file.exists() and own.exists() and file.samefile(own):
        raise BadInput(f"{file} is the store itself: export to another name")
    with closing(open_store(store)) as home:
        progress = Progress()
        graph = trusted_part(fold(progress.over(home.events(), "reading the log", copying.last_seq(home))), confidence)
        log = takewhile(lambda event: event.seq <= graph.seq, home.events())
        written = write_graph(graph, file, log, excel=excel, progress=progress)
    if as_json:
        dump({"file": str(file), "files": [str(one) for one in written], **sizes(graph)})
    else:
        say(f"{size_in_words(graph)} in {' and '.join(map(str, written))}")


def import_(
    file: Annotated[Path, Argument(help=f"A graph that ends in {ENDINGS}, {TABBED[0]}, ours or anybody's.")],
    store: Annotated[str, Argument(help="Where the graph is kept.")] = DEFAULT_URL,
    columns: Annotated[
        str, Option(metavar="ROLE=NAME,...", help=f"What columns or keys are: {', '.join(ROLES)}; the rest is guessed.")
    ] = "",
    append: Annotated[bool, Option("--append", help="Add to a store that holds a graph already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a graph file into a store, where it can be grown further; says first what was read as what."""
    progress = Progress()
    found = read_file(file, _columns(columns), progress=progress)
    if not found.delta.concepts:
        raise BadInput(f"{file} holds no graph: it names no concept")
    if not as_json:
        say(f"read as: {'; '.join(found.taken)}")
        for sample in found.samples:
            say(f"    {sample.source} | {sample.predicate} | {sample.target}")
        for sentence in found.left_out:
            say(sentence)
    with closing(_lasting(store)) as home:
        brought = import_graph(found, home, title_of(file), append=append, progress=progress)
    broken = {rule: len(names) for rule, names in brought.broken.items()}
    if as_json:
        samples = [[one.source, one.predicate, one.target] for one in found.samples]
        dump(
            {"store": home.url, "concepts": brought.concepts, "relations": brought.relations, "read_as": found.taken,
             "samples": samples, "left_out": found.left_out, "hygiene": broken,
             "hygiene_samples": {rule: names[:SAMPLES] for rule, names in brought.broken.items()},
             "rejected": len(brought.rejected), "doubts": len(brought.doubts), "events": brought.saved,
             "compared_by_likeness": brought.is_likeness_compared}
        )  # fmt: skip
        return
    if not brought.saved:
        say(f"{place(home.url)} has all of {file} already: nothing was added")
        return
    is_new = "new " if append else ""
    in_words = f"{counted(brought.concepts, f'{is_new}concept')} and {counted(brought.relations, f'{is_new}relation')}"
    say(f"{in_words} from {file} in {place(home.url)}")
    if brought.rejected:
        say(f"rejected in this graph, and still out: {', '.join(brought.rejected[:SAMPLES])}"
            f"{' ...' if len(brought.rejected) > SAMPLES else ''} ({len(brought.rejected)})")  # fmt: skip
    if broken:
        say(
            f"kept, though hygiene would take {counted(sum(broken.values()), 'name')} of a reply out: {by_rule(broken)}"
        )
        for rule, names in sorted(brought.broken.items(), key=lambda row: (-len(row[1]), row[0])):
            say(f"    {rule}: {', '.join(names[:SAMPLES])}{' ...' if len(names) > SAMPLES else ''}")
    else:
        say("hygiene would take no name out")
    if not brought.is_likeness_compared:
        say(f"above {MOST_ALIKE:,} names only other ways of writing one name are looked for, not names that are alike")
    if brought.doubts:
        say(f"{counted(len(brought.doubts), 'possible duplicate')} to decide: see  graphgrow review {place(home.url)}")
    else:
        say("no possible duplicates among the names")


def _columns(text: str) -> dict[str, str]:
    """Return role -> name of "source=Drug,target=Symptom"; a name may hold a comma where no role follows it."""
    pairs = re.split(rf",(?=\s*(?:{'|'.join(ROLES)})\s*=)", text) if text else []
    named = {role.strip(): name.strip() for role, _, name in (pair.partition("=") for pair in pairs)}
    if not all(named.values()):
        raise BadInput(f"--columns {text!r} says nothing: write for example  --columns source=Drug,target=Symptom")
    return named


def copy(
    source: Annotated[str, Argument(help="The store to copy from, or a run file (.jsonl, .jsonl.gz).")],
    target: Annotated[str, Argument(help="The store to copy to: a new one, or one that holds the beginning.")],
    until: Annotated[
        int | None, Option(min=1, max=MOST, metavar="SEQ", help="The last step to copy, and nothing after it is read.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a graph with its whole log into another store; the same command continues an interrupted copy."""
    if is_run_file(source):
        url, (records, seal) = source, read_records(Path(source))
        with closing(_lasting(target)) as other:
            copied = copying.complete(checked(source, records, seal, until), other)
    else:
        with closing(open_store(source)) as home, closing(_lasting(target)) as other:
            url, copied = home.url, copying.copy(home, other, until, Progress())
    if as_json:
        dump({"source": url, "target": other.url, "events": copied})
    else:
        say(f"{counted(copied, 'step')} copied from {url} to {other.url}")


def fork(
    store: Store,
    new: Annotated[str, Argument(help="The store of the fork: a new one.")],
    at: Annotated[int, Option(min=1, max=MOST, help="The last step that both have.")],
    as_json: AsJson = False,
) -> None:
    """Begin another graph with the log of this one up to a step; the same command continues an interrupted fork."""
    with closing(open_store(store)) as home, closing(_lasting(new)) as other:
        copied = copying.fork(home, other, at, Progress())
        graph = other.graph()
    if as_json:
        dump({"source": home.url, "target": other.url, "at": at, "events": copied, **sizes(graph)})
    else:
        say(f"{place(other.url)} begins with steps 1 to {at}: {size_in_words(graph, ', ')}")


def _lasting(url: str) -> GraphStore:
    """Open a store, new or not, that is still there when the command has ended."""
    if store_url(url).kind == "memory":
        raise BadInput("memory: is gone when the command ends: name a file, or neo4j://HOST?graph=NAME")
    return open_store(url, create=True)


def report(
    store: Store,
    file: Annotated[Path, Argument(help="The page to write, a name that ends in .html.")],
    tables: Annotated[Path | None, Option("--csv", help="Also write every table into this folder.")] = None,
    every: Annotated[int | None, Option(min=1, max=MOST, help="A snapshot every K steps (default: about 50).")] = None,
    seed: Annotated[int, Option(help="Decides partitions, samples and null models.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a run as one page with every curve of the paper, and those that correct it; needs no network."""
    from graphgrow.export.report import library

    if file.suffix.lower() not in {".html", ".htm"}:
        raise BadInput(f"cannot write a report to {file}: use a name that ends in .html")
    drawing = library()
    from graphgrow.export.report import report as measure_run
    from graphgrow.export.report.page import page, write
    from graphgrow.export.report.tables import write_tables

    with closing(open_store(store)) as home:
        events = list(home.events())
        note(f"measuring {counted(len(events), 'step')}: a long run takes minutes")
        measured = measure_run(events, every=every, seed=seed, cache=home)
    write(file, page(measured, drawing))
    written = write_tables(measured, tables) if tables else []
    if as_json:
        dump({"file": str(file), **measured.facts, "every": measured.every, "csv": [str(path) for path in written]})
    else:
        beside = f", its tables in {tables}" if tables else ""
        say(f"{file}: the run up to step {measured.facts['events']}, a snapshot every {measured.every}{beside}")
