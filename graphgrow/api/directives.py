"""Steering as events: pin, unpin, forbid, allow, focus, instruct, withdraw; policy/round.py says what they do.

Each function returns the event that a directive is for a graph as it stands, and changes nothing; `edits.commit`
appends it to a store, and it binds every later question. Raises BadInput where there is nothing to ask for.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean, says_something
from graphgrow.graph.lookup import look_up
from graphgrow.graph.model import Change, Delta, Edit, Scope, Steer
from graphgrow.graph.steering import CHARACTERS, MOST, Directive
from graphgrow.graph.visible import check_length
from graphgrow.measure.projection import Structure
from graphgrow.policy.round import concepts, open_angle
from graphgrow.resolve.search import find

SEE = "see  graphgrow steering STORE"
PAIR = 2


def pin(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Give a concept every third question, for as long as there is one left about it."""
    key = find(graph, name)
    if key in graph.steering.pinned(graph.representative):
        raise BadInput(f"{name!r} is pinned already: {SEE}")
    _check_allowed(graph, name, key)
    if not open_angle(graph, (key,), random.Random(0)):
        raise BadInput(f"every question about {name!r} was asked already: pin another concept")
    return _edit(graph, "pin", Change("pin", (key,), reason=reason))


def unpin(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Leave a pinned concept to the policy again."""
    return _taken_back(graph, "unpin", name, graph.steering.pins, "pinned", reason)


def forbid(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Ask no more about a concept, alone or beside another; it stays in the graph, unlike a rejected one."""
    key = find(graph, name)
    if key in graph.steering.forbidden(graph.representative):
        raise BadInput(f"{name!r} is forbidden already: {SEE}")
    if key in graph.steering.pinned(graph.representative):
        raise BadInput(f"{name!r} is pinned: let it go first with  graphgrow unpin")
    return _edit(graph, "forbid", Change("forbid", (key,), reason=reason))


def allow(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Let questions be asked about a forbidden concept again."""
    return _taken_back(graph, "allow", name, graph.steering.forbids, "forbidden", reason)


def focus(graph: Graph, name: str, other: str = "", *, reason: str = "") -> Edit:
    """Let the next question be about a concept, or about how two are connected, whatever the policy."""
    names = [one for one in (name, other) if one]
    keys = tuple(find(graph, one) for one in names)
    if len(set(keys)) < len(names):
        raise BadInput(f"{name!r} and {other!r} are one concept: name one of them, or another one")
    for one, key in zip(names, keys, strict=True):
        _check_allowed(graph, one, key)
    if not open_angle(graph, tuple(sorted(keys)), random.Random(0)):
        what = f"how {name!r} and {other!r} are connected" if other else f"every question about {name!r}"
        raise BadInput(f"{what} was asked already: set the focus on another concept")
    return _edit(graph, "focus", Change("focus", keys, reason=reason, steps=1))


def instruct(
    graph: Graph, text: str, *, concept: str = "", community: str = "", steps: int = 0, reason: str = ""
) -> Edit:
    """Send an instruction with questions: all, those about a concept, or those about a community named by a concept.

    With `steps` it goes with that many of these questions, else with all of them until it is withdrawn.
    """
    words = clean(check_length(text, "instruction"))
    if not says_something(words):
        raise BadInput(f"{text!r} says nothing: give an instruction in words, for example 'name numbers and units'")
    if len(words) > CHARACTERS:
        raise BadInput(f"an instruction of {len(words)} characters ({words[:30]!r}…): say it in {CHARACTERS}")
    if concept and community:
        raise BadInput(f"a concept, {concept!r}, and a community, {community!r}: an instruction has one scope")
    if steps < 0:
        raise BadInput(f"an instruction for the next {steps} steps: name 1 or more, or leave the number out")
    scope: Scope = "concept" if concept else "community" if community else "run"
    keys: tuple[str, ...] = (find(graph, concept or community),) if concept or community else ()
    bound = graph.steering.instructions
    for directive in bound:
        about = [*map(graph.representative, directive.change.concepts[:1])]
        is_same = about == [*map(graph.representative, keys)] and directive.change.scope == scope
        if is_same and directive.change.text == words:
            raise BadInput(f"{words!r} is already in force, since step {directive.seq}: withdraw that first")
    if len(bound) >= MOST:
        raise BadInput(f"{MOST} instructions are already in force, and more confuse a model: withdraw one; {SEE}")
    if community:  # as it is at this very event, not as the policy last saw it
        structure = Structure(graph, graph.seq)
        label = structure.communities
        its = label[structure.place[keys[0]]]
        keys += tuple(key for key, one in zip(structure.keys, label, strict=True) if one == its and key != keys[0])
    return _edit(graph, "instruct", Change("instruct", keys, text=words, scope=scope, steps=steps, reason=reason))


def withdraw(graph: Graph, event: int, *, reason: str = "") -> Edit:
    """Take back a pin, what is forbidden, a focus that waits or an instruction, by the number of its event."""
    steering = graph.steering
    if event in steering.directives:
        return _edit(graph, "withdraw", Change("withdraw", reason=reason, event=event))
    for held, take_back in ((steering.pins, unpin), (steering.forbids, allow)):
        keys = [key for key, directive in held.items() if directive.seq == event]
        if keys:
            return take_back(graph, keys[0], reason=reason)
    known = ", ".join(str(directive.seq) for directive in binding(graph))
    ids = f"the ids in force are {known}" if known else "there is nothing to withdraw"
    raise BadInput(f"nothing in force has the id {event}: {ids}")


def _check_allowed(graph: Graph, name: str, key: str) -> None:
    if key in graph.steering.forbidden(graph.representative):
        raise BadInput(f"{name!r} is not to be asked about: let it in first with  graphgrow allow")


def _taken_back(graph: Graph, do: Steer, name: str, held: dict[str, Directive], what: str, reason: str) -> Edit:
    """Return the event that releases a concept, shown or not, under every key by which it is pinned or forbidden."""
    meant = look_up(graph, name) or graph.representative(canonical(name))
    keys = tuple(key for key in held if graph.representative(key) == meant)
    if not keys:
        raise BadInput(f"{name!r} is not {what}: {SEE}")
    return _edit(graph, do, Change(do, keys, reason=reason))


def _edit(graph: Graph, kind: Steer, change: Change) -> Edit:
    """Return a directive as the next event of a graph; one per event, so that the event's number names it."""
    fit = replace(change, reason=clean(check_length(change.reason, "reason")))
    return Edit(graph.seq + 1, kind, Delta(changes=(fit,)), clean(describe(graph, fit)))


def binding(graph: Graph) -> list[Directive]:
    """Return the directives that bind now, oldest first."""
    steering = graph.steering
    directives = [*steering.pins.values(), *steering.forbids.values(), *steering.directives.values()]
    return sorted(directives, key=lambda directive: directive.seq)


def describe(graph: Graph, change: Change) -> str:
    """Return in words what a steering change asks for."""
    names = [graph.name(graph.representative(key)) for key in change.concepts[:PAIR]]
    match change.do:
        case "pin":
            return f"{names[0]} is pinned: every third question goes to a pinned concept"
        case "unpin":
            return f"{names[0]} is no longer pinned"
        case "forbid":
            return f"{names[0]} is not asked about"
        case "allow":
            return f"{names[0]} may be asked about again"
        case "focus":
            about = f"about {names[0]}" if len(names) == 1 else f"how {names[0]} and {names[1]} are connected"
            return f"the next question is {about}"
        case "withdraw":
            taken = graph.steering.directives.get(change.event)
            return f"step {change.event} is withdrawn{f': {describe(graph, taken.change)}' if taken else ''}"
    where = {"run": "", "concept": " about ", "community": " within the community of "}[change.scope]
    count = f"the next {change.steps}" if change.steps > 1 else "the next" if change.steps else "all"
    questions = f"{count} question{'' if change.steps == 1 else 's'}"
    return f'for {questions}{where}{names[0] if where and names else ""}: "{change.text}"'


def states(graph: Graph, name: str) -> list[tuple[str, Callable[..., Edit]]]:
    """Return what may be done about a concept as it stands: words, and the function that does it."""
    key = find(graph, name)
    if key in graph.steering.forbidden(graph.representative):
        return [("Allow questions about it again", allow)]
    if key in graph.steering.pinned(graph.representative):
        return [("Unpin: leave it to the policy", unpin)]
    return [("Pin: every third question is about it", pin), ("Leave alone: ask nothing about it", forbid)]


def state(graph: Graph, directive: Directive) -> str:
    """Return how a directive stands: in how many questions it was used and how many are left, or why it waits."""
    change, is_instruction = directive.change, directive.change.do == "instruct"
    keys = concepts(graph, directive) if change.do == "focus" else [*map(graph.representative, change.concepts[:1])]
    if not graph.concepts.keys() >= set(keys):
        return "waits: rejected"
    if is_instruction:
        used = f"used in {directive.followed} question{'' if directive.followed == 1 else 's'} so far"
        return used + (f", {directive.left} left" if directive.left is not None else "")
    if not graph.steering.forbidden(graph.representative).keys().isdisjoint(keys):
        return "in force" if change.do == "forbid" else "waits: forbidden"
    return "in force" if open_angle(graph, tuple(keys), random.Random(0)) else "waits: every question was asked"
