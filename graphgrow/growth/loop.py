"""The loop: step after step until a budget, the graph or a person ends it; each event is saved before the next call."""

import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from typing import Self

from graphgrow.errors import LLMError, RunOver
from graphgrow.graph.display import card, line
from graphgrow.graph.events import formed
from graphgrow.graph.graph import Bill, take_bill
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import (
    ASIDE,
    BROKEN,
    CUT,
    DEFAULT_BUDGET,
    Answer,
    Asks,
    Budget,
    CheckMethod,
    Expansion,
    FactCheck,
    Focus,
    Prompt,
    Question,
    Role,
    Usage,
)
from graphgrow.graph.thinking import split_thinking
from graphgrow.growth import arbiter, fact_check, intents, samples
from graphgrow.growth.background import background
from graphgrow.growth.batch_files import BatchFiles
from graphgrow.growth.claims import Claims
from graphgrow.growth.engine import Engine
from graphgrow.growth.outages import Outages
from graphgrow.growth.settings import Chosen, Ending, Settings
from graphgrow.growth.step import is_failure, step
from graphgrow.growth.topic import check_same_topic, topic_of
from graphgrow.llm import LLM, checks_facts, identity, room_to_think, usual_thinking
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import directed_focus, directives_for, is_allowed
from graphgrow.prompts import strong
from graphgrow.prompts.forms import FORMS, LISTS, QUALIFIED, RELATIONS, Style, reply_limit
from graphgrow.prompts.render import CONTEXT, SMALL_ROOM, check, render, repair
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder

