"""A piece of work with the graph, stage by stage: asked, read, and each reply an event before the next question.

What a stage brought is found again in the log, so that a work that was broken off goes on where it ended and pays for
nothing twice. Whatever breaks, a reply that was paid for is in the store, or waits on disk for the next work.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphgrow.errors import BadInput, BudgetSpent, GraphgrowError, StoreError
from graphgrow.graph.graph import Bill, Graph
from graphgrow.graph.model import Answer, Budget, Json, Prompt, ReasoningStep, Reply, Task, Usage
from graphgrow.growth.engine import Engine
from graphgrow.growth.step import now as today
from graphgrow.llm import LLM
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """An inquiry of one plan as the engine asks it; `repairs` is the unusable reply that it mends, if any."""

    plan: ReasoningStep
    inquiry: Inquiry
    prompt: Prompt
    repairs: int = 0
    smaller: Prompt | None = None

    @property
    def facts(self) -> None:
        """Nothing: a call of a model stands in the span of whoever reasons."""


class Thinking:
    """The tasks on one store with one model; enter it, and `graph` takes in each event as it is saved.

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
        self._width, self._budget = width, budget or Budget()
        self._now, self._stop = now, stop
        folder = state_folder(store.url)
        outbox = Outbox(folder and folder / WAITING, ReasoningStep)
        self._engine: Engine[_Asked, ReasoningStep] = Engine(self.graph, store, llm, outbox, self._pending)
        self._locks, self._mine, self._held = folder and folder / LOCKS, set[int](), ExitStack()

    def __enter__(self) -> Self:
        self._engine.outbox.__enter__()
        for step in self._engine.adopt():
            sent = step.stage, step.prompt, step.reply
            committed = self.graph.thoughts.get(step.task_seq, [])
            if committed and not any((one.stage, one.prompt, one.reply) == sent for one in committed):
                self._commit(step)
            self._engine.drop()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
        self._engine.outbox.__exit__(kind, error, trace)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Let nobody else on this machine begin a work on this store, and see what others have begun."""
        with ExitStack() as held:
            if self._locks:
                held.enter_context(lock(self._locks, BEGINNING, seconds=-1))
            self._look()
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
        the model fails, BadInput where another process is at the same work.
        """
        inquiries = list(inquiries)
        self._take(plan)
        with ThreadPoolExecutor(self._width, thread_name_prefix="think") as workers:
            for start in range(0, len(inquiries), self._width):
                at_once = inquiries[start : start + self._width]
                last = [self.known(plan, one.stage, one.subject) for one in at_once]
                # A usable reply ends a question, and so does one that was asked again in vain.
                ended = {n: step for n, step in enumerate(last) if step and (step.outcome == "ok" or step.repairs)}
                fresh = [n for n in range(len(at_once)) if n not in ended]
                first = [self._asked(plan, at_once[n], last[n]) for n in fresh]
                ended |= zip(fresh, self._saved(first, workers), strict=False)
                broken = [n for n in fresh if ended[n].outcome != "ok" and not ended[n].repairs]
                again = [self._asked(plan, at_once[n], ended[n]) for n in broken]
                ended |= zip(broken, self._saved(again, workers), strict=False)
                yield from (ended[n] for n in range(len(at_once)))

    def _asked(self, plan: ReasoningStep, inquiry: Inquiry, before: ReasoningStep | None) -> _Asked:
        """Return a question as it is sent: with what was wrong with the reply before, where there is one."""
        if before is None or before.reply is None:
            return _Asked(plan, inquiry, inquiry.prompt)
        prompt = repair(inquiry.prompt, before.reply.text, before.reason, "that it asks for")
        return _Asked(plan, inquiry, prompt, before.seq)

    def _saved(self, questions: Sequence[_Asked], workers: ThreadPoolExecutor) -> Iterator[ReasoningStep]:
        """Ask as far as the budget goes, and yield what came of each question once it is saved."""
        allowed = (one for place, one in enumerate(questions) if self._check(one.prompt, place))
        for step in self._engine.ask(allowed, workers):
            saved = self._commit(step)
            if saved.reply:
                self.spent.add(saved.reply.usage, saved.reply.usd, saved.reply.seconds)
            yield saved

    def _pending(self, asked: _Asked, answer: Answer, seq: int) -> ReasoningStep:  # noqa: ARG002  # of no graph
        """Return a reply as it is kept: read already, which costs nothing."""
        step = self._thought(asked.plan, asked.inquiry.stage, asked.inquiry.subject, {})
        step = _read(step, asked.inquiry, answer.reply)
        return replace(step, prompt=answer.prompt, reply=answer.reply, repairs=asked.repairs)

    def _thought(
        self, plan: ReasoningStep, stage: str, subject: tuple[str, ...], result: Json, reason: str = ""
    ) -> ReasoningStep:
        return ReasoningStep(0, plan.task, stage, result, plan.plan, subject, reason=reason, seed=self.seed)

    def _commit(self, step: ReasoningStep) -> ReasoningStep:
        """Append an event as the next one, also where another writer was faster: it depends on no other."""
        step = replace(step, at=self._now())
        while not self._engine.commit(event := replace(step, seq=self.graph.seq + 1)):
            pass
        return event

    def known(self, plan: ReasoningStep, stage: str, subject: tuple[str, ...] = ()) -> ReasoningStep | None:
        """Return what the log holds last of a stage of a work, None where it holds nothing."""
        works = reversed(self.graph.thoughts.get(plan.plan, ()))
        return next((one for one in works if (one.stage, one.subject) == (stage, subject)), None)

    def inherit(self, plan: ReasoningStep, stages: Sequence[str]) -> None:
        """Take stages of the work that a plan goes on from as its own; they were paid for there."""
        for one in list(self.graph.thoughts.get(plan.takes, ())):
            if one.stage in stages and one.outcome == "ok" and not self.known(plan, one.stage, one.subject):
                self._commit(self._thought(plan, one.stage, one.subject, one.result, f"from event {one.seq}"))

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
            self._look()
        self._mine.add(plan.plan)

    def _check(self, prompt: Prompt, under_way: int = 0) -> bool:
        """Return True; raises where the budget does not allow one more question, or somebody wants to stop."""
        budget, spent = self._budget, self.spent
        if self._stop():
            raise KeyboardInterrupt
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            raise BudgetSpent(f"the token budget of {budget.tokens:,} is spent: raise it with --tokens and go on")
        worst = self.llm.price(Usage(len((prompt.system + prompt.user).encode()), prompt.max_tokens)) or 0.0
        if budget.usd is not None and spent.usd + worst * (under_way + 1) > budget.usd:
            raise BudgetSpent(f"the next question could cost more than {budget.usd:g} USD allow: raise it with --usd")
        return True

    def _look(self) -> None:
        """Take in what others have committed since."""
        self.graph.apply_all(self._engine.store.events(self.graph.seq))


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
