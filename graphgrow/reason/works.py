"""A work from its directive to its end: begun or gone on with, found again in the log, read back from its last event."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar

from pydantic import TypeAdapter, ValidationError

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, Json, ReasoningStep, Task
from graphgrow.reason.thinking import Thinking

END = "end"  # the stage that holds what came of a work
T = TypeVar("T")


class Options(TypedDict, total=False):
    """How a work is done, as `Thinking` takes it; all of it can be left out."""

    seed: int
    width: int
    budget: Budget | None
    now: Callable[[], str]
    stop: Callable[[], bool]


def begin(thinking: Thinking, task: Task, wanted: Json, gather: Callable[[], Json]) -> ReasoningStep:
    """Return the plan of a work that was broken off and wants the same, else a new one with what the graph gives."""
    wanted = {"seed": thinking.seed} | wanted
    with thinking.beginning():
        for works in reversed(list(thinking.graph.thoughts.values())):
            plan = works[0]
            if plan.task == task and plan.result.get("wanted") == wanted and not is_done(thinking.graph, plan):
                return plan
        return thinking.plan(task, {"wanted": wanted} | gather())


def is_done(graph: Graph, plan: ReasoningStep) -> bool:
    """Tell whether a work came to its end."""
    return any(one.stage == END for one in graph.thoughts.get(plan.plan, ()))


def find(graph: Graph, work: int, task: Task) -> ReasoningStep:
    """Return the plan of a work by its event; raises BadInput where that event begins none of this task."""
    works = graph.thoughts.get(work, ())
    if works and works[0].task == task:
        return works[0]
    known = [str(seq) for seq, (plan, *_) in graph.thoughts.items() if plan.task == task]
    hint = f"there are {', '.join(known[-6:])}" if known else "there is none yet"
    raise BadInput(f"event {work} is no work of  graphgrow {task} : {hint}")


def outcome(graph: Graph, plan: ReasoningStep, form: type[T]) -> T | None:
    """Return what came of a work, None where it is not done; raises BadInput where the log holds something else."""
    ends = [one for one in graph.thoughts.get(plan.plan, ()) if one.stage == END]
    return value(ends[-1].result, form) if ends else None


def value(result: Mapping[str, object], form: type[T]) -> T:
    """Return the value that the JSON of an event stands for; raises BadInput where it is none."""
    try:
        return TypeAdapter(form).validate_python(result)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(f"the log holds no {form.__name__}: {where}: {first['msg']}") from None


def as_json(thing: Any) -> Json:  # noqa: ANN401  # any value of ours
    """Return a value as the JSON of an event."""
    found: Json = TypeAdapter(type(thing)).dump_python(thing, mode="json")
    return found


def tokens(graph: Graph, plan: ReasoningStep, *stages: str) -> int:
    """Return how many tokens the replies of some stages of a work took, those that could not be used included."""
    return sum(one.reply.usage.tokens for one in graph.thoughts.get(plan.plan, ()) if one.reply and one.stage in stages)
