"""A graph in a file beside its log, from which it is opened without folding the log: `save` and `load`.

The file is a table for what there is much of (tables.py), which is read as it is asked for, and one JSON object for the
rest. It holds no code. It is written under another name and moved into place, so that it is whole or not there; and it
counts for what it is only where its digest is the one that somebody trustworthy has kept: the store, with the digest of
the event up to which it goes. The log stays the truth; whoever has no file, or another one, folds that.
"""

import json
import mmap
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from struct import Struct
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
    Table,
    pack,
    pack_texts,
    remembered,
    unpack,
    write_table,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

VERSION = 3  # of the format: a file of another one is not read
_MAGIC = b"graphgrow fold\0\1"
_HEAD = Struct("<16sQQ")  # where the JSON object starts, and its bytes
_CHUNK = 1 << 20
_ABANDONED = 120.0  # seconds without a byte after which a file that was not finished is taken for abandoned
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
            rest = pack(_rest(graph) | {"version": VERSION, "tables": tables})
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
        with path.open("rb") as file:
            if _digest(file.fileno()) != digest:
                return None
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        magic, start, size = _HEAD.unpack(data[: _HEAD.size])
        rest = json.loads(bytes(data[start : start + size])) if magic == _MAGIC else {}
        return _graph(rest, data) if rest.get("version") == VERSION else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
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
    yield (
        "incident",
        (
            (_of_text(key), pack([[one.source, one.predicate, one.target] for one in graph.incident[key]]))
            for key in graph.concepts
        ),
    )
    yield "neighbours", ((_of_text(key), pack(list(graph.neighbours[key]))) for key in graph.concepts)
    yield "relations", ((_of_relation(one), evidence(pieces)) for one, pieces in graph.relations.items())
    yield "past", ((b"", past.dump_json(step)) for step in graph.past)
    yield "checks", ((_of_relation(one), pack([odds, graph.checked_at[one]])) for one, odds in graph.checks.items())
    yield "unchecked", ((_of_relation(one), b"") for one in graph.unchecked)
    yield "pairs", ((pack_texts(one), b"") for one in graph.pairs)
    yield "asked", ((pack_texts(one), b"") for one in graph.asked)
    yield "yields", ((_of_text(key), pack([one.questions, one.brought])) for key, one in graph.yields.items())
    yield "before", ((_of_number(seq), pack([one.degree, one.asks])) for seq, one in graph.before.items())
    yield "unwanted", ((_of_text(key), pack(list(names))) for key, names in graph.unwanted.items())
    yield "intents", ((_of_text(key), foci.dump_json(list(waiting))) for key, waiting in graph.intents.items())
    yield "parents", ((_of_text(key), _of_text(graph.components.find(key))) for key in graph.concepts)
    yield "arrived", ((_of_text(key), _of_text(name)) for key, name in graph.arrived.items())


def _rest(graph: Graph) -> dict[str, Any]:
    """Return what is read at once: what there is little of, and the numbers of concepts; a choice looks at hundreds."""
    bill, place = _adapter(Bill), {key: place for place, key in enumerate(graph.introduced)}
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
        "degrees": [graph.degrees[key] for key in place],
        **{name: [place[key] for key in getattr(graph, name).items] for name in ("unasked", "explored")},
    }


_PLAIN = (
    "seq", "steps", "topic", "rejected", "newest", "last", "loops", "before_checking", "check_method", "check_methods",
    "misses", "missed_at", "introduced", "depth", "asks",
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
        return Layered.over(table, of, to, lambda place: read(table.value(place)))

    def texts(name: str, read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return mapping(name, _of_text, _to_text, read)

    def relations(name: str, read: Callable[[bytes], Any]) -> Any:  # noqa: ANN401  # stands for a dict
        return mapping(name, _of_relation, _to_relation, read)

    def nothing(_: bytes) -> None:
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

    over = Layered.over
    graph.concepts = cast("Any", over(tables["concepts"], _of_text, _to_text, remembered(concept)))
    graph.incident = texts("incident", lambda value: [Relation(*ends) for ends in unpack(value)])
    graph.neighbours = texts("neighbours", lambda value: dict.fromkeys(unpack(value)))
    keys = list(graph.introduced)
    graph.degrees = dict(zip(keys, rest["degrees"], strict=True))
    graph.unasked, graph.explored = (Bag([keys[at] for at in rest[name]]) for name in ("unasked", "explored"))
    graph.yields = texts("yields", lambda value: Yield(*unpack(value)))
    graph.unwanted = texts("unwanted", lambda value: dict.fromkeys(unpack(value)))
    graph.intents = texts("intents", lambda value: tuple(foci.validate_json(value)))
    graph.arrived = texts("arrived", _to_text)
    graph.before = mapping("before", _of_number, int, lambda value: Before(*unpack(value)))
    graph.relations = relations("relations", evidence)
    graph.unchecked = relations("unchecked", nothing)
    graph.checks = relations("checks", lambda value: unpack(value)[0])
    graph.checked_at = relations("checks", lambda value: unpack(value)[1])
    graph.asked = cast("Any", LayeredSet(mapping("asked", pack_texts, _to_tuple, nothing)))
    graph.pairs = cast("Any", LayeredSet(mapping("pairs", pack_texts, _to_tuple, nothing)))
    steps = remembered(lambda place: past.validate_json(tables["past"].value(place)))
    graph.past = cast("Any", LayeredList(len(tables["past"]), steps))
    graph.components = Components(texts("parents", _to_text), rest["sizes"])
    return graph
