"""The loop: choose a focus, render, ask, parse, resolve, measure, commit; each event is saved before the next call."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from graphgrow.errors import BadInput, ContextOverflow, LLMError, StaleGraph
from graphgrow.graph import Graph
from graphgrow.hygiene import counts
from graphgrow.llm import LLM
from graphgrow.measure import measure
from graphgrow.model import Budget, Delta, Expansion, Focus, Prompt, Proposal, Reply, Usage
from graphgrow.names import canonical, clean
from graphgrow.parse import PROSE, parse, reply_schema
from graphgrow.policy import Mix, open_policy
from graphgrow.prompts import EXAMPLE, render, repair
from graphgrow.resolve import RESOLVE, Resolver, resolve
from graphgrow.stores import GraphStore

MOST_FAILURES = 5
SMALL_ROOM = 0.25

Ending = Literal["", "steps", "tokens", "usd", "minutes", "exhausted", "failing", "interrupted"]
RESOLVER = replace(RESOLVE, echoes=EXAMPLE)


def now() -> str:
    """Return the time as events record it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same over one `grow` call."""

    policy: Mix
    budget: Budget = field(default_factory=Budget)
    width: int = 1
    seed: int = 0
    resolver: Resolver = RESOLVER
    now: Callable[[], str] = now
    timer: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and where its answer belongs."""

    focus: Focus
    prompt: Prompt
    repairs: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the prompt that brought it, which is a shorter one where the first did not fit the context."""

    prompt: Prompt
    reply: Reply


class Growth:
    """One `grow` call on one graph: iterate over it for the events as they are committed, then read `ending`."""

    def __init__(self, topic: str | None, store: GraphStore, llm: LLM, settings: Settings) -> None:
        self.graph = store.graph()
        self.topic = _topic(topic, self.graph)
        self.ending: Ending = ""
        self._store, self._llm, self._settings = store, llm, settings
        self._started = settings.timer()
        self._paid = self.graph.bill.tokens, self.graph.bill.usd
        self._first_step = self.graph.steps
        self._failures = 0

    def __iter__(self) -> Iterator[Expansion]:
        workers = ThreadPoolExecutor(self._settings.width, thread_name_prefix="ask")
        with workers:
            while not self._is_over():
                foci = self.choose()
                if not foci:
                    self.ending = "exhausted"
                    return
                yield from self._round([self.question(focus) for focus in foci], workers)

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        rng = random.Random(f"{self._settings.seed}:{self.graph.seq}")
        left = self._settings.budget.steps
        width = self._settings.width if left is None else min(self._settings.width, left - self.steps)
        return self._settings.policy.choose(self.graph, canonical(self.topic), rng, width)

    def question(self, focus: Focus, room: float = 1.0) -> Question:
        """Return the question for a focus as the graph stands now."""
        seed = self._settings.seed + self.graph.seq
        prompt = render(focus, self.graph, self.topic, schema=reply_schema(), seed=seed, room=room)
        return Question(focus, prompt)

    def _round(self, questions: list[Question], workers: ThreadPoolExecutor) -> Iterator[Expansion]:
        """Ask all at once, commit in the order of the questions, then ask once more what could not be used."""
        answers = [workers.submit(self._ask, question) for question in questions]
        broken, failure = [], None
        for question, answer in zip(questions, answers, strict=True):
            failure = failure or _failure(answer)
            if _failure(answer):
                continue
            event = self._commit(question, answer.result())
            yield event
            if _is_failure(event) and not event.repairs:
                broken.append(_repair(event))
        if failure:
            raise failure
        if broken and self._ending() in ("", "steps"):
            yield from self._round(broken, workers)

    def _ask(self, question: Question) -> Answer:
        try:
            return Answer(question.prompt, self._llm.ask(question.prompt))
        except ContextOverflow:
            smaller = self.question(question.focus, SMALL_ROOM).prompt
            return Answer(smaller, self._llm.ask(smaller))

    def _commit(self, question: Question, answer: Answer) -> Expansion:
        """Save the reply and what it means for the graph as it is now, also where another writer was faster."""
        how = self._settings
        while True:
            event = expansion(self.graph, self.topic, question, answer, how.resolver, seed=how.seed, at=how.now())
            try:
                self._store.append(event)
            except StaleGraph:
                self._catch_up()
                continue
            self.graph.apply(event)
            self._failures = self._failures + 1 if _is_failure(event) else 0
            return event

    def _catch_up(self) -> None:
        for event in self._store.events(self.graph.seq):
            self.graph.apply(event)

    @property
    def steps(self) -> int:
        """Return how many steps this call has done; a repair question is part of its step."""
        return self.graph.steps - self._first_step

    def _is_over(self) -> bool:
        self.ending = self._ending()
        return bool(self.ending)

    def _ending(self) -> Ending:
        budget, (tokens, usd) = self._settings.budget, self._paid
        if self._settings.stop():
            return "interrupted"
        if self._failures >= MOST_FAILURES:
            return "failing"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        if budget.tokens is not None and self.graph.bill.tokens - tokens >= budget.tokens:
            return "tokens"
        if budget.minutes is not None and self._settings.timer() - self._started >= budget.minutes * 60:
            return "minutes"
        if budget.usd is not None and self.graph.bill.usd - usd + self._worst_price() > budget.usd:
            return "usd"
        return ""

    def _worst_price(self) -> float:
        """Return the most that the next round can cost in USD: every prompt byte a token, every reply at its limit."""
        prompt = self.question(Focus("frontier", self.graph.newest[:1] or (canonical(self.topic),), "")).prompt
        most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens)
        return self._settings.width * (self._llm.price(most) or 0.0)


def expansion(
    graph: Graph, topic: str, question: Question, answer: Answer, resolver: Resolver, *, seed: int, at: str
) -> Expansion:
    """Return the event that an answer is for a graph as it stands."""
    reply = answer.reply
    proposal = parse(reply.text, reply.finish_reason)
    delta = resolve(proposal, graph, topic, resolver)
    return Expansion(
        seq=graph.seq + 1,
        topic=topic,
        focus=question.focus,
        prompt=answer.prompt,
        reply=reply,
        outcome=proposal.outcome,
        reason=explain(proposal, delta),
        delta=delta,
        measures=measure(graph, delta),
        repairs=question.repairs,
        seed=seed,
        at=at,
    )


def check(topic: str | None) -> None:
    """Refuse a topic that names nothing; None leaves it to the graph."""
    if topic is not None and not canonical(topic):
        raise BadInput(f"the topic {topic!r} names nothing: say what the graph is about, for example 'spider silk'")


def _topic(topic: str | None, graph: Graph) -> str:
    topic = clean(topic or graph.topic)
    if graph.topic and topic and canonical(topic) != canonical(graph.topic):
        raise BadInput(f"this store grows {graph.topic!r}, not {topic!r}: name another --store for another topic")
    check(topic)
    return graph.topic or topic


def _failure(answer: "Future[Answer]") -> LLMError | None:
    error = answer.exception()
    if error is not None and not isinstance(error, LLMError):
        raise error
    return error


def _is_failure(event: Expansion) -> bool:
    """Tell whether a reply says nothing for a reason that asking again could mend; an honest "nothing" is none."""
    return event.outcome == "unusable" or event.reason == PROSE


def _repair(event: Expansion) -> Question:
    return Question(event.focus, repair(event.prompt, event.reply.text, event.reason), event.seq)


def explain(proposal: Proposal, delta: Delta) -> str:
    """Return in one sentence what was wrong with a reply or why it brought nothing; "" where all is well."""
    if proposal.outcome != "ok":
        return proposal.reason
    if delta.relations:
        return ""
    if delta.support:
        return f"all {len(delta.support)} relations were known already"
    rules = ", ".join(f"{count} {rule}" for rule, count in sorted(counts(delta.rejects).items()))
    return f"nothing passed hygiene: {rules}" if rules else "the reply proposed nothing"


def grow(
    topic: str | None,
    store: GraphStore,
    llm: LLM,
    *,
    policy: str = "mix",
    budget: Budget | None = None,
    width: int = 1,
    seed: int = 0,
) -> Growth:
    """Return the growth of a graph about a topic: iterate over it, and each event is saved before you see it.

    Without a budget it does 20 steps. Raises BadInput for a topic or policy that cannot be used.
    """
    return Growth(topic, store, llm, Settings(open_policy(policy), budget or Budget(steps=20), width, seed))
