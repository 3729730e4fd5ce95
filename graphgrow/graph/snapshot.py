"""A graph in a file beside its log, from which it is opened without folding the log: `save` and `load`.

The file has columns of numbers (columns.py) and tables (tables.py) for what there is much of, which are read as they
are asked for, what each event said, and one JSON object for the rest. It holds no code. It is written under another
name and moved into place, so that it is whole or not there; and it is trusted only where its digest is the one that
somebody trustworthy has kept: the store, with the digest of the last event in it. The log stays the truth; whoever has
no file, or another one, folds the log.
"""

import json
import mmap
import os
import re
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from graphgrow.graph.columns import Columns, PairKeys, RelationKeys, Steps, arrays
from graphgrow.graph.corrections import Corrections
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Bag, Components
from graphgrow.graph.model import Concept, Event, Focus, Relation, Statement
from graphgrow.graph.state import Before, Bill, Evidence, Past, Yield
from graphgrow.graph.steering import Steering
from graphgrow.graph.tables import (
    Keys,
    Layered,
    LayeredList,
    LayeredSet,
    Numbers,
    Some,
    Table,
    Values,
    pack,
    pack_texts,
    remembered,
    unpack,
    write_array,
    write_table,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 6  # of the format and of what it holds of a log: a file with another one is not read
_MAGIC = b"graphgrow fold\0\1"
_HEAD = struct.Struct("<16sQQ")  # where the JSON object starts, and its bytes
_CHUNK = 1 << 20
_MANY = 64  # relations of a concept; those of one that has more are read once
_ABANDONED = 120.0  # seconds without a byte after which a file that was not finished is taken for abandoned
# What reading raises where a file, or a note of one, does not hold what it should.
UNREADABLE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, MemoryError,
    struct.error,
)  # fmt: skip
Records = Iterable[tuple[bytes, bytes]]
# How a statement begins in what an event said. Within a text of JSON no quotation mark stands behind a brace.
_STATEMENT = re.compile(rb'[\[,]\{"relation":')


def save(events: Iterable[Event], path: Path) -> str:
    """Fold a log into a file and return its SHA-256 in hexadecimal; "" where another one is writing it now.

    The log is read while the file is written, which others take for busy as long as bytes come. Raises OSError where it
    cannot be written, and StoreError for an event that cannot follow those before it.
    """
    unfinished = path.with_name(f"{path.name}.new")

    def is_ours() -> bool:  # not where somebody took it for abandoned
        with suppress(OSError):
            return unfinished.stat().st_ino == own_file
        return False

    with suppress(FileNotFoundError):
        if time.time() - unfinished.stat().st_mtime > _ABANDONED:
            unfinished.unlink()
    try:
        handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return ""
    past, own_file = _adapter(Past), os.fstat(handle).st_ino
    try:
        with os.fdopen(handle, "w+b", _CHUNK) as file:
            file.write(_HEAD.pack(_MAGIC, 0, 0))
            steps = Steps(file, partial(past.dump_json, exclude_defaults=True), past.validate_json)
            graph = Columns(steps)
            graph.apply_all(events)
            tables = {"past": steps.close()}
            tables |= {name: write_table(file, records) for name, records in _records(graph)}
            columns = {name: (*write_array(file, part.tobytes()), part.dtype.char) for name, part in arrays(graph)}
            rest = pack(_rest(graph) | {"version": VERSION, "tables": tables, "columns": columns})
            start = file.tell()
            file.write(rest)
            file.seek(0)
            file.write(_HEAD.pack(_MAGIC, start, len(rest)))
            file.flush()
            os.fsync(handle)
            own = _digest(file.fileno())
        if not is_ours():
            return ""
        unfinished.replace(path)
    except BaseException:
        if is_ours():
            unfinished.unlink(missing_ok=True)
        raise
    return own


def load(path: Path, digest: str) -> Graph | None:
    """Return the graph in a file with this SHA-256; None where there is none, or it has another one or format.

    Nothing of the file is read that was not in it when its digest was taken: it is opened once.
    """
    try:
        if not path.is_file():  # a pipe, or a device, would be read for ever
            return None
        with path.open("rb") as file:
            if _digest(file.fileno()) != digest:
                return None
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        magic, start, size = _HEAD.unpack(data[: _HEAD.size])
        rest = json.loads(bytes(data[start : start + size])) if magic == _MAGIC else {}
        return _graph(rest, data) if rest.get("version") == VERSION else None
    except UNREADABLE:
        return None


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":  # noqa: ANN401  # a type
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _digest(handle: int) -> str:
    own, at = sha256(), 0
    while chunk := os.pread(handle, _CHUNK, at):
        own.update(chunk)
        at += len(chunk)
    return own.hexdigest()


