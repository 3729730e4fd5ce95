"""A graph with its relations as numbers, for more of them than there is room for as objects: a fold, and its keys.

A concept is a number, in the order in which concepts came, a relation three: its ends and its predicate. Evidence is
the relation that it is for, its event, and its place among what that event said; what was said is read there.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Components
from graphgrow.graph.model import Concept, Relation, Statement
from graphgrow.graph.state import Past
from graphgrow.graph.tables import Keys, write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NOWHERE = (1 << 32) - 1  # the distance of a concept that no path joins to the topic
_REMEMBERED = 8192  # relations whose place need not be looked for
_BEAT = 1000  # steps


class Steps:
    """What events said, one after the other in a file that is being written: a list that only grows."""

    def __init__(self, file: BinaryIO, pack: Callable[[Past], bytes], read: Callable[[bytes], Past]) -> None:
        self._file, self._pack, self._read = file, pack, read
        self._start, self._offsets = file.tell(), array("Q", [0])

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __iter__(self) -> Iterator[Past]:
        self._file.flush()
        for place, (start, end) in enumerate(pairwise(self._offsets)):
            if place % _BEAT == 0:
                os.utime(self._file.fileno())  # it is not abandoned
            yield self._read(os.pread(self._file.fileno(), end - start, self._start + start))

    def append(self, step: Past) -> None:
        """Write one more."""
        packed = self._pack(step)
        self._file.write(packed)
        self._offsets.append(self._offsets[-1] + len(packed))

    def close(self) -> dict[str, tuple[int, int]]:
        """Write where each begins, and return where the parts are: (start, bytes) by name, as of a table."""
        offsets = write_array(self._file, self._offsets.tobytes())
        return {"blob": (self._start, self._offsets[-1]), "offsets": offsets}


class Columns(Graph):
    """The fold of a log, with its relations in columns: to be written, and not to be asked.

    Of what `Graph` has, `neighbours`, `incident` and `pairs` stay empty, so the fold itself must not read them but in
    what is done here instead; `introduced`, `degrees`, `relations` and `unchecked` answer only what it asks of them,
    and `components` are those of numbers.

    The state of a concept is at its number in `introduced_at`, `links` and `distance`. A relation has a number too: its
    `sources`, `kinds` (places in `predicates`) and `targets`, and in `is_unchecked` 1 while nobody asked about it. A
    piece of evidence has `said_of` (the number of its relation), `said_at` (its event) and `said_as`: twice its place
    among the statements of the event, and one more where the relation was said otherwise than it is shown.
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.past: Any = steps
        self._clear()

    def _clear(self) -> None:
        super()._clear()
        self.numbers: dict[str, int] = {}
        self.introduced_at, self.links, self.distance = array("I"), array("I"), array("I")
        self.predicates: dict[str, int] = {}
        self.sources, self.kinds, self.targets = array("I"), array("I"), array("I")
        self.is_unchecked = bytearray()
        self.said_of, self.said_at, self.said_as = array("I"), array("I"), array("I")
        self.joined = array("I")  # the concepts with a distance, in the order in which they got one
        self._held: dict[int, int] = {}  # relation as one number -> its number
        self._near, self._looped = set[int](), set[int]()  # pairs of concepts, as one number; concepts
        self._loose: dict[int, list[int]] = {}  # the neighbours of those without a distance
        self.components: Any = Components[int]()
        self.introduced: Any = _ByConcept(self.numbers, self.introduced_at)
        self.degrees: Any = _ByConcept(self.numbers, self.links)
        self.depth: Any = self.joined
        self.relations: Any = _Held(self)
        self.unchecked: Any = self.relations

    def find(self, relation: Relation | None) -> int:
        """Return the number of a relation, -1 where there is none."""
        if relation is None:
            return -1
        source, target = (self.numbers.get(key, -1) for key in relation.ends)
        kind = self.predicates.get(relation.predicate, -1)
        return -1 if min(source, kind, target) < 0 else self._held.get(source << 64 | kind << 32 | target, -1)

    def _introduce(self, key: str, name: str, seq: int) -> None:
        number = self.numbers[key] = len(self.numbers)
        self.concepts[key] = Concept(key, name)
        self.introduced_at.append(seq)
        self.links.append(0)
        self.distance.append(_NOWHERE)
        self.components.add(number)
        (self.explored if key in self.asks else self.unasked).add(key)

    def _state(self, relation: Relation, said: Statement, seq: int, place: int) -> None:
        source, target = self.numbers[relation.source], self.numbers[relation.target]
        kind = self.predicates.setdefault(relation.predicate, len(self.predicates))
        number = self._held.setdefault(source << 64 | kind << 32 | target, len(self.sources))
        if number == len(self.sources):
            self.sources.append(source)
            self.kinds.append(kind)
            self.targets.append(target)
            self.is_unchecked.append(1)
            self._join(source, target)
        self.said_of.append(number)
        self.said_at.append(seq)
        self.said_as.append(2 * place + (relation is not said.relation))

    def _join(self, source: int, target: int) -> None:
        """Make two concepts neighbours, where they are not yet."""
        if source == target:
            self.loops += source not in self._looped
            self._looped.add(source)
            return
        pair = source << 32 | target if source < target else target << 32 | source
        if pair in self._near:
            return
        self._near.add(pair)
        self.links[source] += 1
        self.links[target] += 1
        self.components.join(source, target)
        near, far = self.distance[source], self.distance[target]
        if near == far == _NOWHERE:
            self._loose.setdefault(source, []).append(target)
            self._loose.setdefault(target, []).append(source)
        elif far == _NOWHERE:
            self._reach(target, near + 1)
        elif near == _NOWHERE:
            self._reach(source, far + 1)

    def _spread(self, root: str, depth: int) -> None:
        self._reach(self.numbers[root], depth)

    def _reach(self, root: int, depth: int) -> None:
        self.distance[root] = depth
        self.joined.append(root)
        queue = [root]
        for near in queue:
            for other in self._loose.pop(near, ()):
                if self.distance[other] == _NOWHERE:
                    self.distance[other] = self.distance[near] + 1
                    self.joined.append(other)
                    queue.append(other)


