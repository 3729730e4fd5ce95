"""How a round is filled, under every policy: what people want first, then what a policy has, and no question twice.

- A focus that somebody has set is the next question, oldest first, one per concept in a round; it waits while its
  concept is rejected, not to be asked about, or has no question left.
- Pinned concepts stay in the running: every PINNED_EVERY-th step asks about the one of them that was asked about least,
  from an angle still open, and so does every step for which the policy has no question.
- What is not to be asked about is no focus, alone or beside another, whoever chose it. That goes before all else.
- An instruction goes with every question in its scope and with no other. A question is about a concept where that is
  one of those it names. It is of a community where all that it names are: what now shares the community of the concept
  by which it was called, and shared it when the instruction was given or came later. So a community takes the
  instruction along as it grows, but not into what it is merged with, and where it is split the part with that concept
  keeps it. Communities are as old as the structure.

All keys are read as the concepts they stand for now, so what holds for a concept holds for the one it is merged into.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest
from itertools import chain, islice
from operator import itemgetter

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus, Form
from graphgrow.graph.steering import Directive
from graphgrow.measure.projection import structure
from graphgrow.policy.monitor import LONG, Monitor, monitor
from graphgrow.prompts.render import angles, quoted

STEERED, PINNED = "steered", "pinned"
PINNED_EVERY = 3
LEADERS = 64  # concepts that are looked at first
REFUSED_FOR = 12  # events for which a refused question is left alone

Foci = Callable[[Graph, random.Random], Iterator[Focus]]


def fill(
    graph: Graph, topic_key: str, rng: random.Random, count: int, foci: Foci, *, widens: bool = True
) -> list[Focus]:
    """Return up to `count` foci with different concepts, each the best that `foci` yields then; opening ones first.

    What people want goes before all of that, and what they have pinned is asked about where no strategy has a question
    left. A policy that `widens` asks for neighbouring fields where the topic is saturated. There are fewer foci, or
    none, where every question was asked.
    """
    if not graph.concepts:
        key = graph.representative(topic_key)
        opening = (
            Focus("seed", (key,), "the graph is empty: open up the topic", 1.0, angle, form="seed")
            for angle in angles()
        )
        return [focus for focus in opening if focus.question not in graph.asked and is_allowed(graph, focus)][:1]
    chosen: list[Focus] = []
    while len(chosen) < count:
        focus = directed_focus(graph, rng, chosen)
        if focus is None:
            taken = {one.concepts for one in chosen}
            state = monitor(graph)
            is_dry = state.assessment.kind == "saturated" and state.assessment.do in {"widen", "stop"}
            options = chain(widen(graph, state) if widens and is_dry else (), foci(graph, rng))
            refused = refusals(graph)
            free = (one for one in options if one.concepts not in taken and is_allowed(graph, one))
            focus = next((one for one in free if (one.form, one.concepts[0]) not in refused), None)
        focus = focus or pinned_focus(graph, rng, chosen)
        if focus is None:
            break
        chosen.append(focus)
    return chosen


def directed_focus(graph: Graph, rng: random.Random, chosen: Sequence[Focus]) -> Focus | None:
    """Return what people want asked beside the foci of a round chosen so far; None where the policy is free."""
    taken = {focus.concepts for focus in chosen}
    for directive in graph.steering.foci if graph.steering.directives else ():
        keys = concepts(graph, directive)
        if keys not in taken and (angle := open_angle(graph, keys, rng)):
            why = f': "{quoted(directive.change.reason)}"' if directive.change.reason else ""
            form: Form = "connect" if len(keys) > 1 else "expand"
            return Focus(STEERED, keys, f"set by hand in step {directive.seq}{why}", 1.0, angle, form=form)
    is_turn_of_pins = (graph.steps + len(chosen) + 1) % PINNED_EVERY == 0
    return pinned_focus(graph, rng, chosen) if graph.steering.pins and is_turn_of_pins else None


def pinned_focus(graph: Graph, rng: random.Random, chosen: Sequence[Focus]) -> Focus | None:
    """Return a question about the pinned concept that was asked about least, ties by age of the pin."""
    taken = {focus.concepts for focus in chosen}
    pins = graph.steering.pinned(graph.representative)
    for key in sorted(pins, key=lambda key: graph.asks.get(key, 0)):
        angle = open_angle(graph, (key,), rng)
        if angle and (key,) not in taken:
            reason = f"pinned by hand in step {pins[key].seq}, asked about {graph.asks.get(key, 0)} times so far"
            return Focus(PINNED, (key,), reason, 1.0, angle)
    return None


def widen(graph: Graph, state: Monitor) -> Iterator[Focus]:
    """Yield the questions that widen a saturated topic; none while those asked have not helped yet.

    One question for neighbouring fields in a window, about the topic first and its most connected concepts after it;
    then the concepts that it brought, as long as they were not asked about.
    """
    assessment = state.assessment
    if not state.widened or state.questions - state.widened >= LONG:
        forbidden = graph.steering.forbidden(graph.representative)
        free = (one for one in _leaders(graph) if ("widen", one) not in graph.asked and one not in forbidden)
        key = next(free, None)
        if key is not None:
            yield Focus("widen", (key,), assessment.sentence, 1.0, "widen", form="widen")
        return
    for key in dict.fromkeys(map(graph.representative, state.fields)):
        if key in graph.concepts and key not in graph.asks:
            yield Focus(
                "widen", (key,), f"it borders on the topic, and was never asked about; {assessment.sentence}", 1.0
            )


def _leaders(graph: Graph) -> Iterator[str]:
    """Yield the topic, then the concepts with most neighbours, ties by key; all are ranked only after the first ones.

    Some may come twice.
    """
    yield from islice(graph.depth, 1)
    most = nlargest(LEADERS, graph.degrees.items(), key=itemgetter(1))
    least = most[-1][1] if len(most) == LEADERS else -1  # others may have as many
    yield from sorted((key for key, degree in most if degree > least), key=lambda key: (-graph.degrees[key], key))
    yield from sorted(graph.introduced, key=lambda key: (graph.depth.get(key) != 0, -graph.degrees[key], key))


def is_allowed(graph: Graph, focus: Focus) -> bool:
    """Tell whether nobody has rejected one of the concepts of a focus, or said that it is not to be asked about."""
    keys = set(map(graph.representative, focus.concepts))
    if not graph.corrections.hidden.isdisjoint(keys):
        return False
    return not graph.steering.forbids or graph.steering.forbidden(graph.representative).keys().isdisjoint(keys)


def refusals(graph: Graph) -> set[tuple[Form, str]]:
    """Return form and concept of the questions refused of late: such a question is not asked again at once."""
    return {
        (step.focus.form, graph.representative(step.focus.concepts[0]))
        for step in islice(reversed(graph.past), REFUSED_FOR)
        if step.outcome == "refused" and step.focus
    }


def concepts(graph: Graph, directive: Directive) -> tuple[str, ...]:
    """Return the concepts that a focus set by hand is about, as they stand now, in the order a question has them."""
    return tuple(sorted(set(map(graph.representative, directive.change.concepts))))


def open_angle(graph: Graph, keys: tuple[str, ...], rng: random.Random) -> str | None:
    """Return from which side one concept, or two, can be asked about; None where there is nothing to ask."""
    if not graph.concepts.keys() >= set(keys):
        return None
    if not graph.steering.forbidden(graph.representative).keys().isdisjoint(keys):
        return None
    if len(keys) == 1:
        return free_angle(graph, keys[0], rng)
    return "connect" if is_open(graph, "connect", *keys) else None


def free_angle(graph: Graph, key: str, rng: random.Random, *preferred: str) -> str | None:
    """Return an angle this concept was not asked about from, None where there is none left.

    The general one comes first, then those that are preferred, then any of the others.
    """
    free = [angle for angle in ("general", *preferred, *angles()) if (angle, key) not in graph.asked]
    if not free or free[0] in {"general", *preferred}:
        return free[0] if free else None
    return rng.choice(free)


def is_open(graph: Graph, angle: str, one: str, other: str) -> bool:
    """Tell whether two concepts are in the graph and were not asked about together from this angle."""
    are_asked = (angle, one, other) in graph.asked or (angle, other, one) in graph.asked
    return one in graph.concepts and other in graph.concepts and not are_asked


def directives_for(graph: Graph, foci: Sequence[Focus]) -> list[list[Directive]]:
    """Return for each question of a round what people want of it: the focus that it follows, the instructions it has.

    A directive for the next n steps goes with n questions of the round at most.
    """
    left = {directive.seq: directive.left for directive in graph.steering.directives.values()}
    if not left:
        return [[] for _ in foci]
    by_focus = []
    for focus in foci:
        directives = list[Directive]()
        if focus.form != "intents":  # that one is no step
            if focus.strategy == STEERED:  # by the oldest of equal ones
                directives += [one for one in graph.steering.foci if concepts(graph, one) == focus.concepts][:1]
            directives += [one for one in graph.steering.instructions if _is_in_scope(graph, one, focus)]
        directives = [one for one in directives if left[one.seq] != 0]
        left |= {one.seq: count - 1 for one in directives if (count := left[one.seq]) is not None}
        by_focus.append(directives)
    return by_focus


def _is_in_scope(graph: Graph, directive: Directive, focus: Focus) -> bool:
    """Tell whether an instruction goes with a question."""
    if directive.change.scope == "run":
        return True
    keys, called_by = set(map(graph.representative, focus.concepts)), graph.representative(directive.change.concepts[0])
    if directive.change.scope == "concept":
        return called_by in keys
    then = set(map(graph.representative, directive.change.concepts))
    if any(graph.introduced.get(key, 0) <= directive.seq for key in keys - then):
        return False
    snapshot, community = structure(graph), {called_by, *keys}
    if not snapshot.place.keys() >= community:
        return False
    label = snapshot.communities
    return len({label[snapshot.place[key]] for key in community}) == 1
