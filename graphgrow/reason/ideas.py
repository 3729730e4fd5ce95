"""`ideas`: hypotheses that begin where the graph has gaps, bridges and surprising relations (seeds.py), ranked.

Every idea is measured against the graph (hypotheses.py) and compared with others in both orders; it is ranked by the
share of comparisons that it won. A comparison that changes with the order is a half for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Unpack

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, ReasoningStep
from graphgrow.llm import LLM
from graphgrow.reason.context import spelled_in
from graphgrow.reason.hypotheses import GOAL, PARTS, Idea, inquiry, measured, question
from graphgrow.reason.judge import ORDERS, comparison, preferred
from graphgrow.reason.likeness import Likeness
from graphgrow.reason.seeds import Dials, Seed, seeds
from graphgrow.reason.thinking import Inquiry, Thinking
from graphgrow.reason.works import END, Options, as_json, begin, find, outcome, value
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

COUNT, MOST = 3, 20
ROUNDS = 2  # others after it that an idea is compared with, so twice as many in all


@dataclass(frozen=True, slots=True)
class Ideas:
    """The ideas of a work, best first. `agreement` is the share of comparisons that do not change with the order."""

    work: int
    goal: str
    dials: Dials
    ranked: tuple[Idea, ...]
    agreement: float | None = None
    reason: str = ""


def ideas(
    store: GraphStore,
    llm: LLM,
    *,
    count: int = COUNT,
    dials: Dials | None = None,
    goal: str = "",
    meanings: Meanings | None = None,
    **how: Unpack[Options],
) -> Ideas:
    """Return hypotheses about a graph, best first, and how far the order can be trusted. Every reply is an event.

    The same that was broken off is gone on with. Raises BadInput for a count or a dial out of range and for a graph
    without two related concepts, and what `Thinking.ask_all` raises.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"{count} ideas: ask for 1 to {MOST}")
    dials, goal, likeness = dials or Dials(), clean(goal)[:GOAL], Likeness(meanings)
    wanted: Json = {"count": count, "goal": goal, "dials": as_json(dials), "meanings": meanings is not None}
    with Thinking(store, llm, **how) as thinking:
        plan = begin(thinking, "ideas", wanted, lambda: _given(thinking.graph, dials, goal, likeness, count))
        return _ranked(thinking, plan, likeness)


def go_on(store: GraphStore, llm: LLM, seq: int, *, meanings: Meanings | None = None, **how: Unpack[Options]) -> Ideas:
    """Go on with a work that was broken off, by the event that began it; one that is done is not asked again.

    Raises BadInput where that event began no ideas.
    """
    with Thinking(store, llm, **how) as thinking:
        return _ranked(thinking, find(thinking.graph, seq, "ideas"), Likeness(meanings))


def found(graph: Graph, seq: int) -> Ideas | None:
    """Return the ideas that a work came to, None where it is not done; raises BadInput where it is none."""
    return outcome(graph, find(graph, seq, "ideas"), Ideas)


def _given(graph: Graph, dials: Dials, goal: str, likeness: Likeness, count: int) -> Json:
    """Return the seeds, each with the prompt that asks for its idea."""
    chosen = seeds(graph, dials, goal, likeness, count)
    if not chosen:
        raise BadInput("this graph holds no two related concepts to begin with: grow it first")
    prompts = [question(graph, one, dials, goal) for one in chosen]
    return {"topic": graph.topic, "seeds": [as_json(one) for one in chosen], "prompts": prompts}


