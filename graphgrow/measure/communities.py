"""Communities over a run: which is which from snapshot to snapshot, what they are about, how they come and go.

They come from Leiden's method, started from those of the snapshot before, so that what changes is the graph and not the
draw; a community keeps its number as long as most of its concepts stay together, and no number is given twice. Concepts
with neighbours in several communities are bridges: how much, for how long, and beyond the noise of one partition.
`partition` is what every picture, list, file and report shows; it follows from the log alone.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Literal

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.graph import WHOLE, Graph
from graphgrow.graph.model import Event
from graphgrow.graph.progress import LARGE
from graphgrow.graph.state import Past
from graphgrow.measure.evolution import snapshots
from graphgrow.measure.projection import leiden, leiden_labels, simple_graph

NAMED = 3  # concepts that a community is called by
SMALLEST = 3  # concepts; one or two are no community to speak of
COLOURS = 24  # that communities have; with more of them than that some share one
GROWN = 1.08  # a new stage of the partition begins at this many times the concepts and relations of the last one
MANY, APART = 2_000, 10  # from this many concepts and relations on, only every tenth stage is followed
ROUNDS = 3  # of Leiden's method in a large graph, within .01 of its last modularity

Kind = Literal["birth", "death", "merge", "split"]
Membership = Mapping[str, int]
Near = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Community:
    """A community at a snapshot: its lasting number, its size in concepts, the seq of the first snapshot that had it.

    `name` holds the keys of up to three of its concepts, those with most neighbours inside it, ties by key. `colour` is
    the number of a colour below COLOURS that it keeps for its life, given by `partition`.
    """

    number: int
    size: int
    born: int
    name: tuple[str, ...]
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Partition:
    """The communities after an event: concept -> number of its community, and its participation.

    `communities` has the largest first, equally large ones by number. Modularity is given only for the best partition,
    which Leiden's method finds from scratch (panel.py): one number in every table, file and page, and in null models.
    """

    seq: int
    membership: dict[str, int]
    participation: dict[str, float]
    communities: tuple[Community, ...]

    @property
    def bridges(self) -> set[str]:
        """The concepts with neighbours in more than one community, which the paper flags as bridges."""
        return {key for key, value in self.participation.items() if value > 0}


@dataclass(frozen=True, slots=True)
class CommunityChange:
    """A community that came or went between the snapshot before and that of `seq`; `changes` has the rule.

    `others` are the communities, there before and after, that its concepts came from or went to, most of them first.
    """

    seq: int
    kind: Kind
    community: int
    others: tuple[int, ...]


def partitions(events: Iterable[Event], *, every: int = 25, seed: int = 0) -> Iterator[Partition]:
    """Yield the communities after every `every`-th event and after the last, each started from the one before.

    Raises:
        BadInput: `every` is less than 1.
    """
    membership, born = dict[str, int](), dict[int, int]()
    for seq, growing in snapshots(events, every=every):
        near = growing.near
        clustering = leiden(growing.igraph(), seed, _start(near, membership))
        membership = _lasting(near, clustering.membership, membership, len(born))
        born = dict.fromkeys(membership.values(), seq) | born
        shares = participation(near, membership)
        communities = _communities(near, membership, born)
        yield Partition(seq, membership, shares, communities)


@dataclass(slots=True)
class _Stage:
    """The partition as it stood after an event, and what is needed to go on from there.

    `born` and `colours` are by number, of all communities that ever were and of those that are.
    """

    membership: dict[str, int] = field(default_factory=dict)
    born: dict[int, int] = field(default_factory=dict)
    colours: dict[int, int] = field(default_factory=dict)

    def after(self, membership: dict[str, int], seq: int) -> "_Stage":
        """Return the next stage: a new community gets the colour that fewest have."""
        numbers = sorted(set(membership.values()))
        colours = {number: self.colours[number] for number in numbers if number in self.colours}
        used = Counter(colours.values())
        for number in numbers:
            if number not in colours:
                colours[number] = min(range(COLOURS), key=lambda colour: (used[colour], colour))
                used[colours[number]] += 1
        return _Stage(membership, dict.fromkeys(numbers, seq) | self.born, colours)


def partition(graph: Graph) -> tuple[dict[str, int], tuple[Community, ...]]:
    """Return concept -> number of its community, and the communities, the largest first, as they are shown everywhere.

    They follow from the log, whoever asks and whenever: Leiden's method is started anew from the stage before whenever
    there are GROWN times as many concepts and relations, and what comes in between joins the community of most of its
    neighbours. So a community keeps number and colour while a graph grows, and whatever is decided about some of its
    concepts: the next stage heeds that. A part of a graph has the communities of the whole.
    """

    def found() -> tuple[dict[str, int], tuple[Community, ...]]:
        whole, stage = graph.memo.get(WHOLE), None
        if isinstance(whole, Graph):
            known, communities = partition(whole)
            if graph.concepts.keys() <= known.keys():
                born = {one.number: one.born for one in communities}
                colours = {one.number: one.colour for one in communities}
                stage = _Stage({key: known[key] for key in graph.concepts}, born, colours)
        stage = stage or _up_to_now(graph)
        communities = _communities(graph.neighbours, stage.membership, stage.born)
        return stage.membership, tuple(replace(one, colour=stage.colours[one.number]) for one in communities)

    return graph.memo.keep("partition", (graph.seq, graph.decisions), found)


class _Followed:
    """The stages of a log, and its graph as it stood at the last of them, by what was decided until then.

    When a stage is due follows from what was said, so that a later decision changes no stage before it.
    """

    def __init__(self) -> None:
        self.stage = self.last = _Stage()  # every tenth of a large graph goes on, and the last one is shown
        self._fine, self._coarse = list[int](), list[int]()  # after which steps a stage is due
        self._counted, self._size, self._due = 0, 0, 1.0
        self._done = 0  # stages that others go on from
        self._clear(Corrections())

    def _clear(self, corrections: Corrections) -> None:
        self._corrections, self._taken = corrections, 0
        self._near, self._places = dict[str, dict[str, None]](), dict[str, int]()
        self._pairs: list[tuple[int, int]] = []

    def follow(self, past: Sequence[Past]) -> None:
        """Take the stages that have come since; `past` has all steps of the log."""
        for step in past[self._counted :]:
            self._counted += 1
            self._size += len(step.delta.new_concepts) + len(step.delta.relations)
            if self._size >= self._due:
                self._due = max(self._size + 1, GROWN * self._size)
                (self._fine if self._size < MANY else self._coarse).append(self._counted)
        lasting = [*self._fine, *self._coarse[::APART]]
        for due in lasting[self._done :]:
            self.stage = self.last = self._after(past, due)
        self._done = len(lasting)
        if self._coarse and self._taken < self._coarse[-1]:
            self.last = self._after(past, self._coarse[-1])

    def _after(self, past: Sequence[Past], due: int) -> _Stage:
        """Return the stage that goes on from the one before with the graph as it stood after a step."""
        steps = past[self._taken : due]
        for step in steps:
            self._corrections.fold(step.delta)
        if any(map(is_structural, steps)):  # what was said before counts anew
            self._corrections.settle()
            self._clear(self._corrections)
            steps = past[:due]
        for step in steps:
            shown = self._corrections.delta(step.delta)
            for key in (*(concept.key for concept in shown.concepts), *(key for key, _ in shown.aliases)):
                if key not in self._near:
                    self._near[key], self._places[key] = {}, len(self._places)
            for statement in shown.relations:
                source, target = statement.relation.ends
                if source != target and target not in self._near[source]:
                    self._near[source][target] = self._near[target][source] = None
                    one, other = self._places[source], self._places[target]
                    self._pairs.append((one, other) if one < other else (other, one))
        self._taken = due
        self._pairs.sort()
        labels = _labels(ig.Graph(n=len(self._near), edges=self._pairs), self._near, self.stage.membership)
        fresh = 1 + max(self.stage.born, default=-1)
        return self.stage.after(_lasting(self._near, labels, self.stage.membership, fresh), past[due - 1].seq)


def _up_to_now(graph: Graph) -> _Stage:
    """Return the partition of a graph as it is now, stage by stage from its first concepts on."""
    followed = graph.memo.keep("stages of the partition", None, _Followed)
    followed.follow(graph.past)
    stage = followed.last
    membership = {key: stage.membership[key] for key in graph.concepts if key in stage.membership}
    fresh = 1 + max(stage.born, default=-1)
    waiting = [key for key in graph.concepts if key not in membership]
    while waiting:
        later = list[str]()
        for key in waiting:
            around = Counter(membership[other] for other in graph.neighbours[key] if other in membership)
            if around:
                membership[key] = min(around, key=lambda number: (-around[number], number))
            else:
                later.append(key)
        if len(later) == len(waiting):  # where none has a known neighbour, the first makes a community
            membership[later.pop(0)] = fresh
            fresh += 1
        waiting = later
    return stage.after(membership, graph.seq)


def _labels(graph: ig.Graph, near: Near, before: Membership) -> list[int]:
    """Return a label for each concept of a graph, the same for those of one community."""
    rounds = ROUNDS if graph.vcount() > LARGE else None
    labels = leiden_labels(graph, 0, _start(near, before), rounds=rounds)
    while rounds is None:
        # Leiden draws: what it leaves at the end of one run it may still raise at the beginning of the next.
        start = _consecutive(labels)
        again = leiden_labels(graph, 0, start)
        if again == start:
            break
        labels = again
    return labels


def _projected(near: Near) -> ig.Graph:
    return simple_graph(near, ((key, other) for key, others in near.items() for other in others))


def _start(near: Near, before: Membership) -> list[int]:
    """Return where Leiden starts: known concepts where they were, a new one with most of its neighbours or alone."""
    alone = 1 + max(before.values(), default=-1)
    start = list[int]()
    for number, (key, neighbours) in enumerate(near.items()):
        label = before.get(key)
        if label is None:
            around = Counter(before[other] for other in neighbours if other in before)
            label = min(around, key=lambda label: (-around[label], label)) if around else alone + number
        start.append(label)
    return _consecutive(start)


def _consecutive(labels: Iterable[int]) -> list[int]:
    """Return the same partition with 0, 1, ... for its labels in the order in which they come."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]