MOST_FAILURES = 5
DEAREST = 3  # failures that one reply of thinking alone counts for
MOST_AT_ONCE = 256
CHECKS_A_FILE = 8  # rounds of fact checks that go in one file, where questions go in files


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
        self.notices: list[str] = []  # what a user should know while the run is under way, a sentence each
        self._files = BatchFiles(
            [llm, *settings.models.values()],
            lambda one: self.engine.model(one.question.role),
            self.outbox,
            self._say,
            lambda: bool(self._limit()),
        )
        in_a_file = self._files.ask if settings.batch else None
        self.claims = Claims(store, self.graph, self.outbox, in_files=settings.batch)
        self.engine = Engine(
            self.graph,
            store,
            llm,
            self.outbox,
            self._pending,
            settings.models,
            is_over=lambda: bool(self._limit()),
            meanwhile=self.claims.renew,
            in_a_file=in_a_file,
        )
        self._started = settings.timer()
        self._spent = Bill()
        self._failures = self._refusals = self._cuts = 0  # one after the other
        self.last_reason = ""  # why the last reply that brought nothing did so
        self._replied = ""  # the model that replies call themselves
        self._asks_topic = True  # False: about doubts alone
        self._unanswered = 0  # fact checks, one after the other
        self._one_by_one = False  # once several in one question brought no number
        checker = self.engine.model("check")
        self._checks_facts = settings.fact_check > 0 and checks_facts(checker)
        self._checker = identity(checker)  # what is known of its answers is kept under this name
        self._outages = Outages(settings.models)
        if settings.fact_check > 0 and "check" in settings.models and not self._checks_facts:
            self.remarks.append(
                f"The check model {line(checker.name)} can tell nothing true from false: nothing is checked"
            )
        self._has_begun = self._is_asking = self._is_over = False
        self._left: list[Expansion] = []  # unusable replies of earlier runs
        self._broken: list[Expansion] = []  # unusable replies of this round
        self._cut: list[Expansion] = []  # replies that were all thinking: the same is asked again
        self._foci: list[Focus] = []  # of this round, as long as its samples are not checked
        self._round: list[Expansion] = []

    def __iter__(self) -> Iterator[Expansion]:
        self._has_begun = self._is_asking = self._is_over = False
        at_once = min(self.settings.width * self.settings.samples, MOST_AT_ONCE)
        pool = ThreadPoolExecutor(self.settings.workers or at_once, thread_name_prefix="ask")
        with self.outbox, closing(self.claims), pool as workers:
            known = self.settings.resolver.known
            while not self._is_over:
                self.remarks.extend(known.take_remarks() if known else ())
                events, is_left = step(self, workers), False
                try:
                    for event in events:
                        self._count(event)
                        if isinstance(event, Expansion):
                            yield event
                except GeneratorExit:
                    is_left = True
                    raise
                except RunOver:  # what was asked too much of meanwhile is known when the next step is chosen
                    if not self._limit():
                        raise
                except LLMError as error:
                    if not (self._asks_topic and self._outages.take(error, self.steps)):
                        if self.settings.models and error.role:
                            raise type(error)(f"the {error.role} model failed: {error}") from None
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
        self._files.take_up()
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
        """Return what is asked next, as far as no other writer asks it: see `choose_all`."""
        if not self._has_begun:
            return []
        self.claims.look()
        return self.claims.take(self.choose_all())

    def choose_all(self) -> list[Chosen]:
        """Return what this run would ask next; nothing where the run is over, which it then says.

        First replies are mended that could not be used, then claims of several samples are checked, then it is asked
        whether what was said is true, and names are compared that may be one concept, none of which counts as a step;
        then the policy chooses. Where questions go in files all of that goes in one, as far as it is known by then.
        """
        self._is_asking = True
        settings, graph = self.settings, self.graph
        in_files, chosen = settings.batch, list[Chosen]()
        self.ending = self._ending()
        if self._left and self._asks_topic and not self.ending:
            count = settings.width * settings.samples
            allowed_ones = [one for one in self._left if is_allowed(graph, one.focus)]
            mended, self._left = allowed_ones[:count], allowed_ones[count:]
            if mended:
                return [self._mend(one) for one in mended]
        if self.ending in {"", "steps"}:
            if self._cut:
                self._look()
                cut, self._cut = self._cut, []
                if again := [self._again(one) for one in cut if is_allowed(graph, one.focus)]:
                    return again
            if self._broken:
                self._look()
                broken, self._broken = self._broken, []
                chosen = [self._mend(one) for one in broken if is_allowed(graph, one.focus)]
                if chosen and (settings.samples > 1 or not in_files):  # samples are compared when all are there
                    return chosen
            if self._foci and settings.samples > 1:
                self._look()
                foci, self._foci = [focus for focus in self._foci if is_allowed(graph, focus)], []
                if checks := [
                    Chosen(focus, doubts=doubts, verifies=first)
                    for focus, doubts, first in samples.doubtful(self._round, foci, graph, settings.relations)
                ]:
                    if not in_files:
                        return checks
                    chosen += checks
            if self._checks_facts and self._unanswered < MOST_FAILURES and not self._outages.rests("check", self.steps):
                self._look()
                rounds, reserved = (CHECKS_A_FILE, self._worst_price()) if in_files else (1, 0.0)
                most, is_taken = settings.width * rounds, self.claims.is_checked
                claims = fact_check.due(graph, settings.fact_check, most, self._together, is_taken)
                checks = [
                    Chosen(fact_check.focus(some[0], self.check_method), claims=some)
                    for some in fact_check.grouped(claims, self._together)
                ]
                chosen += self._affordable("check", checks, reserved)
                if chosen and not in_files:
                    return chosen
            if (settings.arbiter or not self._asks_topic) and not self._outages.rests("arbitrate", self.steps):
                allowed = (focus for focus in arbiter.doubtful(graph) if is_allowed(graph, focus))
                doubts = self.claims.free(map(Chosen, allowed), settings.width)
                chosen += self._affordable("arbitrate", doubts, 0.0) if "arbitrate" in settings.models else doubts
                if chosen and not in_files:
                    return chosen
        if self.ending or not self._asks_topic:
            self._is_over = not chosen
            return chosen

        self._look()
        self._foci, self._round = self.choose(), []
        if not self._foci and not chosen and not self.claims.wait():
            self.ending, self._is_over = "exhausted", True
        return chosen + self._asked(self._foci)

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        graph, settings = self.graph, self.settings
        rng = random.Random(f"{settings.seed}:{graph.seq}")
        left = settings.budget.steps
        width = settings.width if left is None else min(settings.width, left - self.steps)
        most = width + len(self.claims.others)  # as many as others ask may be none to ask
        if not settings.intents:
            return self._unclaimed(settings.policy.choose(graph, canonical(self.topic), rng, most), width)
        foci: list[Focus] = []  # questions of the model's own that wait, as far as people want nothing else asked first
        waiting = [focus for focus in intents.waiting(graph) if is_allowed(graph, focus)]
        waiting = self._unclaimed(waiting, len(waiting))
        while waiting and len(foci) < width:
            foci.append(directed_focus(graph, rng, foci) or waiting.pop(0))
        foci = foci or self._unclaimed(settings.policy.choose(graph, canonical(self.topic), rng, most), width)
        return [intents.opened(focus, graph) for focus in foci]

    def _unclaimed(self, foci: Iterable[Focus], most: int) -> list[Focus]:
        return [one.focus for one in self.claims.free(map(Chosen, foci), most)]

    def questions(self, foci: Sequence[Focus]) -> Iterator[Question]:
        """Yield what a round asks: every question as often as it is sampled, one for intents once."""
        return map(self.render, self._asked(foci))

    def question(self, focus: Focus) -> Question:
        """Return the question for a focus as the graph stands now, with the directives that it follows."""
        return self.render(self._asked([focus])[0])

    def render(self, chosen: Chosen) -> Question:
        """Return a question in words, as the graph stands now, with the limits of replies that somebody set."""
        question = self._worded(chosen)
        own: int | None = getattr(self.engine.model(question.role), "reply_tokens", None)
        most = own or self.settings.reply_tokens
        if most is None:
            return question
        prompt, smaller = (
            one and replace(one, max_tokens=reply_limit(one.max_tokens, most, grows=question.role == "grow"))
            for one in (question.prompt, question.smaller)
        )
        return replace(question, prompt=prompt or question.prompt, smaller=smaller)

    def _worded(self, chosen: Chosen) -> Question:
        graph, settings, focus, directives = self.graph, self.settings, chosen.focus, chosen.directives
        seed = settings.seed + graph.seq
        if chosen.claims:
            return fact_check.question(graph, chosen.claims, seed, self.check_method)
        if chosen.again:
            event = chosen.again
            prompt = self._asked_again(event)
            return Question(focus, prompt, None, event.repairs, event.sample, event.verifies, event.follows)
        if chosen.mends and chosen.mends.reply.finish_reason == BROKEN:  # the model did nothing wrong
            event = chosen.mends
            prompt = self._asked_again(event)
            return Question(focus, prompt, None, event.seq, event.sample, event.verifies, event.follows)
        style = self.style()
        if chosen.mends:
            event, form = chosen.mends, "check" if chosen.verifies else focus.form
            is_qualified = style.is_strong and FORMS[form] in {RELATIONS, LISTS}
            example = (QUALIFIED if is_qualified else FORMS[form]).example
            prompt = repair(event.prompt, event.reply.text, event.reason, example)
            if prompt.asks is None:
                prompt = replace(prompt, asks=self._asked_again(event).asks)
            return Question(focus, prompt, None, event.seq, event.sample, event.verifies, event.follows)
        if chosen.doubts:
            prompt = check(focus, chosen.doubts, graph, predicates=settings.predicates, seed=seed, style=style)
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
                style=style if room == 1.0 else self.style(room),
            )
            for room in (1.0, SMALL_ROOM)
        )
        has_smaller = focus.form not in ASIDE  # these list little that is known
        follows = tuple(one.seq for one in directives)
        return Question(focus, prompt, smaller if has_smaller else None, sample=chosen.sample, follows=follows)

    def style(self, room: float = 1.0) -> Style:
        """Return how questions are put now; `room` < 1 shrinks what they show of the graph.

        With `prompts` "auto" the name of the model decides, or where that says nothing the name that its replies give.
        """
        settings = self.settings
        is_strong = settings.prompts == "strong"
        if settings.prompts == "auto":
            names = (self.engine.llm.name, self._replied)
            is_strong = next((known for known in map(strong.is_strong, names) if known is not None), False)
        style = Style(is_strong, settings.relations, settings.context)
        if not is_strong:
            return style
        tokens = room * (settings.context or CONTEXT) / 2
        vocabulary = settings.predicates or settings.resolver.vocabulary
        return replace(style, head=strong.head(self.topic, background(self.graph), tokens, vocabulary))

    def _asked(self, foci: Sequence[Focus]) -> list[Chosen]:
        return [
            Chosen(focus, directives, sample)
            for focus, directives in zip(map(formed, foci), directives_for(self.graph, foci), strict=True)
            for sample in range(1 if focus.form == "intents" else self.settings.samples)
        ]

    @property
    def _together(self) -> int:
        """How many statements one fact check asks about: several where the model thinks first, unless it cannot."""
        thinks = usual_thinking(self.engine.model("check")) > fact_check.THINKS
        return fact_check.TOGETHER if thinks and self.check_method == "stated" and not self._one_by_one else 1

    def _asked_again(self, event: Expansion) -> Prompt:
        """Return the prompt of an event as it was, with what it asks where it was read from the log."""
        focus, prompt = event.focus, event.prompt
        asks = prompt.asks or Asks(focus.form, tuple(map(self.graph.name, focus.concepts)))
        return replace(prompt, asks=asks)

    def _again(self, event: Expansion) -> Chosen:
        return Chosen(event.focus, sample=event.sample, again=event, verifies=event.verifies)

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
        take_bill(event, self._spent, {})
        self._outages.answered(event.role)
        self._replied = event.reply.model or self._replied
        if isinstance(event, FactCheck):
            self._checker = event.reply.source
            is_no_answer = event.outcome == "unusable" and event.method != "word"  # after a word it is asked otherwise
            self._one_by_one |= is_no_answer and len(event.claims) > 1
            self._unanswered = self._unanswered + 1 if is_no_answer else 0
            return
        self.steps += event.is_step
        if event.outcome == "thinking":
            self._cuts, self.last_reason = self._cuts + 1, event.reason
            if self._is_asking:
                self._cut.append(event)
            return
        self._cuts = 0
        self._refusals = self._refusals + 1 if event.outcome == "refused" else 0
        if event.outcome == "refused" or is_failure(event):
            self.last_reason = event.reason
        if event.focus.form not in ASIDE:
            all_thought = event.reply.finish_reason == CUT and not split_thinking(event.reply.text)[0].strip()
            weight = DEAREST if all_thought else 1  # no larger limit is left, and each costs as much
            self._failures = self._failures + weight if is_failure(event) else 0
        self._round.append(event)
        if self._is_asking and is_failure(event) and not event.repairs:
            self._broken.append(event)

    @property
    def remarks(self) -> list[str]:
        """Sentences about the run, as they came: what was left undone because a model of its own role failed."""
        return self._outages.remarks

    @property
    def check_method(self) -> CheckMethod | None:
        """How the last fact check of the model was read that answers them now, whatever others can."""
        return self.graph.check_methods.get(self._checker)

    def _look(self) -> None:
        """Take in what others wrote, if anything: what somebody decides meanwhile binds the next question."""
        if events := list(self.engine.store.events(self.graph.seq)):
            self.graph.apply_all(events)
            check_same_topic(self.topic, self.graph)

    def _limit(self) -> Ending:
        """Return what ends the run also while a question waits for an endpoint, "" where nothing does."""
        settings, budget, spent = self.settings, self.settings.budget, self._spent
        if settings.stop and settings.stop():
            return "interrupted"
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            return "tokens"
        if budget.minutes is not None and settings.timer() - self._started >= budget.minutes * 60:
            return "minutes"
        return ""

    def _ending(self) -> Ending:
        """Return what ends the run now, "" where it goes on."""
        settings, budget, spent = self.settings, self.settings.budget, self._spent
        if limit := self._limit():
            return limit
        most_cuts = MOST_FAILURES * settings.width * settings.samples  # a whole round is cut before it is learnt
        if self._failures >= MOST_FAILURES or self._cuts >= most_cuts:
            return "failing"
        if self._refusals >= MOST_FAILURES:
            return "refused"
        if budget.usd is not None and spent.usd + self._worst_price() > budget.usd:
            return "usd"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        found = monitor(self.graph).assessment
        return found.kind or "" if budget.until and found.do == "stop" else ""

    def _worst_price(self) -> float:
        """Return the most that the next round can cost in USD: every prompt byte a token, every reply at its limit."""
        llm = self.engine.model("grow")
        if llm.price(Usage(1, 1)) is None:
            return 0.0
        focus = Focus("frontier", self.graph.newest[:1] or (canonical(self.topic),), "")
        prompt = self.render(Chosen(focus, self.graph.steering.instructions)).prompt
        return self.settings.width * self.settings.samples * (llm.price(_most(prompt, llm)) or 0.0)

    def _affordable(self, role: Role, chosen: list[Chosen], reserved: float) -> list[Chosen]:
        """Return as many of some questions of one role as can be asked for the money that is left.

        That is what is left beside what is `reserved`, in USD.
        """
        llm, budget = self.engine.model(role), self.settings.budget.usd
        if not chosen or budget is None or llm.price(Usage(1, 1)) is None:
            return chosen
        each = llm.price(_most(self.render(chosen[0]).prompt, llm)) or 0.0
        count = int((budget - self._spent.usd - reserved) / each + 1e-9) if each else len(chosen)
        if count < 1:
            self._outages.unpaid(role)
        return chosen[: max(0, count)]

    def _say(self, sentence: str) -> None:
        self.notices.append(sentence)
        if self.settings.say:
            self.settings.say(sentence)

    def __repr__(self) -> str:
        return f"<Growth of {line(self.topic)!r}: {self._state}>"

    def _repr_html_(self) -> str:
        spent = self._spent
        facts = {
            "state": self._state,
            "graph": f"{len(self.graph.concepts):,} concepts, {len(self.graph.relations):,} relations",
            "paid": f"{spent.tokens:,} tokens" + (f", {spent.usd:.4f} USD" if spent.usd else ""),
            "remarks": " ".join(self.remarks),
        }
        return card(f"Growth of {self.topic}", facts)

    @property
    def _state(self) -> str:
        if not self.ending and not self._spent.replies:
            return "not begun: iterate over it, or call run()"
        return f"{self.steps} steps, {f'ended: {self.ending}' if self.ending else 'under way'}"


def _most(prompt: Prompt, llm: LLM) -> Usage:
    """Return the most that a question can take of a model: every byte two tokens, reply and thinking at the limit."""
    return Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens + room_to_think(llm))


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
    settings = Settings(open_policy(policy), budget or DEFAULT_BUDGET, width, seed, prompts="auto")
    return Growth(topic, store, llm, settings)
