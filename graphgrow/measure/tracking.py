"""Following a run: when hubs emerge, which community is which over time, who bridges them and for how long.

Communities come from Leiden's method, started from those of the snapshot before, so that what changes is the graph and
not the draw; a community keeps its number as long as most of its concepts stay together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import igraph as ig

from graphgrow.measure.chance import leiden
from graphgrow.measure.running import Running
from graphgrow.model import Event

EMERGED = 5  # relations; the paper counts a concept as a hub from the first above it


@dataclass(frozen=True, slots=True)
class Hub:
    """A concept that came to have more than EMERGED neighbours: when it entered, when it passed them, how many now."""

    concept: str
    introduced: int
    emerged: int
    degree: int


@dataclass(frozen=True, slots=True)
class Partition:
    """The communities after an event: concept -> number of its community, numbers lasting over snapshots; its Q."""

    seq: int
    membership: dict[str, int]
    modularity: float | None
    participation: dict[str, float]

    @property
    def bridges(self) -> set[str]:
        """The concepts with neighbours in more than one community, by the paper's flag."""
        return {key for key, value in self.participation.items() if value > 0}


def hubs(events: Iterable[Event], *, above: int = EMERGED) -> list[Hub]:
    """Return the concepts that came to have more than `above` neighbours, in the order in which they did."""
    running, introduced, emerged = Running(), dict[str, int](), dict[str, int]()
    for event in events:
        running.take(event.delta)
        touched = {key for said in event.delta.statements for key in (said.relation.source, said.relation.target)}
        for key in [concept.key for concept in event.delta.concepts]:
            introduced.setdefault(key, event.seq)
        for key in sorted(touched):
            if len(running.near[key]) > above:
                emerged.setdefault(key, event.seq)
    return [Hub(key, introduced[key], seq, len(running.near[key])) for key, seq in emerged.items()]


def partitions(events: Iterable[Event], *, every: int = 25, seed: int = 0) -> Iterator[Partition]:
    """Yield the communities after every `every`-th event and after the last, each started from the one before."""
    running, before, seq, done = Running(), dict[str, int](), 0, 0
    for event in events:
        running.take(event.delta)
        seq = event.seq
        if seq % every == 0:
            found, done = _partition(running, before, seq, seed), seq
            before = found.membership
            yield found
    if seq != done:
        yield _partition(running, before, seq, seed)


def _partition(running: Running, before: Mapping[str, int], seq: int, seed: int) -> Partition:
    keys = list(running.near)
    graph = ig.Graph(n=len(keys), edges=running.edges)
    found = leiden(graph, seed, _start(keys, running, before))
    membership = _lasting(dict(zip(keys, found.membership, strict=True)), before)
    quality = float(found.modularity) if running.edges else None
    return Partition(seq, membership, quality, participation(running.near, membership))


def _start(keys: list[str], running: Running, before: Mapping[str, int]) -> list[int]:
    """Return where Leiden starts: known concepts where they were, a new one with most of its neighbours or alone."""
    alone = 1 + max(before.values(), default=-1)
    chosen = {}
    for place, key in enumerate(keys):
        around = Counter(before[near] for near in running.near[key] if near in before)
        nearest = min(around, key=lambda label: (-around[label], label)) if around else alone + place
        chosen[key] = before.get(key, nearest)
    numbers = {label: number for number, label in enumerate(dict.fromkeys(chosen.values()))}
    return [numbers[chosen[key]] for key in keys]


def _lasting(found: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Return the same communities under lasting numbers: that of the former one it shares most concepts with."""
    members: defaultdict[int, list[str]] = defaultdict(list)
    for key, label in found.items():
        members[label].append(key)
    shared = Counter((label, before[key]) for key, label in found.items() if key in before)
    numbers: dict[int, int] = {}
    for label, former in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if label not in numbers and former not in numbers.values():
            numbers[label] = former
    fresh = 1 + max(before.values(), default=-1)
    for label in sorted(members, key=lambda label: (-len(members[label]), label)):
        if label not in numbers:
            numbers[label], fresh = fresh, fresh + 1
    return {key: numbers[label] for key, label in found.items()}


def participation(near: Mapping[str, Iterable[str]], membership: Mapping[str, int]) -> dict[str, float]:
    """Return concept -> 1 - sum over communities of (its neighbours there / all its neighbours) squared, 0 to 1.

    Source: Guimera and Amaral, Nature 433 (2005) 895. A concept without neighbours has 0.
    """
    found = {}
    for key, neighbours in near.items():
        counts = Counter(membership[other] for other in neighbours)
        total = counts.total()
        found[key] = 1 - sum((count / total) ** 2 for count in counts.values()) if len(counts) > 1 else 0.0
    return found


def persistence(snapshots: Iterable[Partition], *, flicker: int = 0) -> dict[str, int]:
    """Return concept -> the longest number of snapshots in a row in which it was a bridge.

    Up to `flicker` snapshots in between in which it was none do not end a row and do not count.
    """
    longest, current, missed = Counter[str](), Counter[str](), Counter[str]()
    for snapshot in snapshots:
        now = snapshot.bridges
        for key in now | current.keys():
            missed[key] = 0 if key in now else missed[key] + 1
            if missed[key] > flicker:
                del current[key]
            elif key in now:
                current[key] += 1
                longest[key] = max(longest[key], current[key])
    return dict(longest)