def _lasting(near: Near, labels: Sequence[int], before: Membership, fresh: int) -> dict[str, int]:
    """Return concept -> lasting number of its community: that of the former one it shares most concepts with.

    Others get numbers from `fresh` on, the largest first.
    """
    shared = Counter((label, before[key]) for key, label in zip(near, labels, strict=True) if key in before)
    numbers: dict[int, int] = {}
    for label, former in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if label not in numbers and former not in numbers.values():
            numbers[label] = former
    sizes = Counter(labels)
    new = sorted(sizes.keys() - numbers.keys(), key=lambda label: (-sizes[label], label))
    numbers |= {label: number for number, label in enumerate(new, fresh)}
    return {key: numbers[label] for key, label in zip(near, labels, strict=True)}


def _members(membership: Membership) -> dict[int, list[str]]:
    members: defaultdict[int, list[str]] = defaultdict(list)
    for key, number in membership.items():
        members[number].append(key)
    return members


def _communities(near: Near, membership: Membership, born: Mapping[int, int]) -> tuple[Community, ...]:
    inside = {key: sum(membership[other] == membership[key] for other in near[key]) for key in membership}
    communities = []
    for number, members in _members(membership).items():
        central = sorted(members, key=lambda key: (-inside[key], key))[:NAMED]
        communities.append(Community(number, len(members), born[number], tuple(central)))
    return tuple(sorted(communities, key=lambda community: (-community.size, community.number)))


