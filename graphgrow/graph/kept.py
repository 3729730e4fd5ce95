"""What was worked out from a graph and is kept by its store, so that opening it again need not work it out.

It counts only beside the very log that it was worked out from: it is kept with its own digest and that of its last
event, which vouches for all events before. The log stays the truth: where either digest differs, nothing is kept.
"""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Protocol, TypeVar, runtime_checkable

from graphgrow.graph.corrections import is_structural
from graphgrow.graph.digests import Record
from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import KEEPER

EVENTS = 1000  # a shorter log is folded faster than something is looked up
SHARE = 64  # 1 / so much of the log has to be new before a value is kept anew
_KEY = "state"
T = TypeVar("T")


@runtime_checkable
class Keeper(Protocol):
    """A store, as far as it keeps what could be worked out again."""

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after seq `since` as they are kept, with their digests."""
        ...

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values under their keys."""
        ...


class Keepable(Protocol):
    """What a store can keep as bytes, with the event at which it was last `saved`."""

    saved: int

    def dump(self) -> bytes:
        """Return all of it in bytes."""
        ...


def restored(graph: Graph, kind: str, read: Callable[[memoryview, int], T], *, as_shown: bool = False) -> T | None:
    """Return what `read` makes of the kept value of a kind and its event; None where it makes nothing."""
    if held := kept(graph, kind, as_shown=as_shown):
        with suppress(ValueError, KeyError, TypeError):
            return read(held[1], held[0])
    return None


def save(graph: Graph, kind: str, state: Keepable) -> None:
    """Let the graph's store keep a state as of now, where enough has happened since the last time."""
    if is_due(graph, state.saved):
        keep(graph, kind, state.dump())
        state.saved = graph.seq


def is_due(graph: Graph, saved: int, share: int = SHARE) -> bool:
    """Tell whether what was kept at event `saved` is to be kept anew, as the graph now stands."""
    return graph.seq - saved >= max(EVENTS, saved // share)


def keep(graph: Graph, kind: str, *parts: bytes) -> None:
    """Let the graph's store keep what follows from its log up to now, in parts; nothing where there is no store."""
    keeper = graph.memo.get(KEEPER)
    if isinstance(keeper, Keeper) and (event := _digest_at(keeper, graph.seq)):
        own = sha256()
        for part in parts:
            own.update(part)
        head = f"{graph.seq} {event} {own.hexdigest()}\n".encode()
        keeper.remember(kind, {_KEY: b"".join((head, *parts))})


def kept(graph: Graph, kind: str, *, as_shown: bool = False) -> tuple[int, memoryview] | None:
    """Return a value of this kind that follows from the graph's log up to an event, and which one that is.

    None where none is kept, or not of this log. None too for what depends on how things are shown (`as_shown`), where a
    decision since has changed that.
    """
    keeper = graph.memo.get(KEEPER)
    if not isinstance(keeper, Keeper) or graph.seq < EVENTS:
        return None
    held = keeper.recall(kind, [_KEY]).get(_KEY, b"")
    head, _, _ = held[:200].partition(b"\n")
    with suppress(ValueError):
        number, event, own = head.decode("ascii").split(" ")
        seq, value = int(number), memoryview(held)[len(head) + 1 :]
        is_ours = 0 < seq <= graph.seq and event == _digest_at(keeper, seq) and own == sha256(value).hexdigest()
        if is_ours and not (as_shown and any(map(is_structural, graph.past[seq:]))):
            return seq, value
    return None


def _digest_at(keeper: Keeper, seq: int) -> str:
    """Return the digest of an event, "" where the log has none."""
    record = next(iter(keeper.records(seq - 1)), None)
    return record.digest if record and record.seq == seq else ""


def pack_arrays(head: Sequence[object], *parts: "array[Any]") -> bytes:
    """Return values that JSON has, and arrays, in bytes that `unpack_arrays` reads."""
    text = json.dumps([*head, [len(part) for part in parts]]).encode()
    return b"".join((len(text).to_bytes(8, "little"), text, *(part.tobytes() for part in parts)))


def unpack_arrays(data: memoryview, codes: str) -> tuple[list[Any], list["array[Any]"]]:
    """Return the values, and the arrays by their type codes; raises ValueError or TypeError for any other bytes."""
    end = 8 + int.from_bytes(data[:8], "little")
    *head, sizes = json.loads(bytes(data[8:end]))
    parts: list[array[Any]] = [array(code) for code in codes]
    for part, size in zip(parts, sizes, strict=True):
        start, end = end, end + size * part.itemsize
        part.frombytes(data[start:end])
    return head, parts
