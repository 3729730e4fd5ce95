"""The values of graphgrow: four of them are events, `Expansion`, `Edit`, `ReasoningStep` and `FactCheck`.

A graph is a fold over those (graph.py), their JSON (events.py) is the file format of runs. What they are made of is in
values.py, and imported from here like them. Add fields with a default; rename or remove none: old runs must stay
readable.
"""

import math
from dataclasses import dataclass
from typing import Literal

from graphgrow.graph.display import card, line, listed
from graphgrow.graph.values import (
    ASIDE,
    BROKEN,
    COMPARING,
    CUT,
    DEAREST,
    REFUSED,
    ROLES,
    STEERING,
    THINKING,
    THINKS,
    Answer,
    Asks,
    Change,
    CheckMethod,
    Concept,
    Delta,
    Doing,
    EditKind,
    Focus,
    Form,
    Json,
    Outcome,
    Prompt,
    Proposal,
    Qualifiers,
    Quantity,
    Question,
    Reject,
    Relation,
    Reply,
    Role,
    Scope,
    Statement,
    Steer,
    Task,
    Triple,
    Usage,
    optional,
)

__all__ = [
    "ASIDE", "BROKEN", "COMPARING", "CUT", "DEFAULT_BUDGET", "DEFAULT_STEPS", "DEFAULT_USD", "REFUSED", "ROLES",
    "STEERING", "THINKING", "Answer", "Asks", "Budget", "Change", "CheckMethod", "CheckedRelation", "Concept",
    "Delta", "Doing", "Edit", "EditKind", "Embedding", "Event", "Expansion", "FactCheck", "Focus", "Form",
    "Json", "Measures", "Outcome", "Prompt", "Proposal", "Qualifiers", "Quantity", "Question", "ReasoningStep",
    "Reject", "Relation", "Reply", "Role", "Scope", "Statement", "Steer", "Task", "Triple", "Usage", "optional",
    "role_of_stage",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Embedding:
    """What an endpoint charged for embedding names, by one model; `tokens` are those of the names."""

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
    what is asked. `by` is who did it, "" where nobody said; `undoes` the seq of the edit that this one takes back, 0
    where it takes back none.
    """

    seq: int
    edit: EditKind
    delta: Delta
    note: str = ""
    at: str = ""
    kind: Literal["edit"] = "edit"
    v: Literal[1] = 1
    by: str = optional("")
    undoes: int = optional(0)

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
        """True where it brought nothing; not for a word other than yes or no, after which it is asked otherwise."""
        return self.outcome == "unusable" and self.method != "word"

    @property
    def misses(self) -> int:
        """How much it counts against asking that model again, 0 where it answered: more where it thought long."""
        return (DEAREST if self.reply.usage.completion_tokens > THINKS else 1) if self.is_no_answer else 0

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
            "probability of yes": self.answers,
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

    A reply that is under way when the minutes are over is waited for half a minute more.

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
