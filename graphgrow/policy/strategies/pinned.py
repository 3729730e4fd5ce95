"""What people want of the next questions, before any strategy is asked: every policy goes through here.

- A focus that somebody has set is the next question, oldest first, one a concept in a round; it waits while its concept
  is rejected, not to be asked about, or has no question left.
- Pinned concepts stay in the running: every PINNED_EVERY-th step asks about the one of them that was asked about least,
  from an angle still open, and so does every step for which the policy has no question.
- What is not to be asked about is no focus, alone or beside another, whoever chose it. That goes before all else.
- An instruction goes with every question in its scope and with no other. A question is about a concept where that is
  one of those it names. It is of a community where all that it names are: what now shares the community of the concept
  by which it was called, and shared it when the instruction was given or came later. So a community takes the
  instruction along as it grows, but not into what it is merged with, and where it is split the part with that concept
  keeps it. Communities are as old as the structure.

All keys go through what stands for what, so what holds for a concept holds for the one that it is merged into.
"""

import random
from collections.abc import Iterator, Sequence

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import INTENTS, Focus
from graphgrow.graph.steering import Directive
from graphgrow.policy.strategies.open_questions import free_angle, is_open
from graphgrow.policy.strategies.structure import Structure, communities, structure
from graphgrow.prompts.render import CONNECT, quoted

STEERED, PINNED = "steered", "pinned"
PINNED_EVERY = 3


def steered(graph: Graph, rng: random.Random, chosen: Sequence[Focus]) -> Focus | None:
    """Return what people want asked beside the foci of a round chosen so far; None where the policy is free."""
    ordered = next(_ordered(graph, rng, chosen), None)
    if ordered or (graph.steps + len(chosen) + 1) % PINNED_EVERY:
        return ordered
    return pinned(graph, rng, chosen)


def pinned(graph: Graph, rng: random.Random, chosen: Sequence[Focus]) -> Focus | None:
    """Return a question about the pinned concept that was asked about least, ties by age of the pin."""
    find, taken = graph.representative, {focus.concepts for focus in chosen}
    pins = graph.steering.pinned(find)
    for key in sorted(pins, key=lambda key: graph.asks.get(key, 0)):
        angle = open_angle(graph, (key,), rng)
        if angle and (key,) not in taken:
            reason = f"pinned by hand in event {pins[key].seq}, asked about {graph.asks.get(key, 0)} times so far"
            return Focus(PINNED, (key,), reason, 1.0, angle)
    return None


def _ordered(graph: Graph, rng: random.Random, chosen: Sequence[Focus]) -> Iterator[Focus]:
    """Yield the questions that were set by hand and can be asked now, oldest first."""
    taken = {focus.concepts for focus in chosen}
    for directive in graph.steering.foci:
        keys = concepts(graph, directive)
        if keys not in taken and (angle := open_angle(graph, keys, rng)):
            why = f': "{quoted(directive.change.reason)}"' if directive.change.reason else ""
            yield Focus(STEERED, keys, f"set by hand in event {directive.seq}{why}", 1.0, angle)


def concepts(graph: Graph, directive: Directive) -> tuple[str, ...]:
    """Return the concepts that a focus set by hand is about, as they stand now, in the order a question has them."""
    return tuple(sorted(set(map(graph.representative, directive.change.concepts))))


def open_angle(graph: Graph, keys: tuple[str, ...], rng: random.Random) -> str | None:
    """Return from which side one concept, or two, can be asked about; None where there is nothing to ask."""
    if not graph.concepts.keys() >= set(keys) or not _are_allowed(graph, keys):
        return None
    if len(keys) == 1:
        return free_angle(graph, keys[0], rng)
    return CONNECT if is_open(graph, CONNECT, *keys) else None


def is_allowed(graph: Graph, focus: Focus) -> bool:
    """Tell whether nobody has rejected one of the concepts of a focus, or said that it is not to be asked about."""
    is_rejected = not graph.corrections.hidden.isdisjoint(map(graph.representative, focus.concepts))
    return not is_rejected and _are_allowed(graph, focus.concepts)


def _are_allowed(graph: Graph, keys: Sequence[str]) -> bool:
    find = graph.representative
    return not graph.steering.forbids or graph.steering.forbidden(find).keys().isdisjoint(map(find, keys))


def followed(graph: Graph, foci: Sequence[Focus]) -> list[list[Directive]]:
    """Return for each question of a round what people want of it: the focus that it is, the instructions it goes with.

    A directive for the next n steps goes with n questions of the round at most.
    """
    left = {directive.seq: directive.left for directive in graph.steering.directives.values()}
    found = []
    for focus in foci:
        wanted = () if focus.angle == INTENTS else (*_order(graph, focus), *_told(graph, focus))  # that one is no step
        directives = [directive for directive in wanted if left[directive.seq] != 0]
        left |= {directive.seq: count - 1 for directive in directives if (count := left[directive.seq]) is not None}
        found.append(directives)
    return found


def _order(graph: Graph, focus: Focus) -> list[Directive]:
    """Return the directive that a focus was set by, the oldest of equal ones."""
    if focus.strategy != STEERED:
        return []
    return [directive for directive in graph.steering.foci if concepts(graph, directive) == focus.concepts][:1]


def _told(graph: Graph, focus: Focus) -> list[Directive]:
    keys = set(map(graph.representative, focus.concepts))
    return [directive for directive in graph.steering.instructions if _is_in_scope(graph, directive, keys)]


def _is_in_scope(graph: Graph, directive: Directive, keys: set[str]) -> bool:
    if directive.change.scope == "run":
        return True
    meant = graph.representative(directive.change.concepts[0])
    if directive.change.scope == "concept":
        return meant in keys
    then = set(map(graph.representative, directive.change.concepts))
    is_newer = all(graph.introduced.get(key, 0) > directive.seq for key in keys - then)
    return is_newer and _is_one_community(structure(graph), {meant, *keys})


def _is_one_community(found: Structure, keys: set[str]) -> bool:
    label = found.keep(communities)
    return found.place.keys() >= keys and len({label[found.place[key]] for key in keys}) == 1
