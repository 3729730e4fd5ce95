"""One step of growth: choose, render, ask, parse, resolve, measure, commit."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import Protocol

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import CUT, Delta, Expansion, FactCheck, Measures, Outcome, Proposal, Question, Reply
from graphgrow.graph.thinking import split_thinking
from graphgrow.growth import arbiter, fact_check, intents
from graphgrow.growth.engine import Engine
from graphgrow.growth.settings import Chosen, Settings
from graphgrow.growth.topic import check_same_topic
from graphgrow.measure import measure
from graphgrow.parse.reply import PROSE, parse
from graphgrow.prompts.forms import DEFAULT_SIZE, as_asked_for
from graphgrow.resolve.resolve import Resolver, resolve, resolve_facet
from graphgrow.stores.outbox import PendingReply


class GrowthRun(Protocol):
    """What a step has to know of the run that it belongs to: `Growth` in loop.py."""

    graph: Graph
    topic: str
    settings: Settings
    engine: Engine[Question, PendingReply]

    def choose_next(self) -> list[Chosen]:
        """Return what is asked next, about which concepts and why; nothing where the run is over."""

    def render(self, chosen: Chosen) -> Question:
        """Return a question in words, as the graph stands now."""

    def adopt(self) -> Iterator[PendingReply]:
        """Yield, once, the replies that an earlier run had paid for and could not commit."""


def step(run: GrowthRun, workers: ThreadPoolExecutor) -> Iterator[Expansion | FactCheck]:
    """Ask the next questions of a run, as many at once as it is wide, and yield what came of each once it is saved.

    The first step of a run asks nothing: it commits the replies that an earlier run had paid for.
    """
    graph, engine, settings = run.graph, run.engine, run.settings
    known = settings.resolver.known
    meanings = known.meanings if known else None

    chosen = run.choose_next()  # what is asked, about which concepts, and why; nothing at first, and at the end
    questions = (run.render(one) for one in chosen)  # put in words as they are sent; their size is bounded
    with closing(engine.ask(questions, workers)) as asked:  # each reply is on disk before anything is made of it
        for pending in chain(run.adopt(), asked):
            reply = pending.answer.reply
            said = parse(reply.text, reply.finish_reason, pending.question.form)  # what the model said
            proposal = as_asked_for(said, pending.answer.prompt)  # as far as it was asked
            while True:
                seed, at = settings.seed, settings.now()
                if pending.question.form == "fact_check":  # how sure the graph may be of what it holds
                    event: Expansion | FactCheck = fact_check.make_event(graph, pending, seed=seed, at=at)
                else:
                    delta = resolve_reply(proposal, pending, graph, settings.resolver)  # what that means here
                    measures = measure(graph, delta)  # counts of the graph as it will be after that
                    event = make_expansion(graph, pending, proposal, delta, measures, seed=seed, at=at)
                    event = replace(event, embedding=meanings.unbilled if meanings else None)
                if engine.commit(event):  # saved and folded into the graph before anything else is asked
                    if meanings and isinstance(event, Expansion):
                        meanings.billed()
                    break
                check_same_topic(run.topic, graph)  # another writer was first: again, with what that one wrote
            yield event


def resolve_reply(proposal: Proposal, reply: PendingReply, graph: Graph, resolver: Resolver) -> Delta:
    """Return what a proposal means for a graph: relations, or a decision on two names, or questions to ask next.

    A strong model's verb stays itself where the vocabulary has no place for it.
    """
    question, focus, most = reply.question, reply.question.focus, reply.question.asked_for or DEFAULT_SIZE.most
    if question.is_strong:
        resolver = replace(resolver, predicate=resolver.verb)
    match question.form:
        case "arbitrate":
            return arbiter.resolve(proposal, focus, graph)
        case "facet":
            return resolve_facet(proposal, focus, graph, reply.topic, resolver, most)
        case "intents":
            return intents.resolve(proposal, focus, graph, reply.topic, resolver, most)
        case _:
            return resolve(proposal, graph, reply.topic, resolver)


def make_expansion(  # everything that an event holds
    graph: Graph, reply: PendingReply, proposal: Proposal, delta: Delta, measures: Measures, *, seed: int, at: str
) -> Expansion:
    """Return the event that a reply is for a graph as it stands: what was asked, what was said, what came of it."""
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
        is_strong=question.is_strong,
        asked_for=question.asked_for,
    )


def outcome_of(proposal: Proposal, delta: Delta, reply: PendingReply) -> tuple[Outcome, str]:
    """Return how a reply went, and in one sentence what was wrong with it or why it brought nothing; "" if all is well.

    Of a question that checks, arbitrates or asks what to ask, the sentence says what became of that.
    """
    answer = reply.answer.reply
    if proposal.outcome == "thinking" or is_all_thinking(answer):
        again = ": the same is asked again, with more" if proposal.outcome == "thinking" else ""
        tokens = f"{answer.usage.completion_tokens:,}"
        return proposal.outcome, f"The model spent its {tokens} tokens on thinking, and none was left to answer{again}."
    is_readable = proposal.outcome == "ok" or (proposal.outcome == "truncated" and bool(proposal.questions))
    if not is_readable:
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


def is_all_thinking(reply: Reply) -> bool:
    """Tell whether a reply was cut off before its answer began."""
    return reply.finish_reason == CUT and not split_thinking(reply.text)[0].strip()


def is_failure(event: Expansion) -> bool:
    """Tell whether a reply says nothing for a reason that asking again could mend; an honest "nothing" is none."""
    delta = event.delta
    cut_off = event.outcome == "truncated" and not (
        delta.relations or delta.support or delta.rejects or delta.questions
    )
    return event.outcome == "unusable" or event.reason == PROSE or cut_off
