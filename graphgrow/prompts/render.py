"""Questions as text: templates are files beside this one; what goes into them is bounded, however large the graph.

Names are data: each stands between quotation marks, on one line, without quotation marks of its own. Beside its text a
prompt carries what it asks as values (`Asks`), for models that are programs.
"""

import math
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from string import Template
from types import MappingProxyType

from graphgrow.graph.events import base
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean, is_same_topic, loose
from graphgrow.graph.model import Asks, Focus, Form, Prompt, Relation, Triple
from graphgrow.graph.steering import CHARACTERS, Directive
from graphgrow.prompts.facets import answers, facets
from graphgrow.prompts.forms import (
    FORMS,
    NAMES_TEMPERATURE,
    ONE_TOKEN,
    QUESTION_CHARACTERS,
    QUESTION_TOKENS,
    SMALL,
    STATED_TOKENS,
    TEMPLATED,
    VERDICT_TOKENS,
    Style,
    lists_schema,
    questions_schema,
    verdict_schema,
)

CONTEXT = 800  # tokens of the graph that a question to a strong model shows: half of it in the map, half around it
FEWEST_CONTEXT, MOST_CONTEXT = 60, 50_000
CHARACTERS_A_TOKEN = 4
SMALL_ROOM = 0.25  # of what is known, in the prompt for a model with a small context
KNOWN_CONCEPTS = 12
KNOWN_NAMES = 10  # that a facet brought before, where it is asked for others
UNWANTED = 6
NAME_CHARACTERS = 80
COMPARED = 8  # relations of a concept in doubt
LEADING = 3  # concepts that stand for a field, beside the one it is around
QUOTED = 4  # relations that a question repeats
KINDRED = 3  # relations with one predicate that make a kind to ask more of
ASKED = 6  # sides of a concept that were asked about already
# The one line that quotes a person's instruction and not data: no text of a model stands in it.
WANTED = "Within that form of the answer, keep to what the person who grows this graph wants: "
INSTRUCTED = "What the last line of the question says a person wants is the exception: keep to it, within this form."
# The names of the worked examples in system.txt, survey_system.txt and strong/system.txt: a small model likes to copy
# them into the graph.
EXAMPLE = frozenset(
    map(
        canonical,
        ("sourdough", "lactic acid bacteria", "acetic acid", "bread mould", "wild yeast", "carbon dioxide",
         "gluten network", "rye flour", "maltose", "bran", "phytase", "iron absorption"),
    )
)  # fmt: skip

# The template that a form of growth is asked with.
TEMPLATES: Mapping[Form, str] = {
    form: "survey" if form == "list" else form if form in TEMPLATED else "expand" for form in FORMS
}

Variants = Mapping[str, Mapping[str, str]]  # template -> name -> text


