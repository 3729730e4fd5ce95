"""Hidden graphs ready made, of several shapes, with names to read; the same kind, size and seed give the same graph.

Every graph has an attribute `topic`, its most connected concept or its root; every concept a `community` by number;
every edge a `predicate` and its `source`. What hangs loose is left out, so a graph may be a little smaller than asked.
"""

import random
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput

if TYPE_CHECKING:
    import networkx as nx

# Size and degree of the best of the worlds that were tried for the dials (benchmarks/worldfit.py); other choices here
# are not fitted.
DEGREE = 11.0
SIZE = 2400
SMALLEST = 20
LEAST_DEGREE = 2
OUTSIDE = 0.1  # of the edges of "communities" lead from one to another
TAIL = 1.6  # exponent of the popularity of concepts in "communities"
TRIADS = 0.5  # of the edges of "scale-free" close a triangle
CHILDREN = 6
KINSHIP = 0.7  # of the cross links of "hierarchy" stay in one branch
SHORT = 12  # this many concepts of a community have names of two words, the others of three
DRAWS = 1000  # concepts drawn at a time


def make_world(kind: str, size: int = SIZE, seed: int = 0, *, degree: float = DEGREE) -> "nx.Graph[str]":
    """Return a connected hidden graph of up to `size` concepts with about `degree` neighbours each.

    - communities: a planted partition of about sqrt(size) / 2 groups in which a few concepts are hubs; one edge in ten
      leads to another group
    - scale-free: preferential attachment that closes triangles (Holme and Kim 2002), communities by Louvain's method
    - hierarchy: a tree with six children per concept and cross links, most of them inside a branch

    Raises:
        BadInput: an unknown kind, fewer than 20 concepts or more than there are names for, or a degree below 2.
    """
    import networkx as nx

    words = _words()
    most = len(words["qualifiers"]) * len(words["things"])  # names there are for sure, however few the communities
    if kind not in KINDS:
        raise BadInput(f"no world is of the kind {kind!r}: use {', '.join(KINDS)}, or a graph file or store")
    if not SMALLEST <= size <= most:
        raise BadInput(f"a made world has between {SMALLEST} and {most} concepts, not {size}")
    if not LEAST_DEGREE <= degree < size / 2:
        raise BadInput(f"concepts of a world of {size} have {LEAST_DEGREE} to {size // 2} neighbours, not {degree:g}")
    rng = random.Random(f"{kind}:{size}:{degree}:{seed}")
    made = KINDS[kind](size, degree, rng)
    largest = max(nx.connected_components(made), key=lambda part: (len(part), -min(part)))
    made = made if len(largest) == len(made) else nx.Graph(made.subgraph(largest))
    # Names: short ones for the most popular, one matter for all of a community. Then predicates and directions.
    matters = rng.sample(words["matters"], len(words["matters"]))
    names = [_names(matter, rng) for matter in matters]
    community = nx.get_node_attributes(made, "community")
    order = sorted(made, key=lambda node: (-made.degree(node), node))
    name = {node: next(names[community[node] % len(matters)]) for node in order}
    graph: nx.Graph[str] = nx.Graph(topic=name[made.graph.get("root", order[0])])
    graph.add_nodes_from((name[node], {"community": community[node]}) for node in sorted(made))
    for one, other in sorted(made.edges):
        source = one if rng.random() < 0.5 else other  # noqa: PLR2004  # either way is as likely
        graph.add_edge(name[one], name[other], source=name[source], predicate=rng.choice(words["predicates"]))
    return graph


@cache
def _words() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads((files("graphgrow.llm.simulated") / "words.toml").read_text(encoding="utf-8"))
    return {name: tuple(text.strip().split("|") if "|" in text else text.split()) for name, text in table.items()}


def _names(matter: str, rng: random.Random) -> Iterator[str]:
    """Yield different names with one matter in them, the short ones first."""
    things, qualifiers = _words()["things"], _words()["qualifiers"]
    for thing in rng.sample(things, SHORT):
        yield f"{matter} {thing}"
    most = len(qualifiers) * len(things)
    for place in rng.sample(range(most), most):
        yield f"{qualifiers[place // len(things)]} {matter} {things[place % len(things)]}"


def communities(size: int, degree: float, rng: random.Random) -> "nx.Graph[int]":
    """Return a planted partition with hubs; see `make_world`."""
    import networkx as nx

    groups = max(3, round(size**0.5 / 2))
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from((node, {"community": node % groups}) for node in range(size))
    popularity = [rng.paretovariate(TAIL) for _ in range(size)]

    def draw(nodes: range) -> Iterator[int]:
        sums = list(accumulate(popularity[node] for node in nodes))
        while True:
            yield from rng.choices(nodes, cum_weights=sums, k=DRAWS)

    def pairs() -> Iterator[tuple[int, int]]:
        members = [draw(range(group, size, groups)) for group in range(groups)]
        for one in draw(range(size)):
            group = rng.randrange(groups) if rng.random() < OUTSIDE else one % groups
            yield one, next(members[group])

    return _filled(graph, pairs(), round(size * degree / 2))


def scale_free(size: int, degree: float, rng: random.Random) -> "nx.Graph[int]":
    """Return a graph of preferential attachment with many triangles; see `make_world`."""
    import networkx as nx

    graph: nx.Graph[int] = nx.powerlaw_cluster_graph(size, max(1, round(degree / 2)), TRIADS, seed=rng.randrange(2**31))
    for number, group in enumerate(nx.community.louvain_communities(graph, seed=rng.randrange(2**31))):
        for node in group:
            graph.nodes[node]["community"] = number
    return graph


def hierarchy(size: int, degree: float, rng: random.Random) -> "nx.Graph[int]":
    """Return a tree with cross links, its branches as communities; see `make_world`."""
    import networkx as nx

    branch = list[int]()  # node -> its ancestor two levels below the root, or itself if it is above
    branches = dict[int, list[int]]()
    for node in range(size):
        branch.append(node if node <= CHILDREN + CHILDREN**2 else branch[(node - 1) // CHILDREN])
        branches.setdefault(branch[node], []).append(node)
    graph: nx.Graph[int] = nx.Graph(root=0)
    graph.add_nodes_from((node, {"community": branch[node]}) for node in range(size))
    graph.add_edges_from(((node - 1) // CHILDREN, node) for node in range(1, size))

    def pairs() -> Iterator[tuple[int, int]]:
        while True:
            one = rng.randrange(size)
            yield one, rng.choice(branches[branch[one]] if rng.random() < KINSHIP else range(size))

    return _filled(graph, pairs(), round(size * degree / 2))


def _filled(graph: "nx.Graph[int]", pairs: Iterator[tuple[int, int]], edges: int) -> "nx.Graph[int]":
    """Return the graph with so many edges, or with what comes of twenty draws for each."""
    missing = edges - graph.number_of_edges()
    for one, other in islice(pairs, 20 * edges):
        if missing <= 0:
            break
        if one != other and not graph.has_edge(one, other):
            graph.add_edge(one, other)
            missing -= 1
    return graph


KINDS: dict[str, Callable[[int, float, random.Random], "nx.Graph[int]"]] = {
    "communities": communities,
    "scale-free": scale_free,
    "hierarchy": hierarchy,
}
