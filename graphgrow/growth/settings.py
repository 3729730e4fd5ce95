"""What stays the same over one `grow` call, and what is to be asked next."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from graphgrow.graph.events import now
from graphgrow.graph.model import Budget, Expansion, Focus, Relation, Role
from graphgrow.graph.steering import Directive
from graphgrow.llm import LLM
from graphgrow.policy import Policy
from graphgrow.prompts.forms import ASKED_FOR
from graphgrow.prompts.render import Doubts, Variants
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import Resolver

Ending = Literal[
    "", "steps", "tokens", "usd", "minutes", "exhausted", "failing", "refused", "interrupted", "saturated", "drifted"
]
Prompts = Literal["auto", "small", "strong"]
MOST_SAMPLES = 16  # of one question


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same over one `grow` call.

    `predicates` are all that a model may use, where not empty; `variants` are further wordings of the templates, among
    which a policy may choose. With `arbiter` the model is also asked about every two names that may be one concept.
    Each question is asked `samples` times at once, and then what one sample alone says is checked. With `intents` the
    model is first asked what to ask about a concept, and that many different questions of its own are asked. The share
    `fact_check` of the tokens goes to asking whether what was said is true. `models` are the models that
    have a role of their own; every other question is for the model of the growth. `prompts` says which templates are
    used, `relations` how many relations one question asks for (None: more of a strong model, and of one that thinks),
    `context` how many tokens of the graph it shows, None
    for what is usual; `reply_tokens` is the limit of a long reply, None for that of each form. `workers` threads ask
    the questions of a round, by default one each; fewer are slower, and the graph is the same. `run` marks the events
    of a batch run. With `batch` the questions of a round, and the fact checks that are due, go as one file to the
    endpoint's batch API where it has one. `say` is told what a user should know meanwhile. With `unprotected` the run
    goes on where replies cannot be kept on disk on their way.
    """

    policy: Policy
    budget: Budget = field(default_factory=Budget)
    width: int = 1
    seed: int = 0
    resolver: Resolver = field(default_factory=open_resolver)
    predicates: tuple[str, ...] = ()
    variants: Variants = field(default_factory=dict)
    arbiter: bool = False
    samples: int = 1
    intents: int = 0
    fact_check: float = 0.0
    prompts: Prompts = "small"
    relations: int | None = ASKED_FOR
    context: int | None = None
    now: Callable[[], str] = now
    timer: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] | None = None
    workers: int | None = None
    run: str = ""
    models: Mapping[Role, LLM] = field(default_factory=dict)
    reply_tokens: int | None = None
    batch: bool = False
    say: Callable[[str], None] | None = None
    unprotected: bool = False

    @property
    def at_once(self) -> int:
        """How many questions a round asks."""
        return self.width * self.samples


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be asked next, before it is put in words.

    A question of its own about a focus, with the directives that it follows; or one that asks the model to mend an
    unusable reply, or to check the `doubts` that several replies left, the first of them event `verifies`; or one that
    asks whether the relations `claims` are true; or, after a reply that was all thinking, what event `again` asked.
    """

    focus: Focus
    directives: Sequence[Directive] = ()
    sample: int = 0
    mends: Expansion | None = None
    doubts: Doubts | None = None
    verifies: int = 0
    claims: tuple[Relation, ...] = ()
    again: Expansion | None = None