@dataclass(frozen=True, slots=True)
class Doubts:
    """What several answers to one question leave open.

    `claims` are relations that only one of them says or that go against another, `against` the pairs of these that
    cannot both hold, `refused` what hygiene kept out, each with the name it is about and the rule.
    """

    claims: tuple[Relation, ...] = ()
    against: tuple[tuple[Relation, Relation], ...] = ()
    refused: tuple[tuple[Triple, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.claims or self.refused)


@cache
def template(name: str) -> str:
    """Return the text of one template file."""
    return (files("graphgrow.prompts") / "templates" / f"{name}.txt").read_text(encoding="utf-8").strip()


def fill(name: str, **words: str) -> str:
    """Return the text of one template file with its words put in, each of them fit to stand there."""
    return Template(template(name)).substitute(words)


@cache
def angles() -> dict[str, str]:
    """Return angle -> the words that go into the question."""
    return tomllib.loads((files("graphgrow.prompts") / "angles.toml").read_text(encoding="utf-8"))


@cache
def surveys() -> dict[str, str]:
    """Return angle -> the words of a question that is answered with a list."""
    sides = tomllib.loads((files("graphgrow.prompts") / "surveys.toml").read_text(encoding="utf-8"))
    return {f"survey {side}": words for side, words in sides.items()}


@cache
def example_questions() -> frozenset[str]:
    """Return the questions of the worked example in intents.txt, as keys: a small model likes to ask them again."""
    return frozenset(map(loose, re.findall(r'"([^"]+[?])"', template("intents"))))


def quoted(name: str, characters: int = NAME_CHARACTERS) -> str:
    """Return a name as it may stand inside quotation marks: one line, bounded, without quotation marks of its own."""
    return clean(name).replace('"', "'")[:characters]


def render(  # noqa: PLR0913  # all but the first three can be left out
    focus: Focus,
    graph: Graph,
    topic: str,
    *,
    seed: int = 0,
    room: float = 1.0,
    predicates: tuple[str, ...] = (),
    variants: Variants = MappingProxyType({}),
    instructions: Sequence[Directive] = (),
    intents: int = 0,
    style: Style = SMALL,
) -> Prompt:
    """Return the prompt for a focus, in the wording it names if that is among the `variants`.

    `predicates` are all that a reply may use, where not empty; the `instructions` in whose scope the focus is go with
    it; a focus that asks what to ask wants `intents` questions. `room` < 1 shrinks the list of what is known, for a
    model with a small context.
    """
    if focus.form == "intents":
        return replace(_intents(focus, graph, topic, intents, seed), system=style.head)
    if focus.form == "arbitrate":
        return replace(_comparison(focus, graph, topic, seed), system=style.head)
    if focus.form == "facet":
        return _facet(focus, graph, topic, instructions, seed, style)

    size, is_list = style.size, focus.form == "list" and not style.is_strong
    if is_list and style.targets:
        size = replace(size, relations=style.targets)
    name = "expand" if focus.form == "list" and style.is_strong else TEMPLATES[focus.form]
    if focus.form == "seed" and (focus.angle in angles() or not graph.concepts):
        name = "seed"
    one, other = focus.concepts[0], focus.concepts[-1]
    beside = dict.fromkeys(near for key in focus.concepts for near in graph.neighbours.get(key, ()))
    near = [graph.name(key) for key in beside if key not in focus.concepts]
    near = (
        near[-max(1, int(KNOWN_CONCEPTS * room)) :] if style.context is None else _fitting(near, style.context * room)
    )
    rejected = dict.fromkeys(name for key in focus.concepts for name in graph.unwanted.get(key, ()))
    unwanted = list(rejected)[-max(1, int(UNWANTED * room)) :]
    # An angle that is a model's own question is data, and stands in quotation marks.
    own = f'"{quoted(focus.angle, QUESTION_CHARACTERS).rstrip("?")}"'
    side = angles().get(focus.angle) or surveys().get(focus.angle) or own
    relations: list[Relation] = []
    if focus.form == "kin":
        relations = kindred(graph, one)[-QUOTED:]
    elif focus.form in {"consolidate", "join"}:
        relations = between(graph, one, other)[-QUOTED:]
    stated = [Triple(graph.name(r.source), r.predicate, graph.name(r.target)) for r in relations]
    known = " ".join(filter(None, (_list("Known already, name others", near), _list("Not wanted", unwanted))))
    words = {
        "topic": quoted(topic),
        "focus": _names(focus.concepts, graph),
        "reason": clean(focus.reason),
        "angle": side,
        "known": known,
        "beside": _list("Beside them in the graph", near),
        "one": quoted(graph.name(one)),
        "other": quoted(graph.name(other)),
        "one_near": _field(one, graph) if name in {"between", "widen"} else "",
        "other_near": _field(other, graph) if name == "between" else "",
        "relations": "; ".join(map(_triple, stated)),
        "predicate": quoted(relations[0].predicate) if relations else "",
        "count": str(size.relations),
        "most": str(size.most),
        "around": _around(focus.concepts, graph, room * (style.context or CONTEXT) / 2) if style.is_strong else "",
        "unwanted": _list("Not wanted", unwanted),
    }
    text = variants.get(name, {}).get(focus.variant) or template(style.folder + name)
    system, user = style.head or template(FORMS[focus.form].system), Template(text).substitute(words)
    if style.is_strong:
        user = "\n".join(filter(None, user.splitlines()))  # without lines that have nothing to say
    if instructions:
        wanted = []
        for change in (directive.change for directive in instructions):
            which = ""
            if change.scope == "concept" and len(focus.concepts) > 1:  # about two concepts, but wanted for one
                is_first = graph.representative(change.concepts[0]) == graph.representative(focus.concepts[0])
                which = f"for the {'first' if is_first else 'second'} of the two concepts "
            wanted.append(f'{which}"{quoted(change.text, CHARACTERS)}"')
        # The head of a strong model's questions stays as it is.
        system, user = (system, f"{user}\n{INSTRUCTED}") if style.is_strong else (f"{system}\n{INSTRUCTED}", user)
        user = f"{user}\n{WANTED}{'; '.join(wanted)}"
    schema = lists_schema(predicates, size.most) if is_list else style.schema(predicates)

    listed = [] if name in {"seed", "between"} else near if name == "connect" else [*near, *unwanted]
    subjects = [topic] if name == "seed" else [graph.name(key) for key in focus.concepts]
    predicate = words["predicate"] if focus.form == "kin" else ""
    return Prompt(system, user, schema, size.tokens, seed, _asks(focus, subjects, listed, stated, predicate))


def check(
    focus: Focus,
    doubts: Doubts,
    graph: Graph,
    *,
    predicates: tuple[str, ...] = (),
    seed: int = 0,
    style: Style = SMALL,
) -> Prompt:
    """Return the prompt that asks which of several answers to one question hold."""
    claims = [_named(claim, graph) for claim in doubts.claims]
    against = [f"{_triple(_named(one, graph))} and {_triple(_named(other, graph))}" for one, other in doubts.against]
    refused = [f'{_triple(triple)} ("{quoted(name)}": {rule})' for triple, name, rule in doubts.refused]
    words = {
        "topic": quoted(graph.topic),
        "focus": _names(focus.concepts, graph),
        "claims": "; ".join(map(_triple, claims)) or "nothing",
        "against": f"These cannot both hold: {'; '.join(against)}." if against else "",
        "refused": f"Not taken in, for a name that is no concept: {'; '.join(refused)}. Where one of these is true, say"
        " it with the name of a concept, a noun." if refused else "",
    }  # fmt: skip
    user = fill(f"{style.folder}verify", **words)
    text = "\n".join(filter(None, user.splitlines()))  # without lines that have nothing to say
    schema = style.schema(predicates, len(doubts.claims) + len(doubts.refused))
    asks = replace(_asks(focus, [graph.name(key) for key in focus.concepts], (), claims), form="check")
    return Prompt(style.head or template("system"), text, schema, style.size.tokens, seed, asks)


def fact_check(said: Sequence[Triple], *, stated: bool = False, seed: int = 0) -> Prompt:
    """Return the prompt that asks whether relations are true: for one token, yes or no, or a stated probability each.

    Only a stated probability can be asked for of more than one.
    """
    names = [Triple(quoted(one.source), quoted(one.predicate), quoted(one.target)) for one in said]
    lines = [f"{one.source} {one.predicate} {one.target}" for one in names]
    asks = Asks("fact_check", (names[0].source, names[0].target), stated=tuple(names))
    if len(said) > 1:
        listed = "\n".join(f"{number}. {text}" for number, text in enumerate(lines, 1))
        system, text = template("stated_each_system"), fill("stated_each", statements=listed)
        return Prompt(system, text, None, STATED_TOKENS * len(said), seed, asks, temperature=0.0)
    statement = lines[0]
    kind = "stated" if stated else "fact_check"
    tokens = STATED_TOKENS if stated else ONE_TOKEN
    system = template(f"{kind}_system")
    return Prompt(
        system, fill(kind, statement=statement), None, tokens, seed, asks, logprobs=not stated, temperature=0.0
    )


def repair(prompt: Prompt, reply: str, problem: str, example: str) -> Prompt:
    """Return the prompt that asks once more, with what was wrong with the reply and how one looks."""
    words = {"problem": clean(problem), "beginning": quoted(reply), "question": prompt.user, "form": example}
    return replace(prompt, user=fill("repair", **words), seed=prompt.seed + 1)


def _facet(
    focus: Focus, graph: Graph, topic: str, instructions: Sequence[Directive], seed: int, style: Style
) -> Prompt:
    """Return the prompt that asks for the names of one facet; the topic says which meaning of a name is meant."""
    first, key = base(focus.angle), focus.concepts[0]
    facet, known = facets()[first], []
    if focus.angle != first:  # asked before: for others than these
        known = [quoted(graph.name(one)) for one in answers(graph, first, key)][-KNOWN_NAMES:]
    name = quoted(graph.name(key) if key in graph.concepts else topic)
    is_topic = is_same_topic(name, topic)
    question = facet.question.replace("{x}", name)
    question = f"{question.removesuffix('?')}, other than {', '.join(known)}?" if known else question
    text = f"{question[0].upper()}{question[1:]}" if is_topic else f"On {quoted(topic)}: {question}"
    unwanted = list(graph.unwanted.get(key, ()))[-UNWANTED:]
    wanted = [f'"{quoted(one.change.text, CHARACTERS)}"' for one in instructions]
    choice = f"One of: {facet.answers}." if facet.answers and style.is_strong else ""
    lines = [text, choice, _list("Not wanted", unwanted), f"{WANTED}{'; '.join(wanted)}" if wanted else ""]
    asks = Asks("facet", (name,), (*known, *unwanted), predicate=facet.says)
    text = "\n".join(filter(None, lines))
    if facet.answers and not style.is_strong:
        system = fill("class_system", answers=facet.answers)
    else:
        system = fill(f"{style.folder}names_system", most=str(style.size.most))
    return Prompt(system, text, None, style.size.name_tokens, seed, asks, temperature=NAMES_TEMPERATURE)


def _intents(focus: Focus, graph: Graph, topic: str, count: int, seed: int) -> Prompt:
    """Return the prompt that asks for `count` different questions about the concept of a focus."""
    (key,) = focus.concepts
    near = [graph.name(other) for other in list(graph.neighbours.get(key, ()))[-KNOWN_CONCEPTS:]]
    asked = [words for angle, words in angles().items() if (angle, key) in graph.asked][:ASKED]
    subject = graph.name(key) if key in graph.concepts else topic
    words = {
        "topic": quoted(topic),
        "focus": quoted(subject),
        "count": str(count),
        "beside": _list("Beside it in the graph", near),
        "asked": f"Asked already: {'; '.join(asked)}." if asked else "",
    }
    text = "\n".join(filter(None, fill("intents", **words).splitlines()))  # without lines that have nothing to say
    asks = _asks(focus, [subject], near)
    return Prompt("", text, questions_schema(count), QUESTION_TOKENS * count, seed, asks)


def _comparison(focus: Focus, graph: Graph, topic: str, seed: int) -> Prompt:
    """Return the prompt that asks whether two concepts are one, with what the graph says of each."""
    one, other = focus.concepts

    def beside(key: str) -> str:  # a few of its relations: there is no better description of a concept
        relations = [_named(relation, graph) for relation in graph.incident[key][:COMPARED]]
        said = "; ".join(f"{quoted(r.source)} {quoted(r.predicate)} {quoted(r.target)}" for r in relations)
        return f" ({said})" if said else ""

    words = {
        "topic": quoted(topic),
        "one": quoted(graph.name(one)),
        "other": quoted(graph.name(other)),
        "one_near": beside(one),
        "other_near": beside(other),
    }
    asks = _asks(focus, [graph.name(one), graph.name(other)])
    return Prompt("", fill("arbiter", **words), verdict_schema(), VERDICT_TOKENS, seed, asks)


def _asks(
    focus: Focus,
    concepts: Iterable[str],
    listed: Iterable[str] = (),
    stated: Iterable[Triple] = (),
    predicate: str = "",
) -> Asks:
    """Return what is asked as values, in the words of the prompt; what it states it lists too."""
    triples = tuple(Triple(quoted(t.source), quoted(t.predicate), quoted(t.target)) for t in stated)
    names = (*map(quoted, listed), *(end for triple in triples for end in (triple.source, triple.target)))
    return Asks(focus.form, tuple(dict.fromkeys(map(quoted, concepts))), names, triples, predicate)


def between(graph: Graph, one: str, other: str) -> list[Relation]:
    """Return the relations that join two concepts, in order of arrival."""
    fewer = min(one, other, key=lambda key: len(graph.incident.get(key, ())))
    return [relation for relation in graph.incident.get(fewer, ()) if set(relation.ends) == {one, other}]


def kindred(graph: Graph, key: str) -> list[Relation]:
    """Return most of what a concept has of one kind: the relations with one predicate and direction, if KINDRED."""
    kinds = defaultdict[tuple[str, bool], list[Relation]](list)
    for relation in graph.incident.get(key, ()):
        if relation.source != relation.target:
            kinds[relation.predicate, relation.source == key].append(relation)
    most = min(kinds.values(), key=lambda kind: (-len(kind), kind[0].predicate, kind[0].source == key), default=[])
    return most if len(most) >= KINDRED else []


def _field(key: str, graph: Graph) -> str:
    """Return the leading concepts of the field around a concept: its neighbours that share most of their neighbours."""
    all_near = graph.neighbours.get(key, {})
    common = {other: len(all_near.keys() & graph.neighbours[other].keys()) for other in all_near}
    shared = {other: count / math.sqrt(graph.degree(other)) for other, count in common.items()}
    near = sorted(all_near, key=lambda other: (-shared[other], -graph.degree(other), other))[:LEADING]
    names = ", ".join(f'"{quoted(graph.name(other))}"' for other in near)
    return f" (with {names})" if near else ""


def _fitting(names: Sequence[str], tokens: float) -> list[str]:
    """Return the newest of some names that fit into so many tokens, at least one of them, in their order."""
    left, kept = tokens * CHARACTERS_A_TOKEN, list[str]()
    for name in reversed(names):
        left -= len(quoted(name)) + len('"", ')
        if left < 0 and kept:
            break
        kept.insert(0, name)
    return kept


def _around(keys: Sequence[str], graph: Graph, tokens: float) -> str:
    """Return what the graph says of some concepts, newest first, and then of their neighbours, in so many tokens."""
    own = (one for key in keys for one in reversed(graph.incident.get(key, ())))
    beside = dict.fromkeys(near for key in keys for near in graph.neighbours.get(key, ()))
    further = (one for near in sorted(beside, key=lambda key: -graph.degree(key)) for one in graph.incident[near])
    left, targets = tokens * CHARACTERS_A_TOKEN, defaultdict[str, dict[str, None]](dict)
    for relation in chain(own, further):
        said = _named(relation, graph)
        begin, target = f'"{quoted(said.source)}" - "{quoted(said.predicate)}" - ', f'"{quoted(said.target)}"'
        if target in targets.get(begin, ()):
            continue
        left -= len(target) + len(", ") + (0 if begin in targets else len(begin) + 1)
        if left < 0:
            break
        targets[begin][target] = None
    lines = [begin + ", ".join(names) for begin, names in targets.items()]
    return "\n".join(("What the graph says of it and around it:", *lines)) if lines else ""


def _named(relation: Relation, graph: Graph) -> Triple:
    return Triple(graph.name(relation.source), relation.predicate, graph.name(relation.target))


def _triple(triple: Triple) -> str:
    return " - ".join(f'"{quoted(word)}"' for word in (triple.source, triple.predicate, triple.target))


def _names(keys: Iterable[str], graph: Graph) -> str:
    return '" and "'.join(quoted(graph.name(key)) for key in keys)


def _list(head: str, names: Sequence[str]) -> str:
    """Return a sentence that lists names, "" for none."""
    return f"{head}: " + ", ".join(f'"{quoted(name)}"' for name in names) + "." if names else ""
