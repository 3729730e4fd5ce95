"""One trial of a policy: a run and the figures it is judged by, exactly where its world is known.

`on_world` grows a graph against a hidden one and compares the two. A real model's truth is unknown; its runs give only
the figures of `Run` that need none, and go into the same table (policies.py).
"""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from graphgrow.api.models import make_world
from graphgrow.graph.confidence import trusted
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, Expansion
from graphgrow.growth.fact_check import SHARE
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.truth import HiddenGraph
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.policy import open_policy
from graphgrow.stores.memory import MemoryStore

WITHIN = 0.25  # of the hidden concepts lie within the radius around the topic, as nearly as whole steps allow
THIRDS = 3
CHECKED = ("knowledge", "knowledge-random")  # policies that are tried with fact checks, which reward them
HABITS = WorldSettings()
# Relations are false as often as judges found those of the embedded model (data/judgements/policies.csv): of free
# relations about half, of lists four in five, of facets three in five; more where the concept is obscure.
JUDGED = replace(HABITS, errors=0.3, list_errors=0.55, facet_errors=0.2, obscure=0.3)

Run = dict[str, float]  # figure -> value


@dataclass(frozen=True, slots=True)
class Truth:
    """A world, and what a run on it is compared with: every concept's distance from the topic, bridging edges."""

    world: World
    away: dict[str, int]
    radius: int
    bridges: frozenset[frozenset[str]]


@lru_cache(maxsize=1)  # a process takes the policies of a world one after the other
def truth(kind: str, size: int, seed: int, dials: WorldSettings = HABITS) -> Truth:
    """Return a made-up world, seeded as the runs on it are."""
    graph = make_world(kind, size, seed)
    world = World(graph, dials, seed)
    away = distances(world.hidden, world.hidden.topic)
    part = {name: data["community"] for name, data in graph.nodes(data=True)}
    bridges = frozenset(frozenset(pair) for pair in graph.edges if part[pair[0]] != part[pair[1]])
    return Truth(world, away, _radius(away), bridges)


def _radius(away: dict[str, int]) -> int:
    """Return the distance within which the share of concepts is closest to WITHIN; at least 1."""
    shares = {
        radius: sum(d <= radius for d in away.values()) / len(away) for radius in range(1, max(away.values()) + 1)
    }
    return min(shares, key=lambda radius: (abs(shares[radius] - WITHIN), radius))


def distances(hidden: HiddenGraph, root: str) -> dict[str, int]:
    """Return how many edges each node is away from one."""
    away, queue = {root: 0}, deque([root])
    while queue:
        node = queue.popleft()
        for near in hidden.neighbours[node]:
            if near not in away:
                away[near] = away[node] + 1
                queue.append(near)
    return away


def on_world(kind: str, size: int, policy: str, seed: int, questions: int, dials: WorldSettings = HABITS) -> Run:
    """Return the figures of one run."""
    known = truth(kind, size, seed, dials)
    share = SHARE if policy in CHECKED else 0.0
    settings = Settings(open_policy(policy), Budget(steps=questions), seed=seed, fact_check=share)
    growth = Growth(known.world.hidden.topic, MemoryStore(), known.world, settings)
    events = list(growth)
    return figures(growth.graph, events, known)


def figures(graph: Graph, events: Sequence[Expansion], known: Truth) -> Run:
    """Return what a run found of its world, what else it brought, and what that cost.

    - coverage, on-topic, bridges: shares of the hidden concepts; of those found, the ones within the radius of the
      topic; of the hidden edges between communities
    - kept 1-3: hidden concepts found per 1,000 tokens in each third of the questions; kept on-topic: of the whole run,
      within the radius
    - duplicates: concepts of the graph that are the same hidden concept as another; junk: those that are no hidden
      concept; rejects: what hygiene kept out
    - true: the share of the relations shown that is true (the trusted ones of a graph with fact checks, else all); true
      near: true ones that begin or end within the radius, per 1,000 tokens, fact checks included
    """
    hidden = known.world.hidden
    found = _found(graph, hidden)
    new = _arrivals(events, hidden)
    bill = [event.reply.usage.tokens for event in events]
    near = sum(known.away[name] <= known.radius for name in set(found.values()))
    shown = trusted(graph) if graph.checks else list(graph.relations)
    pairs = [(found.get(one.source, ""), found.get(one.target, "")) for one in shown]
    true = [pair for pair in pairs if pair in hidden.relations]
    true_near = sum(min(known.away[one], known.away[other]) <= known.radius for one, other in true)
    return {
        "coverage": len(set(found.values())) / len(hidden.names),
        "on-topic": near / max(1, len(set(found.values()))),
        "bridges": len(_joined(graph, found) & known.bridges) / max(1, len(known.bridges)),
        **{f"kept {third + 1}": kept for third, kept in enumerate(thirds(new, bill))},
        "kept on-topic": 1000 * near / max(1, graph.bill.tokens),
        "true": len(true) / max(1, len(shown)),
        "true near": 1000 * true_near / max(1, graph.bill.tokens),
        "duplicates": len(found) - len(set(found.values())),
        "junk": len(graph.concepts) - len(found),
        "rejects": sum(graph.rejected.values()),
        "questions": graph.steps,
        "kilotokens": graph.bill.tokens / 1000,
        "radius": known.radius,
        "within": sum(away <= known.radius for away in known.away.values()) / len(known.away),
    }


def _found(graph: Graph, hidden: HiddenGraph) -> dict[str, str]:
    """Return key -> hidden concept, for every concept of the graph that one of its names identifies."""
    found = {}
    for key, concept in graph.concepts.items():
        meant = (hidden.means(name) for name in (concept.name, *concept.aliases))
        if (name := next(filter(None, meant), None)) is not None:
            found[key] = name
    return found


def _arrivals(events: Sequence[Expansion], hidden: HiddenGraph) -> list[int]:
    """Return how many hidden concepts each question found first."""
    seen: set[str] = set()
    counts = []
    for event in events:
        names = {name for concept in event.delta.concepts if (name := hidden.means(concept.name))}
        counts.append(len(names - seen))
        seen |= names
    return counts


def _joined(graph: Graph, found: dict[str, str]) -> set[frozenset[str]]:
    pairs = ((found.get(one), found.get(other)) for one, near in graph.neighbours.items() for other in near)
    return {frozenset((one, other)) for one, other in pairs if one and other}


def thirds(new: Sequence[int], bill: Sequence[int]) -> list[float]:
    """Return what came per 1,000 tokens in each third of the entries."""
    cut = [len(new) * third // THIRDS for third in range(THIRDS + 1)]
    return [1000 * sum(new[a:b]) / max(1, sum(bill[a:b])) for a, b in pairwise(cut)]


def interval(values: Sequence[float], level: float = 0.95) -> float:
    """Return half the width of a mean's confidence interval by Student's t; 0 for fewer than two values."""
    from scipy.stats import t

    count = len(values)
    if count < 2:  # noqa: PLR2004  # one value has no spread
        return 0.0
    return float(t.ppf((1 + level) / 2, count - 1)) * statistics.stdev(values) / math.sqrt(count)
