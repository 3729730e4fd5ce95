"""Questions as text: templates are files beside this one; what goes into them is bounded, however large the graph."""

import math
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Template
from types import MappingProxyType

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Focus, Json, Prompt, Relation
from graphgrow.graph.steering import CHARACTERS, Directive

SEED, EXPAND = "seed", "expand"
# Angles with a template of their own, of that name; the others are sides of a concept, asked about with expand.txt.
CONNECT, JOIN, BETWEEN, CONSOLIDATE, KIN = "connect", "join", "between", "consolidate", "kin"
WIDEN = "widen"
SURVEY = "survey"  # asked from the angles of surveys(): many targets of one relation in one reply
KINDS = frozenset((CONNECT, JOIN, BETWEEN, CONSOLIDATE, KIN, WIDEN))
KNOWN_CONCEPTS = 12
UNWANTED = 6
NAME_CHARACTERS = 80
QUESTION_CHARACTERS = 120  # of a question that a model thought of
COMPARED = 8  # relations of a concept in doubt
LEADING = 3  # concepts that stand for a field, beside the one it is around
QUOTED = 4  # relations that a question repeats
KINDRED = 3  # relations with one predicate that make a kind to ask more of
# The one line that quotes a person's instruction and not data: no text of a model stands in it.
WANTED = "Within that form of the answer, keep to what the person who grows this graph wants: "
INSTRUCTED = "What the last line of the question says a person wants is the exception: keep to it, within this form."
MAX_TOKENS = 480
VERDICT_TOKENS = 80
ANY = "that it asks for"
# What a reply has to look like, by the name that its schema asks for.
FORMS = {
    "relations": '{"relations":[{"source":"...","predicate":"...","target":"..."}]}',
    SURVEY: '{"relations":[{"source":"...","predicate":"...","target":["...","..."]}]}',
    "questions": '{"questions":["...","..."]}',
    "verdict": '{"verdict":"same or different or broader or narrower","why":"..."}',
}
# The names of the worked examples in system.txt and survey_system.txt: a small model likes to copy them into the graph.
EXAMPLE = frozenset(
    map(
        canonical,
        ("sourdough", "lactic acid bacteria", "acetic acid", "bread mould", "wild yeast", "carbon dioxide",
         "gluten network", "rye flour", "maltose", "bran", "phytase"),
    )
)  # fmt: skip


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
    return {f"{SURVEY} {side}": words for side, words in sides.items()}


def kind(angle: str) -> str:
    """Return the name of the template that asks from an angle."""
    if angle in surveys():
        return SURVEY
    return angle if angle in KINDS else EXPAND


def quoted(name: str, characters: int = NAME_CHARACTERS) -> str:
    """Return a name as it may stand inside quotation marks: one line, bounded, without quotation marks of its own."""
    return clean(name).replace('"', "'")[:characters]


def render(  # noqa: PLR0913  # all but the first three can be left out
    focus: Focus,
    graph: Graph,
    topic: str,
    *,
    schema: Json,
    seed: int = 0,
    room: float = 1.0,
    variants: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    instructions: Sequence[Directive] = (),
) -> Prompt:
    """Return the prompt for a focus, in the wording it names if that is among the `variants`, kind -> name -> text.

    The instructions in whose scope it is go with it.

    `room` < 1 shrinks the list of what is known, for a model with a small context.
    """
    words = {"topic": quoted(topic), "known": _known(focus, graph, room)}
    if (name := kind(focus.angle)) in KINDS:
        words |= _of_kind(focus, graph, room)
    else:
        if focus.strategy == SEED and (focus.angle in angles() or not graph.concepts):
            name = SEED
        words["focus"] = '" and "'.join(quoted(graph.name(key)) for key in focus.concepts)
        words |= {"reason": clean(focus.reason), "angle": _side(focus.angle)}
    text = variants.get(name, {}).get(focus.variant) or template(name)
    system, user = template("survey_system" if name == SURVEY else "system"), Template(text).substitute(words)
    if instructions:
        wanted = "; ".join(_instruction(directive, focus, graph) for directive in instructions)
        system, user = f"{system}\n{INSTRUCTED}", f"{user}\n{WANTED}{wanted}"
    return Prompt(system, user, schema, MAX_TOKENS, seed)


def _instruction(directive: Directive, focus: Focus, graph: Graph) -> str:
    """Return what somebody wants of an answer, and of which of two concepts where it is not of both."""
    text = f'"{quoted(directive.change.text, CHARACTERS)}"'
    if directive.change.scope != "concept" or len(focus.concepts) == 1:
        return text
    is_first = graph.representative(directive.change.concepts[0]) == graph.representative(focus.concepts[0])
    return f"for the {'first' if is_first else 'second'} of the two concepts {text}"


