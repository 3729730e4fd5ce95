"""Following a run: its snapshots, when hubs emerge, how concepts bridge communities, for how long and how much.

communities.py has the communities themselves, shortening.py the lengths of paths.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.model import Event
from graphgrow.measure.paths import sample
from graphgrow.measure.running import Running
from graphgrow.measure.spread import between, largest_component

EMERGED = 5  # relations; the paper counts a concept as a hub from the first above it


@dataclass(frozen=True, slots=True)
class Hub:
    """A concept that came to have more than EMERGED neighbours: when it entered, when it passed them, how many now."""

    concept: str
    introduced: int
    emerged: int
    degree: int


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """Normalised betweenness of some concepts after an event; None where one is not in the largest component.

    `sampled_sources` is 0 where it is exact.
    """

    seq: int
    betweenness: dict[str, float | None]
    sampled_sources: int


def snapshots(events: Iterable[Event], *, every: int = 25) -> Iterator[tuple[int, Running]]:
    """Yield (seq, graph so far) after every `every`-th event and after the last; it is one graph that grows on.

    Raises:
        BadInput: `every` is less than 1.
    """
    if every < 1:
        raise BadInput(f"a snapshot every {every} events: give 1 or more")
    running, seq, done = Running(), 0, 0
    for event in events:
        running.take(event)
        seq = event.seq
        if seq % every == 0:
            yield seq, running
            done = seq
    if seq != done:
        yield seq, running


def hubs(events: Iterable[Event], *, above: int = EMERGED) -> list[Hub]:
    """Return the concepts that came to have more than `above` neighbours, in the order in which they did.

    Those that are not in the graph at the end, because they were merged or rejected, are left out.
    """
    running, emerged = Running(), dict[str, int]()
    for event in events:
        everything = running.take(event)
        said = [running.graph.representative(key) for one in event.delta.statements for key in one.relation.ends]
        for key in sorted(running.near if everything else said):
            if len(running.near.get(key, ())) > above:
                emerged.setdefault(key, event.seq)
    introduced, near = running.graph.introduced, running.near
    return [Hub(key, introduced[key], seq, len(near[key])) for key, seq in emerged.items() if key in near]


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


def top_bridges(events: Iterable[Event], *, every: int = 25, top: int = 10, seed: int = 0) -> list[BridgeRow]:
    """Return a row a snapshot with the betweenness of the `top` concepts that have most of it at the end, most first.

    Ties go to the concept that came first. Betweenness is over (n - 1)(n - 2) / 2 pairs of the largest component, exact
    up to `paths.EXACT` concepts, beyond from sources sampled by `seed`, as in the panel.

    Raises:
        BadInput: `every` is less than 1.
    """
    found = list[tuple[int, dict[str, float], int]]()
    for seq, running in snapshots(events, every=every):
        keys = list(running.near)
        places, largest = largest_component(ig.Graph(n=len(keys), edges=running.edges))
        sources = sample(largest, seed)
        among = [keys[place] for place in places]
        found.append((seq, dict(zip(among, between(largest, sources), strict=True)), len(sources)))
    last = found[-1][1] if found else {}
    order = {key: place for place, key in enumerate(last)}
    chosen = sorted(last, key=lambda key: (-last[key], order[key]))[:top]
    return [BridgeRow(seq, {key: row.get(key) for key in chosen}, drawn) for seq, row, drawn in found]
