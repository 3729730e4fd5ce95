"""One step without its model and store: what an answer is as an event, for a graph as it stands, and how it went."""

from datetime import UTC, datetime

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Answer, Delta, Expansion, Focus, Json, Proposal, Question
from graphgrow.measure import measure
from graphgrow.parse.reply import PROSE, parse, reply_schema, survey_schema
from graphgrow.prompts.render import SURVEY, kind
from graphgrow.resolve.hygiene import counts
from graphgrow.resolve.resolve import Resolver, resolve


def schema_of(focus: Focus, predicates: tuple[str, ...] = ()) -> Json:
    """Return the schema of the reply to a question; an endpoint that takes it is held to the predicates, if any."""
    return (survey_schema if kind(focus.angle) == SURVEY else reply_schema)(predicates)


def now() -> str:
    """Return the time as events record it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def expansion(
    graph: Graph, topic: str, question: Question, answer: Answer, resolver: Resolver, *, seed: int, at: str
) -> Expansion:
    """Return the event that an answer is for a graph as it stands."""
    reply = answer.reply
    proposal = parse(reply.text, reply.finish_reason)
    delta = resolve(proposal, graph, topic, resolver)
    return Expansion(
        seq=graph.seq + 1,
        topic=topic,
        focus=question.focus,
        prompt=answer.prompt,
        reply=reply,
        outcome=proposal.outcome,
        reason=_verified(delta) if question.verifies and proposal.outcome == "ok" else explain(proposal, delta),
        delta=delta,
        measures=measure(graph, delta),
        repairs=question.repairs,
        sample=question.sample,
        verifies=question.verifies,
        seed=seed,
        at=at,
        follows=question.follows,
    )


def is_failure(event: Expansion) -> bool:
    """Tell whether a reply says nothing for a reason that asking again could mend; an honest "nothing" is none."""
    delta = event.delta
    cut_off = event.outcome == "truncated" and not (delta.statements or delta.rejects or delta.questions)
    return event.outcome == "unusable" or event.reason == PROSE or cut_off


def _verified(delta: Delta) -> str:
    """Return in one sentence what became of the claims that a question had the model choose among."""
    return f"confirmed: {len(delta.support)}, put in another way: {len(delta.relations)}"


def explain(proposal: Proposal, delta: Delta) -> str:
    """Return in one sentence what was wrong with a reply or why it brought nothing; "" where all is well."""
    if proposal.outcome != "ok":
        return proposal.reason
    if delta.relations:
        return ""
    if delta.support:
        return f"all {len(delta.support)} relations were known already"
    rules = ", ".join(f"{count} {rule}" for rule, count in sorted(counts(delta.rejects).items()))
    return f"nothing passed hygiene: {rules}" if rules else "the reply proposed nothing"