def up_to(graph: Graph, snapshots: Sequence[Partition]) -> list[Partition]:
    """Return snapshots of a graph whose last one is `partition`, and in which each community has its number there.

    A community of the past that none of today continues has a number that none has today.
    """
    if not snapshots:
        return []
    last = snapshots[-1]
    membership, communities = partition(graph)
    shared = Counter((last.membership[key], number) for key, number in membership.items() if key in last.membership)
    numbers: dict[int, int] = {}
    for former, number in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if former not in numbers and number not in numbers.values():
            numbers[former] = number
    fresh = 1 + max((one.number for one in communities), default=-1)
    past = sorted({one.number for snapshot in snapshots for one in snapshot.communities} - numbers.keys())
    numbers |= {former: number for number, former in enumerate(past, fresh)}
    renamed = [
        replace(
            snapshot,
            membership={key: numbers[one] for key, one in snapshot.membership.items()},
            communities=tuple(replace(one, number=numbers[one.number]) for one in snapshot.communities),
        )
        for snapshot in snapshots[:-1]
    ]
    born = {one.number: one.born for snapshot in renamed[::-1] for one in snapshot.communities}
    now = tuple(replace(one, born=born.get(one.number, last.seq)) for one in communities)
    return [*renamed, Partition(last.seq, membership, participation(graph.neighbours, membership), now)]


