"""Tasks: pieces of work with the graph, stage by stage, each reply an event before anything further is asked.

A task is begun with a plan, which holds what somebody wants and what the graph gives for it; its number is the seq of
that event. What a stage brought is found again in the log, so that a task that was broken off goes on where it ended
and pays for nothing twice. Whatever breaks, a reply that was paid for is in the store, or waits on disk for whoever
comes next. What came of a task is read back from its last event.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from graphgrow.errors import BadInput, BudgetSpent, GraphgrowError, LLMError, RunOver, StoreError
from graphgrow.graph.events import now as today
from graphgrow.graph.graph import Bill, Graph
from graphgrow.graph.model import (
    BROKEN,
    REFUSED,
    THINKING,
    Answer,
    Budget,
    Json,
    Prompt,
    ReasoningStep,
    Role,
    Task,
    Usage,
    role_of_stage,
)
from graphgrow.growth.engine import Engine
from graphgrow.llm import LLM, room_to_think
from graphgrow.llm.usage import storable
from graphgrow.parse.forms import Unreadable
from graphgrow.parse.reply import BLANK, parse, refusal_in
from graphgrow.prompts.forms import reply_limit
from graphgrow.prompts.render import repair
from graphgrow.reason.trust import TrustedGraph, trusted_graph
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, state_folder

WAITING = "thoughts"  # the folder of replies on their way, beside those of growth
LOCKS = "works"  # the folder that says which tasks are under way on this machine
PLANNING = "begin"
REQUEST = "wanted"  # where the result of a plan has what somebody wants
END = "end"  # the stage that holds what came of a task
T = TypeVar("T")


class Options(TypedDict, total=False):
    """How a task is done, as `Reasoner` takes it; all of it can be left out."""

    seed: int
    width: int
    budget: Budget | None
    now: Callable[[], str]
    stop: Callable[[], bool]
    confidence: float | None
    judge: LLM | None
    unprotected: bool


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question of one stage about some concepts of the graph; `read` raises Unreadable for a useless reply."""

    stage: str
    prompt: Prompt
    read: Callable[[str], Json]
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """An inquiry of one plan as the engine asks it; `repairs` is the unusable reply that it mends, if any."""

    plan: ReasoningStep
    inquiry: Inquiry
    prompt: Prompt
    repairs: int = 0
    smaller: Prompt | None = None
    facts: None = None  # a call of a model stands in the span of whoever reasons

    @property
    def role(self) -> Role:
        """Which model it is for."""
        return role_of_stage(self.plan.task, self.inquiry.stage)


