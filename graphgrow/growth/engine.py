"""Questions on their way to a store: claimed, asked at once, kept on disk as they are answered, committed in order.

Growth and reasoning ask through the same engine. Whatever breaks in between, a reply that was paid for is committed, or
waits on disk for the next run.

Questions of growth are claimed in the store, so that several writers of one graph divide the work. A claim lasts a
minute, is renewed while its question waits for a reply, and ends with the commit of what came of it, with the process
that holds it, or by itself. The log is read once more after a claim is taken: what another writer asked meanwhile is
there, or claimed.
"""

import hashlib
import json
import math
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from uuid import uuid4

from graphgrow.errors import ContextOverflow, GraphgrowError, LLMError, StaleGraph, StoreAway, StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Answer, Event, Expansion, FactCheck, Prompt, Relation, Reply, Role
from graphgrow.growth.settings import Chosen
from graphgrow.llm import LLM, tracing, waiting
from graphgrow.stores import LONGEST_CLAIM, GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply

PULSE = 15.0  # seconds between two looks while a reply is waited for
TERM = 60.0  # seconds that a claim lasts unless it is renewed
BATCH_TERM = LONGEST_CLAIM  # of questions that go in files, which are answered within a day
PAUSE = 0.1  # seconds until a run to which others have left no question looks again


class Asked(Protocol):
    """What the engine has to know of a question; `smaller` is for a model that the prompt does not fit."""

    @property
    def prompt(self) -> Prompt: ...  # noqa: D102  # as in Question

    @property
    def smaller(self) -> Prompt | None: ...  # noqa: D102  # as in Question

    @property
    def role(self) -> Role: ...  # noqa: D102  # as in Question

    @property
    def facts(self) -> Mapping[str, str | int] | None:
        """Who asked, and as what: for a span of its own in traces, so nothing of what it is about; None for no span."""


Q = TypeVar("Q", bound=Asked)
P = TypeVar("P")  # a reply as it waits on disk
UNKNOWN = "_OTHER"  # the word of OpenTelemetry's conventions for an error of no known type


class Span:
    """The span of a question in traces from when it is asked until its event is committed, by whatever threads.

    Without OpenTelemetry nothing happens.
    """

    __slots__ = ("_span",)

    def __init__(self, facts: Mapping[str, str | int] | None) -> None:
        spans = tracing.tracer() if facts is not None else None
        self._span = spans.start_span("step", attributes=dict(facts or {})) if spans else None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let the calls made meanwhile be parts of this step; it ends here where they fail."""
        if self._span is None:
            yield
            return
        from opentelemetry.trace import use_span

        is_well = False
        try:
            with use_span(self._span, record_exception=False, set_status_on_exception=False):
                yield
            is_well = True
        finally:
            if not is_well:
                self.lost()

    def lost(self) -> None:
        """End a step that came to no event."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", UNKNOWN)
            self._span.set_status(StatusCode.ERROR)
            self._span.end()

    def done(self, attributes: Mapping[str, str | int]) -> None:
        """End the step with what came of it."""
        if self._span is not None:
            self._span.set_attributes(attributes)
            self._span.end()