def changes(snapshots: Iterable[Partition], *, smallest: int = SMALLEST) -> list[CommunityChange]:
    """Return which communities came and went between snapshots, one change for each time that a number did either.

    A community is there while it has at least `smallest` concepts; before the first snapshot there is none. It *lasts*
    where it is there in both of two snapshots in a row. Of those that come, one is a *split* where at least half of its
    concepts were known and at least half of these were in one community that lasts, else a *birth*. Of those that go,
    one is a *merge* where at least half of its concepts are now in one community that lasts, else a *death*. So
    births + splits - merges - deaths is the number of communities there in the last snapshot.
    """
    before: Membership = {}
    coming_and_going = list[CommunityChange]()
    for snapshot in snapshots:
        after = snapshot.membership
        then, now = (
            {number: members for number, members in _members(membership).items() if len(members) >= smallest}
            for membership in (before, after)
        )
        lasting = then.keys() & now.keys()
        for number in sorted(now.keys() - lasting):
            known = [before[key] for key in now[number] if key in before]
            others = _most_frequent(known, lasting)
            is_split = others and 2 * len(known) >= len(now[number]) and 2 * known.count(others[0]) >= len(known)
            coming_and_going.append(CommunityChange(snapshot.seq, "split" if is_split else "birth", number, others))
        for number in sorted(then.keys() - lasting):
            later = [after.get(key, number) for key in then[number]]
            others = _most_frequent(later, lasting)
            is_merge = others and 2 * later.count(others[0]) >= len(later)
            coming_and_going.append(CommunityChange(snapshot.seq, "merge" if is_merge else "death", number, others))
        before = after
    return coming_and_going


def _most_frequent(numbers: list[int], lasting: AbstractSet[int]) -> tuple[int, ...]:
    """Return the lasting ones among the numbers, the most frequent first, ties by number."""
    counts = Counter(number for number in numbers if number in lasting)
    return tuple(sorted(counts, key=lambda number: (-counts[number], number)))


def participation(near: Near, membership: Membership) -> dict[str, float]:
    """Return concept -> 1 - sum over communities of (its neighbours there / all its neighbours) squared, 0 to 1.

    Source: Guimera and Amaral, Nature 433 (2005) 895. A concept without neighbours has 0.
    """
    shares = {}
    for key, neighbours in near.items():
        counts = Counter(membership[other] for other in neighbours)
        total = counts.total()
        shares[key] = 1 - sum((count / total) ** 2 for count in counts.values()) if len(counts) > 1 else 0.0
    return shares


def consensus_bridges(near: Near, *, runs: int = 10, share: float = 0.8, seed: int = 0) -> set[str]:
    """Return the concepts that are bridges in at least a `share` of `runs` Leiden partitions, each from its own seed.

    `near` is concept -> its neighbours. One partition is a draw: two on the same graph agree on their bridges only in
    part. Over a run: `persistence(consensus_bridges(growing.near) for _, growing in snapshots(events))`.

    Raises:
        BadInput: no runs, or a share that is not above 0 and at most 1.
    """
    if runs < 1 or not 0 < share <= 1:
        raise BadInput(f"bridges in {share} of {runs} partitions: give a share above 0, at most 1, and 1 run or more")
    graph, rng = _projected(near), random.Random(seed)
    counts = Counter[str]()
    for _ in range(runs):
        membership = dict(zip(near, leiden(graph, rng.getrandbits(32)).membership, strict=True))
        counts.update(key for key, value in participation(near, membership).items() if value > 0)
    return {key for key, count in counts.items() if count / runs >= share}


def persistence(bridges: Iterable[AbstractSet[str]], *, flicker: int = 0) -> dict[str, int]:
    """Return concept -> the longest number of snapshots in a row in which it was among the bridges.

    The bridges are those of each snapshot, as the paper flags them (`Partition.bridges`) or without the noise of one
    partition (`consensus_bridges`). Up to `flicker` snapshots in between where it is not one do not end a row and do
    not count.
    """
    longest, current, missed = Counter[str](), Counter[str](), Counter[str]()
    for now in bridges:
        for key in now | current.keys():
            missed[key] = 0 if key in now else missed[key] + 1
            if missed[key] > flicker:
                del current[key]
            elif key in now:
                current[key] += 1
                longest[key] = max(longest[key], current[key])
    return dict(longest)