class _ByConcept:
    """A column, asked by the keys of concepts."""

    def __init__(self, number: dict[str, int], column: "array[int]") -> None:
        self._number, self._column = number, column

    def get(self, key: str, default: int | None = None) -> int | None:
        """Return what the column has of a concept."""
        number = self._number.get(key)
        return default if number is None else self._column[number]


class _Held:
    """The relations of columns: whether one is there, and that somebody asked about it."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def __contains__(self, relation: Relation | None) -> bool:
        return self._columns.find(relation) >= 0

    def pop(self, relation: Relation, _: None) -> None:
        """Take a relation from the unchecked ones."""
        self._columns.is_unchecked[self._columns.find(relation)] = 0


class RelationKeys:
    """Relations in a mapped file as keys: columns of `sources`, `kinds` and `targets`, and the `order` of their pairs.

    `ends` has the pairs of ends, each as one number, ascending; `concepts` are the keys of the concepts, `names` the
    same as a list.
    """

    def __init__(
        self, columns: dict[str, memoryview], predicates: Sequence[str], concepts: Keys[str], names: Sequence[str]
    ) -> None:
        self._sources, self._kinds, self._targets = columns["sources"], columns["kinds"], columns["targets"]
        self._ends, self._order = columns["ends"], columns["order"]
        self._predicates, self._concepts, self._names = predicates, concepts, names
        self._kind = {predicate: kind for kind, predicate in enumerate(predicates)}
        self.key = lru_cache(_REMEMBERED)(self._key)
        self._seen: dict[Relation, int] = {}  # where those are that were read last

    def __len__(self) -> int:
        return len(self._sources)

    def _key(self, place: int) -> Relation:
        names = self._names
        one = Relation(names[self._sources[place]], self._predicates[self._kinds[place]], names[self._targets[place]])
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[one] = place
        return one

    def find(self, relation: Relation) -> int:
        """Return the place of a relation, -1 where there is none."""
        if (place := self._seen.get(relation)) is not None:
            return place
        if (kind := self._kind.get(relation.predicate)) is None:
            return -1
        if (source := self._concepts.find(relation.source)) < 0 or (target := self._concepts.find(relation.target)) < 0:
            return -1
        own = source << 32 | target
        at = bisect_left(self._ends, own)
        while at < len(self) and self._ends[at] == own:
            if self._kinds[self._order[at]] == kind:
                return int(self._order[at])
            at += 1
        return -1


class PairKeys:
    """The pairs of concepts that relations join, from source to target, as keys: the `distinct` ones of `ends`."""

    def __init__(self, columns: dict[str, memoryview], concepts: Keys[str], names: Sequence[str]) -> None:
        self._ends, self._distinct = columns["ends"], columns["distinct"]
        self._concepts, self._names = concepts, names

    def __len__(self) -> int:
        return len(self._distinct)

    def key(self, place: int) -> tuple[str, str]:
        """Return a pair."""
        source, target = divmod(self._ends[self._distinct[place]], 1 << 32)
        return self._names[source], self._names[target]

    def find(self, key: tuple[str, str]) -> int:
        """Return the place of a pair, -1 where no relation joins it."""
        source, target = map(self._concepts.find, key)
        own = source << 32 | target
        at = bisect_left(self._ends, own)
        if min(source, target) < 0 or at == len(self._ends) or self._ends[at] != own:
            return -1
        return bisect_left(self._distinct, at)


def arrays(graph: Columns) -> "Iterator[tuple[str, NDArray[np.uint32] | NDArray[np.uint64] | NDArray[np.float64]]]":
    """Yield the columns that are kept of a graph, by their names.

    `incident` has the relations of each concept in turn, those of the first from the first of `starts` to the second;
    `said_at` and `said_as` the evidence of each relation, by `firsts`. `ends` are the pairs that relations join,
    ascending, `order` the relations in that order, `distinct` the places where another pair begins. `parents` has what
    stands for the component of each concept, `depths` the distances of those that `joined` has. `checked` are the
    relations with checks, in the order of their first ones and by number in `checked_order`; their log-odds and events
    are in `odds` and `checks_at`, by `checks`. `asked_at` are the events that asked something, `degree_then` and
    `asks_then` how the concept asked about stood before.
    """
    import numpy as np

    def column(numbers: "array[int] | list[int]") -> "NDArray[np.uint32]":
        return np.array(numbers, np.uint32)

    def running(counts: "NDArray[np.intp]") -> "NDArray[np.uint32]":
        return np.concatenate(([0], np.cumsum(counts))).astype(np.uint32)

    concepts, relations = len(graph.numbers), len(graph.sources)
    sources, targets = column(graph.sources), column(graph.targets)
    yield "sources", sources
    yield "kinds", column(graph.kinds)
    yield "targets", targets
    ends = sources.astype(np.uint64) << np.uint64(32) | targets
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    yield "ends", ends
    yield "order", order.astype(np.uint32)
    is_first = np.ones(relations, np.bool_)
    is_first[1:] = ends[1:] != ends[:-1]
    yield "distinct", np.flatnonzero(is_first).astype(np.uint32)

    is_other = np.ones(2 * relations, np.bool_)  # a relation of a concept to itself is one of its relations once
    is_other[1::2] = sources != targets
    by_end = np.column_stack((sources, targets)).ravel()[is_other]
    yield "starts", running(np.bincount(by_end, minlength=concepts))
    yield "incident", np.repeat(np.arange(relations, dtype=np.uint32), 2)[is_other][np.argsort(by_end, kind="stable")]

    said_of = column(graph.said_of)
    pieces = np.argsort(said_of, kind="stable")
    yield "firsts", running(np.bincount(said_of, minlength=relations))
    yield "said_at", column(graph.said_at)[pieces]
    yield "said_as", column(graph.said_as)[pieces]
    yield "unchecked", np.flatnonzero(np.frombuffer(graph.is_unchecked, np.uint8)).astype(np.uint32)
    checked = [graph.find(relation) for relation in graph.checks]
    yield "checked", column(checked)
    yield "checked_order", np.argsort(column(checked), kind="stable").astype(np.uint32)
    yield "checks", running(np.array([len(odds) for odds in graph.checks.values()], np.intp))
    yield "odds", np.array([one for odds in graph.checks.values() for one in odds], np.float64)
    yield "checks_at", column([one for seqs in graph.checked_at.values() for one in seqs])

    yield "parents", column([graph.components.find(number) for number in range(concepts)])
    yield "introduced", column(graph.introduced_at)
    yield "degrees", column(graph.links)
    yield "joined", column(graph.joined)
    yield "depths", column(graph.distance)[column(graph.joined)]
    for name, bag in (("unasked", graph.unasked), ("explored", graph.explored)):
        yield name, column([graph.numbers[key] for key in bag.items])
    yield "asked_at", column(list(graph.before))
    yield "degree_then", column([one.degree for one in graph.before.values()])
    yield "asks_then", column([one.asks for one in graph.before.values()])
