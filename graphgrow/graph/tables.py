"""Mappings that are read from a file as they are asked for, with what changed since in memory.

A table has records in the order in which they came, each a key and a value in bytes, and the sorted digests of its keys
beside them: a look-up costs a binary search in a mapped file and no memory. Nothing in it is code: a record is JSON.
"""

import json
from array import array
from bisect import bisect_left
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
    ValuesView,
)
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from typing import Any, BinaryIO, Generic, Protocol, TypeVar, overload

K = TypeVar("K")
V = TypeVar("V")
_MISSING: Any = object()
_REMEMBERED = 4096  # values of a table that are not read twice
_LARGE = 4096  # bytes; larger values are few, and kept
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def pack(value: object) -> bytes:
    """Return a value of strings, numbers and lists as JSON."""
    return _encode(value).encode()


def pack_texts(texts: Iterable[str]) -> bytes:
    """Return the bytes that `pack` returns of a list of strings, in a fraction of the time; TypeError for any other."""
    return f"[{','.join(map(encode_basestring_ascii, texts))}]".encode()


def unpack(value: bytes) -> Any:  # noqa: ANN401  # of JSON
    """Return what was packed."""
    return _decode(value.decode())[0]


def hash_of(key: bytes) -> int:
    """Return 64 bits of the digest of a key."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")


class Keys(Protocol[K]):
    """Keys in the order in which they came: each by its place, and its place by the key."""

    def __len__(self) -> int: ...

    def key(self, place: int) -> K:
        """Return the key at a place."""
        ...

    def find(self, key: K) -> int:
        """Return the place of a key, -1 where there is none."""
        ...


class Values:
    """Values of bytes in a mapped file, by their places; `parts` are where they begin and the bytes."""

    def __init__(self, parts: dict[str, memoryview]) -> None:
        self._offsets, self._blob = parts["offsets"].cast("Q"), parts["blob"]

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def size(self, place: int) -> int:
        """Return how many bytes the value at a place has."""
        return self._offsets[place + 1] - self._offsets[place]

    def value(self, place: int, start: int = 0, end: int | None = None) -> bytes:
        """Return the value at a place, or its bytes from `start` to `end`."""
        first = self._offsets[place]
        last = self._offsets[place + 1] if end is None else first + end
        return bytes(self._blob[first + start : last])


class Table(Generic[K]):
    """Records in a mapped file, each a key, which `pack` writes and `read` reads, and a value; see `write_table`."""

    def __init__(self, parts: dict[str, memoryview], pack: Callable[[K], bytes], read: Callable[[bytes], K]) -> None:
        self._hashes, self._order = parts["hashes"].cast("Q"), parts["order"].cast("I")
        self._parts, self._pack, self._read = Values(parts), pack, read

    def __len__(self) -> int:
        return len(self._order)

    def key(self, place: int) -> K:
        """Return the key of a record."""
        return self._read(self._parts.value(2 * place))

    def value(self, place: int) -> bytes:
        """Return the value of a record."""
        return self._parts.value(2 * place + 1)

    def is_large(self, place: int) -> bool:
        """Tell whether the value of a record is one of the few that take long to read."""
        return self._parts.size(2 * place + 1) > _LARGE

    def find(self, key: K) -> int:
        """Return the place of the record with a key, -1 where there is none."""
        packed = self._pack(key)
        own = hash_of(packed)
        at = bisect_left(self._hashes, own)
        while at < len(self._hashes) and self._hashes[at] == own:
            if self._parts.value(2 * self._order[at]) == packed:
                return self._order[at]
            at += 1
        return -1


class Numbers:
    """Numbers in a mapped file, ascending, as keys."""

    def __init__(self, numbers: memoryview) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def key(self, place: int) -> int:
        """Return the number at a place."""
        return int(self._numbers[place])

    def find(self, key: int) -> int:
        """Return the place of a number, -1 where it is not there."""
        at = bisect_left(self._numbers, key)
        return at if at < len(self) and self._numbers[at] == key else -1


class Some(Generic[K]):
    """Some keys of another table, by their `places` there in any order; `order` has that of the ascending places."""

    def __init__(self, keys: Keys[K], places: memoryview, order: Sequence[int]) -> None:
        self._keys, self._places, self._order = keys, places, order

    def __len__(self) -> int:
        return len(self._places)

    def key(self, place: int) -> K:
        """Return a key."""
        return self._keys.key(self._places[place])

    def find(self, key: K) -> int:
        """Return the place of a key among these, -1 where there is none."""
        own = self._keys.find(key)
        at = bisect_left(self._order, own, key=self._places.__getitem__)
        return self._order[at] if own >= 0 and at < len(self) and self._places[self._order[at]] == own else -1


def write_table(file: BinaryIO, records: Iterable[tuple[bytes, bytes]]) -> dict[str, tuple[int, int]]:
    """Write a table at the end of a file, and return where its parts are: (start, bytes) by name."""
    import numpy as np

    start, at, offsets, hashes = file.tell(), 0, array("Q", [0]), array("Q")
    for key, value in records:
        file.write(key)
        file.write(value)
        offsets.append(at := at + len(key))
        offsets.append(at := at + len(value))
        hashes.append(hash_of(key))
    unsorted = np.frombuffer(hashes, np.uint64) if hashes else np.empty(0, np.uint64)
    order = np.argsort(unsorted, kind="stable").astype(np.uint32)
    return {
        "blob": (start, at),
        "hashes": write_array(file, unsorted[order].tobytes()),
        "order": write_array(file, order.tobytes()),
        "offsets": write_array(file, offsets.tobytes()),
    }


def write_array(file: BinaryIO, data: bytes) -> tuple[int, int]:
    """Write an array at the end of a file, where its numbers can be mapped, and return where it is: (start, bytes)."""
    file.write(b"\0" * (-file.tell() % 8))
    file.write(data)
    return file.tell() - len(data), len(data)


@dataclass(slots=True, eq=False)
class Layered(MutableMapping[K, V], Generic[K, V]):
    """A mapping over a table: in the order of a dict that had the table's records first.

    `read` makes a value of the place of a record. A value that is changed in place has to be set again. One that is
    large, as `is_large` tells by its place, is read once.
    """

    table: Keys[K]
    read: Callable[[int], V]
    is_large: Callable[[int], bool]
    _changed: dict[K, V] = field(default_factory=dict)
    _new: dict[K, V] = field(default_factory=dict)
    _gone: set[K] = field(default_factory=set)

    def _place(self, key: object) -> int:
        """Return where the table has a key that is not gone, else -1."""
        if key in self._gone:
            return -1
        try:
            return self.table.find(key)  # type: ignore[arg-type]  # of another kind: not there
        except (TypeError, AttributeError):
            return -1

    def __getitem__(self, key: K) -> V:
        held = self._new.get(key, _MISSING)
        if held is _MISSING:
            held = self._changed.get(key, _MISSING)
        if held is not _MISSING:
            return held  # type: ignore[no-any-return]  # one of ours
        if (place := self._place(key)) < 0:
            raise KeyError(key)
        return self._value(key, place)

    def _value(self, key: K, place: int) -> V:
        value = self.read(place)
        if self.is_large(place):
            self._changed[key] = value
        return value

    def get(self, key: K, default: Any = None) -> Any:  # noqa: ANN401  # as a dict's
        """Return the value of a key, `default` where there is none; quicker than by an error."""
        try:
            held = self._new.get(key, _MISSING)
        except TypeError:
            return default
        if held is _MISSING and (held := self._changed.get(key, _MISSING)) is _MISSING:
            return default if (place := self._place(key)) < 0 else self._value(key, place)
        return held

    def __contains__(self, key: object) -> bool:
        return key in self._new or key in self._changed or self._place(key) >= 0

    def __setitem__(self, key: K, value: V) -> None:
        is_new = key in self._new or (key not in self._changed and self._place(key) < 0)
        (self._new if is_new else self._changed)[key] = value

    def __delitem__(self, key: K) -> None:
        if key in self._new:
            del self._new[key]
        elif key in self._changed or self._place(key) >= 0:
            self._changed.pop(key, None)
            self._gone.add(key)
        else:
            raise KeyError(key)

    def __len__(self) -> int:
        return len(self.table) - len(self._gone) + len(self._new)

    def __iter__(self) -> Iterator[K]:
        keys = map(self.table.key, range(len(self.table)))
        yield from (key for key in keys if key not in self._gone) if self._gone else keys
        yield from list(self._new)

    def __reversed__(self) -> Iterator[K]:
        yield from reversed(list(self._new))
        keys = map(self.table.key, range(len(self.table) - 1, -1, -1))
        yield from (key for key in keys if key not in self._gone)

    def items(self) -> ItemsView[K, V]:
        """Return keys and values, which are read in the order in which they stand."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Return the values, likewise."""
        return _Values(self)

    def records(self) -> Iterator[tuple[K, V]]:
        """Yield keys and values."""
        for place in range(len(self.table)):
            key = self.table.key(place)
            if key not in self._gone:
                held = self._changed.get(key, _MISSING)
                yield key, self.read(place) if held is _MISSING else held
        yield from list(self._new.items())

    def __deepcopy__(self, memo: dict[int, object]) -> "Layered[K, V]":
        own = (deepcopy(one, memo) for one in (self._changed, self._new, self._gone))
        return Layered(self.table, self.read, self.is_large, *own)  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == (dict(other.items()) if isinstance(other, Layered) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes


class _Items(ItemsView[K, V]):
    _mapping: Layered[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._mapping.records()


class _Values(ValuesView[V]):
    _mapping: Layered[Any, V]

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._mapping.records())


class LayeredSet(MutableSet[K]):
    """The keys of a mapping as a set."""

    def __init__(self, keys: "MutableMapping[K, None]") -> None:
        self._keys = keys

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Any:  # noqa: ANN401  # what two sets make is a plain one
        return set(it)

    def __contains__(self, item: object) -> bool:
        return item in self._keys

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, value: K) -> None:
        """Add an item; adding it twice changes nothing."""
        self._keys[value] = None

    def discard(self, value: K) -> None:
        """Take an item out, where it is there."""
        self._keys.pop(value, None)


