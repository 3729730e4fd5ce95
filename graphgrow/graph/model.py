"""The values of graphgrow: frozen, without behaviour beyond what follows from their own fields.

Four of them are events, `Expansion`, `Edit`, `ReasoningStep` and `FactCheck`; a graph is a fold over those (graph.py),
their JSON (events.py) is the file format of runs. Add fields with a default; rename or remove none: old runs must stay
readable.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from graphgrow.graph.display import card, line, listed

Outcome = Literal["ok", "partial", "empty", "truncated", "repetition", "unusable", "refused", "thinking"]
# Why a reply ended, where it is no plain "stop" and the words of endpoints differ.
CUT = "length"  # by its limit
THINKING = "thinking"  # by its limit, before the answer began; the same question has a larger one now
REFUSED = "refusal"  # the text is in which words
BROKEN = "error"  # the text is the beginning of what came instead of a reply
Steer = Literal["pin", "unpin", "forbid", "allow", "focus", "instruct", "withdraw"]
EditKind = Literal["add", "merge", "unmerge", "doubt", "apart", "reject", "restore", "rename", "retype"] | Steer
Doing = Literal["merge", "unmerge", "doubt", "apart", "reject", "restore", "rename", "retype"] | Steer
Scope = Literal["run", "concept", "community"]
Task = Literal["discover", "ask", "ideas", "judge"]
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
    for ours; `drawn` holds what a policy expected of each strategy, the one that asks first.
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
    """Return a field with a default at which it is left out of JSON: of a newer version, so that old runs stay as are.

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
    """What was said beside a relation, each as short text on one line (parse/qualifiers.py cuts it); "" for nothing.

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
    - pin, unpin, forbid, allow: the concepts are asked about in their turn, or not at all, or as ever again
    - focus: the next question is about the concept or the two
    - instruct: the questions in `scope` come with `text`, the next `steps` of them or (0) all; the first concept is the
      one that is meant, a community's other members when this was said come after it
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


@dataclass(frozen=True, slots=True)
class Embedding:
    """What an endpoint took for saying what names mean, of one model; `tokens` are those of the names."""

    model: str
    requests: int = 0
    tokens: int = 0
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Measures:
    """The cheap row of one step: counts of the graph after the event, names as in `measure.panel`."""

    nodes: int = 0
    relations: int = 0
    edges: int = 0
    self_loops: int = 0
    components: int = 0
    lcc_nodes: int = 0
    average_degree: float = 0.0


@dataclass(frozen=True, slots=True)
class Expansion:
    """One question, its reply, and what came of it. `seq` numbers the events of a graph from 1 without gaps.

    `repairs` is the seq of the unusable reply that this question asked the model to mend, else 0. `sample` is 0 for the
    first reply to a question, 1 and so on where the same was asked again beside it. `verifies` is the seq of the first
    of several replies where this question asked which of them hold, else 0. `follows` are the edits that the question
    followed: a focus set by hand, instructions. `at` is UTC in ISO 8601. `run` is the batch run that asked, `JOB@DUE`.
    `embedding` is what comparing its names by meaning cost, None where it cost nothing. `is_strong` and `asked_for` are
    those of its question.
    """

    seq: int
    topic: str
    focus: Focus
    prompt: Prompt
    reply: Reply
    outcome: Outcome
    reason: str
    delta: Delta
    measures: Measures
    repairs: int = 0
    seed: int = 0
    at: str = ""
    sample: int = 0
    verifies: int = 0
    kind: Literal["expansion"] = "expansion"
    v: Literal[1] = 1
    follows: tuple[int, ...] = ()
    run: str = ""
    embedding: Embedding | None = None
    is_strong: bool = optional(False)
    asked_for: int = optional(0)

    @property
    def is_step(self) -> bool:
        """True for a question of its own about the topic, once.

        Not for one that mends, repeats or verifies another, that asks what to ask, nor for an arbiter's; nor where the
        reply ended while the model was still thinking, for then the same is asked again.
        """
        is_aside = self.focus.form in ASIDE
        return not (is_aside or self.repairs or self.is_again or self.outcome == "thinking")

    @property
    def role(self) -> Role:
        """Which model was asked."""
        return ROLES.get(self.focus.form, "grow")

    @property
    def is_again(self) -> bool:
        """True for a further sample of a question, and for its verification."""
        return bool(self.sample or self.verifies)

    def __repr__(self) -> str:
        asked = f"{self.focus.strategy} asked about {line(', '.join(self.focus.concepts))!r}"
        return f"<Expansion {self.seq}: {asked}, {self.outcome}, {self.delta.told}>"

    def _repr_html_(self) -> str:
        facts = {
            "asked about": f"{listed(self.focus.concepts)} ({line(self.focus.angle)})",
            "why": self.focus.reason,
            "outcome": ": ".join(filter(None, (self.outcome, self.reason))),
            **self.delta.facts,
            "tokens": self.reply.usage.tokens,
            "model": self.reply.model,
        }
        return card(f"Event {self.seq}: {self.focus.strategy}", facts)


@dataclass(frozen=True, slots=True)
class Edit:
    """Something a person, or somebody for them, did to the graph.

    `add` brings concepts and relations, the other kinds decide by `delta.changes` what stands for what, what is shown,
    what is asked.
    """

    seq: int
    edit: EditKind
    delta: Delta
    note: str = ""
    at: str = ""
    kind: Literal["edit"] = "edit"
    v: Literal[1] = 1

    def __repr__(self) -> str:
        return f"<Edit {self.seq}: {self.edit}, {line(self.note)!r}>"

    def _repr_html_(self) -> str:
        why = listed(dict.fromkeys(change.reason for change in self.delta.changes if change.reason))
        return card(f"Event {self.seq}: {self.edit}", {"what": self.note, "why": why, **self.delta.facts})


def role_of_stage(task: Task, stage: str) -> Role:
    """Return which model a stage of a task is for: one that says which of two texts is better is a judge."""
    return "judge" if task == "judge" or stage.startswith(COMPARING) else "reason"


@dataclass(frozen=True, slots=True)
class ReasoningStep:
    """One stage of a piece of work with the graph: what it is about, what a model was asked, and what could be used.

    It changes nothing in the graph. The first event of a task is its plan, with `task_seq` 0: what somebody wants and
    what the graph gives for it; those that follow have its seq as `task_seq`. `subject` are the concepts of a stage,
    `result` is what was read out of the reply, or worked out where nobody was asked (`prompt` and `reply` are None).
    `takes` is the seq of the plan whose earlier stages this work goes on from, `repairs` that of the unusable reply
    that this one mends, else 0.
    """

    seq: int
    task: Task
    stage: str
    result: Json
    task_seq: int = 0
    subject: tuple[str, ...] = ()
    prompt: Prompt | None = None
    reply: Reply | None = None
    outcome: Literal["ok", "unusable"] = "ok"
    reason: str = ""
    repairs: int = 0
    takes: int = 0
    seed: int = 0
    at: str = ""
    kind: Literal["thought"] = "thought"
    v: Literal[1] = 1

    @property
    def delta(self) -> Delta:
        """What it changes: nothing."""
        return _NOTHING

    @property
    def role(self) -> Role:
        """Which model was asked."""
        return role_of_stage(self.task, self.stage)

    @property
    def plan(self) -> int:
        """The seq of the plan that this belongs to, or is."""
        return self.task_seq or self.seq

    def __repr__(self) -> str:
        about = f" about {line(', '.join(self.subject))!r}" if self.subject else ""
        return f"<ReasoningStep {self.seq}: {self.task}, {line(self.stage)}{about}, {self.outcome}>"

    def _repr_html_(self) -> str:
        facts = {
            "about": listed(self.subject),
            "outcome": ": ".join(filter(None, (self.outcome, self.reason))),
            "result": self.result,
            "tokens": self.reply.usage.tokens if self.reply else "",
            "model": self.reply.model if self.reply else "",
        }
        return card(f"Event {self.seq}: {self.task}, {self.stage}", facts)


@dataclass(frozen=True, slots=True)
class CheckedRelation:
    """A relation, as it was said, that a model was asked about, and the log-odds it gave; None where it gave none."""

    relation: Relation
    log_odds: float | None = None


@dataclass(frozen=True, slots=True)
class FactCheck:
    """A question whether relations are true, and what a model makes of each: how sure the graph is follows from that.

    `method` says how that was read: "logprobs" from the log-probabilities of yes and no, "stated" from a probability in
    per cent that the model states, "word" from a bare yes or no, which says little. `logprobs` are those of the reply.
    """

    seq: int
    topic: str
    claims: tuple[CheckedRelation, ...]
    prompt: Prompt
    reply: Reply
    method: CheckMethod
    logprobs: tuple[tuple[str, float], ...] = ()
    outcome: Literal["ok", "unusable", "thinking"] = "ok"
    reason: str = ""
    seed: int = 0
    at: str = ""
    run: str = ""
    kind: Literal["fact_check"] = "fact_check"
    v: Literal[1] = 1

    @property
    def delta(self) -> Delta:
        """What it changes of what was said: nothing."""
        return _NOTHING

    @property
    def is_step(self) -> bool:
        """False: it asks nothing new about the topic."""
        return False

    @property
    def role(self) -> Role:
        """Which model was asked."""
        return "check"

    @property
    def is_no_answer(self) -> bool:
        """True where it brought nothing; not for a word that is none, after which it is asked otherwise."""
        return self.outcome == "unusable" and self.method != "word"

    @property
    def statements(self) -> tuple[str, ...]:
        """What was asked about, in words."""
        return tuple(f"{c.relation.source} {c.relation.predicate} {c.relation.target}" for c in self.claims)

    @property
    def answers(self) -> str:
        """What a model made of it: the probability of each in per cent, "no answer" for none."""
        odds = (claim.log_odds for claim in self.claims)
        return ", ".join("no answer" if one is None else f"{100 / (1 + math.exp(-one)):.0f} %" for one in odds)

    def __repr__(self) -> str:
        return f"<FactCheck {self.seq}: {line('; '.join(self.statements))!r}, {self.answers}>"

    def _repr_html_(self) -> str:
        facts = {
            "asked about": listed(self.statements),
            "true by the model": self.answers,
            "outcome": ": ".join(filter(None, (self.outcome, self.reason))),
            "tokens": self.reply.usage.tokens,
            "model": self.reply.model,
        }
        return card(f"Event {self.seq}: fact check", facts)


_NOTHING = Delta()
Event = Expansion | Edit | ReasoningStep | FactCheck


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one `grow` call; None is no limit. Minutes are wall minutes, tokens count prompt and completion.

    `until` also ends it where nothing new comes or the model has drifted (policy/monitor.py).
    """

    steps: int | None = None
    tokens: int | None = None
    usd: float | None = None
    minutes: float | None = None
    until: Literal["saturated"] | None = None


# What a run may use where nobody names a limit.
DEFAULT_STEPS = 20
DEFAULT_USD = 1.0
DEFAULT_BUDGET = Budget(DEFAULT_STEPS, usd=DEFAULT_USD)
