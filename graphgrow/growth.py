"""The loop: choose a focus, render, ask, parse, resolve, measure, commit; each event is saved before the next call."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from graphgrow import arbiter
from graphgrow.errors import BadInput, ContextOverflow, StaleGraph, StoreAway, StoreError
from graphgrow.graph import Bill, Graph
from graphgrow.llm import LLM
from graphgrow.model import ARBITER, Answer, Budget, Expansion, Focus, Question, Usage
from graphgrow.names import canonical, clean
from graphgrow.parse import reply_schema
from graphgrow.policy import Mix, open_policy
from graphgrow.prompts import render, repair
from graphgrow.resolve import Resolver
from graphgrow.spool import Parcel, Spool, state_folder
from graphgrow.step import expansion, is_failure, now, resolver
from graphgrow.stores import GraphStore
from graphgrow.watch import verdict

MOST_FAILURES = 5
SMALL_ROOM = 0.25

Ending = Literal["", "steps", "tokens", "usd", "minutes", "exhausted", "failing", "interrupted", "saturated", "drifted"]
Kept = tuple[Path | None, Parcel]  # a reply, and its file while it waits


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same over one `grow` call; `predicates` are all that a model may use, where not empty.

    With `arbiter` the model is also asked about every two names that may be one concept.
    """

    policy: Mix
    budget: Budget = field(default_factory=Budget)
    width: int = 1
    seed: int = 0
    resolver: Resolver = field(default_factory=resolver)
    predicates: tuple[str, ...] = ()
    arbiter: bool = False
    now: Callable[[], str] = now
    timer: Callable[[], float] = time.monotonic
    stop: Callable[[], bool] = lambda: False


