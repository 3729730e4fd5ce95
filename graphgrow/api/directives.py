"""Steering as events: pin, unpin, forbid, allow, focus, instruct, withdraw; see policy/round.py for what they do.

Each function returns the event that a directive is for a graph as it stands, and changes nothing; append it to a store,
as `edits.commit` does, and it binds every later question. Raises BadInput where there is nothing to directive for.
"""

import random
from dataclasses import replace

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.lookup import find, look_up
from graphgrow.graph.model import Change, Delta, Edit, Scope, Steer
from graphgrow.graph.steering import CHARACTERS, MOST, Directive
from graphgrow.policy.round import concepts, open_angle
from graphgrow.policy.strategies.structure import Structure, communities

SEE = "see  graphgrow steering STORE"
PAIR = 2


def pin(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Keep a concept in the running: it is asked about in its turn for as long as there is a question left about it."""
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
    """Ask no more about a concept, alone or beside another; it stays in the graph, unlike with `edits.reject`."""
    key = find(graph, name)
    if key in graph.steering.forbidden(graph.representative):
        raise BadInput(f"{name!r} is forbidden already: {SEE}")
    if key in graph.steering.pinned(graph.representative):
        raise BadInput(f"{name!r} is pinned: let it go first with  graphgrow unpin")
    return _edit(graph, "forbid", Change("forbid", (key,), reason=reason))


def allow(graph: Graph, name: str, *, reason: str = "") -> Edit:
    """Let questions be asked about a forbidden concept again."""
    return _taken_back(graph, "allow", name, graph.steering.forbids, "forbidden", reason)


def _taken_back(graph: Graph, do: Steer, name: str, directives: dict[str, Directive], what: str, reason: str) -> Edit:
    said = _said(graph, name, directives)
    if not said:
        raise BadInput(f"{name!r} is not {what}: {SEE}")
    return _edit(graph, do, Change(do, said, reason=reason))


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
    """Let questions come with an instruction: all, those about a concept, or those of a community named by a concept.

    With `steps` it holds for so many of these questions, else until it is withdrawn.
    """
    words, (scope, keys) = _checked(text), _scope(graph, concept, community)
    if steps < 0:
        raise BadInput(f"an instruction for the next {steps} steps: name 1 or more, or leave the number out")
    asked = graph.steering.instructions
    meant = [graph.representative(key) for key in keys[:1]]
    for directive in asked:
        its = [graph.representative(key) for key in directive.change.concepts[:1]]
        if (directive.change.text, directive.change.scope, its) == (words, scope, meant):
            raise BadInput(f"{words!r} binds already, since event {directive.seq}: withdraw that first")
    if len(asked) >= MOST:
        raise BadInput(f"{MOST} instructions bind already, and more confuse a model: withdraw one; {SEE}")
    return _edit(graph, "instruct", Change("instruct", keys, text=words, scope=scope, steps=steps, reason=reason))


def withdraw(graph: Graph, event: int, *, reason: str = "") -> Edit:
    """Take back whatever an event wished for: a pin, what is forbidden, a focus that waits, an instruction."""
    steering = graph.steering
    if event in steering.directives:
        return _edit(graph, "withdraw", Change("withdraw", reason=reason, event=event))
    for held, taking in ((steering.pins, unpin), (steering.forbids, allow)):
        keys = [key for key, directive in held.items() if directive.seq == event]
        if keys:
            return taking(graph, keys[0], reason=reason)
    known = ", ".join(str(directive.seq) for directive in binding(graph)) or "none does"
    raise BadInput(f"nothing binds since event {event}: these do: {known}")


def binding(graph: Graph) -> list[Directive]:
    """Return what binds now, oldest first."""
    steering = graph.steering
    directives = [*steering.pins.values(), *steering.forbids.values(), *steering.directives.values()]
    return sorted(directives, key=lambda directive: directive.seq)


def describe(graph: Graph, change: Change) -> str:
    """Return in words what a change that steers asks for."""
    names = [graph.name(graph.representative(key)) for key in change.concepts[:PAIR]]
    match change.do:
        case "pin":
            return f"{names[0]} is asked about in its turn"
        case "unpin":
            return f"{names[0]} is asked about as the policy chooses"
        case "forbid":
            return f"{names[0]} is not asked about"
        case "allow":
            return f"{names[0]} may be asked about again"
        case "focus":
            return f"the next question is {_about(names)}"
        case "withdraw":
            taken = graph.steering.directives.get(change.event)
            return f"event {change.event} is taken back{f': {describe(graph, taken.change)}' if taken else ''}"
        case _:
            return f'{scope_in_words(change, names)}: "{change.text}"'


def scope_in_words(change: Change, names: list[str]) -> str:
    """Return which questions an instruction goes with."""
    where = {
        "run": "",
        "concept": f" about {names[0] if names else ''}",
        "community": f" within the community of {names[0] if names else ''}",
    }
    count = f"the next {change.steps}" if change.steps > 1 else "the next" if change.steps else "all"
    return f"for {count} question{'' if change.steps == 1 else 's'}{where[change.scope]}"


def state(graph: Graph, directive: Directive) -> str:
    """Return how a directive stands: how many questions it is still for, or why it waits."""
    if directive.change.do == "instruct" and directive.change.scope == "run":
        return _count(directive)
    keys = (
        concepts(graph, directive)
        if directive.change.do == "focus"
        else (graph.representative(directive.change.concepts[0]),)
    )
    if not graph.concepts.keys() >= set(keys):
        return "waits: rejected"
    if directive.change.do == "instruct":
        return _count(directive)
    if not graph.steering.forbidden(graph.representative).keys().isdisjoint(keys):
        return "binds" if directive.change.do == "forbid" else "waits: forbidden"
    return "binds" if open_angle(graph, keys, random.Random(0)) else "waits: every question was asked"


def _count(directive: Directive) -> str:
    return f"followed by {directive.followed}" + (f", {directive.left} left" if directive.left is not None else "")


def _about(names: list[str]) -> str:
    return f"about {names[0]}" if len(names) == 1 else f"how {names[0]} and {names[1]} are connected"


def _checked(text: str) -> str:
    words = clean(text)
    if not canonical(words):
        raise BadInput(f"{text!r} says nothing: give an instruction in words, for example 'name numbers and units'")
    if len(words) > CHARACTERS:
        raise BadInput(f"an instruction of {len(words)} characters ({words[:30]!r}…): say it in {CHARACTERS}")
    return words


def _scope(graph: Graph, concept: str, community: str) -> tuple[Scope, tuple[str, ...]]:
    if concept and community:
        raise BadInput(f"a concept, {concept!r}, and a community, {community!r}: an instruction has one scope")
    if concept:
        return "concept", (find(graph, concept),)
    return ("community", _members(graph, find(graph, community))) if community else ("run", ())


def _members(graph: Graph, key: str) -> tuple[str, ...]:
    """Return a concept and those that share its community at this very event."""
    found = Structure(graph, graph.seq)
    label = found.keep(communities)
    its = label[found.place[key]]
    return (key, *(other for other, one in zip(found.keys, label, strict=True) if one == its and other != key))


def _said(graph: Graph, name: str, held: dict[str, Directive]) -> tuple[str, ...]:
    """Return the keys as said, of those held, that stand for the concept a person means, shown or not."""
    meant = look_up(graph, name) or graph.representative(canonical(name))
    return tuple(key for key in held if graph.representative(key) == meant)


def _check_allowed(graph: Graph, name: str, key: str) -> None:
    if key in graph.steering.forbidden(graph.representative):
        raise BadInput(f"{name!r} is not to be asked about: let it in first with  graphgrow allow")


def _edit(graph: Graph, kind: Steer, change: Change) -> Edit:
    """Return a directive as the next event of a graph; one an event, so that its number names it."""
    fit = replace(change, reason=clean(change.reason))
    return Edit(graph.seq + 1, kind, Delta(changes=(fit,)), clean(describe(graph, fit)))
