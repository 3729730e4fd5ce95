"""One step of growth: choose, render, ask, parse, resolve, measure, commit."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Delta, Expansion, Measures, Outcome, Proposal
from graphgrow.growth import arbiter, intents
from graphgrow.growth.topic import topic_of
from graphgrow.measure import measure
from graphgrow.parse.reply import PROSE, parse
from graphgrow.resolve.resolve import Resolver, resolve
from graphgrow.stores.outbox import PendingReply

if TYPE_CHECKING:
    from graphgrow.growth.loop import Growth


def step(run: "Growth", workers: ThreadPoolExecutor) -> Iterator[Expansion]:
    """Ask the next questions of a run, as many at once as it is wide, and yield what came of each once it is saved.

    The first step of a run asks nothing: it commits the replies that an earlier run had paid for.
    """
    graph, engine, settings = run.graph, run.engine, run.settings

    chosen = run.choose_next()  # what is asked, about which concepts, and why; nothing where the run is over
    questions = (run.render(one) for one in chosen)  # with a context that never grows with the graph
    for reply in chain(run.adopt(), engine.ask(questions, workers)):  # on disk before anything is made of it
        answer = reply.answer.reply
        proposal = parse(answer.text, answer.finish_reason, reply.question.form)  # what the model said
        while True:
            delta = resolve_reply(proposal, reply, graph, settings.resolver)  # what that means here
            measures = measure(graph, delta)
            event = expansion(graph, reply, proposal, delta, measures, seed=settings.seed, at=settings.now())
            if engine.commit(event):  # before the next paid call
                break
            topic_of(run.topic, graph)  # another writer was faster: for the graph as that left it
        yield event


def resolve_reply(proposal: Proposal, reply: PendingReply, graph: Graph, resolver: Resolver) -> Delta:
    """Return what a proposal means for a graph: relations, or a decision on two names, or questions to ask next."""
    focus = reply.question.focus
    match reply.question.form:
        case "arbitrate":
            return arbiter.resolve(proposal, focus, graph)
        case "intents":
            return intents.resolve(proposal, focus, graph, reply, resolver)
        case _:
            return resolve(proposal, graph, reply.topic, resolver)


def expansion(  # everything that an event holds
    graph: Graph, reply: PendingReply, proposal: Proposal, delta: Delta, measures: Measures, *, seed: int, at: str
) -> Expansion:
    """Return the event that a reply is for a graph as it stands."""
    question, answer = reply.question, reply.answer
    outcome, reason = outcome_of(proposal, delta, reply)
    return Expansion(
        seq=graph.seq + 1,
        topic=reply.topic,
        focus=question.focus,
        prompt=answer.prompt,
        reply=answer.reply,
        outcome=outcome,
        reason=reason,
        delta=delta,
        measures=measures,
        repairs=question.repairs,
        sample=question.sample,
        verifies=question.verifies,
        seed=seed,
        at=at,
        follows=question.follows,
        run=reply.run,
    )


def outcome_of(proposal: Proposal, delta: Delta, reply: PendingReply) -> tuple[Outcome, str]:
    """Return how a reply went, and in one sentence what was wrong with it or why it brought nothing; "" if all is well.

    Of a question that checks, arbitrates or asks what to ask, the sentence says what became of that.
    """
    if proposal.outcome not in {"ok", "truncated"} or (proposal.outcome == "truncated" and not proposal.questions):
        return proposal.outcome, proposal.reason
    match reply.question.form:
        case "check":
            return "ok", f"confirmed: {len(delta.support)}, put in another way: {len(delta.relations)}"
        case "arbitrate":
            return "ok", f"{proposal.verdict}: {proposal.reason}"
        case "intents" if delta.questions:
            count = f"{len(delta.questions)} of {len(proposal.questions)}"
            return proposal.outcome, f"the most different questions are asked next, {count}"
        case "intents":
            refused = f"No question to ask, refused: {len(delta.rejects)}."
            return "empty", refused if proposal.questions else "The model gives no question."
    if delta.relations:
        return "ok", ""
    if delta.support:
        return "ok", f"all {len(delta.support)} relations were known already"
    counts = Counter(reject.rule for reject in delta.rejects)
    rules = ", ".join(f"{count} {rule}" for rule, count in sorted(counts.items()))
    return "ok", f"nothing passed hygiene: {rules}" if rules else "the reply proposed nothing"


def is_failure(event: Expansion) -> bool:
    """Tell whether a reply says nothing for a reason that asking again could mend; an honest "nothing" is none."""
    delta = event.delta
    cut_off = event.outcome == "truncated" and not (delta.statements or delta.rejects or delta.questions)
    return event.outcome == "unusable" or event.reason == PROSE or cut_off


def now() -> str:
    """Return the time as events record it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")
