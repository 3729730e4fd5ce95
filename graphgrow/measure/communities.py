"""Communities over a run: which is which from snapshot to snapshot, what they are about, how they come and go.

They come from Leiden's method, started from those of the snapshot before, so that what changes is the graph and not the
draw; a community keeps its number as long as most of its concepts stay together, and no number is given twice. Concepts
with neighbours in several communities are bridges: how much, for how long, and beyond the noise of one partition.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.measure.evolution import snapshots
from graphgrow.measure.projection import leiden, simple_graph

NAMED = 3  # concepts that a community is called by
SMALLEST = 3  # concepts; one or two are no community to speak of

Kind = Literal["birth", "death", "merge", "split"]
Membership = Mapping[str, int]
Near = Mapping[str, Iterable[str]]


@dataclass(frozen=True, slots=True)
class Community:
    """A community at a snapshot: its lasting number, its size in concepts, the seq of the first snapshot that had it.

    `name` holds the keys of up to three of its concepts, those with most neighbours inside it, ties by key.
    """

    number: int
    size: int
    born: int
    name: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """The communities after an event: concept -> number of its community; Q, None without an edge; participation.

    `communities` has the largest first, equally large ones by number.
    """

    seq: int
    membership: dict[str, int]
    modularity: float | None
    participation: dict[str, float]
    communities: tuple[Community, ...]

    @property
    def bridges(self) -> set[str]:
        """The concepts with neighbours in more than one community, by the paper's flag."""
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
        yield Partition(seq, membership, float(clustering.modularity) if growing.edges else None, shares, communities)


def partition(graph: Graph, seed: int = 0) -> tuple[dict[str, int], tuple[Community, ...]]:
    """Return concept -> number of its community, and the communities, the largest first and number 0."""
    return follow(graph.neighbours, {}, graph.seq, seed=seed)


def follow(
    near: Near, before: Membership, seq: int, *, seed: int = 0, rounds: int | None = None
) -> tuple[dict[str, int], tuple[Community, ...]]:
    """Return the communities of a graph as it is now: concept -> number, and the communities, the largest first.

    `near` is concept -> its neighbours. Where a community of `before` goes on it keeps its number; every other one
    gets a number that no community of `before` has, and was born at `seq`. A graph that stays has communities that
    stay. `rounds` is the most iterations of Leiden's method, for who cannot wait.
    """
    graph, fresh = _projected(near), 1 + max(before.values(), default=-1)
    clustering = leiden(graph, seed, _start(near, before), rounds=rounds)
    while rounds is None:
        # Leiden draws: what it leaves at the end of one run it may still raise at the beginning of the next.
        again = leiden(graph, seed, _consecutive(clustering.membership))
        if again.membership == _consecutive(clustering.membership):
            break
        clustering = again
    membership = _lasting(near, clustering.membership, before, fresh)
    return membership, _communities(near, membership, dict.fromkeys(membership.values(), seq))


def _projected(near: Near) -> ig.Graph:
    return simple_graph(near, ((key, other) for key, others in near.items() for other in others))


def _start(near: Near, before: Membership) -> list[int]:
    """Return where Leiden starts: known concepts where they were, a new one with most of its neighbours or alone."""
    alone = 1 + max(before.values(), default=-1)
    start = list[int]()
    for number, (key, neighbours) in enumerate(near.items()):
        around = Counter(before[other] for other in neighbours if other in before)
        nearest = min(around, key=lambda label: (-around[label], label)) if around else alone + number
        start.append(before.get(key, nearest))
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

    The bridges are those of each snapshot, by the paper's flag (`Partition.bridges`) or without the noise of one
    partition (`consensus_bridges`). Up to `flicker` snapshots in between without it do not end a row and do not count.
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