@dataclass(slots=True)
class Engine(Generic[Q, P]):
    """Asks a model for one graph and store; `graph` takes in each event as it is saved.

    `models` are those that have a role of their own; an error of any says which role it had. `pending` makes what waits
    on disk out of a question, its answer, and the last event that the question had seen; `broken_off` are replies that
    were left and that no disk keeps, `adopt` yields them. Once it `is_over`, for its budget or by hand, no question
    waits any longer for an endpoint that has no room for it, and no reply much longer than the seconds that are `left`;
    `meanwhile` is called now and then while a reply is waited for, or cannot be committed. Where it `has_company` of
    other writers, what they wrote is taken in before a reply is handed out, which else would be resolved twice.
    `in_a_file`, where there is one, has all questions of a round answered together: it returns the replies by the place
    of their question, and None where they are not waited for any longer.
    """

    graph: Graph
    store: GraphStore
    llm: LLM
    outbox: Outbox[P]
    pending: Callable[[Q, Answer, int], P]
    models: Mapping[Role, LLM] = field(default_factory=dict)
    is_over: Callable[[], bool] = lambda: False
    left: Callable[[], float] = lambda: math.inf
    meanwhile: Callable[[], None] = lambda: None
    has_company: Callable[[], bool] = lambda: False
    in_a_file: Callable[[Sequence[P]], Mapping[int, tuple[Path | None, P]] | None] | None = None
    broken_off: deque[Future[tuple[Path | None, P]]] = field(default_factory=deque)
    _waiting: deque[tuple[Future[tuple[Path | None, P]], Span]] = field(default_factory=deque)
    _file: Path | None = None  # of the reply that was handed out last
    _pending: P | None = None  # that reply
    _span: Span | None = None
    _unkept: OSError | None = None  # why a reply is on no disk
    _renewed: float = field(default_factory=time.monotonic)  # when the claims were last renewed

    def model(self, role: Role) -> LLM:
        """Return the model that questions of a role are for."""
        return self.models.get(role, self.llm)

    def ask(self, questions: Iterable[Q], workers: ThreadPoolExecutor) -> Generator[P, None, None]:
        """Ask all at once and yield the replies in the order of the questions, each kept on disk before.

        Each question is sent as soon as it is written, and none is written after a reply changed the graph. Commit each
        reply before the next one is taken. What failed is raised after all that did not; on Ctrl-C what is under way is
        left on disk, where there is one, and waited for where there is none, until the second one.
        """
        failure: BaseException | None = None
        try:
            try:
                arrived: Mapping[int, tuple[Path | None, P]] = {}
                if self.in_a_file:
                    questions = list(questions)
                    unanswered = [self.pending(one, Answer(one.prompt, Reply("")), self.graph.seq) for one in questions]
                    kept = self.in_a_file(unanswered)
                    if kept is None:
                        return
                    arrived = kept
                for place, question in enumerate(questions):
                    if self._unkept:
                        self.outbox.refuse(self._unkept)
                    self.outbox.make_room(len(self._waiting) + 1)
                    span = Span(question.facts)
                    if place in arrived:
                        reply = Future[tuple[Path | None, P]]()
                        reply.set_result(arrived[place])
                    else:
                        context = copy_context()
                        context.run(waiting.is_over.set, self.is_over)
                        context.run(waiting.left.set, self.left)
                        reply = workers.submit(context.run, self._ask, question, self.graph.seq, span)
                    self._waiting.append((reply, span))
            except (GraphgrowError, KeyboardInterrupt) as error:  # a budget that ends here: what was asked is paid for
                if isinstance(error, KeyboardInterrupt) and self.outbox.folder:
                    raise
                failure = error
            while self._waiting:
                reply, span = self._waiting[0]
                try:
                    while not wait((reply,), PULSE).done:
                        self.meanwhile()
                except KeyboardInterrupt as interrupt:
                    if self.outbox.folder or isinstance(failure, KeyboardInterrupt):
                        raise
                    failure = interrupt
                    self.cancel()
                    continue
                self._waiting.popleft()
                if reply.cancelled():
                    continue
                if reply.exception():
                    failure = failure or reply.exception()
                    continue
                self._span = span
                self._file, pending = reply.result()
                self._pending = pending
                if self.has_company():
                    with suppress(StoreError):  # the commit says what is wrong
                        self.graph.apply_all(self.store.events(self.graph.seq))
                yield pending
        finally:  # left to the next run: it is on disk as soon as it arrives
            if self._span:
                self._span.lost()
            while self._waiting:
                reply, span = self._waiting.popleft()
                if not reply.cancel():
                    reply.add_done_callback(partial(_lose, span))
                    if self.outbox.folder is None:
                        self.broken_off.append(reply)
        if failure:
            raise failure

    def cancel(self) -> None:
        """Ask no more of what was not sent yet."""
        for reply, _ in self._waiting:
            reply.cancel()

    def adopt(self) -> Iterator[P]:
        """Yield the replies that an earlier run had paid for and could not commit; commit or `drop` each."""
        while self.broken_off:
            reply = self.broken_off.popleft()
            if not reply.cancelled() and not reply.exception():
                (self._file, pending), self._span = reply.result(), None
                self._pending = pending
                yield pending
        for file, pending in self.outbox.adopt():
            self._file, self._span, self._pending = file, None, pending
            yield pending

    def drop(self) -> None:
        """Forget the file of the reply that was handed out last: the store holds it."""
        if self._file:  # one that cannot be taken away is known to the next run by the log
            with suppress(OSError):
                self._file.unlink()
        self._file = None

    def commit(self, event: Event) -> bool:
        """Save what a reply came to; False where another writer was faster: resolve again, the graph holds its events.

        Raises StoreAway where the store does not answer, StoreError where it takes nothing any more: the reply then
        waits on disk.
        """
        try:
            self.store.append(event)
        except StaleGraph:
            if time.monotonic() - self._renewed > PULSE:  # others may be faster again and again
                self._renewed = time.monotonic()
                self.meanwhile()
            self.catch_up()
            return False
        except StoreError as error:
            where = self.outbox.folder
            waits = f"Replies that have arrived wait in {where} and are committed when this run is started again"
            if where and self._file is None:
                under_way = [reply for reply, _ in self._waiting]
                wait(under_way)
                arrived = [one.result() for one in under_way if not one.cancelled() and not one.exception()]
                lost = 0
                for file, pending in ((None, self._pending), *arrived):
                    if file or pending is None:
                        continue
                    try:  # there may be room by now
                        self.outbox.keep(pending)
                    except OSError:
                        lost += 1
                if lost:
                    replies = "1 reply" if lost == 1 else f"{lost} replies"
                    waits = f"What had been paid for could not be kept in {where} either: {replies} lost"
            if isinstance(error, StoreAway):
                raise StoreAway(f"{error} {waits}") from None
            raise StoreError(f"{error}. {waits}" if where else str(error)) from None
        self.graph.apply_all((event,))
        self.drop()
        if self._span:
            facts: dict[str, str | int] = {"graphgrow.seq": event.seq}
            if isinstance(event, Expansion):
                facts["graphgrow.outcome"] = event.outcome
                facts["graphgrow.new_concepts"] = len(event.delta.concepts)
                facts["graphgrow.new_relations"] = len(event.delta.relations)
                facts["graphgrow.rejects"] = len(event.delta.rejects)
            self._span.done(facts)
            self._span = None
        return True

    def catch_up(self) -> None:
        """Take in what others wrote; raises StoreError where the store has lost events that this run has seen."""
        before = self.graph.seq
        self.graph.apply_all(self.store.events(before))
        if self.graph.seq == before:
            raise StoreError(f"{self.store.url} holds fewer steps than this run has seen: was it replaced?")

    def _ask(self, question: Q, seq: int, span: Span) -> tuple[Path | None, P]:
        """Ask in a worker thread, and put the reply where nothing can lose it before anything is made of it."""
        name, is_asking = self.outbox.new_name(), True

        def arrived(prompt: Prompt, reply: Reply) -> None:
            if is_asking:  # and not given up meanwhile
                self.outbox.draft(name, self.pending(question, Answer(prompt, reply), seq))

        waiting.arrived.set(arrived)
        with span.asking():
            llm, prompt = self.model(question.role), question.prompt
            try:
                try:
                    reply = tracing.ask(llm, prompt)
                except ContextOverflow:
                    if question.smaller is None:
                        raise
                    prompt = question.smaller
                    reply = tracing.ask(llm, prompt)
            except LLMError as error:
                error.role = question.role
                raise
            finally:
                is_asking = False
        pending = self.pending(question, Answer(prompt, reply), seq)
        try:
            return self.outbox.keep(pending, name), pending
        except OSError as error:  # the store may take it all the same, but nothing more is asked
            self._unkept = error
            return None, pending


