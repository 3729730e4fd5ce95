"""Questions that come before or after others: what to ask about a concept, and which of several answers hold."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from string import Template

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Focus, Json, Prompt, Relation, Triple
from graphgrow.prompts.render import KNOWN_CONCEPTS, MAX_TOKENS, angles, quoted, template

ASKED = 6  # sides of a concept that were asked about already
QUESTION_TOKENS = 32  # a question of fourteen words, with its quotation marks


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
def example() -> frozenset[str]:
    """Return the questions of the worked example in intents.txt, as keys: a small model likes to ask them again."""
    return frozenset(map(canonical, re.findall(r'"([^"]+[?])"', template("intents"))))


def intents(focus: Focus, graph: Graph, topic: str, count: int, *, schema: Json, seed: int = 0) -> Prompt:
    """Return the prompt that asks for `count` different questions about the concept of a focus."""
    (key,) = focus.concepts
    near = [graph.name(other) for other in list(graph.neighbours.get(key, ()))[-KNOWN_CONCEPTS:]]
    asked = [words for angle, words in angles().items() if (angle, key) in graph.asked][:ASKED]
    words = {
        "topic": quoted(topic),
        "focus": quoted(graph.name(key) if key in graph.concepts else topic),
        "count": str(count),
        "beside": f"Beside it in the graph: {_names(near)}." if near else "",
        "asked": f"Asked already: {'; '.join(asked)}." if asked else "",
    }
    return Prompt("", _without_gaps("intents", words), schema, QUESTION_TOKENS * count, seed)


def verify(focus: Focus, doubts: Doubts, graph: Graph, *, schema: Json, seed: int = 0) -> Prompt:
    """Return the prompt that asks which of several answers to one question hold."""
    against = [f"{_said(_named(one, graph))} and {_said(_named(other, graph))}" for one, other in doubts.against]
    refused = [f'{_said(triple)} ("{quoted(name)}": {rule})' for triple, name, rule in doubts.refused]
    words = {
        "topic": quoted(graph.topic),
        "focus": '" and "'.join(quoted(graph.name(key)) for key in focus.concepts),
        "claims": "; ".join(_said(_named(claim, graph)) for claim in doubts.claims) or "nothing",
        "against": f"These cannot both hold: {'; '.join(against)}." if against else "",
        "refused": f"Not taken in, for a name that is no concept: {'; '.join(refused)}. Where one of these is true, say"
        " it with the name of a concept, a noun." if refused else "",
    }  # fmt: skip
    return Prompt(template("system"), _without_gaps("verify", words), schema, MAX_TOKENS, seed)


def _without_gaps(name: str, words: dict[str, str]) -> str:
    """Return a filled template without the lines that have nothing to say."""
    return "\n".join(filter(None, Template(template(name)).substitute(words).splitlines()))


def _named(relation: Relation, graph: Graph) -> Triple:
    return Triple(graph.name(relation.source), relation.predicate, graph.name(relation.target))


def _said(triple: Triple) -> str:
    return " - ".join(f'"{quoted(word)}"' for word in (triple.source, triple.predicate, triple.target))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{quoted(name)}"' for name in names)
