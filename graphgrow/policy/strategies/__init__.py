"""Which concepts to ask about: a strategy reads the whole graph and yields foci, best first, each with its reason.

A question is one or two concepts and an angle, and none is asked twice. What a strategy needs of the whole graph is
worked out once in a while and kept (measure/projection.py says how old it may be), so that a choice costs milliseconds.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies.baselines import bfs, far_path, latest, px_frontier, uniform
from graphgrow.policy.strategies.concepts import frontier, hub, survey
from graphgrow.policy.strategies.pairs import bridges, consolidate, gaps, link, open_pairs, surprises

__all__ = ["BASELINES", "STRATEGIES", "Strategy"]

Strategy = Callable[[Graph, random.Random], Iterator[Focus]]

# Rules that others go by, for honest comparison.
BASELINES: dict[str, Strategy] = {
    "latest": latest,
    "bfs": bfs,
    "random": uniform,
    "far_path": far_path,
    "px_frontier": px_frontier,
}
STRATEGIES: dict[str, Strategy] = {
    **BASELINES,
    "frontier": frontier,
    "survey": survey,
    "hub": hub,
    "bridge": partial(open_pairs, "bridge", "join", bridges),
    "gap": partial(open_pairs, "gap", "between", gaps),
    "link": link,
    "surprise": partial(open_pairs, "surprise", "connect", surprises),
    "consolidate": consolidate,
}