def _of_text(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _to_text(key: bytes) -> str:
    return key.decode(errors="surrogatepass")


def _to_tuple(key: bytes) -> tuple[str, ...]:
    return tuple(unpack(key))


def _records(graph: Columns) -> Iterator[tuple[str, Records]]:
    """Yield the tables of a graph: name, and key and value of every record in order."""
    foci = _adapter(list[Focus])

    def concept(one: Concept) -> bytes:
        return b"" if one.name == one.key and not (one.aliases or one.type) else pack([one.name, one.aliases, one.type])

    yield "concepts", ((_of_text(key), concept(one)) for key, one in graph.concepts.items())
    yield "asked", ((pack_texts(one), b"") for one in graph.asked)
    yield "yields", ((_of_text(key), pack([one.questions, one.brought])) for key, one in graph.yields.items())
    yield "unwanted", ((_of_text(key), pack(list(names))) for key, names in graph.unwanted.items())
    yield "intents", ((_of_text(key), foci.dump_json(list(waiting))) for key, waiting in graph.intents.items())
    names = graph.arrived.items()
    yield "arrived", ((_of_text(key), b"" if name == key else _of_text(name)) for key, name in names)


def _rest(graph: Columns) -> dict[str, Any]:
    """Return what is read at once: what there is little of, and the keys of concepts."""
    bill, keys = _adapter(Bill), list(graph.concepts)
    return {
        **{name: getattr(graph, name) for name in _PLAIN},
        "unmended": sorted(graph.unmended),
        "bill": bill.dump_python(graph.bill),
        "checking": bill.dump_python(graph.checking),
        "bills": [[role, model, bill.dump_python(one)] for (role, model), one in graph.bills.items()],
        "undone": [*graph.undone.items()],
        "steering": _adapter(Steering).dump_python(graph.steering, mode="json"),
        "corrections": graph.corrections.state(),
        "thoughts": [[to_json(event) for event in events] for events in graph.thoughts.values()],
        "sizes": {keys[number]: size for number, size in graph.components.sizes.items()},
        "keys": keys,
        "predicates": list(graph.predicates),
    }


_PLAIN = (
    "seq", "steps", "topic", "rejected", "newest", "last", "loops", "before_checking", "check_method", "check_methods",
    "misses", "missed_at", "asks",
)  # fmt: skip


def _graph(rest: dict[str, Any], data: memoryview) -> Graph:
    """Return the graph of a file that was found to be what it was."""
    parts = {
        name: {part: data[start : start + size] for part, (start, size) in places.items()}
        for name, places in rest["tables"].items()
    }
    columns = {name: data[start : start + size].cast(kind) for name, (start, size, kind) in rest["columns"].items()}
    foci = _adapter(list[Focus])

    def texts(name: str, read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        table = Table(parts[name], _of_text, _to_text)
        return Layered(table, lambda place: read(table.value(place)), table.is_large)

    def keys_of(keys: Keys[Any]) -> Any:  # noqa: ANN401  # stands for a set or a dict of nothing
        return Layered(keys, lambda _: None, lambda _: False)

    graph, bill = Graph(**{name: rest[name] for name in _PLAIN}), _adapter(Bill)
    graph.newest, graph.last, graph.unmended = tuple(rest["newest"]), tuple(rest["last"]), set(rest["unmended"])
    graph.bill, graph.checking = (bill.validate_python(rest[name]) for name in ("bill", "checking"))
    graph.bills = {(role, model): bill.validate_python(one) for role, model, one in rest["bills"]}
    graph.undone = dict(rest["undone"])
    graph.steering = _adapter(Steering).validate_json(json.dumps(rest["steering"]))
    graph.corrections = Corrections.restored(rest["corrections"])
    for events in rest["thoughts"]:
        held: list[Any] = [from_json(event) for event in events]
        graph.thoughts[held[0].plan] = held

    keys, concepts = rest["keys"], Table(parts["concepts"], _of_text, _to_text)
    relations = RelationKeys(columns, rest["predicates"], concepts, keys)
    starts, incident, parents = columns["starts"], columns["incident"], columns["parents"]
    firsts, said_at, said_as = columns["firsts"], columns["said_at"], columns["said_as"]
    past, steps = _adapter(Past), Values(parts["past"])
    step = remembered(lambda place: past.validate_json(steps.value(place)))
    corrections, statement = Corrections.restored(rest["corrections"]), _adapter(Statement)
    begins = remembered(lambda seq: [one.start() + 1 for one in _STATEMENT.finditer(steps.value(seq - 1))])

    def concept(place: int) -> Concept:
        key, value = keys[place], concepts.value(place)
        if not value:
            return Concept(key, key)
        name, aliases, kind = unpack(value)
        return Concept(key, name, tuple(aliases), kind)

    def incident_of(place: int) -> list[Relation]:
        return [*map(relations.key, incident[starts[place] : starts[place + 1]])]

    def neighbours_of(place: int) -> dict[str, None]:
        own = keys[place]
        ends = (one.target if one.source == own else one.source for one in incident_of(place))
        return {key: None for key in ends if key != own}

    def evidence(place: int) -> list[Evidence]:
        return [piece(said_at[at], said_as[at]) for at in range(firsts[place], firsts[place + 1])]

    def piece(seq: int, place: int) -> Evidence:
        at, starts = place // 2, begins(seq) if not corrections.divided else ()
        if starts:  # what else the event said, which may be much, is not read
            text = steps.value(seq - 1, starts[at], *starts[at + 1 : at + 2])
            said = statement.validate_python(unpack(text))
        else:
            said = corrections.divide(step(seq - 1).delta).statements[at]
        return Evidence(seq, said.raw, said.support, said.relation if place % 2 else None, said.qualifiers)

    def part(column: memoryview, place: int) -> list[Any]:
        return column[checks[place] : checks[place + 1]].tolist()

    def by_concept(read: Callable[[int], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return Layered(concepts, read, lambda place: starts[place + 1] - starts[place] > _MANY)

    graph.concepts, graph.incident = by_concept(remembered(concept)), by_concept(incident_of)
    graph.neighbours = by_concept(neighbours_of)
    graph.components = Components(by_concept(lambda place: keys[parents[place]]), rest["sizes"])
    # A choice looks at the numbers of hundreds of concepts, so that these are read at once.
    graph.introduced, graph.degrees = (
        dict(zip(keys, columns[name].tolist(), strict=True)) for name in ("introduced", "degrees")
    )
    joined, unasked, explored = ([keys[at] for at in columns[name]] for name in ("joined", "unasked", "explored"))
    graph.depth = dict(zip(joined, columns["depths"].tolist(), strict=True))
    graph.unasked, graph.explored = Bag(unasked), Bag(explored)
    graph.yields = texts("yields", lambda value: Yield(*unpack(value)))
    graph.unwanted = texts("unwanted", lambda value: dict.fromkeys(unpack(value)))
    graph.intents = texts("intents", lambda value: tuple(foci.validate_json(value)))
    arrived = Table(parts["arrived"], _of_text, _to_text)
    graph.arrived = cast(
        "Any", Layered(arrived, lambda place: _to_text(arrived.value(place)) or arrived.key(place), arrived.is_large)
    )
    degree_then, asks_then = columns["degree_then"], columns["asks_then"]
    graph.before = cast(
        "Any",
        Layered(
            Numbers(columns["asked_at"]),
            lambda place: Before(degree_then[place], asks_then[place]),
            lambda _: False,
        ),
    )
    graph.relations = cast("Any", Layered(relations, evidence, lambda place: firsts[place + 1] - firsts[place] > _MANY))
    graph.unchecked = keys_of(Some(relations, columns["unchecked"], range(len(columns["unchecked"]))))
    checked, checks = Some(relations, columns["checked"], columns["checked_order"]), columns["checks"]
    graph.checks, graph.checked_at = (
        cast("Any", Layered(checked, partial(part, columns[name]), lambda _: False)) for name in ("odds", "checks_at")
    )
    graph.asked = cast("Any", LayeredSet(keys_of(Table(parts["asked"], pack_texts, _to_tuple))))
    graph.pairs = cast("Any", LayeredSet(keys_of(PairKeys(columns, concepts, keys))))
    graph.past = cast("Any", LayeredList(len(steps), step))
    return graph
