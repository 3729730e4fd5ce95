"""The loop: step after step until a budget, the graph or a person ends it; each event is saved before the next call."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import islice
from typing import Self

from graphgrow.errors import LLMError
from graphgrow.graph.display import card, line
from graphgrow.graph.events import formed
from graphgrow.graph.graph import Bill
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import (
    ASIDE,
    DEFAULT_BUDGET,
    Answer,
    Asks,
    Budget,
    Expansion,
    FactCheck,
    Focus,
    Question,
    Relation,
    Usage,
)
from graphgrow.growth import arbiter, fact_check, intents, samples
from graphgrow.growth.engine import Engine
from graphgrow.growth.settings import Chosen, Ending, Settings
from graphgrow.growth.step import is_failure, step
from graphgrow.growth.topic import check_same_topic, topic_of
from graphgrow.llm import LLM, checks_facts
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import directed_focus, directives_for, is_allowed
from graphgrow.prompts.forms import FORMS
from graphgrow.prompts.render import SMALL_ROOM, check, render, repair
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder

MOST_FAILURES = 5
MOST_AT_ONCE = 256


class Growth:
    """One `grow` call on one graph: iterate over it for the events as they are committed, then read `ending`."""

    def __init__(self, topic: str | None, store: GraphStore, llm: LLM, settings: Settings) -> None:
        self.graph = store.graph()
        self.topic = topic_of(topic, self.graph)
        self.settings = settings
        self.ending: Ending = ""
        self.steps = 0
        self.adopted = 0
        self.outbox = Outbox(state_folder(store.url), PendingReply, unprotected=settings.unprotected)
        self.engine = Engine(self.graph, store, llm, self.outbox, self._pending)
        self._started = settings.timer()
        self._spent = Bill()
        self._failures = 0
        self._asks_topic = True  # False: about doubts alone
        self._unanswered = 0  # fact checks, one after the other
        self._checks_facts = settings.fact_check > 0 and checks_facts(llm)
        self._has_begun = self._is_asking = self._is_over = False
        self._left: list[Expansion] = []  # unusable replies of earlier runs
        self._broken: list[Expansion] = []  # unusable replies of this round
        self._foci: list[Focus] = []  # of this round, as long as its samples are not checked
        self._round: list[Expansion] = []

    def __iter__(self) -> Iterator[Expansion]:
        self._has_begun = self._is_asking = self._is_over = False
        at_once = min(self.settings.width * self.settings.samples, MOST_AT_ONCE)
        with self.outbox, ThreadPoolExecutor(self.settings.workers or at_once, thread_name_prefix="ask") as workers:
            while not self._is_over:
                events, is_left = step(self, workers), False
                try:
                    for event in events:
                        self._count(event)
                        if isinstance(event, Expansion):
                            yield event
                except GeneratorExit:
                    is_left = True
                    raise
                finally:  # where nobody looks any more, what was asked is committed all the same
                    self.engine.cancel()
                    with suppress(LLMError) if is_left else nullcontext():
                        for event in events:
                            self._count(event)
                    if self.engine.left:  # no disk keeps what was broken off
                        self._has_begun = False
                        for event in step(self, workers):
                            self._count(event)

    def run(self) -> Self:
        """Grow to the end and return this; every event is saved on the way."""
        for _ in self:
            pass
        return self

    def arbitrate(self) -> Iterator[Expansion]:
        """Ask the model about the names that may be one concept, and about nothing else, while the budget lasts."""
        self._asks_topic = False
        try:
            yield from self
        finally:
            self._asks_topic = True

    def adopt(self) -> Iterator[PendingReply]:
        """Yield, once, the replies that an earlier run had paid for and could not commit."""
        if self._has_begun:
            return
        self._has_begun = True
        for kept in self.engine.adopt():
            question = replace(kept.question, focus=formed(kept.question.focus))
            reply = replace(kept, topic=self.topic, question=question)
            if canonical(kept.topic) != canonical(self.topic) or reply.seq > self.graph.seq:
                continue  # of another graph that was kept under this name: left where it is
            sent = reply.answer.prompt, replace(reply.answer.reply, logprobs=())
            later = (one for one in self.engine.store.events(reply.seq) if isinstance(one, Expansion | FactCheck))
            if any((one.prompt, one.reply) == sent for one in later):  # it reached the store before
                self.engine.drop()
                continue
            yield reply
        since = min(self.graph.unmended, default=0) - 1
        if since >= 0:  # replies that a run was stopped before it could ask to mend
            events = (one for one in self.engine.store.events(since) if one.seq in self.graph.unmended)
            self._left = [one for one in events if isinstance(one, Expansion)]

    def choose_next(self) -> list[Chosen]:
        """Return what is asked next; nothing at the first call, and where the run is over, which it then says.

        First replies are mended that could not be used, then claims of several samples are checked, then it is asked
        whether what was said is true, and names are compared that may be one concept, none of which counts as a step;
        then the policy chooses.
        """
        if not self._has_begun:
            return []
        self._is_asking = True
        settings, graph = self.settings, self.graph
        self.ending = self._ending()
        if self._left and self._asks_topic and not self.ending:
            count = settings.width * settings.samples
            allowed_ones = [one for one in self._left if is_allowed(graph, one.focus)]
            mended, self._left = allowed_ones[:count], allowed_ones[count:]
            if mended:
                return [self._mend(one) for one in mended]
        if self.ending in {"", "steps"}:
            if self._broken:
                self._look()
                broken, self._broken = self._broken, []
                if mends := [self._mend(one) for one in broken if is_allowed(graph, one.focus)]:
                    return mends
            if self._foci and settings.samples > 1:
                self._look()
                foci, self._foci = [focus for focus in self._foci if is_allowed(graph, focus)], []
                if checks := [
                    Chosen(focus, doubts=doubts, verifies=first)
                    for focus, doubts, first in samples.doubtful(self._round, foci, graph)
                ]:
                    return checks
            if self._checks_facts and self._unanswered < MOST_FAILURES:
                self._look()
                claims = fact_check.due(graph, settings.fact_check, settings.width)
                if claims := claims[: self._affordable(claims)]:
                    return [Chosen(fact_check.focus(graph, claim), claim=claim) for claim in claims]
            if settings.arbiter or not self._asks_topic:
                allowed = (focus for focus in arbiter.doubtful(graph) if is_allowed(graph, focus))
                if doubts := [Chosen(focus) for focus in islice(allowed, settings.width)]:
                    return doubts
        if self.ending or not self._asks_topic:
            self._is_over = True
            return []

        self._look()
        self._foci, self._round = self.choose(), []
        if not self._foci:
            self.ending, self._is_over = "exhausted", True
        return self._asked(self._foci)

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        graph, settings = self.graph, self.settings
        rng = random.Random(f"{settings.seed}:{graph.seq}")
        left = settings.budget.steps
        width = settings.width if left is None else min(settings.width, left - self.steps)
        if not settings.intents:
            return settings.policy.choose(graph, canonical(self.topic), rng, width)
        foci: list[Focus] = []  # questions of the model's own that wait, as far as people want nothing else asked first
        waiting = [focus for focus in intents.waiting(graph) if is_allowed(graph, focus)]
        while waiting and len(foci) < width:
            foci.append(directed_focus(graph, rng, foci) or waiting.pop(0))
        foci = foci or settings.policy.choose(graph, canonical(self.topic), rng, width)
        return [intents.opened(focus, graph) for focus in foci]

    def questions(self, foci: Sequence[Focus]) -> Iterator[Question]:
        """Yield what a round asks: every question as often as it is sampled, one for intents once."""
        return map(self.render, self._asked(foci))

    def question(self, focus: Focus) -> Question:
        """Return the question for a focus as the graph stands now, with the directives that it follows."""
        return self.render(self._asked([focus])[0])

    def render(self, chosen: Chosen) -> Question:
        """Return a question in words, as the graph stands now."""
        graph, settings, focus, directives = self.graph, self.settings, chosen.focus, chosen.directives
        seed = settings.seed + graph.seq
        if chosen.claim:
            return fact_check.question(graph, chosen.claim, seed)
        if chosen.mends:
            event, example = chosen.mends, FORMS["check" if chosen.verifies else focus.form].example
            prompt = repair(event.prompt, event.reply.text, event.reason, example)
            if prompt.asks is None:  # it was read from the log, which does not keep this
                prompt = replace(prompt, asks=Asks(focus.form, tuple(map(graph.name, focus.concepts))))
            return Question(focus, prompt, None, event.seq, event.sample, event.verifies, event.follows)
        if chosen.doubts:
            prompt = check(focus, chosen.doubts, graph, predicates=settings.predicates, seed=seed)
            return Question(focus, prompt, verifies=chosen.verifies)
        prompt, smaller = (
            render(
                focus,
                graph,
                self.topic,
                seed=seed + chosen.sample,
                room=room,
                predicates=settings.predicates,
                variants=settings.variants,
                instructions=[one for one in directives if one.change.do == "instruct"],
                intents=2 * settings.intents,
            )
            for room in (1.0, SMALL_ROOM)
        )
        has_smaller = focus.form not in ASIDE  # these list little that is known
        follows = tuple(one.seq for one in directives)
        return Question(focus, prompt, smaller if has_smaller else None, sample=chosen.sample, follows=follows)

    def _asked(self, foci: Sequence[Focus]) -> list[Chosen]:
        return [
            Chosen(focus, directives, sample)
            for focus, directives in zip(map(formed, foci), directives_for(self.graph, foci), strict=True)
            for sample in range(1 if focus.form == "intents" else self.settings.samples)
        ]

    def _mend(self, event: Expansion) -> Chosen:
        return Chosen(event.focus, sample=event.sample, mends=event, verifies=event.verifies)

    def _pending(self, question: Question, answer: Answer, seq: int) -> PendingReply:
        return PendingReply(self.topic, seq, question, answer, self.settings.run)

    def _count(self, event: Expansion | FactCheck) -> None:
        """Keep the books of this run; what it adopted from an earlier one is not on them, unless that was the same."""
        if not self._is_asking:
            self.adopted += 1
            if not event.run or event.run != self.settings.run:
                return
        self._spent.add(event.reply.usage, event.reply.usd, event.reply.seconds)
        if isinstance(event, FactCheck):
            is_no_answer = event.outcome == "unusable" and event.method != "word"  # after a word it is asked otherwise
            self._unanswered = self._unanswered + 1 if is_no_answer else 0
            return
        self.steps += event.is_step
        if event.focus.form not in ASIDE:
            self._failures = self._failures + 1 if is_failure(event) else 0
        self._round.append(event)
        if self._is_asking and is_failure(event) and not event.repairs:
            self._broken.append(event)

    def _look(self) -> None:
        """Take in what others wrote, if anything: what somebody decides meanwhile binds the next question."""
        if events := list(self.engine.store.events(self.graph.seq)):
            self.graph.apply_all(events)
            check_same_topic(self.topic, self.graph)

    def _ending(self) -> Ending:
        """Return what ends the run now, "" where it goes on."""
        settings, budget, spent = self.settings, self.settings.budget, self._spent
        if settings.stop and settings.stop():
            return "interrupted"
        if self._failures >= MOST_FAILURES:
            return "failing"
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            return "tokens"
        if budget.minutes is not None and settings.timer() - self._started >= budget.minutes * 60:
            return "minutes"
        if budget.usd is not None and spent.usd + self._worst_price() > budget.usd:
            return "usd"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        found = monitor(self.graph).assessment
        return found.kind or "" if budget.until and found.do == "stop" else ""

    def _worst_price(self) -> float:
        """Return the most that the next round can cost in USD: every prompt byte a token, every reply at its limit."""
        llm = self.engine.llm
        if llm.price(Usage(1, 1)) is None:
            return 0.0
        focus = Focus("frontier", self.graph.newest[:1] or (canonical(self.topic),), "")
        prompt = self.render(Chosen(focus, self.graph.steering.instructions)).prompt
        most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens)
        return self.settings.width * self.settings.samples * (llm.price(most) or 0.0)

    def _affordable(self, claims: Sequence[Relation]) -> int:
        """Return how many claims can be checked for the money that is left."""
        llm, budget = self.engine.llm, self.settings.budget.usd
        if not claims or budget is None or llm.price(Usage(1, 1)) is None:
            return len(claims)
        prompt = fact_check.question(self.graph, claims[0], 0).prompt
        each = llm.price(Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens)) or 0.0
        return int((budget - self._spent.usd) / each + 1e-9) if each else len(claims)

    def __repr__(self) -> str:
        return f"<Growth of {line(self.topic)!r}: {self._state}>"

    def _repr_html_(self) -> str:
        spent = self._spent
        facts = {
            "state": self._state,
            "graph": f"{len(self.graph.concepts):,} concepts, {len(self.graph.relations):,} relations",
            "paid": f"{spent.tokens:,} tokens" + (f", {spent.usd:.4f} USD" if spent.usd else ""),
        }
        return card(f"Growth of {self.topic}", facts)

    @property
    def _state(self) -> str:
        if not self.ending and not self._spent.replies:
            return "not begun: iterate over it, or call run()"
        return f"{self.steps} steps, {f'ended: {self.ending}' if self.ending else 'under way'}"


def grow(
    topic: str | None,
    store: GraphStore,
    llm: LLM,
    *,
    policy: str = DEFAULT,
    budget: Budget | None = None,
    width: int = 1,
    seed: int = 0,
) -> Growth:
    """Return the growth of a graph: iterate over it, and each event is saved before you see it.

    Without a budget it does 20 steps and spends at most 1 USD. Raises BadInput for a topic or policy that is none.
    """
    return Growth(topic, store, llm, Settings(open_policy(policy), budget or DEFAULT_BUDGET, width, seed))
