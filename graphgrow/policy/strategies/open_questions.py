"""Questions that are still open: an angle that a concept was not asked about from, two concepts not asked about yet."""

import random
from collections.abc import Iterable, Iterator

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.prompts.render import SEED, angles

SAMPLE = 400


def seed(graph: Graph, topic_key: str) -> Iterator[Focus]:
    """Yield the opening questions of a graph that holds nothing yet."""
    key = graph.representative(topic_key)
    for angle in angles():
        focus = Focus(SEED, (key,), "the graph is empty: open up the topic", 1.0, angle)
        if focus.question not in graph.asked:
            yield focus


def free_angle(graph: Graph, key: str, rng: random.Random, *preferred: str) -> str | None:
    """Return an angle this concept was not asked about from, None where there is none left.

    The general one comes first, then those that are preferred, then any of the others.
    """
    free = [angle for angle in ("general", *preferred, *angles()) if (angle, key) not in graph.asked]
    if not free or free[0] in {"general", *preferred}:
        return free[0] if free else None
    return rng.choice(free)


def foci(graph: Graph, rng: random.Random, strategy: str, ranked: Iterable[tuple[float, str, str]]) -> Iterator[Focus]:
    """Yield a focus for every (score, key, reason) that has a question left."""
    for score, key, reason in ranked:
        angle = free_angle(graph, key, rng)
        if angle is not None:
            yield Focus(strategy, (key,), reason, round(score, 4), angle)


def is_open(graph: Graph, angle: str, one: str, other: str) -> bool:
    """Tell whether two concepts are in the graph and were not asked about together from this angle."""
    return (
        one in graph.concepts
        and other in graph.concepts
        and (angle, one, other) not in graph.asked
        and (angle, other, one) not in graph.asked
    )
