"""`ideas`: hypotheses that begin where the graph has gaps, bridges and surprising relations (seeds.py), ranked.

Every idea is measured against the graph. Its novelty is

    (1 - s) / 2 + a / 2

where s is the greatest similarity (similarity.py) of the hypothesis to an existing relation, read as a sentence, among
those of its concepts and their neighbours, and a is the mean over every two of its concepts of how far they are apart
(seeds.distance). Then it is compared with others in both orders, and ranked by the share of comparisons that it won; a
comparison that changes with the order is a half for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import combinations, islice
from statistics import fmean
from typing import Unpack

from pydantic import BaseModel

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.display import card, line
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import COMPARING, Json, Prompt, ReasoningStep
from graphgrow.llm import LLM
from graphgrow.parse.forms import Unreadable, read, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.context import context_relation, keys_by_spelling, mentions
from graphgrow.reason.judge import ORDERS, comparison, preferred
from graphgrow.reason.paths import shortest
from graphgrow.reason.seeds import FAR, IdeaDials, IdeaSeed, distance, seeds
from graphgrow.reason.similarity import similarities
from graphgrow.reason.tasks import Inquiry, Options, Reasoner, as_json, begin, find_task, from_json, outcome, request_of
from graphgrow.reason.trust import trusted_graph
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

COUNT, MOST = 3, 20
ROUNDS = 2  # ideas after it that an idea is compared with, so twice as many in all
GOAL = 300  # characters
SENTENCE = 500
MAX_TOKENS = 320
IDEA = "idea"
FEWEST_RELATIONS, FURTHER_RELATIONS = 2, 4  # of a concept in a prompt; the further ones as far as feasibility goes
COMPARED = 400  # existing relations that a hypothesis is compared with
NEAREST = 3
CONCEPTS = 6  # of a hypothesis
PARTS = ("title", "hypothesis", "mechanism", "prediction", "test")

# What a prompt says of a dial that is low, in the middle, high.
NOVEL = (
    "Stay close to what is known: the next small step from it.",
    "Go a step beyond what is known.",
    "Surprise a specialist: join what nobody has joined, for a reason that holds.",
)
FEASIBLE = (
    "It need not be possible with the means of today.",
    "It can be tested within a few years.",
    "Any good laboratory can test it this year, with common materials and instruments.",
)
EFFECTIVE = (
    "It need not be of use.",
    "If it is true, it is of some use.",
    "If it is true, it changes what is wanted by a large and measurable amount.",
)


@dataclass(frozen=True, slots=True)
class NearRelation:
    """An existing relation in words, the events that said it, and how like a hypothesis it is, 0 to 1."""

    words: str
    steps: tuple[int, ...]
    likeness: float


@dataclass(frozen=True, slots=True)
class Idea:
    """A hypothesis: how it would work, what it predicts, what would show it false, and how new it is to the graph.

    `concepts` are the two it begins with, by key, `names` those two as people read them; `apart` is how many relations
    lie between them, -1 where no path joins them. `won` is the share of its `compared` comparisons that it won.
    """

    title: str
    hypothesis: str
    mechanism: str
    prediction: str
    test: str
    concepts: tuple[str, str]
    names: tuple[str, str]
    kind: str
    apart: int
    novelty: float
    nearest: tuple[NearRelation, ...]
    won: float = 0.5
    compared: int = 0

    def __repr__(self) -> str:
        return f"<Idea {line(self.title)!r}: {line(' and '.join(self.names))}, novelty {self.novelty:.2f}>"

    def _repr_html_(self) -> str:
        parts = {name: getattr(self, name) for name in ("hypothesis", "mechanism", "prediction", "test")}
        about = {"joins": " and ".join(self.names), "novelty": f"{self.novelty:.2f}", "won": f"{self.won:.2f}"}
        return card(self.title, parts | about)


@dataclass(frozen=True, slots=True)
class Ideas:
    """The ideas of a task, best first. `agreement` is the share of comparisons that do not change with the order."""

    work: int
    goal: str
    dials: IdeaDials
    ranked: tuple[Idea, ...]
    agreement: float | None = None
    reason: str = ""


class _IdeaReply(BaseModel):
    title: str
    hypothesis: str
    mechanism: str
    prediction: str
    test: str


def ideas(
    store: GraphStore,
    llm: LLM,
    *,
    count: int = COUNT,
    dials: IdeaDials | None = None,
    goal: str = "",
    meanings: Meanings | None = None,
    **how: Unpack[Options],
) -> Ideas:
    """Return hypotheses about a graph, best first, and how far the order can be trusted. Every reply is an event.

    They rest on what the graph trusts (trust.py). The same call continues what was broken off. Raises BadInput for a
    count or a dial out of range and for a graph without two related concepts, and what `Reasoner.ask_all` raises.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"{count} ideas: ask for 1 to {MOST}")
    dials, goal = dials or IdeaDials(), clean(goal)[:GOAL]
    request: Json = {"count": count, "goal": goal, "dials": as_json(dials), "meanings": meanings is not None}
    with Reasoner(store, llm, **how) as reasoner:

        def read() -> Json:
            with reasoner.trusted.explaining():
                return _plan(reasoner.trusted.graph, dials, goal, meanings, count)

        return _rank(reasoner, begin(reasoner, "ideas", request | reasoner.trusted.request, read), meanings)