class Growth:
    """One `grow` call on one graph: iterate over it for the events as they are committed, then read `ending`."""

    def __init__(self, topic: str | None, store: GraphStore, llm: LLM, settings: Settings) -> None:
        self.graph = store.graph()
        self.topic = _topic(topic, self.graph)
        self.ending: Ending = ""
        self._store, self._llm, self._settings = store, llm, settings
        self._started = settings.timer()
        self.steps = 0
        self.adopted = 0
        self.spool = Spool(state_folder(store.url))
        self._spent = Bill()
        self._failures = 0

    def __iter__(self) -> Iterator[Expansion]:
        with self.spool, ThreadPoolExecutor(self._settings.width, thread_name_prefix="ask") as workers:
            yield from self._adopt()
            if not self._is_over() and self.graph.unmended:
                yield from self._round([self._repair(event) for event in self._unmended()], workers)
            while not self._is_over():
                foci = self.choose()
                if not foci:
                    self.ending = "exhausted"
                    return
                yield from self._round([self.question(focus) for focus in foci], workers)
                if self._settings.arbiter:
                    yield from self._arbitrate(workers)

    def arbitrate(self) -> Iterator[Expansion]:
        """Ask the model about the names that may be one concept, and about nothing else, while the budget lasts."""
        with self.spool, ThreadPoolExecutor(self._settings.width, thread_name_prefix="ask") as workers:
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
        for doubt in self.graph.standing.queue():
            asked = arbiter.question(doubt, self.graph, self.topic, self._settings.seed + self.graph.seq)
            if asked.focus.question not in self.graph.asked and asked.focus.question not in seen:
                seen.add(asked.focus.question)
                yield asked

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        rng = random.Random(f"{self._settings.seed}:{self.graph.seq}")
        left = self._settings.budget.steps
        width = self._settings.width if left is None else min(self._settings.width, left - self.steps)
        return self._settings.policy.choose(self.graph, canonical(self.topic), rng, width)

    def question(self, focus: Focus) -> Question:
        """Return the question for a focus as the graph stands now."""
        seed, schema = self._settings.seed + self.graph.seq, reply_schema(self._settings.predicates)
        prompt, smaller = (
            render(focus, self.graph, self.topic, schema=schema, seed=seed, room=room) for room in (1.0, SMALL_ROOM)
        )
        return Question(focus, prompt, smaller)

    def _unmended(self) -> list[Expansion]:
        """Return the unusable replies that a run was stopped before it could ask to mend."""
        since = min(self.graph.unmended) - 1
        return [e for e in self._store.events(since) if isinstance(e, Expansion) and e.seq in self.graph.unmended]

    def _repair(self, event: Expansion) -> Question:
        prompt = repair(event.prompt, event.reply.text, event.reason)
        return Question(event.focus, prompt, repairs=event.seq)

    def _adopt(self) -> Iterator[Expansion]:
        """Commit the replies that an earlier run had paid for and could not commit."""
        for path, parcel in self.spool.adopt():
            if canonical(parcel.topic) != canonical(self.topic) or parcel.seq > self.graph.seq:
                continue  # of another graph that was kept under this name: left where it is
            if not self._holds(parcel):
                event = self._save(parcel)
                self.adopted += 1
                yield event
            self.spool.drop(path)

    def _holds(self, parcel: Parcel) -> bool:
        """Tell whether a reply reached the store before its run died."""
        sent = parcel.question.focus, parcel.answer.prompt, parcel.answer.reply
        later = (event for event in self._store.events(parcel.seq) if isinstance(event, Expansion))
        return any((event.focus, event.prompt, event.reply) == sent for event in later)

    def _round(self, questions: list[Question], workers: ThreadPoolExecutor) -> Iterator[Expansion]:
        """Ask all at once, commit in the order of the questions, then ask once more what could not be used."""
        waiting = deque(workers.submit(self._ask, question, self.graph.seq) for question in questions)
        broken, failure = [], None
        try:
            while waiting:
                failure = failure or waiting[0].exception()
                answer = waiting.popleft()
                if answer.exception():
                    continue
                event = self._commit(*answer.result())
                yield event
                if is_failure(event) and not event.repairs:
                    broken.append(self._repair(event))
        except StoreAway as error:
            self._leave_to_spool(waiting)
            raise StoreAway(f"{error} {self._where_replies_wait()}") from None
        except KeyboardInterrupt:
            self._leave_to_spool(waiting)
            raise
        finally:
            self._commit_rest(waiting)
        if failure:
            raise failure
        if broken and self._ending() in {"", "steps"}:
            yield from self._round(broken, workers)

    def _leave_to_spool(self, waiting: deque[Future[Kept]]) -> None:
        """Ask no more, and leave what has arrived on disk for the next run; without a disk nothing is left."""
        while self.spool.folder and waiting:
            waiting.pop().cancel()

    def _commit_rest(self, waiting: deque[Future[Kept]]) -> None:
        """Save what was paid for where the consumer stopped or something broke."""
        for answer in waiting:
            if not answer.cancel() and not answer.exception():
                self._commit(*answer.result())

    def _where_replies_wait(self) -> str:
        return f"Replies that have arrived wait in {self.spool.folder} and are committed when this run is started again"

    def _ask(self, question: Question, seq: int) -> Kept:
        """Ask in a worker thread, and put the reply where nothing can lose it before anything is made of it."""
        prompt = question.prompt
        try:
            reply = self._llm.ask(prompt)
        except ContextOverflow:
            if question.smaller is None:
                raise
            prompt = question.smaller
            reply = self._llm.ask(prompt)
        parcel = Parcel(self.topic, seq, question, Answer(prompt, reply))
        try:
            return self.spool.keep(parcel), parcel
        except OSError:  # a full disk, say: the store may take the reply all the same
            return None, parcel

    def _commit(self, path: Path | None, parcel: Parcel) -> Expansion:
        """Save a reply of this run and count it."""
        event = self._save(parcel)
        self.spool.drop(path)
        self._count(event)
        return event

    def _save(self, parcel: Parcel) -> Expansion:
        """Save what a reply means for the graph as it is now, also where another writer was faster."""
        while True:
            event = self._event(parcel)
            try:
                self._store.append(event)
            except StaleGraph:
                self._catch_up()
                continue
            self.graph.apply(event)
            return event

    def _event(self, parcel: Parcel) -> Expansion:
        how, asked = self._settings, parcel.question
        if asked.focus.strategy == ARBITER:
            return arbiter.judgement(self.graph, self.topic, asked, parcel.answer, seed=how.seed, at=how.now())
        return expansion(self.graph, self.topic, asked, parcel.answer, how.resolver, seed=how.seed, at=how.now())

    def _count(self, event: Expansion) -> None:
        self.steps += event.is_step
        self._spent.add(event.reply.usage, event.reply.usd, event.reply.seconds)
        if event.focus.strategy != ARBITER:
            self._failures = self._failures + 1 if is_failure(event) else 0

    def _catch_up(self) -> None:
        """Take in what others wrote; raises StoreError where the store has lost events that this run has seen."""
        before = self.graph.seq
        self.graph.apply_all(self._store.events(before))
        if self.graph.seq == before:
            raise StoreError(f"{self._store.url} holds fewer events than this run has seen: was it replaced?")
        _topic(self.topic, self.graph)

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
        prompt = self.question(Focus("frontier", self.graph.newest[:1] or (canonical(self.topic),), "")).prompt
        most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens)
        return self._settings.width * (self._llm.price(most) or 0.0)


def check(topic: str | None) -> None:
    """Refuse a topic that names nothing; None leaves it to the graph."""
    if topic is not None and not canonical(topic):
        raise BadInput(f"the topic {topic!r} names nothing: say what the graph is about, for example 'spider silk'")


def check_topic(topic: str | None, store: GraphStore) -> None:
    """Refuse a topic that is not the one a store grows, or none at all."""
    _topic(topic, Graph(topic=next((e.topic for e in store.events() if isinstance(e, Expansion)), "")))


def _topic(topic: str | None, graph: Graph) -> str:
    topic = clean(topic or graph.topic)
    find = graph.standing.find
    if graph.topic and topic and find(canonical(topic)) != find(canonical(graph.topic)):
        raise BadInput(f"this store grows {graph.topic!r}, not {topic!r}: name another --store for another topic")
    check(topic)
    if find(canonical(topic)) in graph.standing.hidden:
        raise BadInput(f"the topic {topic!r} was rejected in this graph: bring it back with  graphgrow restore")
    return graph.topic or topic


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
    """Return the growth of a graph: iterate over it, and each event is saved before you see it.

    Without a budget it does 20 steps and spends at most 1 USD. Raises BadInput for a topic or policy that is none.
    """
    return Growth(topic, store, llm, Settings(open_policy(policy), budget or Budget(steps=20, usd=1.0), width, seed))
