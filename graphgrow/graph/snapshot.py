"""A graph in a file beside its log, from which it is opened without folding the log: `save` and `load`.

The file is a table for what there is much of (tables.py), which is read as it is asked for, and one JSON object for the
rest. It holds no code. It is written under another name and moved into place, so that it is whole or not there; and it
is trusted only where its digest is the one that somebody trustworthy has kept: the store, with the digest of the last
event in it. The log stays the truth; whoever has no file, or another one, folds the log.
"""

import json
import mmap
import os
import struct
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from graphgrow.graph.corrections import Corrections
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Bag, Components
from graphgrow.graph.model import Concept, Focus, Qualifiers, Relation, Triple
from graphgrow.graph.state import Before, Bill, Evidence, Past, Yield
from graphgrow.graph.steering import Steering
from graphgrow.graph.tables import (
    Layered,
    LayeredList,
    LayeredSet,
    Selection,
    Table,
    pack,
    pack_texts,
    remembered,
    unpack,
    write_array,
    write_table,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 5  # of the format and of what it holds of a log: a file with another one is not read
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


def save(graph: Graph, path: Path) -> str:
    """Write a graph into a file and return its SHA-256 in hexadecimal; "" where another one is writing it now.

    Raises OSError where it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        if time.time() - unfinished.stat().st_mtime > _ABANDONED:
            unfinished.unlink()
    try:
        handle = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return ""
    try:
        with os.fdopen(handle, "w+b") as file:
            file.write(_HEAD.pack(_MAGIC, 0, 0))
            tables = {name: write_table(file, records) for name, records in _records(graph)}
            columns = {name: write_array(file, numbers) for name, numbers in _columns(graph)}
            rest = pack(_rest(graph) | {"version": VERSION, "tables": tables, "columns": columns})
            start = file.tell()
            file.write(rest)
            file.seek(0)
            file.write(_HEAD.pack(_MAGIC, start, len(rest)))
            file.flush()
            os.fsync(handle)
            own = _digest(file.fileno())
        unfinished.replace(path)
    except BaseException:
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


def _of_relation(one: Relation) -> bytes:
    return pack_texts((one.source, one.predicate, one.target))


def _to_relation(key: bytes) -> Relation:
    return Relation(*unpack(key))


def _of_text(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _to_text(key: bytes) -> str:
    return key.decode(errors="surrogatepass")


def _of_number(number: int) -> bytes:
    return b"%d" % number


def _to_tuple(key: bytes) -> tuple[str, ...]:
    return tuple(unpack(key))


def _records(graph: Graph) -> Iterator[tuple[str, Records]]:
    """Yield the tables of a graph: name, and key and value of every record in order."""
    qualifiers, past, foci = _adapter(Qualifiers), _adapter(Past), _adapter(list[Focus])

    def evidence(pieces: list[Evidence]) -> bytes:
        return pack([
            [
                one.seq,
                one.support,
                [one.raw.source, one.raw.predicate, one.raw.target],
                one.said and [one.said.source, one.said.predicate, one.said.target],
                one.qualifiers and qualifiers.dump_python(one.qualifiers, mode="json"),
            ]
            for one in pieces
        ])  # fmt: skip

    yield (
        "concepts",
        ((_of_text(key), pack([one.name, one.aliases, one.type])) for key, one in graph.concepts.items()),
    )
    yield "relations", ((_of_relation(one), evidence(pieces)) for one, pieces in graph.relations.items())
    yield "past", ((b"", past.dump_json(step, exclude_defaults=True)) for step in graph.past)
    yield "checks", ((_of_relation(one), pack([odds, graph.checked_at[one]])) for one, odds in graph.checks.items())
    yield "pairs", ((pack_texts(one), b"") for one in graph.pairs)
    yield "asked", ((pack_texts(one), b"") for one in graph.asked)
    yield "yields", ((_of_text(key), pack([one.questions, one.brought])) for key, one in graph.yields.items())
    yield "before", ((_of_number(seq), pack([one.degree, one.asks])) for seq, one in graph.before.items())
    yield "unwanted", ((_of_text(key), pack(list(names))) for key, names in graph.unwanted.items())
    yield "intents", ((_of_text(key), foci.dump_json(list(waiting))) for key, waiting in graph.intents.items())
    yield "arrived", ((_of_text(key), _of_text(name)) for key, name in graph.arrived.items())


def _columns(graph: Graph) -> Iterator[tuple[str, bytes]]:
    """Yield arrays of numbers, as bytes by their name; concepts and relations are places in their tables.

    `incident` has the relations of each concept in turn, those of the first from the first of `starts` to the second;
    `parents` has what stands for the component of each, `depths` the distances of the concepts that `joined` has.
    """
    import numpy as np

    place = {key: at for at, key in enumerate(graph.concepts)}
    ends, numbers, unchecked = array("I"), array("I"), array("I")
    waiting = iter(graph.unchecked)  # in the order in which relations came, as all of them are
    next_one = next(waiting, None)
    for number, relation in enumerate(graph.relations):
        for end in dict.fromkeys(relation.ends):
            ends.append(place[end])
            numbers.append(number)
        if relation == next_one:
            unchecked.append(number)
            next_one = next(waiting, None)
    by_end = np.array(ends, np.uint32)
    starts = np.zeros(len(place) + 1, np.uint32)
    np.cumsum(np.bincount(by_end, minlength=len(place)), out=starts[1:])
    yield "starts", starts.tobytes()
    yield "incident", np.array(numbers, np.uint32)[np.argsort(by_end, kind="stable")].tobytes()
    yield "unchecked", unchecked.tobytes()
    for name, values in (
        ("parents", (place[graph.components.find(key)] for key in place)),
        ("introduced", (graph.introduced[key] for key in place)),
        ("degrees", (graph.degrees[key] for key in place)),
        ("joined", (place[key] for key in graph.depth)),
        ("depths", graph.depth.values()),
        ("unasked", (place[key] for key in graph.unasked.items)),
        ("explored", (place[key] for key in graph.explored.items)),
    ):
        yield name, array("I", values).tobytes()


def _rest(graph: Graph) -> dict[str, Any]:
    """Return what is read at once: what there is little of, and the keys of concepts."""
    bill = _adapter(Bill)
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
        "sizes": graph.components.sizes,
        "keys": list(graph.concepts),
    }


_PLAIN = (
    "seq", "steps", "topic", "rejected", "newest", "last", "loops", "before_checking", "check_method", "check_methods",
    "misses", "missed_at", "asks",
)  # fmt: skip


def _graph(rest: dict[str, Any], data: memoryview) -> Graph:
    """Return the graph of a file that was found to be what it was."""
    tables = {
        name: Table({part: data[start : start + size] for part, (start, size) in parts.items()})
        for name, parts in rest["tables"].items()
    }
    qualifiers, past, foci = _adapter(Qualifiers), _adapter(Past), _adapter(list[Focus])

    def mapping(name: str, of: Callable[[Any], bytes], to: Callable[[bytes], Any], read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        table = tables[name]
        return Layered(table, of, to, lambda place: read(table.value(place)), table.is_large)

    def texts(name: str, read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return mapping(name, _of_text, _to_text, read)

    def relations(name: str, read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return mapping(name, _of_relation, _to_relation, read)

    def nothing(_: object) -> None:
        return None

    def evidence(value: bytes) -> list[Evidence]:
        return [
            Evidence(
                seq, Triple(*raw), support, said and Relation(*said), beside and qualifiers.validate_python(beside)
            )
            for seq, support, raw, said, beside in unpack(value)
        ]

    def concept(place: int) -> Concept:
        name, aliases, kind = unpack(tables["concepts"].value(place))
        return Concept(_to_text(tables["concepts"].key(place)), name, tuple(aliases), kind)

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

    columns = {name: data[start : start + size].cast("I") for name, (start, size) in rest["columns"].items()}
    starts, incident, parents, keys = columns["starts"], columns["incident"], columns["parents"], rest["keys"]
    relation = remembered(lambda place: _to_relation(tables["relations"].key(place)))

    def incident_of(place: int) -> list[Relation]:
        return [*map(relation, incident[starts[place] : starts[place + 1]])]

    def neighbours_of(place: int) -> dict[str, None]:
        own = keys[place]
        ends = (one.target if one.source == own else one.source for one in incident_of(place))
        return {key: None for key in ends if key != own}

    def by_concept(read: Callable[[int], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return Layered(
            tables["concepts"], _of_text, _to_text, read, lambda place: starts[place + 1] - starts[place] > _MANY
        )

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
    graph.arrived = texts("arrived", _to_text)
    graph.before = mapping("before", _of_number, int, lambda value: Before(*unpack(value)))
    graph.relations = relations("relations", evidence)
    unchecked = Selection(tables["relations"], columns["unchecked"])
    graph.unchecked = cast("Any", Layered(unchecked, _of_relation, _to_relation, nothing, unchecked.is_large))
    graph.checks = relations("checks", lambda value: unpack(value)[0])
    graph.checked_at = relations("checks", lambda value: unpack(value)[1])
    graph.asked = cast("Any", LayeredSet(mapping("asked", pack_texts, _to_tuple, nothing)))
    graph.pairs = cast("Any", LayeredSet(mapping("pairs", pack_texts, _to_tuple, nothing)))
    steps = remembered(lambda place: past.validate_json(tables["past"].value(place)))
    graph.past = cast("Any", LayeredList(len(tables["past"]), steps))
    return graph
