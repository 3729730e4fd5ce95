"""A piece of work with the graph, stage by stage: asked, read, and each reply an event before the next question.

What a stage brought is found again in the log, so that a work that was broken off goes on where it ended and pays for
nothing twice. Whatever breaks, a reply that was paid for is in the store, or waits on disk for the next work.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphgrow.errors import BadInput, BudgetSpent, GraphgrowError, StaleGraph, StoreError
from graphgrow.graph.graph import Bill, Graph
from graphgrow.graph.model import Budget, Json, Prompt, ReasoningStep, Reply, Task, Usage
from graphgrow.growth.step import now as today
from graphgrow.llm import LLM, tracing
from graphgrow.llm.usage import storable
from graphgrow.parse.forms import Unreadable
from graphgrow.prompts.render import repair
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, state_folder

WAITING = "thoughts"  # the folder of replies on their way, beside those of growth
LOCKS = "works"  # the folder of what says which works are under way on this machine
BEGINNING = "begin"
Read = Callable[[str], Json]  # raises Unreadable


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question of one stage about some concepts of the graph."""

    stage: str
    prompt: Prompt
    read: Read
    subject: tuple[str, ...] = ()


class Thinking:
    """The works on one store with one model; enter it, and `graph` takes in each event as it is saved.

    `width` questions of a stage are asked at once. `budget` counts what is asked from here on; `stop` is looked at
    before each question.
    """

    def __init__(  # all but the first two can be left out
        self,
        store: GraphStore,
        llm: LLM,
        *,
        seed: int = 0,
        width: int = 1,
        budget: Budget | None = None,
        now: Callable[[], str] = today,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.graph: Graph = store.graph()
        self.llm = llm
        self.seed = seed
        self.spent = Bill()
        self._store, self._width, self._budget = store, width, budget or Budget()
        self._now, self._stop = now, stop
        folder = state_folder(store.url)
        self._outbox = Outbox(folder and folder / WAITING, ReasoningStep)
        self._locks, self._mine, self._held = folder and folder / LOCKS, set[int](), ExitStack()

    def __enter__(self) -> Self:
        self._outbox.__enter__()
        for path, thought in self._outbox.adopt():
            if thought.task_seq in self.graph.thoughts and not self._holds(thought):
                self._commit(thought)
            self._outbox.drop(path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
        self._outbox.__exit__(kind, error, trace)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Let nobody else on this machine begin a work on this store, and see what others have begun."""
        with ExitStack() as held:
            if self._locks:
                held.enter_context(lock(self._locks, BEGINNING, seconds=-1))
            self._catch_up()
            yield

    def plan(self, task: Task, result: Json, *, subject: tuple[str, ...] = (), takes: int = 0) -> ReasoningStep:
        """Begin a work: commit what somebody wants and what the graph gives for it, and return the event.

        With `takes`, the seq of another plan, the stages that `inherit` names are gone on from.
        """
        result = _storable(result)
        return self._commit(ReasoningStep(0, task, "plan", result, subject=subject, takes=takes, seed=self.seed))

    def note(self, plan: ReasoningStep, stage: str, result: Json, subject: tuple[str, ...] = ()) -> ReasoningStep:
        """Commit what was worked out at a stage without a model; the same again is not committed twice."""
        known, result = self.known(plan, stage, subject), _storable(result)
        if known and known.result == result:
            return known
        return self._commit(self._thought(plan, stage, subject, result))

    def ask(self, plan: ReasoningStep, inquiry: Inquiry) -> ReasoningStep:
        """Return what a model says to one question; see `ask_all`."""
        return next(self.ask_all(plan, [inquiry]))

    def ask_all(self, plan: ReasoningStep, inquiries: Iterable[Inquiry]) -> Iterator[ReasoningStep]:
        """Yield what comes of the questions, in their order: an event each, usable or not, all of them committed.

        A question that the log holds the outcome of is not asked again. One whose reply cannot be used is asked once
        more, with what was wrong. Raises BudgetSpent before a question that the budget does not allow, LLMError where
        the model does not answer, KeyboardInterrupt where somebody stops it; what was paid for is committed then.
        Raises BadInput where another process is at the same work.
        """
        inquiries = list(inquiries)
        self._take(plan)
        known = [self._ended(plan, one) for one in inquiries]
        fresh = iter([one for one, outcome in zip(inquiries, known, strict=True) if outcome is None])
        asked = self._asked(plan, fresh)
        for outcome in known:
            yield outcome or next(asked)

    def known(self, plan: ReasoningStep, stage: str, subject: tuple[str, ...] = ()) -> ReasoningStep | None:
        """Return what the log holds last of a stage of a work, None where it holds nothing."""
        works = reversed(self.graph.thoughts.get(plan.plan, ()))
        return next((one for one in works if (one.stage, one.subject) == (stage, subject)), None)

    def inherit(self, plan: ReasoningStep, stages: Sequence[str]) -> None:
        """Take stages of the work that a plan goes on from as its own; they were paid for there."""
        for one in list(self.graph.thoughts.get(plan.takes, ())):
            if one.stage in stages and one.outcome == "ok" and not self.known(plan, one.stage, one.subject):
                self._commit(self._thought(plan, one.stage, one.subject, one.result, f"from event {one.seq}"))

    def _ended(self, plan: ReasoningStep, inquiry: Inquiry) -> ReasoningStep | None:
        """Return the outcome of a question that needs no further asking: a usable one, or one asked again in vain."""
        last = self.known(plan, inquiry.stage, inquiry.subject)
        return last if last and (last.outcome == "ok" or last.repairs) else None

    def _asked(self, plan: ReasoningStep, inquiries: Iterator[Inquiry]) -> Iterator[ReasoningStep]:
        """Ask up to `width` questions at once and yield in their order; what is under way at a failure is committed."""
        waiting = deque[tuple[Inquiry, Future[tuple[Path | None, ReasoningStep]]]]()
        with ThreadPoolExecutor(self._width, thread_name_prefix="think") as workers:
            try:
                self._fill(waiting, plan, inquiries, workers)
                while waiting:
                    inquiry, coming = waiting.popleft()
                    first = self._save(*coming.result())
                    yield first if first.outcome == "ok" else self._mended(plan, inquiry, first, len(waiting))
                    self._fill(waiting, plan, inquiries, workers)
            finally:
                for _, coming in waiting:
                    if not coming.cancel() and not coming.exception():
                        self._save(*coming.result())

    def _fill(
        self,
        waiting: deque[tuple[Inquiry, Future[tuple[Path | None, ReasoningStep]]]],
        plan: ReasoningStep,
        inquiries: Iterator[Inquiry],
        workers: ThreadPoolExecutor,
    ) -> None:
        while len(waiting) < self._width and (inquiry := next(inquiries, None)):
            before = self.known(plan, inquiry.stage, inquiry.subject)
            if before and before.reply:  # an unusable reply that a run which died did not ask again
                inquiry = replace(inquiry, prompt=repair(inquiry.prompt, before.reply.text, before.reason))
            self._check(inquiry.prompt, len(waiting))
            repairs = before.seq if before else 0
            waiting.append((inquiry, workers.submit(copy_context().run, self._ask, plan, inquiry, repairs)))

    def _mended(self, plan: ReasoningStep, inquiry: Inquiry, first: ReasoningStep, under_way: int) -> ReasoningStep:
        """Ask once more where a reply could not be used, and return what came of that."""
        if first.repairs or first.reply is None:
            return first
        prompt = repair(inquiry.prompt, first.reply.text, first.reason)
        self._check(prompt, under_way)
        return self._save(*self._ask(plan, replace(inquiry, prompt=prompt), first.seq))

    def _ask(self, plan: ReasoningStep, inquiry: Inquiry, repairs: int) -> tuple[Path | None, ReasoningStep]:
        """Ask, and put the reply where nothing can lose it; read it before, which costs nothing."""
        reply = tracing.ask(self.llm, inquiry.prompt)
        thought = self._thought(plan, inquiry.stage, inquiry.subject, {})
        thought = replace(_read(thought, inquiry, reply), prompt=inquiry.prompt, reply=reply, repairs=repairs)
        try:
            return self._outbox.keep(thought), thought
        except OSError:  # a full disk, say: the store may take the reply all the same
            return None, thought

    def _thought(
        self, plan: ReasoningStep, stage: str, subject: tuple[str, ...], result: Json, reason: str = ""
    ) -> ReasoningStep:
        return ReasoningStep(0, plan.task, stage, result, plan.plan, subject, reason=reason, seed=self.seed)

    def _save(self, path: Path | None, thought: ReasoningStep) -> ReasoningStep:
        saved = self._commit(thought)
        if thought.reply:
            self.spent.add(thought.reply.usage, thought.reply.usd, thought.reply.seconds)
        self._outbox.drop(path)
        return saved

    def _commit(self, thought: ReasoningStep) -> ReasoningStep:
        """Append an event as the next one, also where another writer was faster: it depends on no other."""
        thought = replace(thought, at=self._now())
        while True:
            event = replace(thought, seq=self.graph.seq + 1)
            try:
                self._store.append(event)
            except StaleGraph:
                before = self.graph.seq
                self.graph.apply_all(self._store.events(before))
                if self.graph.seq == before:
                    raise StoreError(f"{self._store.url} holds fewer events than this work has seen") from None
                continue
            self.graph.apply(event)
            return event

    def _catch_up(self) -> None:
        """Take in what others have committed since."""
        self.graph.apply_all(self._store.events(self.graph.seq))

    def _take(self, plan: ReasoningStep) -> None:
        """Be the only one on this machine that asks the questions of a work, from here on; two would pay twice."""
        if plan.plan in self._mine:
            return
        if self._locks:
            from filelock import Timeout

            try:
                self._held.enter_context(lock(self._locks, str(plan.plan)))
            except Timeout:
                raise BadInput(
                    f"work {plan.plan} ({plan.task}) is under way in another process: wait until it has ended"
                ) from None
            self._catch_up()
        self._mine.add(plan.plan)

    def _holds(self, thought: ReasoningStep) -> bool:
        """Tell whether a reply reached the store before its work died."""
        sent = thought.stage, thought.prompt, thought.reply
        return any((one.stage, one.prompt, one.reply) == sent for one in self.graph.thoughts.get(thought.task_seq, ()))

    def _check(self, prompt: Prompt, under_way: int = 0) -> None:
        """Raise where the budget does not allow one more question, or somebody wants to stop."""
        budget, spent = self._budget, self.spent
        if self._stop():
            raise KeyboardInterrupt
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            raise BudgetSpent(f"the token budget of {budget.tokens:,} is spent: raise it with --tokens and go on")
        worst = self.llm.price(Usage(len((prompt.system + prompt.user).encode()), prompt.max_tokens)) or 0.0
        if budget.usd is not None and spent.usd + worst * (under_way + 1) > budget.usd:
            raise BudgetSpent(f"the next question could cost more than {budget.usd:g} USD allow: raise it with --usd")


@contextmanager
def lock(folder: Path, name: str, seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock that ends with the process; raises filelock.Timeout where another holds it, -1 seconds wait on."""
    from filelock import FileLock

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = FileLock(folder / f"{name}.lock", timeout=seconds, mode=0o600)
        held.acquire()
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise StoreError(f"{folder} cannot be written ({error.strerror}): set XDG_STATE_HOME to another") from None
    try:
        yield
    finally:
        held.release()


def _storable(value: Any) -> Any:  # noqa: ANN401  # JSON
    """Return JSON whose texts a store can hold: a reply may spell half a character."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list | tuple) else value


def _read(thought: ReasoningStep, inquiry: Inquiry, reply: Reply) -> ReasoningStep:
    """Return a thought with what can be used of a reply; a reader that fails on hostile text is an unusable reply."""
    try:
        return replace(thought, result=_storable(inquiry.read(reply.text)))
    except (Unreadable, GraphgrowError, RecursionError) as error:
        why = "The reply hit its length limit. " if reply.finish_reason == "length" else ""
        return replace(thought, outcome="unusable", reason=storable(f"{why}{error}"))