def _side(angle: str) -> str:
    """Return the words of an angle; one that is a model's own question is data, and stands in quotation marks."""
    return angles().get(angle) or surveys().get(angle) or f'"{quoted(angle, QUESTION_CHARACTERS).rstrip("?")}"'


def _of_kind(focus: Focus, graph: Graph, room: float) -> dict[str, str]:
    """Return the words of a question that has its own template."""
    one, other = focus.concepts[0], focus.concepts[-1]
    relations = kindred(graph, one) if focus.angle == KIN else between(graph, one, other)
    near = _near(focus, graph, room)
    return {
        "one": quoted(graph.name(one)),
        "other": quoted(graph.name(other)),
        "one_near": _around(one, graph),
        "other_near": _around(other, graph),
        "beside": near.replace("Known already, name others:", "Beside them in the graph:"),
        "relations": _said(relations, graph),
        "predicate": quoted(relations[0].predicate) if relations else "",
    }


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


def _said(relations: Iterable[Relation], graph: Graph) -> str:
    said = [(graph.name(r.source), r.predicate, graph.name(r.target)) for r in list(relations)[-QUOTED:]]
    return "; ".join(" - ".join(f'"{quoted(word)}"' for word in words) for words in said)


def _around(key: str, graph: Graph) -> str:
    """Return the leading concepts of the field around a concept: its neighbours that share most of their neighbours."""
    all_near = graph.neighbours.get(key, {})
    common = {other: len(all_near.keys() & graph.neighbours[other].keys()) for other in all_near}
    shared = {other: count / math.sqrt(graph.degree(other)) for other, count in common.items()}
    near = sorted(all_near, key=lambda other: (-shared[other], -graph.degree(other), other))[:LEADING]
    names = ", ".join(f'"{quoted(graph.name(other))}"' for other in near)
    return f" (with {names})" if near else ""


def compare(one: str, other: str, graph: Graph, topic: str, *, schema: Json, seed: int = 0) -> Prompt:
    """Return the prompt that asks whether two concepts are one."""
    words = {
        "topic": quoted(topic),
        "one": quoted(graph.name(one)),
        "other": quoted(graph.name(other)),
        "one_near": _beside(one, graph),
        "other_near": _beside(other, graph),
    }
    return Prompt("", Template(template("arbiter")).substitute(words), schema, VERDICT_TOKENS, seed)


def _beside(key: str, graph: Graph) -> str:
    """Return what the graph says of a concept, in a few of its relations: there is no better description of it."""
    said = [f"{quoted(graph.name(r.source))} {quoted(r.predicate)} {quoted(graph.name(r.target))}"
            for r in graph.incident[key][:COMPARED]]  # fmt: skip
    return f" ({'; '.join(said)})" if said else ""


def repair(prompt: Prompt, reply: str, problem: str) -> Prompt:
    """Return the prompt that asks once more, with what was wrong with the reply."""
    words = {"problem": clean(problem), "beginning": quoted(reply), "question": prompt.user, "form": _form(prompt)}
    user = Template(template("repair")).substitute(words)
    return Prompt(prompt.system, user, prompt.schema, prompt.max_tokens, prompt.seed + 1)


def _form(prompt: Prompt) -> str:
    """Return what the reply to a prompt has to look like: a list, what its schema names, the first without a schema."""
    if prompt.system.startswith(template("survey_system")):
        return FORMS[SURVEY]
    asked = (prompt.schema or {}).get("properties")
    return next((text for name, text in FORMS.items() if name in (asked if isinstance(asked, dict) else FORMS)), ANY)


def _known(focus: Focus, graph: Graph, room: float) -> str:
    return " ".join(filter(None, (_near(focus, graph, room), _unwanted(focus, graph, room))))


def _unwanted(focus: Focus, graph: Graph, room: float) -> str:
    names = list({name: None for key in focus.concepts for name in graph.unwanted.get(key, ())})
    recent = names[-max(1, int(UNWANTED * room)) :]
    return "Not wanted: " + ", ".join(f'"{quoted(name)}"' for name in recent) + "." if recent else ""


def _near(focus: Focus, graph: Graph, room: float) -> str:
    beside = (other for key in focus.concepts for other in graph.neighbours.get(key, ()))
    near = [key for key in dict.fromkeys(beside) if key not in focus.concepts]
    if not near:
        return ""
    recent = near[-max(1, int(KNOWN_CONCEPTS * room)) :]
    return "Known already, name others: " + ", ".join(f'"{quoted(graph.name(key))}"' for key in recent) + "."
