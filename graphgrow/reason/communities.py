"""`describe`: what the communities of a graph are about, a name and a sentence each, from the relations inside them.

Only relations that the graph trusts are read. What came of it is kept like every other work with the graph, and found
again by the leading concepts of a community, which it keeps for longer than its number of members.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack, cast

from pydantic import BaseModel, Field

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import confidence
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Prompt, ReasoningStep, Relation
from graphgrow.llm import LLM
from graphgrow.measure.communities import SMALLEST, Membership, partition
from graphgrow.parse.forms import Unreadable, read, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.tasks import Inquiry, Options, Reasoner, as_json, begin, find_task, from_json, outcome
from graphgrow.stores import GraphStore

COUNT, MOST = 8, 50  # communities
LINES = 24  # relations of a community that a model reads
NAME, SENTENCE = 60, 300  # characters
MAX_TOKENS = 120
SHARED = 2  # leading concepts that a community has to have kept
CLASS, SHARE = "is a", 0.15  # the predicate that names a class, and how many concepts it has to cover
STAGE = "describe"


@dataclass(frozen=True, slots=True)
class CommunitySummary:
    """A name and a sentence for a community of `size` concepts, led by `concepts` (keys); both "" where none came."""

    name: str
    sentence: str
    concepts: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class CommunitySummaries:
    """What came of a work: the summaries, the largest community first, and why some are missing."""

    work: int
    summaries: tuple[CommunitySummary, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CommunityLines:
    """What a model is told about a community: the keys that lead it, its size, and its surest relations."""

    concepts: tuple[str, ...]
    size: int
    lines: tuple[str, ...]


class _SummaryReply(BaseModel):
    name: str = Field(max_length=4 * NAME)
    about: str = Field(max_length=4 * SENTENCE)


def describe(store: GraphStore, llm: LLM, *, count: int = COUNT, **how: Unpack[Options]) -> CommunitySummaries:
    """Ask a model what each of the `count` largest communities is about; every reply is an event.

    The same call continues work that was broken off. Raises BadInput where nothing is trusted or no community has
    three concepts, and what `Reasoner.ask_all` raises.
    """
    if not 1 <= count <= MOST:
        raise BadInput(f"{count} communities: give 1 to {MOST}")
    with Reasoner(store, llm, **how) as reasoner:

        def gather() -> Json:
            graph = reasoner.trusted.graph
            membership, communities = partition(reasoner.graph)
            told = [
                CommunityLines(one.name, one.size, tuple(lines(graph, membership, one.number)))
                for one in communities
                if one.size >= SMALLEST
            ]
            kept = [as_json(one) for one in told if one.lines][:count]
            if not kept:
                raise BadInput("no community of three concepts or more has relations to tell: grow the graph first")
            return {"topic": graph.topic, "communities": kept}

        request: Json = {"count": count, "seq": reasoner.graph.seq}
        pending = _unfinished(reasoner.graph)
        plan = pending or begin(reasoner, "describe", request | reasoner.trusted.request, gather)
        return _summaries(reasoner, plan)


def _unfinished(graph: Graph) -> ReasoningStep | None:
    """Return the newest work of this kind, where it has not come to its end."""
    works = [works for works in graph.thoughts.values() if works[0].task == "describe"]
    return works[-1][0] if works and outcome(graph, works[-1][0], CommunitySummaries) is None else None


def load(graph: Graph, work: int) -> CommunitySummaries | None:
    """Return what a work came to, None where it is not done; raises BadInput where it is none of this kind."""
    return outcome(graph, find_task(graph, work, "describe"), CommunitySummaries)


def _summaries(reasoner: Reasoner, plan: ReasoningStep) -> CommunitySummaries:
    told, inquiries = _told(plan), list[Inquiry]()
    for one in told:
        user = fill("describe", topic=quoted(str(plan.result["topic"])), lines="\n".join(one.lines))
        prompt = Prompt(template("describe_system"), user, schema(_SummaryReply), MAX_TOKENS, plan.seed)
        inquiries.append(Inquiry(STAGE, prompt, _read, one.concepts))
    summaries, failed = list[CommunitySummary](), 0
    for one, step in zip(told, reasoner.ask_all(plan, inquiries), strict=True):
        said = step.result if step.outcome == "ok" else {}
        failed += not said
        name, sentence = str(said.get("name", "")), str(said.get("about", ""))
        summaries.append(CommunitySummary(name, sentence, one.concepts, one.size))
    reason = f"{failed} of {len(told)} replies could not be used" if failed else ""
    done = CommunitySummaries(plan.seq, tuple(summaries), reason)
    reasoner.end(plan, done)
    return done


def _told(plan: ReasoningStep) -> list[CommunityLines]:
    return [from_json(one, CommunityLines) for one in cast("list[object]", plan.result.get("communities", []))]


def _read(text: str) -> Json:
    said = read(text, _SummaryReply)
    name, about = clean(said.name)[:NAME], clean(said.about)[:SENTENCE]
    if not name or not about:
        raise Unreadable("it names nothing, or says nothing about it")
    return {"name": name, "about": about}


def inside(graph: Graph, membership: Membership, number: int) -> list[Relation]:
    """Return the relations of a graph within a community, the surest and then the most central first."""
    within = [one for one in graph.relations if all(membership.get(end) == number for end in one.ends)]
    return sorted(
        within,
        key=lambda one: (-round(confidence(graph, one), 1), -sum(graph.degree(end) for end in one.ends), one.ends),
    )


def lines(graph: Graph, membership: Membership, number: int) -> list[str]:
    """Return what a model is told about a community: its surest relations, in quotation marks."""
    told = inside(graph, membership, number)[:LINES]
    parts = ((graph.name(one.source), one.predicate, graph.name(one.target)) for one in told)
    return [" ".join(f'"{quoted(part)}"' for part in three) for three in parts]


def in_words(graph: Graph, membership: Membership, number: int, leading: Sequence[str]) -> CommunitySummary:
    """Return a summary of a community that no model was asked for: its class if it has one, and what is said most.

    `graph` holds the relations that are trusted, `leading` are the keys of its most central concepts.
    """
    members = [key for key, its in membership.items() if its == number]
    relations = inside(graph, membership, number)
    classes = Counter(
        one.target for one in graph.relations if one.predicate == CLASS and membership.get(one.source) == number
    )
    classes.pop(graph.topic_key, None)
    names = ", ".join(graph.name(key) for key in leading)
    best = next(iter(classes.most_common(1)), ("", 0))
    is_class = best[1] >= max(SMALLEST, SHARE * len(members))
    name = f"{graph.name(best[0])}: {names}" if is_class and best[0] not in leading else names
    if not relations:
        return CommunitySummary(name, "No relation inside it is trusted yet.", tuple(leading), len(members))
    kinds = Counter(one.predicate for one in relations).most_common(3)
    said = [f"{graph.name(r.source)} {r.predicate} {graph.name(r.target)}" for r in relations[:2]]
    often = ", ".join(f"“{predicate}” ({count})" for predicate, count in kinds)
    sentence = f"What its relations say most often: {often}; most trusted: {'; '.join(said)}."
    return CommunitySummary(name, sentence, tuple(leading), len(members))


def described(graph: Graph) -> list[tuple[int, CommunitySummary]]:
    """Return the summaries that models gave, the newest first, each with the step that holds its reply."""
    found: list[tuple[int, CommunitySummary]] = []
    for plan, *steps in reversed(graph.thoughts.values()):
        if plan.task == "describe":
            sizes = {one.concepts: one.size for one in _told(plan)}
            found += [
                (one.seq, CommunitySummary(str(one.result["name"]), str(one.result["about"]), one.subject,
                                           sizes.get(one.subject, 0)))
                for one in steps if one.stage == STAGE and one.outcome == "ok"
            ]  # fmt: skip
    return found


def summary_of(graph: Graph, membership: Membership, number: int) -> tuple[int, CommunitySummary] | None:
    """Return what a model last said of a community, with the step of it: two leading concepts have to be its own."""
    for seq, one in described(graph):
        kept = sum(membership.get(graph.representative(key)) == number for key in one.concepts)
        if kept >= min(SHARED, len(one.concepts)):
            return seq, one
    return None
