"""From questions to committed events: asked at once, kept on disk as they are answered, committed in their order.

Whatever breaks in between, a reply that was paid for is committed, or waits on disk for the next run.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from graphgrow.errors import ContextOverflow, StaleGraph, StoreAway, StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Answer, Expansion, Question
from graphgrow.growth import answers
from graphgrow.growth.topic import topic_of
from graphgrow.llm import LLM, tracing
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply

Kept = tuple[Path | None, PendingReply, tracing.Step]  # a reply, its file while it waits, and the span that it ends


@dataclass(slots=True)
class Rounds:
    """The questions of one run on their way to its store; `graph` takes in each event as it is saved."""

    topic: str
    graph: Graph
    store: GraphStore
    llm: LLM
    outbox: Outbox[PendingReply]
    resolver: Resolver
    seed: int
    now: Callable[[], str]
    run: str = ""

    def adopt(self) -> Iterator[Expansion]:
        """Commit the replies that an earlier run had paid for and could not commit."""
        for path, pending in self.outbox.adopt():
            if canonical(pending.topic) != canonical(self.topic) or pending.seq > self.graph.seq:
                continue  # of another graph that was kept under this name: left where it is
            if not self._holds(pending):
                yield self._save(pending)
            self.outbox.drop(path)

    def _holds(self, pending: PendingReply) -> bool:
        """Tell whether a reply reached the store before its run died."""
        sent = pending.question.focus, pending.answer.prompt, pending.answer.reply
        later = (event for event in self.store.events(pending.seq) if isinstance(event, Expansion))
        return any((event.focus, event.prompt, event.reply) == sent for event in later)

    def ask(self, questions: Iterable[Question], workers: ThreadPoolExecutor) -> Generator[Expansion, None, None]:
        """Ask all at once and commit in the order of the questions; raises what failed after all that did not.

        Each question is sent as soon as it is written, and none is written after a reply changed the graph.
        """
        waiting, failure = deque[Future[Kept]](), None
        try:
            waiting.extend(
                workers.submit(self._ask, question, self.graph.seq, _step(question)) for question in questions
            )
            while waiting:
                failure = failure or waiting[0].exception()
                answer = waiting.popleft()
                if not answer.exception():
                    yield self._commit(*answer.result())
        except StoreAway as error:
            self._leave_to_outbox(waiting)
            raise StoreAway(f"{error} {self._where_replies_wait()}") from None
        except KeyboardInterrupt:
            self._leave_to_outbox(waiting)
            raise
        finally:
            self._commit_rest(waiting)
        if failure:
            raise failure

    def _leave_to_outbox(self, waiting: deque[Future[Kept]]) -> None:
        """Ask no more, and leave what has arrived on disk for the next run; without a disk nothing is left."""
        while self.outbox.folder and waiting:
            left = waiting.pop()
            left.cancel()
            left.add_done_callback(_unsaved)

    def _commit_rest(self, waiting: deque[Future[Kept]]) -> None:
        """Save what was paid for where the consumer stopped or something broke."""
        try:
            while waiting:
                answer = waiting.popleft()
                if not answer.cancel() and not answer.exception():
                    self._commit(*answer.result())
        finally:
            for left in waiting:
                left.add_done_callback(_unsaved)

    def _where_replies_wait(self) -> str:
        return (
            f"Replies that have arrived wait in {self.outbox.folder} and are committed when this run is started again"
        )

    def _ask(self, question: Question, seq: int, step: tracing.Step) -> Kept:
        """Ask in a worker thread, and put the reply where nothing can lose it before anything is made of it."""
        with step.asking():
            answer = self._answer(question)
        pending = PendingReply(self.topic, seq, question, answer, self.run)
        try:
            return self.outbox.keep(pending), pending, step
        except OSError:  # a full disk, say: the store may take the reply all the same
            return None, pending, step

    def _answer(self, question: Question) -> Answer:
        """Return the reply to a question, or to its smaller prompt where the first does not fit the model."""
        try:
            return Answer(question.prompt, tracing.ask(self.llm, question.prompt))
        except ContextOverflow:
            if question.smaller is None:
                raise
            return Answer(question.smaller, tracing.ask(self.llm, question.smaller))

    def _commit(self, path: Path | None, pending: PendingReply, step: tracing.Step) -> Expansion:
        with step.ending():
            event = self._save(pending)
        self.outbox.drop(path)
        step.done(_came(event))
        return event

    def _save(self, pending: PendingReply) -> Expansion:
        """Save what a reply means for the graph as it is now, also where another writer was faster."""
        while True:
            event = self._event(pending)
            try:
                self.store.append(event)
            except StaleGraph:
                self._catch_up()
                continue
            self.graph.apply(event)
            return event

    def _event(self, pending: PendingReply) -> Expansion:
        asked, answer = pending.question, pending.answer
        event = answers.event(self.graph, self.topic, asked, answer, self.resolver, seed=self.seed, at=self.now())
        return replace(event, run=pending.run) if pending.run else event

    def _catch_up(self) -> None:
        """Take in what others wrote; raises StoreError where the store has lost events that this run has seen."""
        before = self.graph.seq
        self.graph.apply_all(self.store.events(before))
        if self.graph.seq == before:
            raise StoreError(f"{self.store.url} holds fewer events than this run has seen: was it replaced?")
        topic_of(self.topic, self.graph)


def _unsaved(answer: Future[Kept]) -> None:
    """End the span of a step whose reply this run does not save: at best it waits on disk for the next one."""
    if not answer.cancelled() and not answer.exception():
        answer.result()[-1].lost()


def _step(question: Question) -> tracing.Step:
    """Begin the span of a question: who chose it and as what it is asked, but nothing of what it is about."""
    about: dict[str, str | int] = {
        "graphgrow.strategy": question.focus.strategy,
        "graphgrow.sample": question.sample,
        "graphgrow.repairs": question.repairs,
        "graphgrow.verifies": question.verifies,
    }
    return tracing.Step("step", about)


def _came(event: Expansion) -> dict[str, str | int]:
    return {
        "graphgrow.seq": event.seq,
        "graphgrow.outcome": event.outcome,
        "graphgrow.new_concepts": len(event.delta.concepts),
        "graphgrow.new_relations": len(event.delta.relations),
        "graphgrow.rejects": len(event.delta.rejects),
    }
