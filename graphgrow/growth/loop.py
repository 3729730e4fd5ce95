"""The loop: choose a focus, render, ask, parse, resolve, measure, commit; each event is saved before the next call."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Literal, Self

from graphgrow.graph.display import card, line
from graphgrow.graph.graph import Bill
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import ARBITER, DEFAULT_BUDGET, INTENTS, Budget, Expansion, Focus, Question, Usage
from graphgrow.graph.steering import Directive
from graphgrow.growth import arbiter, intents, samples
from graphgrow.growth.engine import Rounds
from graphgrow.growth.step import is_failure, now, schema_of
from graphgrow.growth.topic import topic_of
from graphgrow.llm import LLM
from graphgrow.policy import DEFAULT, Policy, open_policy
from graphgrow.policy.monitor import verdict
from graphgrow.policy.strategies.pinned import followed, is_allowed, steered
from graphgrow.prompts.render import render, repair
from graphgrow.prompts.variants import Variants
from graphgrow.resolve.options import resolver
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder

MOST_FAILURES = 5
MOST_AT_ONCE = 256
SMALL_ROOM = 0.25

Ending = Literal["", "steps", "tokens", "usd", "minutes", "exhausted", "failing", "interrupted", "saturated", "drifted"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same over one `grow` call.

    `predicates` are all that a model may use, where not empty; `variants` are further wordings of the templates, among
    which a policy may choose. With `arbiter` the model is also asked about every two names that may be one concept.
    Each question is asked `samples` times at once, and then what one sample alone says is verified. With `intents` the
    model is first asked what to ask about a concept, and so many different questions of its own are asked. `workers`
    threads ask the questions of a round, by default one each; fewer are slower, and the graph is the same. `run` marks
    the events of a batch run.
    """

    policy: Policy
    budget: Budget = field(default_factory=Budget)
    width: int = 1
    seed: int = 0
    resolver: Resolver = field(default_factory=resolver)
    predicates: tuple[str, ...] = ()
    variants: Variants = field(default_factory=dict)
    arbiter: bool = False
    samples: int = 1
    intents: int = 0
    now: Callable[[], str] = now
    timer: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] = lambda: False
    workers: int | None = None
    run: str = ""


