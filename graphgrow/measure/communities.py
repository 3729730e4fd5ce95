"""Communities over a run: which is which from snapshot to snapshot, what they are about, how they come and go.

They come from Leiden's method, started from those of the snapshot before, so that what changes is the graph and not the
draw; a community keeps its number as long as most of its concepts stay together, and no number is given twice.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.measure.chance import leiden
from graphgrow.measure.running import Running
from graphgrow.measure.tracking import participation, snapshots

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
class Change:
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
    before, born = dict[str, int](), dict[int, int]()
    for seq, running in snapshots(events, every=every):
        keys = list(running.near)
        found = leiden(ig.Graph(n=len(keys), edges=running.edges), seed, _start(running.near, before))
        before = _lasting(dict(zip(keys, found.membership, strict=True)), before, len(born))
        born = dict.fromkeys(before.values(), seq) | born
        yield _partition(seq, before, running, born, float(found.modularity))


def follow(
    near: Mapping[str, Iterable[str]], before: Membership, seq: int, *, seed: int = 0, rounds: int | None = None
) -> tuple[dict[str, int], tuple[Community, ...]]:
    """Return the communities of a graph as it is now: concept -> number, and the communities, the largest first.

    `near` is concept -> its neighbours. Where a community of `before` goes on it keeps its number; every other one
    gets a number that no community of `before` has, and was born at `seq`. `rounds` is the most iterations of Leiden's
    method, for who cannot wait.
    """
    place = {key: number for number, key in enumerate(near)}
    edges = sorted((place[a], place[b]) for a, others in near.items() for b in others if place[a] < place[b])
    found = leiden(ig.Graph(n=len(place), edges=edges), seed, _start(near, before), rounds=rounds)
    fresh = 1 + max(before.values(), default=-1)
    membership = _lasting(dict(zip(place, found.membership, strict=True)), before, fresh)
    return membership, _communities(near, membership, dict.fromkeys(membership.values(), seq))


def _partition(
    seq: int, membership: dict[str, int], running: Running, born: Mapping[int, int], quality: float
) -> Partition:
    return Partition(
        seq,
        membership,
        quality if running.edges else None,
        participation(running.near, membership),
        _communities(running.near, membership, born),
    )


def _start(near: Near, before: Membership) -> list[int]:
    """Return where Leiden starts: known concepts where they were, a new one with most of its neighbours or alone."""
    alone = 1 + max(before.values(), default=-1)
    chosen = {}
    for place, (key, neighbours) in enumerate(near.items()):
        around = Counter(before[other] for other in neighbours if other in before)
        nearest = min(around, key=lambda label: (-around[label], label)) if around else alone + place
        chosen[key] = before.get(key, nearest)
    numbers = {label: number for number, label in enumerate(dict.fromkeys(chosen.values()))}
    return [numbers[label] for label in chosen.values()]


def _lasting(found: Membership, before: Membership, fresh: int) -> dict[str, int]:
    """Return the same communities under lasting numbers: that of the former one it shares most concepts with.

    Others get numbers from `fresh` on, the largest first.
    """
    members = _members(found)
    shared = Counter((label, before[key]) for key, label in found.items() if key in before)
    numbers: dict[int, int] = {}
    for label, former in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if label not in numbers and former not in numbers.values():
            numbers[label] = former
    new = sorted(members.keys() - numbers.keys(), key=lambda label: (-len(members[label]), label))
    numbers |= {label: number for number, label in enumerate(new, fresh)}
    return {key: numbers[label] for key, label in found.items()}


def _members(membership: Membership) -> dict[int, list[str]]:
    members: defaultdict[int, list[str]] = defaultdict(list)
    for key, number in membership.items():
        members[number].append(key)
    return members


def _communities(near: Near, membership: Membership, born: Mapping[int, int]) -> tuple[Community, ...]:
    inside = {key: sum(membership[other] == membership[key] for other in near[key]) for key in membership}
    found = []
    for number, members in _members(membership).items():
        central = sorted(members, key=lambda key: (-inside[key], key))[:NAMED]
        found.append(Community(number, len(members), born[number], tuple(central)))
    return tuple(sorted(found, key=lambda community: (-community.size, community.number)))


def changes(snapshots: Iterable[Partition], *, smallest: int = SMALLEST) -> list[Change]:
    """Return which communities came and went between snapshots, one change for each time that a number did either.

    A community is there while it has at least `smallest` concepts; before the first snapshot there is none. It *lasts*
    where it is there in both of two snapshots in a row. Of those that come, one is a *split* where at least half of its
    concepts were known and at least half of these were in one community that lasts, else a *birth*. Of those that go,
    one is a *merge* where at least half of its concepts are now in one community that lasts, else a *death*. So
    births + splits - merges - deaths is the number of communities there in the last snapshot.
    """
    before: Membership = {}
    found: list[Change] = []
    for snapshot in snapshots:
        then, now = (_there(membership, smallest) for membership in (before, snapshot.membership))
        lasting = then.keys() & now.keys()
        found += [
            _coming(snapshot.seq, number, now[number], before, lasting) for number in sorted(now.keys() - lasting)
        ]
        found += [_going(snapshot, number, then[number], lasting) for number in sorted(then.keys() - lasting)]
        before = snapshot.membership
    return found


def _there(membership: Membership, smallest: int) -> dict[int, list[str]]:
    return {number: members for number, members in _members(membership).items() if len(members) >= smallest}


def _coming(seq: int, number: int, members: list[str], before: Membership, lasting: set[int]) -> Change:
    known = [before[key] for key in members if key in before]
    others = _ranked(known, lasting)
    split = 2 * len(known) >= len(members) and _half(others, known)
    return Change(seq, "split" if split else "birth", number, others)


def _going(snapshot: Partition, number: int, members: list[str], lasting: set[int]) -> Change:
    now = [snapshot.membership.get(key, number) for key in members]
    others = _ranked(now, lasting)
    return Change(snapshot.seq, "merge" if _half(others, now) else "death", number, others)


def _ranked(numbers: list[int], lasting: set[int]) -> tuple[int, ...]:
    """Return the lasting ones among the numbers, the most frequent first, ties by number."""
    counts = Counter(number for number in numbers if number in lasting)
    return tuple(sorted(counts, key=lambda number: (-counts[number], number)))


def _half(others: tuple[int, ...], numbers: list[int]) -> bool:
    return bool(others) and 2 * numbers.count(others[0]) >= len(numbers)


def consensus_bridges(near: Near, *, runs: int = 10, share: float = 0.8, seed: int = 0) -> set[str]:
    """Return the concepts that are bridges in at least a `share` of `runs` Leiden partitions, each from its own seed.

    `near` is concept -> its neighbours. One partition is a draw: two on the same graph agree on their bridges only in
    part. Over a run: `persistence(consensus_bridges(running.near) for _, running in snapshots(events))`.

    Raises:
        BadInput: no runs, or a share that is not above 0 and at most 1.
    """
    if runs < 1 or not 0 < share <= 1:
        raise BadInput(f"bridges in {share} of {runs} partitions: give a share above 0, at most 1, and 1 run or more")
    place = {key: number for number, key in enumerate(near)}
    edges = sorted((place[a], place[b]) for a, others in near.items() for b in others if place[a] < place[b])
    graph, rng = ig.Graph(n=len(place), edges=edges), random.Random(seed)
    counts = Counter[str]()
    for _ in range(runs):
        membership = dict(zip(place, leiden(graph, rng.getrandbits(32)).membership, strict=True))
        counts.update(key for key, value in participation(near, membership).items() if value > 0)
    return {key for key, count in counts.items() if count / runs >= share}


def partition(graph: Graph, seed: int = 0) -> tuple[dict[str, int], tuple[Community, ...]]:
    """Return concept -> number of its community, and the communities, the largest first and number 0."""
    membership, found = follow(graph.neighbours, {}, graph.seq, seed=seed)
    return membership, found
