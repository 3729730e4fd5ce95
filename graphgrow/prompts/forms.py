"""The forms of question in one table: what a reply to each looks like, in words and as JSON schema, and its length.

Which models are strong, and so asked in another style, follows from their names.

Schemas have no references and no titles, so that they are fit for strict mode and for grammars.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from math import prod

from graphgrow.graph.model import Form, Json, Prompt, Proposal

QUESTION_CHARACTERS = 120  # of a question that a model thought of
# Relations that a question asks for: where nobody names a number, and the highest one.
ASKED_FOR, MOST_ASKED_FOR = 6, 100
ASKED_OF_STRONG, ASKED_OF_THINKING = 30, 12  # of a strong model, and of one that thinks long before each answer
SPARE, USUAL = 2, 8  # a few more than asked for are taken, up to the usual number
MARGIN, MOST_TAKEN = 4, 2_000  # how much of one reply is taken: times what was asked for, and in all
RELATION_TOKENS = 60  # of a relation in a reply, with what a model says around it
QUALIFIED_TOKENS = 180  # of one with reason, conditions, quantity and source
LISTS_AT_MOST = 2
VERDICT_TOKENS = 80
NAME_TOKENS = 8  # of a name, and of what a model says before them
NAMES_TEMPERATURE = 0.3  # what comes to mind first is true most often
STATED_TOKENS = 16
QUESTION_TOKENS = 32  # a question of fourteen words, with its quotation marks
ONE_TOKEN = 1  # of a reply that is read from log-probabilities
VERDICTS = ["same", "different", "broader", "narrower"]


@dataclass(frozen=True, slots=True)
class ReplySize:
    """How much a question asks for, `relations`, and what follows: what its schema takes, and its limit in tokens.

    `is_qualified` where it asks for more about each of them than three strings.
    """

    relations: int = ASKED_FOR
    is_qualified: bool = False

    @property
    def most(self) -> int:
        """The relations, targets or names that are taken of one reply."""
        return max(self.relations, min(self.relations + SPARE, USUAL))

    @property
    def tokens(self) -> int:
        """The limit of a reply of relations."""
        return self.most * (QUALIFIED_TOKENS if self.is_qualified else RELATION_TOKENS)

    @property
    def name_tokens(self) -> int:
        """The limit of a reply of names."""
        return self.most * NAME_TOKENS


DEFAULT_SIZE = ReplySize()
MAX_TOKENS = DEFAULT_SIZE.tokens  # of a reply of relations, where nobody asks for another number of them
_LIMIT = re.compile(r'"maxItems": (\d+)')
STRONG_SIZE = 24  # billions of parameters
# Names of models without a size in them, as their makers write them; what is behind a slash or a colon counts too.
_STRONG_ONES = re.compile(
    r"gpt-?(?:4|5|6)|\bo[1345]\b|chatgpt|claude|gemini|grok|deepseek-?(?:chat|reasoner|v\d|r\d)|kimi|moonshot|glm-?[4-9]"
    r"|(?:mistral|magistral|devstral|pixtral)-(?:large|medium)|command-(?:a|r)|qwen-?\d*(?:\.\d)?-?(?:max|plus)"
    r"|qwq|minimax|nova-(?:pro|premier)|llama-?4|ernie-?[45]|hunyuan|step-\d|sonar|gpt-oss-120b|mixtral-8x22b"
)
_SMALL_ONES = re.compile(r"nano|\blite\b|-lite|tiny|phi-?\d|smol|gemma|ministral|\b8b-instant|gpt-4o-mini|gpt-3|distil")
_PROGRAMS = ("recorded:", "world:", "scripted")
_SIZE = re.compile(r"(?<![a-z\d.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z\d])")


def as_asked_for(proposal: Proposal, prompt: Prompt) -> Proposal:
    """Return what is taken of a reply: relations and names up to a multiple of what was asked for, the first ones.

    The reason says how many were left out. A prompt that is not ours is taken at its word up to MOST_TAKEN; of ours the
    schema says how many relations it asks for at most.
    """
    limits = _LIMIT.findall(json.dumps(prompt.schema)) if prompt.schema else []
    ours = prod(map(int, limits)) if limits else DEFAULT_SIZE.most
    asked = ours if prompt.system else None
    most = MOST_TAKEN if asked is None else min(MOST_TAKEN, MARGIN * asked)
    ends = {end for triple in proposal.triples for end in (triple.source, triple.target)}
    beside = [name for name in proposal.names if name not in ends]  # those of no relation
    if max(len(proposal.triples), len(beside)) <= most:
        return proposal
    triples = proposal.triples[:most]
    kept = {end for triple in triples for end in (triple.source, triple.target)}.union(beside[:most])
    what = f"{len(proposal.triples):,} relations" + (f" and {len(beside):,} names beside them" if beside else "")
    left = f"{len(proposal.triples) - len(triples):,} relations" + (
        f" and {len(beside) - len(beside[:most]):,} names" if beside else ""
    )
    limit = "the most that one reply may have" if asked is None else f"{asked} were asked for"
    return replace(
        proposal,
        triples=triples,
        names=tuple(name for name in proposal.names if name in kept),
        outcome="partial" if proposal.outcome == "ok" else proposal.outcome,
        reason=f"{proposal.reason} The reply has {what}, where {limit}: the first {most:,} are taken, {left} left out.",
        qualifiers={triple: proposal.qualifiers[triple] for triple in triples if triple in proposal.qualifiers},
        types=tuple((name, kind) for name, kind in proposal.types if name in kept),
    )


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """How a reply looks: an example in JSON for the prompt, and the system prompt that goes with it ("" for none)."""

    example: str
    system: str = ""


RELATIONS = ReplyForm('{"relations":[{"source":"...","predicate":"...","target":"..."}]}', "system")
QUALIFIED = ReplyForm(
    '{"relations":[{"source":"...","predicate":"...","target":"...","why":"...","conditions":null,"quantity":null,'
    '"certainty":0.8,"reference":null}]}',
    "strong/system",
)
LISTS = ReplyForm('{"relations":[{"source":"...","predicate":"...","target":["...","..."]}]}', "survey_system")
QUESTIONS = ReplyForm('{"questions":["...","..."]}')
VERDICT = ReplyForm('{"verdict":"same or different or broader or narrower","why":"..."}')

NAMES = ReplyForm("name, name, name", "names_system")
YES_OR_NO = ReplyForm("yes", "fact_check_system")

FORMS: dict[Form, ReplyForm] = {
    "seed": RELATIONS,
    "expand": RELATIONS,
    "list": LISTS,
    "facet": NAMES,
    "connect": RELATIONS,
    "join": RELATIONS,
    "between": RELATIONS,
    "consolidate": RELATIONS,
    "kin": RELATIONS,
    "widen": RELATIONS,
    "check": RELATIONS,
    "intents": QUESTIONS,
    "arbitrate": VERDICT,
    "fact_check": YES_OR_NO,
}
# Forms of growth that have a template of their own, of that name; "list" has survey.txt.
TEMPLATED: frozenset[Form] = frozenset(("connect", "join", "between", "consolidate", "kin", "widen"))


def reply_limit(tokens: int, reply_tokens: int | None, *, grows: bool = False) -> int:
    """Return the limit of a reply whose own limit is `tokens`, where somebody set one for replies.

    A question that `grows` the graph may have all of it, another one the same share of it as of a long reply's usual
    limit; neither gets less than its own, unless that is more than the limit. One token stays one token.
    """
    if reply_tokens is None or tokens == ONE_TOKEN:
        return tokens
    if grows and reply_tokens > MAX_TOKENS:
        return reply_tokens
    return min(reply_tokens, max(tokens, -(-tokens * reply_tokens // MAX_TOKENS)))


def _text(most: int) -> Json:
    return {"maxLength": most, "minLength": 1, "type": "string"}


def _object(properties: Json) -> Json:
    return {
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
        "type": "object",
    }


@cache
def relations_schema(predicates: tuple[str, ...] = (), most: int = DEFAULT_SIZE.most) -> Json:
    """Return the schema of a reply of relations; an empty list is an honest answer.

    With `predicates` an endpoint that takes schemas is held to these, with `most` to so many relations.
    """
    row = _object({"source": _text(80), "predicate": _predicate(predicates), "target": _text(80)})
    return _object({"relations": {"items": row, "maxItems": most, "type": "array"}})


@cache
def qualified_schema(predicates: tuple[str, ...] = (), most: int = DEFAULT_SIZE.most) -> Json:
    """Return the schema of a reply of relations, each with what qualifies it, or null.

    What a strict mode does not know stays out, such as the length of a text: texts are cut when they are read.
    """
    maybe: Json = {"type": ["string", "null"]}
    amount = _object({"value": {"type": "string"}, "unit": maybe}) | {"type": ["object", "null"]}
    row = _object(
        {
            "source": {"type": "string"},
            "predicate": {"type": "string", "enum": list(predicates)} if predicates else {"type": "string"},
            "target": {"type": "string"},
            "why": maybe,
            "conditions": maybe,
            "quantity": amount,
            "certainty": {"type": ["number", "null"]},
            "reference": maybe,
        }
    )
    return _object({"relations": {"items": row, "maxItems": most, "type": "array"}})


@cache
def lists_schema(predicates: tuple[str, ...] = (), most: int = DEFAULT_SIZE.most) -> Json:
    """Return the schema of a reply of lists: up to `most` targets of one relation or two."""
    targets: Json = {"items": _text(80), "maxItems": most, "minItems": 1, "type": "array"}
    row = _object({"source": _text(80), "predicate": _predicate(predicates), "target": targets})
    return _object({"relations": {"items": row, "maxItems": LISTS_AT_MOST, "type": "array"}})


def _predicate(predicates: tuple[str, ...]) -> Json:
    return {"type": "string", "enum": list(predicates)} if predicates else _text(40)


@cache
def questions_schema(count: int) -> Json:
    """Return the schema of a reply of up to `count` questions."""
    text: Json = {"type": "string", "minLength": 1, "maxLength": QUESTION_CHARACTERS}
    return _closed({"questions": {"type": "array", "items": text, "maxItems": count}})


@cache
def verdict_schema() -> Json:
    """Return the schema of a verdict on two names, with its reason."""
    return _closed({"verdict": {"type": "string", "enum": VERDICTS}, "why": {"type": "string", "maxLength": 120}})


def _closed(properties: Json) -> Json:
    """Return an object of these properties, its keys in the order that recorded prompts have them in."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Style:
    """How questions are put: for a small model or a strong one, and how much one asks for and shows.

    A strong one is asked by shorter templates, for `relations` with what qualifies them; `head` is what stands before
    every question, as the only system text (`head` in strong.py). `context` is how much of the graph is shown, in
    tokens, None for as much as is usual. `targets` is how many a list of one relation asks for, None for as many as
    relations.
    """

    is_strong: bool = False
    relations: int = ASKED_FOR
    context: int | None = None
    head: str = ""
    targets: int | None = None

    @property
    def size(self) -> ReplySize:
        """How much a question asks for."""
        return ReplySize(self.relations, self.is_strong)

    @property
    def folder(self) -> str:
        """Where its templates stand."""
        return "strong/" if self.is_strong else ""

    def schema(self, predicates: tuple[str, ...], most: int | None = None) -> Json:
        """Return the schema of a reply of up to so many relations, by default as many as the size says."""
        form = qualified_schema if self.is_strong else relations_schema
        return form(predicates, self.size.most if most is None else most)


SMALL = Style()


def is_strong(model: str) -> bool | None:
    """Tell by a model's name whether it is a strong one; None where the name does not say.

    A size in the name decides, in billions of parameters; else the family does. What was recorded, or is simulated, is
    asked as a small one.
    """
    name = model.casefold()
    if name.startswith(_PROGRAMS):
        return False
    sizes = [int(times or 1) * float(size) for times, size in _SIZE.findall(name)]
    if sizes:
        return max(sizes) >= STRONG_SIZE
    if _SMALL_ONES.search(name):
        return False
    return True if _STRONG_ONES.search(name) else None