class Growth:
    """One `grow` call on one graph: iterate over it for the events as they are committed, then read `ending`."""

    def __init__(self, topic: str | None, store: GraphStore, llm: LLM, settings: Settings) -> None:
        self.graph = store.graph()
        self.topic = topic_of(topic, self.graph)
        self.ending: Ending = ""
        self._store, self._llm, self._settings = store, llm, settings
        self._started = settings.timer()
        self.steps = 0
        self.adopted = 0
        self.outbox = Outbox(state_folder(store.url), PendingReply)
        self._rounds = Rounds(
            self.topic,
            self.graph,
            store,
            llm,
            self.outbox,
            settings.resolver,
            settings.seed,
            settings.now,
            settings.run,
        )
        self._spent = Bill()
        self._failures = 0

    def __iter__(self) -> Iterator[Expansion]:
        with self.outbox, self._workers() as workers:
            yield from self._adopt()
            while not self._is_over() and self.graph.unmended and (some := self._unmended()):
                at_once = self._settings.width * self._settings.samples
                yield from self._round([self._repair(event) for event in some[:at_once]], workers)
            while not self._is_over():
                self._look()
                foci = self.choose()
                if not foci:
                    self.ending = "exhausted"
                    return
                told = []
                for event in self._round(self.questions(foci), workers):
                    told.append(event)
                    yield event
                yield from self._verify(foci, told, workers)
                if self._settings.arbiter:
                    yield from self._arbitrate(workers)

    def run(self) -> Self:
        """Grow to the end and return this; every event is saved on the way."""
        for _ in self:
            pass
        return self

    def __repr__(self) -> str:
        return f"<Growth of {line(self.topic)!r}: {self._state}>"

    def _repr_html_(self) -> str:
        spent = self._spent
        facts = {
            "state": self._state,
            "graph": f"{len(self.graph.concepts):,} concepts, {len(self.graph.relations):,} relations",
            "paid": f"{spent.tokens:,} tokens" + (f", {spent.usd:.4f} USD" if spent.usd else ""),
        }
        return card(f"Growth of {self.topic}", facts)

    @property
    def _state(self) -> str:
        if not self.ending and not self._spent.replies:
            return "not begun: iterate over it, or call run()"
        return f"{self.steps} steps, {f'ended: {self.ending}' if self.ending else 'under way'}"

    def _workers(self) -> ThreadPoolExecutor:
        at_once = min(self._settings.width * self._settings.samples, MOST_AT_ONCE)
        return ThreadPoolExecutor(self._settings.workers or at_once, thread_name_prefix="ask")

    def arbitrate(self) -> Iterator[Expansion]:
        """Ask the model about the names that may be one concept, and about nothing else, while the budget lasts."""
        with self.outbox, self._workers() as workers:
            yield from self._adopt()
            yield from self._arbitrate(workers)

    def _arbitrate(self, workers: ThreadPoolExecutor) -> Iterator[Expansion]:
        while not self._is_over() or self.ending == "steps":
            questions = list(islice(self._doubts(), self._settings.width))
            if not questions:
                return
            yield from self._round(questions, workers)

    def _doubts(self) -> Iterator[Question]:
        """Yield the questions about doubts that the model was not asked about yet."""
        seen = set[tuple[str, ...]]()
        for doubt in self.graph.doubts():
            asked = arbiter.question(doubt, self.graph, self.topic, self._settings.seed + self.graph.seq)
            is_new = asked.focus.question not in self.graph.asked and asked.focus.question not in seen
            if is_new and is_allowed(self.graph, asked.focus):
                seen.add(asked.focus.question)
                yield asked

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        rng = random.Random(f"{self._settings.seed}:{self.graph.seq}")
        left = self._settings.budget.steps
        width = self._settings.width if left is None else min(self._settings.width, left - self.steps)
        foci = self._listed(rng, width) if self._settings.intents else []
        foci = foci or self._settings.policy.choose(self.graph, canonical(self.topic), rng, width)
        return [intents.opened(focus, self.graph) for focus in foci] if self._settings.intents else foci

    def _listed(self, rng: random.Random, width: int) -> list[Focus]:
        """Return questions of the model's own that wait, as far as people want nothing else asked first."""
        waiting = deque(focus for focus in intents.waiting(self.graph) if is_allowed(self.graph, focus))
        chosen: list[Focus] = []
        while waiting and len(chosen) < width:
            chosen.append(steered(self.graph, rng, chosen) or waiting.popleft())
        return chosen

    def questions(self, foci: Sequence[Focus]) -> Iterator[Question]:
        """Yield what a round asks: every question as often as it is sampled, one for intents once."""
        for focus, wanted in zip(foci, followed(self.graph, foci), strict=True):
            count = 1 if focus.angle == INTENTS else self._settings.samples
            yield from samples.several(self._question(focus, wanted), count)

    def question(self, focus: Focus) -> Question:
        """Return the question for a focus as the graph stands now, with the directives that it follows."""
        return self._question(focus, *followed(self.graph, [focus]))

    def _question(self, focus: Focus, wanted: Sequence[Directive]) -> Question:
        seed, schema = self._settings.seed + self.graph.seq, schema_of(focus, self._settings.predicates)
        if focus.angle == INTENTS:
            return intents.question(focus, self.graph, self.topic, self._settings.intents, seed)
        told = [directive for directive in wanted if directive.change.do == "instruct"]
        words = partial(render, variants=self._settings.variants, instructions=told)
        prompt, smaller = (
            words(focus, self.graph, self.topic, schema=schema, seed=seed, room=room) for room in (1.0, SMALL_ROOM)
        )
        return Question(focus, prompt, smaller, follows=tuple(directive.seq for directive in wanted))

    def _unmended(self) -> list[Expansion]:
        """Return the unusable replies that a run was stopped before it could ask to mend."""
        since = min(self.graph.unmended) - 1
        replies = (event for event in self._store.events(since) if event.seq in self.graph.unmended)
        return [e for e in replies if isinstance(e, Expansion) and is_allowed(self.graph, e.focus)]

    def _repair(self, event: Expansion) -> Question:
        prompt = repair(event.prompt, event.reply.text, event.reason)
        return Question(event.focus, prompt, None, event.seq, event.sample, event.verifies, event.follows)

    def _adopt(self) -> Iterator[Expansion]:
        for event in self._rounds.adopt():
            self.adopted += 1
            if event.run and event.run == self._settings.run:  # of this very run, before it was broken off
                self._count(event)
            yield event

    def _round(self, questions: Iterable[Question], workers: ThreadPoolExecutor) -> Iterator[Expansion]:
        """Ask all at once, then ask once more what could not be used."""
        broken = []
        with closing(self._rounds.ask(questions, workers)) as events:
            for event in events:
                self._count(event)
                yield event
                if is_failure(event) and not event.repairs:
                    broken.append(event)
        if broken:
            self._look()
        mending = [self._repair(event) for event in broken if is_allowed(self.graph, event.focus)]
        if mending and self._ending() in {"", "steps"}:
            yield from self._round(mending, workers)

    def _verify(self, foci: list[Focus], told: list[Expansion], workers: ThreadPoolExecutor) -> Iterator[Expansion]:
        """Ask about what the samples of a round leave open; what was never asked when a run stops is left so."""
        if self._settings.samples == 1 or self._ending() not in {"", "steps"}:
            return
        self._look()
        foci = [focus for focus in foci if is_allowed(self.graph, focus)]
        seed = self._settings.seed + self.graph.seq
        found = samples.checks(told, foci, self.graph, self._settings.predicates, seed)
        yield from self._round(found, workers)

    def _count(self, event: Expansion) -> None:
        self.steps += event.is_step
        self._spent.add(event.reply.usage, event.reply.usd, event.reply.seconds)
        if event.focus.strategy != ARBITER and event.focus.angle != INTENTS:
            self._failures = self._failures + 1 if is_failure(event) else 0

    def _look(self) -> None:
        """Take in what others wrote, if anything: what somebody decides meanwhile binds the next question."""
        self.graph.apply_all(self._store.events(self.graph.seq))
        topic_of(self.topic, self.graph)

    def _is_over(self) -> bool:
        self.ending = self._ending()
        return bool(self.ending)

    def _ending(self) -> Ending:
        budget, spent = self._settings.budget, self._spent
        if self._settings.stop():
            return "interrupted"
        if self._failures >= MOST_FAILURES:
            return "failing"
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            return "tokens"
        if budget.minutes is not None and self._settings.timer() - self._started >= budget.minutes * 60:
            return "minutes"
        if budget.usd is not None and spent.usd + self._worst_price() > budget.usd:
            return "usd"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        judged = verdict(self.graph)
        return judged.kind or "" if budget.until and judged.do == "stop" else ""

    def _worst_price(self) -> float:
        """Return the most that the next round can cost in USD: every prompt byte a token, every reply at its limit."""
        if self._llm.price(Usage(1, 1)) is None:
            return 0.0
        focus = Focus("frontier", self.graph.newest[:1] or (canonical(self.topic),), "")
        prompt = self._question(focus, self.graph.steering.instructions).prompt
        most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens)
        return self._settings.width * self._settings.samples * (self._llm.price(most) or 0.0)


def grow(
    topic: str | None,
    store: GraphStore,
    llm: LLM,
    *,
    policy: str = DEFAULT,
    budget: Budget | None = None,
    width: int = 1,
    seed: int = 0,
) -> Growth:
    """Return the growth of a graph: iterate over it, and each event is saved before you see it.

    Without a budget it does 20 steps and spends at most 1 USD. Raises BadInput for a topic or policy that is none.
    """
    return Growth(topic, store, llm, Settings(open_policy(policy), budget or DEFAULT_BUDGET, width, seed))