class Reasoner:
    """Does tasks on one store with one model; enter it, and `graph` takes in each event as it is saved.

    `width` questions of a stage are asked at once. `budget` counts what is asked from here on; `stop` is looked at
    before each question. `confidence` is the least one of the relations that are read, see `trusted_graph`. `judge` is
    asked which of two texts is better, in place of the model. With `unprotected` it goes on where replies cannot be
    kept on disk on their way into the store.
    """

    def __init__(  # noqa: PLR0913  # all but the first two can be left out
        self,
        store: GraphStore,
        llm: LLM,
        *,
        seed: int = 0,
        width: int = 1,
        budget: Budget | None = None,
        now: Callable[[], str] = today,
        stop: Callable[[], bool] = lambda: False,
        confidence: float | None = None,
        judge: LLM | None = None,
        unprotected: bool = False,
    ) -> None:
        self.graph: Graph = store.graph()
        self.llm = llm
        self.seed = seed
        self.spent = Bill()
        self._width, self._budget = width, budget or Budget()
        self._now, self._stop, self._confidence = now, stop, confidence
        self._unprotected = unprotected
        folder = state_folder(store.url)
        outbox = Outbox(folder and folder / WAITING, ReasoningStep, unprotected=unprotected)
        self.has_judge = judge is not None
        models: dict[Role, LLM] = {"judge": judge} if judge else {}
        self._engine: Engine[_Question, ReasoningStep] = Engine(
            self.graph, store, llm, outbox, self._pending, models, is_over=stop
        )
        # An unusable reply is asked for once more while the others of its stage are under way.
        self._mender: Engine[_Question, ReasoningStep] = Engine(
            self.graph, store, llm, outbox, self._pending, models, is_over=stop
        )
        self._locks, self._mine, self._held = folder and folder / LOCKS, set[int](), ExitStack()

    def __enter__(self) -> Self:
        self._engine.outbox.__enter__()
        for step in self._engine.adopt():
            sent = step.stage, step.prompt, step.reply
            committed = self.graph.thoughts.get(step.task_seq, [])
            if committed and not any((one.stage, one.prompt, one.reply) == sent for one in committed):
                self._commit(step)
            self._engine.drop()
        self.spent = Bill()  # it counts what is asked from here on
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()
        self._engine.outbox.__exit__(kind, error, trace)

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Let nobody else on this machine begin a task on this store, and see what others have begun."""
        with ExitStack() as stack:
            self._lock(PLANNING, stack, seconds=-1)
            yield

    @property
    def trusted(self) -> TrustedGraph:
        """What of the graph is read, as it is now."""
        return trusted_graph(self.graph, self._confidence)

    def plan(self, task: Task, result: Json, *, subject: tuple[str, ...] = (), takes: int = 0) -> ReasoningStep:
        """Begin a task: commit what somebody wants and what the graph gives for it, and return the event.

        With `takes`, the seq of another plan, the stages that `inherit` names are taken over.
        """
        plan = ReasoningStep(0, task, "plan", _storable(result), subject=subject, takes=takes, seed=self.seed)
        return self._commit(plan)

    def end(self, plan: ReasoningStep, value: object) -> None:
        """Commit what came of a task, for `outcome` to read."""
        self._commit(self._step(plan, END, (), _storable(as_json(value))))

    def inherit(self, plan: ReasoningStep, stages: Sequence[str]) -> None:
        """Take stages of the task that a plan goes on from as its own; they were paid for there."""
        for one in list(self.graph.thoughts.get(plan.takes, ())):
            if one.stage in stages and one.outcome == "ok" and not self.known(plan, one.stage, one.subject):
                step = self._step(plan, one.stage, one.subject, one.result)
                self._commit(replace(step, reason=f"from step {one.seq}"))

    def known(self, plan: ReasoningStep, stage: str, subject: tuple[str, ...] = ()) -> ReasoningStep | None:
        """Return the last that the log holds of a stage of a task, None where it holds nothing."""
        steps = reversed(self.graph.thoughts.get(plan.plan, ()))
        return next((one for one in steps if (one.stage, one.subject) == (stage, subject)), None)

    def ask(self, plan: ReasoningStep, inquiry: Inquiry) -> ReasoningStep:
        """Return what a model says to one question; see `ask_all`."""
        return next(self.ask_all(plan, [inquiry]))

    def ask_all(self, plan: ReasoningStep, inquiries: Iterable[Inquiry]) -> Iterator[ReasoningStep]:
        """Yield what comes of the questions, in their order: an event each, usable or not, all of them committed.

        A question that the log holds the outcome of is not asked again. One whose reply cannot be used is asked once
        more, with what was wrong. Raises BudgetSpent before a question that the budget does not allow, LLMError where
        the model fails, BadInput where another process is at the same task.
        """
        if plan.plan not in self._mine:  # be the only one on this machine that asks them: two would pay twice
            try:
                self._lock(str(plan.plan), self._held)
            except TimeoutError:
                raise BadInput(
                    f"work {plan.plan} ({plan.task}) is under way in another process: wait until it has ended"
                ) from None
            self._mine.add(plan.plan)
        inquiries = list(inquiries)
        with ThreadPoolExecutor(self._width, thread_name_prefix="reason") as workers:
            for start in range(0, len(inquiries), self._width):
                at_once = inquiries[start : start + self._width]
                steps = [self.known(plan, one.stage, one.subject) for one in at_once]
                # A usable reply ends a question, and so does one that was asked again in vain.
                ended = {n for n, step in enumerate(steps) if step and (step.outcome == "ok" or step.repairs)}
                places = [n for n in range(len(at_once)) if n not in ended]
                replies = self._engine.ask(self._questions(plan, [(at_once[n], steps[n]) for n in places]), workers)
                try:
                    for left, (n, pending) in enumerate(zip(places, replies, strict=False), 1 - len(places)):
                        steps[n] = step = self._commit(pending)
                        reply = step.reply
                        is_refused = reply and (reply.finish_reason == REFUSED or refusal_in(reply.text))
                        if step.outcome != "ok" and not step.repairs and not is_refused:
                            again = self._questions(plan, [(at_once[n], step)], -left)
                            for pending_again in self._mender.ask(again, workers):
                                steps[n] = self._commit(pending_again, self._mender)
                except RunOver:  # somebody asked to stop while an endpoint was waited for
                    raise KeyboardInterrupt from None
                except LLMError as error:
                    if error.role not in self._engine.models:
                        raise
                    failure = type(error)(f"the {error.role} model failed: {error}")
                    failure.role = error.role
                    raise failure from None
                finally:  # where something ends it, what is under way is committed all the same
                    self._engine.cancel()
                    for pending in replies:
                        self._commit(pending)
                yield from filter(None, steps)

    def _lock(self, name: str, stack: ExitStack, seconds: float = 0.0) -> None:
        """Keep others on this machine off until the stack closes or this process ends; see what they have committed.

        Raises TimeoutError where another keeps this one off; -1 seconds wait for ever.
        """
        if self._locks:
            from filelock import FileLock

            try:
                self._locks.mkdir(parents=True, exist_ok=True, mode=0o700)
                stack.enter_context(FileLock(self._locks / f"{name}.lock", timeout=seconds, mode=0o600))
            except TimeoutError:
                raise
            except OSError as error:
                if not self._unprotected:  # there the same may be asked twice at once, too
                    where = f"{self._locks} cannot be written ({error.strerror})"
                    raise StoreError(f"{where}: set XDG_STATE_HOME to another") from None
        self.graph.apply_all(self._engine.store.events(self.graph.seq))

    def _questions(
        self, plan: ReasoningStep, inquiries: Iterable[tuple[Inquiry, ReasoningStep | None]], under_way: int = 0
    ) -> Iterator[_Question]:
        """Yield questions as they are sent, with what was wrong with the reply before where there is one.

        Raises where the budget does not allow one more, or somebody wants to stop.
        """
        for place, (inquiry, before) in enumerate(inquiries, under_way):
            prompt, repairs = inquiry.prompt, 0
            if before is not None and before.reply is not None:
                repairs = before.seq
                if before.reply.finish_reason not in {THINKING, BROKEN}:  # else the model did nothing wrong
                    prompt = repair(prompt, before.reply.text, before.reason, "that it asks for")
            model = self._engine.model(role_of_stage(plan.task, inquiry.stage))
            prompt = replace(prompt, max_tokens=reply_limit(prompt.max_tokens, getattr(model, "reply_tokens", None)))
            question = _Question(plan, inquiry, prompt, repairs)
            if self._stop():
                raise KeyboardInterrupt
            tokens, usd = self._budget.tokens, self._budget.usd
            if tokens is not None and self.spent.tokens >= tokens:
                raise BudgetSpent(f"the token budget of {tokens:,} is spent: raise it with --tokens and go on")
            size = len((question.prompt.system + question.prompt.user).encode())  # no token is shorter than a byte
            worst = model.price(Usage(size, question.prompt.max_tokens + room_to_think(model))) or 0.0
            if usd is not None and self.spent.usd + worst * (place + 1) > usd:
                raise BudgetSpent(f"the next question could cost more than {usd:g} USD allow: raise it with --usd")
            yield question

    def _pending(self, question: _Question, answer: Answer, seq: int) -> ReasoningStep:  # noqa: ARG002  # of no graph
        """Return a reply as it is kept: read already, which costs nothing; one that no reader can read is unusable."""
        inquiry, reply = question.inquiry, answer.reply
        step = self._step(question.plan, inquiry.stage, inquiry.subject, {})
        step = replace(step, prompt=answer.prompt, reply=reply, repairs=question.repairs)
        if reply.finish_reason in {THINKING, REFUSED, BROKEN}:
            said = parse(reply.text, reply.finish_reason).reason
            if reply.finish_reason == THINKING:
                said = f"The model spent its {reply.usage.completion_tokens:,} tokens on thinking."
            return replace(step, outcome="unusable", reason=storable(said))
        try:
            return replace(step, result=_storable(inquiry.read(reply.text)))
        except (Unreadable, GraphgrowError, RecursionError) as error:
            why = "The reply hit its length limit. " if reply.finish_reason == "length" else ""
            said = refusal_in(reply.text) or f"{why}{error if reply.text.strip() else BLANK}"
            return replace(step, outcome="unusable", reason=storable(said))

    def _step(self, plan: ReasoningStep, stage: str, subject: tuple[str, ...], result: Json) -> ReasoningStep:
        return ReasoningStep(0, plan.task, stage, result, plan.plan, subject, seed=self.seed)

    def _commit(self, step: ReasoningStep, engine: "Engine[_Question, ReasoningStep] | None" = None) -> ReasoningStep:
        """Append an event as the next one, also where another writer was faster: it depends on no other."""
        step = replace(step, at=self._now())
        while not (engine or self._engine).commit(event := replace(step, seq=self.graph.seq + 1)):
            pass
        if event.reply:
            self.spent.add(event.reply.usage, event.reply.usd, event.reply.seconds)
        return event


def _storable(value: Json) -> Json:
    """Return JSON whose texts a store can hold: a reply may spell half a character."""
    return cast("Json", json.loads(storable(json.dumps(value, ensure_ascii=False))))


def begin(reasoner: Reasoner, task: Task, request: Json, gather: Callable[[], Json]) -> ReasoningStep:
    """Return the plan of a task that was broken off and wants the same, else a new one with what the graph gives."""
    request = {"seed": reasoner.seed} | request
    with reasoner.planning():
        for plan, *_ in reversed(list(reasoner.graph.thoughts.values())):
            if plan.task == task and plan.result.get(REQUEST) == request and not reasoner.known(plan, END):
                return plan
        return reasoner.plan(task, {REQUEST: request} | gather())


def request_of(plan: ReasoningStep) -> dict[str, Any]:
    """Return what somebody wants of a task."""
    return cast("dict[str, Any]", plan.result[REQUEST])


def find_task(graph: Graph, seq: int, task: Task) -> ReasoningStep:
    """Return the plan of a task by its event; raises BadInput where that event begins none of this kind."""
    steps = graph.thoughts.get(seq, ())
    if steps and steps[0].task == task:
        return steps[0]
    known = [str(other) for other, (plan, *_) in graph.thoughts.items() if plan.task == task]
    hint = f"there are {', '.join(known[-6:])}" if known else "there is none yet"
    raise BadInput(f"step {seq} is no work of  graphgrow {task} : {hint}")


def outcome(graph: Graph, plan: ReasoningStep, form: type[T]) -> T | None:
    """Return what came of a task, None where it is not done; raises BadInput where the log holds something else."""
    ends = [one for one in graph.thoughts.get(plan.plan, ()) if one.stage == END]
    return from_json(ends[-1].result, form) if ends else None


def from_json(result: object, form: type[T]) -> T:
    """Return the value that the JSON of an event stands for; raises BadInput where it is none."""
    try:
        value: T = _adapter(cast("Any", form)).validate_python(result)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(f"the log holds no {form.__name__}: {where}: {first['msg']}") from None
    return value


def as_json(value: Any) -> Json:  # noqa: ANN401  # any value of ours
    """Return a value as the JSON of an event."""
    fields: Json = _adapter(cast("Any", type(value))).dump_python(value, mode="json", by_alias=True)
    return fields


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:  # noqa: ANN401  # a type
    return TypeAdapter(form)