def resume(
    store: GraphStore, llm: LLM, work: int, *, meanings: Meanings | None = None, **how: Unpack[Options]
) -> Ideas:
    """Go on with a task that was broken off, by the event that began it; one that is done is not asked again.

    Raises BadInput where that event began no ideas.
    """
    with Reasoner(store, llm, **how) as reasoner:
        return _rank(reasoner, find_task(reasoner.graph, work, "ideas"), meanings)


def load(graph: Graph, work: int) -> Ideas | None:
    """Return the ideas that a task came to, None where it is not done; raises BadInput where it is none."""
    return outcome(graph, find_task(graph, work, "ideas"), Ideas)


def _plan(graph: Graph, dials: IdeaDials, goal: str, meanings: Meanings | None, count: int) -> Json:
    """Return the seeds, each with the question that asks for its idea, in the words of the dials."""
    best = seeds(graph, dials, goal, meanings, count)
    if not best:
        raise BadInput("this graph holds no two related concepts to begin with: grow it first")
    relations = FEWEST_RELATIONS + round(FURTHER_RELATIONS * dials.feasibility)
    questions: list[str] = []
    for seed in best:
        one, other = seed.concepts
        between = [f'"{quoted(graph.name(key))}"' for key in shortest(graph, one, other, most=FAR)[1:-1]]
        apart = "They are related." if seed.apart == 1 else f"They are {seed.apart} relations apart."
        questions.append(
            fill(
                "idea",
                topic=quoted(graph.topic),
                goal=f'What is wanted: "{quoted(goal, GOAL)}".' if goal else "Nobody said what it is for.",
                one=quoted(graph.name(one)),
                other=quoted(graph.name(other)),
                why="No path of relations joins them." if seed.apart < 0 else apart,
                first=_relations(graph, one, relations),
                second=_relations(graph, other, relations),
                between=f"Between them lie {', '.join(between)}." if between else "",
                novelty=_words(NOVEL, dials.novelty),
                feasibility=_words(FEASIBLE, dials.feasibility),
                effectiveness=_words(EFFECTIVE, dials.effectiveness),
            )
        )
    return {"topic": graph.topic, "seeds": [as_json(seed) for seed in best], "prompts": questions}


def _relations(graph: Graph, key: str, count: int) -> str:
    """Return the relations of a concept that were said most often, in quotation marks."""
    best = nlargest(count, graph.incident[key], key=graph.support)
    names = [(graph.name(one.source), one.predicate, graph.name(one.target)) for one in best]
    return "; ".join(" - ".join(f'"{quoted(word)}"' for word in words) for words in names) or "nothing."


def _words(bands: Sequence[str], dial: float) -> str:
    return bands[min(len(bands) - 1, int(dial * len(bands)))]