class LayeredList(MutableSequence[V]):
    """A list over the first `size` records of a table, of which `read` makes an item."""

    def __init__(self, size: int, read: Callable[[int], V]) -> None:
        self._size, self._read = size, read
        self._changed: dict[int, V] = {}
        self._tail: list[V] = []

    def __len__(self) -> int:
        return self._size + len(self._tail)

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> list[V]: ...
    def __getitem__(self, index: int | slice) -> V | list[V]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(index)
        if place >= self._size:
            return self._tail[place - self._size]
        held = self._changed.get(place, _MISSING)
        return self._read(place) if held is _MISSING else held

    @overload
    def __setitem__(self, index: int, value: V) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[V]) -> None: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        """Put an item at a place that has one."""
        if index >= self._size:
            self._tail[index - self._size] = value
        else:
            self._changed[index] = value

    def __delitem__(self, index: int | slice) -> None:
        """Take out the last item, the only one that can be."""
        if index not in {-1, len(self) - 1}:
            raise IndexError(index)
        if self._tail:
            self._tail.pop()
        else:
            self._size -= 1
            self._changed.pop(self._size, None)

    def insert(self, index: int, value: V) -> None:
        """Add an item at the end."""
        if index != len(self):
            raise IndexError(index)
        self._tail.append(value)

    def __deepcopy__(self, memo: dict[int, object]) -> "LayeredList[V]":
        other = LayeredList(self._size, self._read)
        other._changed, other._tail = deepcopy(self._changed, memo), deepcopy(self._tail, memo)
        return other

    def __eq__(self, other: object) -> bool:
        return list(self) == (list(other) if isinstance(other, LayeredList) else other)

    __hash__ = None  # type: ignore[assignment]  # it changes


def remembered(read: Callable[[int], V]) -> Callable[[int], V]:
    """Return a reader that keeps the last few thousand records; for values that nobody changes in place."""
    return lru_cache(_REMEMBERED)(read)