def _ranked(thinking: Thinking, plan: ReasoningStep, likeness: Likeness) -> Ideas:
    done = outcome(thinking.graph, plan, Ideas)
    if done:
        return done
    chosen = [value(one, Seed) for one in _list(plan.result["seeds"])]
    prompts = [str(one) for one in _list(plan.result["prompts"])]
    graph, spellings = thinking.graph, spelled_in(thinking.graph)
    asked = [inquiry(graph, spellings, *one, plan.seed) for one in zip(chosen, prompts, strict=True)]
    replies = list(thinking.ask_all(plan, asked))
    drafts = [
        measured(graph, seed, one.result, likeness)
        for seed, one in zip(chosen, replies, strict=True)
        if one.outcome == "ok"
    ]
    result = _compared(thinking, plan, drafts, len(chosen) - len(drafts))
    thinking.note(plan, END, as_json(result))
    return result


def _list(part: object) -> list[Json]:
    return part if isinstance(part, list) else []


def _compared(thinking: Thinking, plan: ReasoningStep, drafts: Sequence[Idea], lost: int) -> Ideas:
    """Return the ideas of a work in their order, each compared with some others."""
    wanted = plan.result["wanted"]
    goal, dials = (str(wanted["goal"]), value(wanted["dials"], Dials)) if isinstance(wanted, dict) else ("", Dials())
    pairs = schedule(len(drafts))
    asked = [_comparison(plan, drafts, pair, goal, dials) for pair in pairs]
    verdicts = [preferred(one) for one in thinking.ask_all(plan, [one for both in asked for one in both])]
    points = [_points(a, b) for a, b in zip(verdicts[::2], verdicts[1::2], strict=True)]
    won: list[list[float]] = [[] for _ in drafts]
    for (one, other), (share, _) in zip(pairs, points, strict=True):
        won[one].append(share)
        won[other].append(1 - share)
    scored = [
        replace(idea, won=fmean(all_ or [0.5]), compared=len(all_)) for idea, all_ in zip(drafts, won, strict=True)
    ]
    agreement = fmean(is_agreed for _, is_agreed in points) if points else None
    ranked = tuple(sorted(scored, key=lambda idea: (-idea.won, -idea.novelty)))
    return Ideas(plan.seq, goal, dials, ranked, agreement, _reason(lost, agreement))


def schedule(count: int) -> list[tuple[int, int]]:
    """Return which ideas are compared, by place: every one with the ROUNDS that follow it in a ring."""
    pairs = [tuple(sorted((one, (one + by) % count))) for by in range(1, ROUNDS + 1) for one in range(count)]
    return [(a, b) for a, b in dict.fromkeys(pairs) if a != b]


def _comparison(
    plan: ReasoningStep, drafts: Sequence[Idea], pair: tuple[int, int], goal: str, dials: Dials
) -> tuple[Inquiry, Inquiry]:
    texts = [" ".join(getattr(drafts[place], name) for name in PARTS) for place in pair]
    use = f", where {goal} is wanted" if goal else ""
    question = f"Which hypothesis about {plan.result['topic']} is worth testing{use}?"
    criteria = ["plausible", "testable", "specific"]
    criteria += ["surprising"] if dials.novelty > 1 / 2 else []
    criteria += ["useful"] if dials.effectiveness > 1 / 2 else []
    name = " with ".join(str(place + 1) for place in pair)
    first, second = (
        comparison(f"compare {name}, {order}", question, (a, b), criteria=criteria, seed=plan.seed)
        for order, (a, b) in zip(ORDERS, (texts, texts[::-1]), strict=True)
    )
    return first, second


def _points(one: object, swapped: object) -> tuple[float, bool]:
    """Return the share of the first idea in both verdicts, and whether they agree."""
    points = {"1": 1.0, "2": 0.0}
    first, second = points.get(str(one), 0.5), 1 - points.get(str(swapped), 0.5)
    return fmean((first, second)), first == second


def _reason(lost: int, agreement: float | None) -> str:
    parts = [f"{lost} {'reply' if lost == 1 else 'replies'} could not be used." if lost else ""]
    if agreement is not None and agreement <= 1 / 2:
        parts.append(f"The order of ideas says little: {agreement:.0%} of the comparisons held when they were swapped.")
    return " ".join(filter(None, parts))