def _rank(reasoner: Reasoner, plan: ReasoningStep, meanings: Meanings | None) -> Ideas:
    done = outcome(reasoner.graph, plan, Ideas)
    if done:
        return done
    request, graph = request_of(plan), reasoner.graph
    trusted = trusted_graph(graph, request.get("confidence", 0.0)).part
    goal, dials = str(request["goal"]), from_json(request["dials"], IdeaDials)
    starts, questions = from_json(plan.result["seeds"], list[IdeaSeed]), from_json(plan.result["prompts"], list[str])

    spellings = keys_by_spelling(graph)
    inquiries = [inquiry(graph, spellings, *one, plan.seed) for one in zip(starts, questions, strict=True)]
    steps = list(reasoner.ask_all(plan, inquiries))
    usable = [(seed, step) for seed, step in zip(starts, steps, strict=True) if step.outcome == "ok"]
    drafts = [measure_idea(trusted, seed, step.result, meanings) for seed, step in usable]

    pairs = schedule(len(drafts))
    criteria = ["plausible", "testable", "specific"]
    criteria += ["surprising"] if dials.novelty > 1 / 2 else []
    criteria += ["useful"] if dials.effectiveness > 1 / 2 else []
    use = f", where {goal} is wanted" if goal else ""
    question = f"Which hypothesis about {plan.result['topic']} is worth testing{use}?"
    texts = [" ".join(getattr(draft, name) for name in PARTS) for draft in drafts]
    inquiries = [
        comparison(f"{COMPARING}{a + 1} with {b + 1}, {order}", question, both, criteria=criteria, seed=plan.seed)
        for a, b in pairs
        for order, both in zip(ORDERS, ((texts[a], texts[b]), (texts[b], texts[a])), strict=True)
    ]
    points, failed = list[float](), ""
    try:
        for step in reasoner.ask_all(plan, inquiries):
            points.append({"1": 1.0, "2": 0.0}.get(preferred(step) or "", 0.5))
    except LLMError as error:
        if error.role != "judge" or not reasoner.has_judge:
            raise
        failed = str(error)
    won: list[list[float]] = [[] for _ in drafts]
    for (a, b), first, second in zip(pairs, points[::2], points[1::2], strict=not failed):
        share = fmean((first, 1 - second))
        won[a].append(share)
        won[b].append(1 - share)
    agreement = fmean(a == 1 - b for a, b in zip(points[::2], points[1::2], strict=not failed)) if points[1:] else None
    scored = [
        replace(draft, won=fmean(shares or [0.5]), compared=len(shares))
        for draft, shares in zip(drafts, won, strict=True)
    ]
    scored.sort(key=lambda idea: (-idea.won, -idea.novelty))

    lost, reasons = len(starts) - len(drafts), list[str]()
    if lost:
        reasons.append(f"{lost} {'reply' if lost == 1 else 'replies'} could not be used.")
    if agreement is not None and agreement <= 1 / 2:
        held = f"{agreement:.0%} of the comparisons held when they were swapped"
        reasons.append(f"The order of ideas says little: {held}.")
    if failed:
        held = "what it compared and novelty" if points else "novelty alone"
        said = f"{failed[:1].upper()}{failed[1:].rstrip('.')}"
        reasons.append(f"{said}: ideas are ranked by {held}, and the same command asks it again.")
    result = Ideas(plan.seq, goal, dials, tuple(scored), agreement, " ".join(reasons))
    if not failed:  # else the judge is asked again when somebody wants the same
        reasoner.end(plan, result)
    return result


def schedule(count: int) -> list[tuple[int, int]]:
    """Return which ideas are compared, by place: every one with the ROUNDS that follow it in a ring."""
    pairs = [tuple(sorted((one, (one + by) % count))) for by in range(1, ROUNDS + 1) for one in range(count)]
    return [(a, b) for a, b in dict.fromkeys(pairs) if a != b]


def inquiry(graph: Graph, spellings: Mapping[str, str], seed: IdeaSeed, question: str, number: int) -> Inquiry:
    """Return what asks for the hypothesis of a seed; `number` is the seed of the draw."""
    prompt = Prompt(template("idea_system"), question, schema(_IdeaReply), MAX_TOKENS, number)
    return Inquiry(IDEA, prompt, lambda text: _read(graph, spellings, text), seed.concepts)


def _read(graph: Graph, spellings: Mapping[str, str], text: str) -> Json:
    """Return the parts of an idea; raises Unreadable where one is empty or the hypothesis names nothing known."""
    parts = {name: clean(part)[:SENTENCE] for name, part in read(text, _IdeaReply).model_dump().items()}
    empty = [name for name, part in parts.items() if not part]
    if empty:
        raise Unreadable(f"{', '.join(empty)}: say something.")
    if not mentions(graph, parts["hypothesis"], spellings):
        raise Unreadable("hypothesis: name both concepts as the question does.")
    return dict(parts)


def measure_idea(graph: Graph, seed: IdeaSeed, parts: Mapping[str, object], meanings: Meanings | None) -> Idea:
    """Return an idea with its novelty measured against the graph."""
    title, hypothesis, mechanism, prediction, test = (str(parts[name]) for name in PARTS)
    one, other = map(graph.representative, seed.concepts)  # they may have been merged since they were chosen
    keys = list(dict.fromkeys([one, other, *mentions(graph, hypothesis)]))[:CONCEPTS]
    keys = [key for key in keys if key in graph.concepts]
    around = (relation for key in keys for relation in graph.incident[key])
    further = (relation for key in keys for near in graph.neighbours[key] for relation in graph.incident[near])
    tried = list(islice(dict.fromkeys([*around, *islice(further, COMPARED)]), COMPARED))
    existing = [context_relation(graph, relation, "") for relation in tried]
    scores = similarities(hypothesis, [relation.sentence for relation in existing], meanings)
    best = nlargest(NEAREST, zip(existing, scores, strict=True), key=lambda one: one[1])
    nearest = tuple(NearRelation(relation.sentence, relation.steps, round(score, 4)) for relation, score in best)
    steps = [len(shortest(graph, a, b, most=FAR)) - 1 for a, b in combinations(keys, 2)]
    apart = fmean(map(distance, steps)) if steps else 0.0
    closest = nearest[0].likeness if nearest else 0.0
    return Idea(
        title,
        hypothesis,
        mechanism,
        prediction,
        test,
        concepts=seed.concepts,
        names=(graph.name(one), graph.name(other)),
        kind=seed.kind,
        apart=seed.apart,
        novelty=round((1 - closest) / 2 + apart / 2, 4),
        nearest=nearest,
    )
