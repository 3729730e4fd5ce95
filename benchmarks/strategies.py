"""What a choice costs: milliseconds of each strategy and policy at 1,000 and 10,000 concepts, beside networkx.

    python benchmarks/strategies.py [--sizes 1000 10000] [--steps 100] [--naive 1000]

A made-up graph of the wanted size keeps growing while each strategy or policy in turn chooses what to ask, on a copy of
its own, so that `worst` includes computing the structure anew and `median` finds it kept. `naive` is the same
information from networkx, computed once for one choice, up to `--naive` concepts: beyond that it takes minutes.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import combinations, islice

import networkx as nx
from overhead import event_of, replies

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy import POLICIES, open_policy
from graphgrow.policy.strategies import STRATEGIES, Strategy

GOAL = 10  # milliseconds, for a strategy
SIZES = (1_000, 10_000)
TOPIC = "impact resistant material"


def choosing(name: str) -> Strategy:
    """Return a policy as a strategy that chooses one question."""
    policy = open_policy(name)
    return lambda graph, rng: iter(policy.choose(graph, TOPIC, rng))


def grown(size: int, texts: Iterator[str]) -> Graph:
    """Return a made-up graph of a given size."""
    graph, policy, rng = Graph(), open_policy("mix"), random.Random(1)
    while len(graph.concepts) < size:
        (focus,) = policy.choose(graph, TOPIC, rng)
        graph.apply(event_of(graph, focus, next(texts)))
    return graph


def costs(strategy: Strategy, graph: Graph, texts: list[str]) -> list[float]:
    """Return the milliseconds of one choice after another, while the graph grows by their answers."""
    spent = []
    for text in texts:
        start = time.perf_counter()
        focus = next(strategy(graph, random.Random(graph.seq)), None)
        spent.append(1000 * (time.perf_counter() - start))
        graph.apply(event_of(graph, focus or Focus("none", ("none",), ""), text))
    return spent


def simple(graph: Graph) -> "nx.Graph[str]":
    """Return the graph as networkx has it."""
    found = nx.Graph(pair for pair in graph.pairs if pair[0] != pair[1])
    found.add_nodes_from(graph.concepts)
    return found


def far_path(graph: Graph) -> object:
    """All pairs of concepts by the length of their shortest path, as AGDR has Cypher do it."""
    lengths = ((length, one, other) for one, row in nx.all_pairs_shortest_path_length(simple(graph))
               for other, length in row.items())  # fmt: skip
    return sorted(lengths, reverse=True)[:5]


def by_betweenness(graph: Graph) -> object:
    """Degree and exact betweenness of every concept, as PX has them at each step."""
    found = simple(graph)
    between = nx.betweenness_centrality(found)
    return min(found, key=lambda key: found.degree[key]), max(between, key=lambda key: between[key])


def by_community(graph: Graph) -> object:
    """Louvain's communities, and how many links join each two of them."""
    found = simple(graph)
    groups = nx.community.louvain_communities(found, seed=0)
    return [nx.cut_size(found, one, other) for one, other in combinations(groups, 2)]


def by_index(graph: Graph) -> object:
    """The resource allocation index of every two concepts without a relation."""
    return max(nx.resource_allocation_index(simple(graph)), key=lambda row: row[2])


def by_degree(graph: Graph) -> object:
    """Every concept by its number of neighbours."""
    found = simple(graph)
    return sorted(found, key=lambda key: -found.degree[key])


NAIVE: dict[str, Callable[[Graph], object]] = {
    "far_path": far_path,
    "px_frontier": by_betweenness,
    "frontier": by_degree,
    "survey": by_degree,
    "hub": by_degree,
    "bridge": by_community,
    "gap": by_community,
    "link": by_index,
    "surprise": by_community,
    "consolidate": by_degree,
}


def naive(name: str, graph: Graph) -> float | None:
    """Return the milliseconds that networkx takes to compute what a strategy goes by; None where it needs nothing."""
    if name not in NAIVE:
        return None
    start = time.perf_counter()
    NAIVE[name](graph)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Print a row for every strategy and size, and whether each median stays within the goal."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--naive", type=int, default=SIZES[0], help="concepts up to which networkx is waited for")
    how = options.parse_args()
    print(
        f"{'concepts':>9} {'strategy':<12}"
        + "".join(f"{name:>10}" for name in ("median", "mean", "worst", "naive", "ratio"))
    )
    middles, means = [0.0], [0.0]
    for size in how.sizes:
        texts = replies(random.Random(size))
        graph = grown(size, texts)
        more = list(islice(texts, how.steps))
        for name, strategy in (STRATEGIES | {name: choosing(name) for name in POLICIES}).items():
            next(strategy(deepcopy(graph), random.Random(0)), None)  # what is imported only once
            spent = costs(strategy, deepcopy(graph), more)
            middle, mean = statistics.median(spent), statistics.mean(spent)
            other = naive(name, graph) if size <= how.naive else None
            beside = f"{other:10.0f}{other / mean:9.0f}x" if other else f"{'-':>10}{'-':>10}"
            print(f"{size:>9} {name:<12}{middle:10.2f}{mean:10.2f}{max(spent):10.1f}{beside}", flush=True)
            if name in STRATEGIES:
                middles.append(middle)
                means.append(mean)
    for what, value in (("median", max(middles)), ("mean", max(means))):
        judged = "met" if value <= GOAL else "missed"
        print(f"the slowest {what} of a strategy is {value:.1f} ms, the goal {GOAL} ms: {judged}")


if __name__ == "__main__":
    main()
