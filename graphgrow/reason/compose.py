"""Discoveries: reasoning along a path of the graph in four stages, each answer an event, so that none is paid twice.

    discovery = discover(store, llm)
    print(discovery.markdown())

or, to see each answer as it comes:

    with Thinking(store, llm) as thinking:
        plan = begin(thinking, Wanted(), local(store))
        for thought in think(thinking, plan):
            print(thought.stage, thought.result)
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Unpack

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.lookup import find
from graphgrow.graph.model import ReasoningStep, Task
from graphgrow.llm import LLM
from graphgrow.llm.embedders import LocalEmbedder
from graphgrow.reason.discovery import Discovery, discovered
from graphgrow.reason.layout import Layout, Wanted, as_json, laid, lay, route
from graphgrow.reason.stages import STAGES, inquiries
from graphgrow.reason.thinking import Thinking
from graphgrow.reason.works import Options
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

TASK: Task = "discover"


def discover(
    store: GraphStore,
    llm: LLM,
    source: str = "",
    target: str = "",
    *,
    wanted: Wanted | None = None,
    **how: Unpack[Options],
) -> Discovery:
    """Return the discovery along the path between two concepts, or along the longest shortest path; see `Wanted`.

    The same again goes on with what was broken off, and returns what is finished without a question. Raises BadInput
    where there is no such path, BudgetSpent and LLMError where it ends early: what was paid for is kept.
    """
    wanted = wanted or Wanted(source, target)
    with Thinking(store, llm, **how) as thinking:
        plan = begin(thinking, wanted, local(store))
        for _ in think(thinking, plan):
            pass
        return of(thinking.graph, plan.seq)


def local(store: GraphStore) -> Callable[[], Meanings]:
    """Return what opens the local embedder, with the store to keep its vectors; BadInput where it is not installed."""
    return lambda: Meanings(LocalEmbedder(), store)


def begin(
    thinking: Thinking, wanted: Wanted, meanings: Callable[[], Meanings], *, again: bool = False
) -> ReasoningStep:
    """Return the plan of the newest work that wants the same and is not finished, else a new one.

    One that is finished is returned too where path and model are the same, unless it is wanted `again`.
    """
    with thinking.beginning():
        return _begun(thinking, wanted, meanings, again=again)


def _begun(thinking: Thinking, wanted: Wanted, meanings: Callable[[], Meanings], *, again: bool) -> ReasoningStep:
    graph, model = thinking.graph, thinking.llm.name
    wanted = checked(graph, replace(wanted, seed=thinking.seed))
    same = [one for one in works(graph) if one.layout.wanted == wanted]
    for one in same:
        if not one.is_finished:
            return graph.thoughts[one.work][0]
    if wanted.takes:
        layout = of(graph, wanted.takes).layout.model_copy(update={"wanted": wanted, "model": model})
    else:
        layout = lay(graph, wanted, model, meanings)
    for one in same:
        if not again and (_keys(one.layout), one.layout.model) == (_keys(layout), model):
            return graph.thoughts[one.work][0]
    return thinking.plan(TASK, as_json(layout), subject=_keys(layout), takes=wanted.takes)


def _keys(layout: Layout) -> tuple[str, ...]:
    return tuple(one.key for one in layout.concepts)


def checked(graph: Graph, wanted: Wanted) -> Wanted:
    """Return what is wanted with concepts by their keys.

    Raises BadInput for a concept that is not there, with the nearest names, and where nothing connects the two ends.
    """
    ends = [find(graph, name) if name else "" for name in (wanted.source, wanted.target)]
    keyed = replace(wanted, source=ends[0], target=ends[1], via=tuple(find(graph, name) for name in wanted.via))
    if any((*ends, *keyed.via)):
        route(graph, replace(keyed, waypoints=0), None)
    if keyed.takes:
        of(graph, keyed.takes)
    return keyed


def think(thinking: Thinking, plan: ReasoningStep) -> Iterator[ReasoningStep]:
    """Yield what comes of each question of a work, stage by stage, known answers included."""
    layout = of(thinking.graph, plan.seq).layout
    if layout.wanted.stage:
        thinking.inherit(plan, STAGES[: STAGES.index(layout.wanted.stage)])
    for stage in STAGES:
        said = of(thinking.graph, plan.seq).statements
        yield from thinking.ask_all(plan, inquiries(stage, layout, said, thinking.seed))


def works(graph: Graph) -> list[Discovery]:
    """Return the discoveries of a graph, the newest first."""
    plans = [seq for seq, (plan, *_) in graph.thoughts.items() if plan.task == TASK and laid(plan.result)]
    return [of(graph, seq) for seq in sorted(plans, reverse=True)]


def of(graph: Graph, seq: int) -> Discovery:
    """Return the discovery of a work by its number; raises BadInput where there is none."""
    thoughts = graph.thoughts.get(seq, [])
    found = discovered(thoughts) if thoughts and thoughts[0].task == TASK else None
    if found is None:
        known = ", ".join(str(one.work) for one in works(graph)) or "there is none yet"
        raise BadInput(f"there is no discovery {seq} in this graph: {known}")
    return found
