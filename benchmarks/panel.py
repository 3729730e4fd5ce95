"""The panel beside the stack of the paper: networkx, python-louvain and powerlaw, on the same graphs in one run.

    pip install python-louvain
    python benchmarks/panel.py [--sizes 1000 4000 10000] [--steps 1000] [--sample 8]

Both compute the same table; where the definitions are the same the values must be, or the benchmark fails. The stack's
history of a run is timed at a sample of steps and integrated by the trapezium rule; ours is timed whole, with a
snapshot at every step and with one every 25 steps.
"""

import argparse
import importlib.util
import json
import random
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import networkx as nx

from graphgrow.graph.graph import fold
from graphgrow.graph.model import Concept, Delta, Edit, Event, Relation, Statement, Triple
from graphgrow.measure.history import history
from graphgrow.measure.panel import panel
from graphgrow.measure.power_law import RIVALS

Table = dict[str, Any]
# Random parts differ between implementations: the best partitions that they found may differ by this much.
CLOSE_MODULARITY = 0.03


def run(seed: int, steps: int, new: int = 2, said: int = 6) -> Iterator[Event]:
    """Yield the events of a made run: `said` relations a step, `new` of them to new concepts, popular ones first."""
    rng, known = random.Random(seed), ["concept 0"]
    fresh = [Concept("concept 0", "concept 0")]
    for seq in range(1, steps + 1):
        statements = []
        for number in range(said):
            source = known[int(len(known) * rng.random() ** 2)]
            target = f"concept {len(known)}" if number < new else rng.choice(known)
            if number < new:
                known.append(target)
                fresh.append(Concept(target, target))
            relation = Relation(source, rng.choice(("contains", "improves", "is a")), target)
            statements.append(Statement(relation, Triple(source, relation.predicate, target)))
        unique = {statement.relation: statement for statement in statements}
        yield Edit(seq, "add", Delta(tuple(fresh), relations=tuple(unique.values())))
        fresh = []


def paper(concepts: list[str], relations: list[tuple[str, str, str]]) -> Table:
    """Return the table as the paper's stack computes it, one call per metric."""
    import community
    import powerlaw

    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(concepts)
    graph.add_edges_from((source, target) for source, _, target in relations if source != target)
    largest = graph.subgraph(max(nx.connected_components(graph), key=len))
    betweenness = nx.betweenness_centrality(largest)
    row: Table = {
        "nodes": len(graph),
        "simple_edges": graph.number_of_edges(),
        "density": nx.density(graph),
        "components": nx.number_connected_components(graph),
        "lcc_nodes": len(largest),
        "average_clustering": nx.average_clustering(graph),
        "transitivity": nx.transitivity(graph),
        "triangles": sum(dict(nx.triangles(graph, list(graph))).values()) // 3,  # type: ignore[arg-type]
        "average_path_length": nx.average_shortest_path_length(largest),
        "diameter": nx.diameter(largest),
        "degree_assortativity": nx.degree_pearson_correlation_coefficient(graph),
        "max_core": max(nx.core_number(graph).values()),
        "articulation_points": len(list(nx.articulation_points(graph))),
        "cut_edges": len(list(nx.bridges(graph))),
        "modularity_louvain": community.modularity(community.best_partition(graph, random_state=0), graph),
        "betweenness_mean": sum(betweenness.values()) / len(betweenness),
        "betweenness_max": max(betweenness.values()),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        degrees = [degree for _, degree in graph.degree() if degree]
        fit = powerlaw.Fit(degrees, discrete=True, verbose=False)
        row |= {"powerlaw_alpha": fit.alpha, "powerlaw_xmin": fit.xmin}
        for name, rival in RIVALS.items():
            row[name] = {"raw": fit.distribution_compare("power_law", rival)[0]}
    return row


def disagreements(ours: Table, theirs: Table) -> list[str]:
    """Return the metrics on which the two do not agree."""
    wrong = []
    for name, value in theirs.items():
        mine = ours[name]
        if isinstance(value, dict):
            same = abs(mine["raw"] - value["raw"]) <= 1e-3 * max(1.0, abs(value["raw"]))
        elif name == "modularity_louvain":
            same = abs(mine - value) <= CLOSE_MODULARITY
        else:
            same = abs(mine - value) <= 1e-6 * max(1.0, abs(value))
        wrong += [] if same else [f"{name}: {mine} against {value}"]
    return wrong


def contents(events: list[Event]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return the concepts and relations of a run."""
    graph = fold(events)
    return list(graph.concepts), graph.triples()


def timed(work: Any, *arguments: Any) -> tuple[float, Any]:  # noqa: ANN401  # any function
    """Return seconds and result."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


def one_graph(size: int) -> list[str]:
    """Print a line of the first table, and return what the two disagree on."""
    data = contents(list(run(size, (size - 1) // 2)))  # not more concepts than `size`, so that paths are exact
    panel(*contents(list(run(1, 50))))
    spent, mine = min((timed(panel, *data) for _ in range(3)), key=lambda pair: pair[0])
    theirs_spent, theirs = timed(paper, *data)
    print(
        f"| {size:,} | {mine['simple_edges']:,} | {spent:.2f} | {theirs_spent:.1f} | {theirs_spent / spent:.0f} |",
        flush=True,
    )
    return disagreements(mine, theirs)


def whole_run(steps: int, sample: int) -> None:
    """Print how the history of a run compares: the stack's seconds at sampled steps, ours for all of them."""
    events = list(run(7, steps))
    points = [max(25, steps * place // sample) for place in range(sample + 1)]
    spent = [timed(paper, *contents(events[:point]))[0] for point in points]
    pairs = zip(points, points[1:], spent, spent[1:], strict=False)
    theirs = sum((b - a) * (x + y) / 2 for a, b, x, y in pairs) + points[0] * spent[0]
    for every in (1, 25):
        mine, _ = timed(lambda every=every: history(events, every=every))
        print(f"| {steps:,} | every {every} | {mine:.1f} | {theirs:,.0f} | {theirs / mine:,.0f} |", flush=True)


def main() -> None:
    """Print both tables; exit with 1 where a value differs."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 4_000, 10_000])
    options.add_argument("--steps", type=int, default=1_000, help="0 leaves the history out")
    options.add_argument("--sample", type=int, default=8)
    how = options.parse_args()
    if not importlib.util.find_spec("community"):
        sys.exit("the paper's stack needs python-louvain: pip install python-louvain")
    print("| concepts | edges | ours, s | the paper's stack, s | ratio |\n|---:|---:|---:|---:|---:|")
    wrong = {size: one_graph(size) for size in how.sizes}
    if how.steps:
        print(
            "\n| steps | snapshots | ours, s | the paper's stack at every step, s | ratio |\n|---:|---|---:|---:|---:|"
        )
        whole_run(how.steps, how.sample)
    if any(wrong.values()):
        sys.exit(f"values differ: {json.dumps(wrong, indent=1)}")
    print("\nevery value agrees wherever the definitions do")


if __name__ == "__main__":
    main()