def _lose(span: Span, reply: "Future[object]") -> None:
    """End the span of a reply that this run does not save; one that failed has ended its own."""
    if not reply.exception():
        span.lost()


class Claims:
    """What one run asks, and what others ask; close it where the run ends."""

    def __init__(
        self, store: GraphStore, graph: Graph, outbox: Outbox[PendingReply], *, in_files: bool = False
    ) -> None:
        self.others = frozenset[str]()  # what others asked when this run last looked
        self.are_left = False  # whether a process of this machine was just found dead then, with replies waiting
        self._dead = set[str]()  # the runs of such processes
        self._store, self._graph, self._outbox = store, graph, outbox
        self._term = BATCH_TERM if in_files else TERM
        self._host, self._id = socket.gethostname(), uuid4().hex
        self._held: list[str] = []

    @property
    def _holder(self) -> str:
        return f"{self._host} {self._outbox.run or self._id}"

    def look(self) -> None:
        """See what others ask now; what a dead process of this machine had claimed is given back."""
        held = dict[str, list[str]]()
        for name, holder in self._store.claim(self._holder).items():
            held.setdefault(holder, []).append(name)
        held.pop(self._holder, None)
        self.are_left = False
        for holder in list(held):
            host, _, run = holder.partition(" ")
            if host != self._host or not self._outbox.run or self._outbox.is_alive(run):
                continue
            if self._outbox.waits(run):  # what came of them is to be committed first
                self.are_left |= run not in self._dead
                self._dead.add(run)
            else:
                self._store.claim(holder, done=held.pop(holder))
        self.others = frozenset(name for names in held.values() for name in names)

    def free(self, chosen: Iterable[Chosen], most: int) -> list[Chosen]:
        """Return the first of some questions that nobody else asks."""
        found: Iterator[Chosen] = (one for one in chosen if self.others.isdisjoint(self._names(one)))
        return [one for one, _ in zip(found, range(most), strict=False)]

    def is_checked(self, relation: Relation) -> bool:
        """Tell whether another asks now if a relation is true."""
        return _name("check", *relation.ends, relation.predicate) in self.others

    def take(self, chosen: Sequence[Chosen]) -> list[Chosen]:
        """Return those of some questions that this run may ask; what it had claimed before is given back."""
        if not chosen:
            self.close()
            return []
        if self._graph.seq == 0 and not self._outbox.may_be_first():
            time.sleep(PAUSE)  # another asks the first question of all
            return []
        wanted = dict.fromkeys(name for one in chosen for name in self._names(one))
        done = [name for name in self._held if name not in wanted]
        owners = self._store.claim(self._holder, wanted, self._term, done)
        asked = {name for event in self._store.events(self._graph.seq) for name in _names_of(event)}
        self._held = [name for name in wanted if owners.get(name, self._holder) == self._holder]
        own = set(self._held) - asked
        return [one for one in chosen if own.issuperset(self._names(one))]

    def renew(self) -> None:
        """Let the claims of this run last from now on; a store that is away is noticed the next time."""
        with suppress(StoreError):
            self._store.claim(self._holder, self._held, self._term)

    def wait(self) -> bool:
        """Wait a moment where others ask what is left to ask, and tell whether they do."""
        if self.others:
            time.sleep(PAUSE)
        return bool(self.others)

    def close(self) -> None:
        """Give back what this run had claimed, unless replies of it wait on disk: the next run commits these first."""
        run = self._outbox.run
        if self._held and not (run and self._outbox.waits(run)):
            with suppress(StoreError):
                self._store.claim(self._holder, done=self._held)
        self._held = []

    def _names(self, chosen: Chosen) -> list[str]:
        """Return the names by which a question is claimed: a fact check by each relation that it asks about."""
        if chosen.claims:
            return [_name("check", *one.ends, one.predicate) for one in chosen.claims]
        if chosen.mends:
            return [_name("mend", str(chosen.mends.seq))]
        if chosen.verifies:
            return [_name("verify", str(chosen.verifies), *chosen.focus.question)]
        return [_name("ask", *chosen.focus.question)]


def _names_of(event: Event) -> list[str]:
    """Return the names by which the question of an event was claimed."""
    if isinstance(event, FactCheck):
        return [_name("check", *one.relation.ends, one.relation.predicate) for one in event.claims]
    if not isinstance(event, Expansion):
        return []
    if event.repairs:
        return [_name("mend", str(event.repairs))]
    if event.verifies:
        return [_name("verify", str(event.verifies), *event.focus.question)]
    return [_name("ask", *event.focus.question)]


def _name(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]
