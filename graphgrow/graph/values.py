"""What events are made of: frozen values, without behaviour beyond what follows from their own fields.

Add fields with a default; rename or remove none: old runs must stay readable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from graphgrow.graph.display import listed

Outcome = Literal["ok", "partial", "empty", "truncated", "repetition", "unusable", "refused", "thinking"]
# Why a reply ended, other than by a plain "stop", where the words of endpoints differ.
CUT = "length"  # by its limit
THINKS = 64  # tokens of thinking per reply, from which it pays to ask for more in one question
# How many failures a reply counts as that was all thinking, or thought long and told nothing: such replies are dear.
DEAREST = 3
THINKING = "thinking"  # by its limit, before the answer began; the same question has a larger one now
REFUSED = "refusal"  # the text is in which words
BROKEN = "error"  # the text is the beginning of what came instead of a reply
Steer = Literal["pin", "unpin", "forbid", "allow", "focus", "instruct", "withdraw"]
EditKind = Literal["add", "merge", "unmerge", "doubt", "apart", "reject", "restore", "rename", "retype"] | Steer
Doing = Literal["merge", "unmerge", "doubt", "apart", "reject", "restore", "rename", "retype"] | Steer
Scope = Literal["run", "concept", "community"]
Task = Literal["discover", "ask", "ideas", "judge", "describe"]
CheckMethod = Literal["logprobs", "stated", "word"]
# What a model is there for: questions that grow the graph, fact checks, whether two names are one concept, which of two
# texts is better, what names mean; and all that is thought about a graph as it stands.
Role = Literal["grow", "check", "arbitrate", "judge", "embed", "reason"]
Json = dict[str, object]
# What a question is: how it is worded, what its reply looks like, and what is made of that.
Form = Literal[
    "seed",
    "expand",
    "list",
    "facet",
    "connect",
    "join",
    "between",
    "consolidate",
    "kin",
    "widen",
    "intents",
    "arbitrate",
    "check",
    "fact_check",
]
ASIDE: frozenset[Form] = frozenset(("intents", "arbitrate"))  # about what to ask, and about two names: no steps
ROLES: dict[Form, Role] = {"fact_check": "check", "arbitrate": "arbitrate"}  # of forms; any other grows the graph
COMPARING = "compare "  # how the stages begin in which ideas are compared
STEERING: frozenset[str] = frozenset(get_args(Steer))  # what these do is about questions to come, nothing shown changes


@dataclass(frozen=True, slots=True)
class Concept:
    """A node: its canonical key (keys.py), the name people read, other spellings seen, and its type ("": unsaid)."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()
    type: str = field(default="", metadata={"exclude_if": lambda held: not held})  # left out of JSON at its default


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed, labelled edge between two concepts, by their keys; hashable, so usable as its own identity."""

    source: str
    predicate: str
    target: str

    @property
    def ends(self) -> tuple[str, str]:
        """The keys of both concepts."""
        return self.source, self.target


@dataclass(frozen=True, slots=True)
class Focus:
    """What the next question is about, who chose it, and why.

    `form` is what kind of question it is, `angle` the side of the concepts that is asked about; concepts and angle
    together are the question's identity, which is never asked twice. `variant` names the wording of the template, ""
    for ours; `drawn` holds what a policy expected of each strategy, with the one that asks at the front.
    """

    strategy: str
    concepts: tuple[str, ...]
    reason: str
    score: float = 0.0
    angle: str = "general"
    variant: str = ""
    drawn: tuple[tuple[str, float], ...] = ()
    form: Form = "expand"

    @property
    def question(self) -> tuple[str, ...]:
        """Angle and concepts: what makes two questions the same one."""
        return (self.angle, *self.concepts)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a prompt asks, as values in its own words: for models that are programs; neither sent nor stored.

    `listed` are the names that it gives as known or not wanted, `stated` the relations that it repeats, `predicate` the
    one it asks more of ("" for any).
    """

    form: Form
    concepts: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    stated: tuple["Triple", ...] = ()
    predicate: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent: instructions, the question, and the JSON schema of the reply where an endpoint takes one.

    With `logprobs` the first token is asked for with its rivals and their log-probabilities. `temperature` is the
    highest that fits the question, None where any does.
    """

    system: str
    user: str
    schema: Json | None = None
    max_tokens: int = 512
    seed: int = 0
    asks: Asks | None = field(default=None, compare=False, repr=False)
    logprobs: bool = field(default=False, compare=False, repr=False)
    temperature: float | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """The bill of one reply, in tokens; `cached_tokens` are those of the prompt that the endpoint had read before."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = field(default=0, compare=False, repr=False)

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: text, bill, why the model stopped ("stop", CUT, ...), wall seconds, model, money if priced.

    `logprobs` are (token, natural logarithm of its probability) of the first token and its rivals, where asked for.
    `by` is who was asked, by the name that was typed and at which address, "" where the model's name says it; `options`
    are the fields that a user added to the request, without secrets.
    """

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"
    seconds: float = 0.0
    model: str = ""
    usd: float | None = None
    logprobs: tuple[tuple[str, float], ...] = ()
    by: str = field(default="", compare=False)
    options: Json | None = field(default=None, compare=False)

    @property
    def source(self) -> str:
        """Who answered: what is learnt of a model, from its answers, holds for this one."""
        return self.by or self.model


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, a smaller one for a model with little room, and where the answer belongs; see `Expansion.follows`.

    `claims` are the relations, as said, that a fact check asks about. One that `is_strong` is put as to a strong model;
    `asked_for` is how many relations, names or questions it wants at most, 0 for the usual number.
    """

    focus: Focus
    prompt: Prompt
    smaller: Prompt | None = None
    repairs: int = 0
    sample: int = 0
    verifies: int = 0
    follows: tuple[int, ...] = ()
    claims: tuple[Relation, ...] = ()
    is_strong: bool = False
    asked_for: int = 0

    @property
    def form(self) -> Form:
        """What kind of question it is; one that checks what others brought is a form of its own."""
        return "check" if self.verifies else self.focus.form

    @property
    def role(self) -> Role:
        """Which model it is for."""
        return ROLES.get(self.focus.form, "grow")

    @property
    def facts(self) -> dict[str, str | int]:
        """Who chose it and as what it is asked, for traces: nothing of what it is about."""
        return {
            "graphgrow.strategy": self.focus.strategy,
            "graphgrow.sample": self.sample,
            "graphgrow.repairs": self.repairs,
            "graphgrow.verifies": self.verifies,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the prompt that brought it, which is a shorter one where the first did not fit the context."""

    prompt: Prompt
    reply: Reply


@dataclass(frozen=True, slots=True)
class Triple:
    """One relation in the model's own words."""

    source: str
    predicate: str
    target: str


def optional(default: Any) -> Any:  # noqa: ANN401  # of the type that the field has
    """Return a newer field, left out of JSON where it has its default, so that old runs stay as they are.

    The codec (events.py) reads that from the metadata.
    """
    return field(default=default, metadata={"exclude_if": lambda held: held == default})


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount in the words of who said it: "3.6", "200-400", "about 1e-9", and its unit, "" for a bare number."""

    value: str
    unit: str = optional("")

    def __str__(self) -> str:
        return f"{self.value} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What was said beside a relation, each as short text on one line (parse/fields.py cuts it); "" for nothing.

    `why` is a sentence that gives the reason or mechanism, `conditions` say when or where it holds, `certainty` is the
    probability from 0 to 1 that the speaker gave it, `source` where that claims to have it from: nobody has checked
    that. `predicate_class` is the predicate of the vocabulary that the relation's own one is a special case of, as far
    as there is one (resolve/predicates.py).
    """

    why: str = optional("")
    conditions: str = optional("")
    quantity: Quantity | None = optional(None)  # noqa: RUF009  # it is a field
    certainty: float | None = optional(None)
    source: str = optional("")
    predicate_class: str = optional("")

    def __bool__(self) -> bool:
        return self != _UNQUALIFIED


_UNQUALIFIED = Qualifiers()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a reply says once it has been read: triples and names in its own words, and how the reading went.

    `questions` are those of a reply that was to list some, `verdict` is what one says about two names, with its reason.
    `qualifiers` are what it says beside some of the triples, `types` what named things are, as (name, type).
    """

    triples: tuple[Triple, ...]
    names: tuple[str, ...]
    outcome: Outcome
    reason: str = ""
    questions: tuple[str, ...] = ()
    verdict: Literal["", "same", "different", "broader", "narrower"] = ""
    qualifiers: Mapping[Triple, Qualifiers] = field(default_factory=dict)
    types: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One piece of evidence: a relation, the raw words it was said in, how often this event said it, and what beside.

    `qualifiers` are None where nothing was said beside it.
    """

    relation: Relation
    raw: Triple
    support: int = 1
    qualifiers: Qualifiers | None = optional(None)  # noqa: RUF009  # it is a field


@dataclass(frozen=True, slots=True)
class Reject:
    """Something proposed that does not enter the graph, and the name of the hygiene rule that kept it out."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Change:
    """One decision about what is said: which names mean one thing, what is shown, under which name; or what is asked.

    - merge, unmerge: the first concept stands for the second from now on, or for itself again
    - doubt, apart: the two may be one, which somebody has to decide; they are two. A doubt that is an edit of its own
      takes back that they are two
    - reject, restore: the concept, or the relation, is not shown and not taken in again, or is again
    - rename, retype: the concept is shown under the name `text`, the relation under the predicate `text`
    - pin, unpin, forbid, allow: the concepts are asked about in their turn, or not at all, or as usual again
    - focus: the next question is about the concept or the two
    - instruct: the questions in `scope` come with `text`, the next `steps` of them or (0) all; the first concept is the
      one that is meant, after it come the other members that its community had at that time
    - withdraw: the focus or instruction of `event` binds no longer

    It is about keys and relations as they were said, never about what other changes made of them, so that taking one
    back leaves the others as they are.
    """

    do: Doing
    concepts: tuple[str, ...] = ()
    relation: Relation | None = None
    text: str = ""
    reason: str = ""
    score: float = 1.0
    scope: Scope = "run"
    steps: int = 0
    event: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """What a proposal means for one graph.

    `relations` are new ones, `support` is further evidence for known ones; `aliases` are (key, spelling) pairs. All
    keys are as said: what stands for what is decided by `changes`, of this event and all others (corrections.py).
    `questions` are what is to be asked about the concept of a question for intents, the most different ones.
    """

    concepts: tuple[Concept, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    relations: tuple[Statement, ...] = ()
    support: tuple[Statement, ...] = ()
    rejects: tuple[Reject, ...] = ()
    changes: tuple[Change, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def merged(self) -> frozenset[str]:
        """The keys that this event makes stand for another."""
        return frozenset(change.concepts[0] for change in self.changes if change.do == "merge")

    @property
    def new_concepts(self) -> tuple[Concept, ...]:
        """The concepts that are not merged into another as soon as they come."""
        merged = self.merged
        return tuple(concept for concept in self.concepts if concept.key not in merged) if merged else self.concepts

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All evidence, for new and for known relations."""
        return self.relations + self.support

    @property
    def told(self) -> str:
        """How much it brings, in words."""
        return f"{len(self.new_concepts)} new concepts, {len(self.relations)} new relations"

    @property
    def facts(self) -> dict[str, str]:
        """What it brings, for people."""
        return {
            "new concepts": listed(concept.name for concept in self.new_concepts),
            "new relations": listed(f"{s.raw.source} {s.raw.predicate} {s.raw.target}" for s in self.relations),
            "said again": str(len(self.support) or ""),
            "kept out": listed(f"{reject.text} ({reject.rule})" for reject in self.rejects),
        }

    @property
    def brings_nothing(self) -> bool:
        """True where the graph would hold the same concepts, spellings and relations after it as before."""
        return not (self.concepts or self.aliases or self.relations or self.changes)
