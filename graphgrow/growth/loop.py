"""The loop: step after step until a budget, the graph or a person ends it; each event is saved before the next call."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from typing import Self

from graphgrow.errors import LLMError, ReplyGivenUp, RunOver
from graphgrow.graph.display import card, line
from graphgrow.graph.events import formed
from graphgrow.graph.keys import is_same_topic
from graphgrow.graph.model import DEFAULT_BUDGET, Budget, CheckMethod, Expansion, FactCheck, Focus, Question, Role
from graphgrow.growth import fact_check
from graphgrow.growth.agenda import Agenda, Ledger, Outages
from graphgrow.growth.batch_files import BatchFiles
from graphgrow.growth.engine import Claims, Engine
from graphgrow.growth.questions import Questions
from graphgrow.growth.settings import Chosen, Ending, Settings
from graphgrow.growth.step import step
from graphgrow.growth.topic import check_same_topic, topic_of
from graphgrow.llm import LLM, checks_facts
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.prompts.forms import Style
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder

MOST_AT_ONCE = 256


class Growth:
    """One `grow` call on one graph: iterate over it for the events as they are committed, then read `ending`.

    `notices` are what a user should know of the run, a sentence each, as they come; `say` hears them at once. `adopted`
    counts the replies that an earlier run had paid for.
    """

    def __init__(self, topic: str | None, store: GraphStore, llm: LLM, settings: Settings) -> None:
        self.graph = store.graph()
        self.topic = topic_of(topic, self.graph)
        self.settings = settings
        self.adopted = 0
        self.notices: list[str] = []
        self.say = settings.say
        self.outbox = Outbox(state_folder(store.url), PendingReply, unprotected=settings.unprotected)
        self._ledger = Ledger(settings, settings.timer())
        models = [llm, *settings.models.values()]
        self._files = BatchFiles(
            models, lambda one: self.engine.model(one.question.role), self.outbox, self._notify, self._is_at_limit
        )
        self._claims = Claims(store, self.graph, self.outbox, in_files=settings.batch)
        self.engine: Engine[Question, PendingReply] = Engine(
            self.graph,
            store,
            llm,
            self.outbox,
            lambda question, answer, seq: PendingReply(self.topic, seq, question, answer, settings.run),
            settings.models,
            is_over=self._is_at_limit,
            left=self._ledger.left,
            meanwhile=self._claims.renew,
            has_company=lambda: bool(self._claims.others),
            in_a_file=self._files.ask if settings.batch else None,
        )
        self._outages = Outages(settings.models, self._notify)
        self._questions = Questions(self.graph, self.topic, settings, self.engine.model)
        checker = self.engine.model("check")
        can_check = settings.fact_check > 0 and checks_facts(checker)
        self._agenda = Agenda(self._questions, self._ledger, self._outages, self._claims, checks_facts=can_check)
        if settings.fact_check > 0 and "check" in settings.models and not can_check:
            self._notify(f"The check model {line(checker.name)} can tell nothing true from false: nothing is checked")
        self._has_begun = self._is_asking = self._is_over = False

    def __iter__(self) -> Iterator[Expansion]:
        self._has_begun = self._is_asking = self._is_over = False
        at_once = min(self.settings.at_once, MOST_AT_ONCE)
        pool = ThreadPoolExecutor(self.settings.workers or at_once, thread_name_prefix="ask")
        with self.outbox, closing(self._claims), pool as workers:
            known = self.settings.resolver.known
            while not self._is_over:
                for remark in known.take_remarks() if known else ():
                    self._notify(remark)
                events, is_left = step(self, workers), False
                try:
                    for event in events:
                        self._take(event)
                        if isinstance(event, Expansion):
                            yield event
                except GeneratorExit:
                    is_left = True
                    raise
                except RunOver as error:  # which limit was reached meanwhile is found when the next step is chosen
                    if not self._is_at_limit():
                        raise
                    if isinstance(error, ReplyGivenUp):
                        self._notify(str(error))
                except LLMError as error:
                    if not (self._agenda.asks_topic and self._outages.take(error, self.steps)):
                        if self.settings.models and error.role:
                            raise type(error)(f"the {error.role} model failed: {error}") from None
                        raise
                finally:  # where nobody looks any more, what was asked is committed all the same
                    self.engine.cancel()
                    with suppress(LLMError) if is_left else nullcontext():
                        for event in events:
                            self._take(event)
                    if self.engine.broken_off:  # no disk keeps what was broken off
                        self._has_begun = False
                        for event in step(self, workers):
                            self._take(event)

    def run(self) -> Self:
        """Grow to the end and return this; every event is saved on the way."""
        for _ in self:
            pass
        return self

    def arbitrate(self) -> Iterator[Expansion]:
        """Ask the model about the names that may be one concept, and about nothing else, while the budget lasts."""
        self._agenda.asks_topic = False
        try:
            yield from self
        finally:
            self._agenda.asks_topic = True

    def choose_next(self) -> list[Chosen]:
        """Return what is asked next; nothing at the first call, and where the run is over, which is noted then.

        What others wrote meanwhile is taken in first: what somebody decides binds the next question. What others ask
        meanwhile is left to them; where they ask all that is left, nothing is returned, and the run goes on.
        """
        if not self._has_begun:
            return []
        self._is_asking = True
        self._claims.look()
        if self._claims.are_left:  # by a run that died meanwhile, whose claims else hold up this one
            self._has_begun = self._is_asking = False
            return []
        if events := list(self.engine.store.events(self.graph.seq)):
            self.graph.apply_all(events)
            check_same_topic(self.topic, self.graph)
        chosen = self._agenda.next()
        self._is_over = not chosen and not self._agenda.waits
        return self._claims.take(chosen)

    def render(self, chosen: Chosen) -> Question:
        """Return a question in words, as the graph stands now."""
        return self._questions.render(chosen)

    def adopt(self) -> Iterator[PendingReply]:
        """Yield the replies that another run had paid for and could not commit: at first, and when one has died."""
        if self._has_begun:
            return
        self._has_begun, is_first = True, not self._ledger.spent.replies
        if is_first:
            self._files.take_up()
        for kept in self.engine.adopt():
            question = replace(kept.question, focus=formed(kept.question.focus))
            reply = replace(kept, topic=self.topic, question=question)
            if not is_same_topic(kept.topic, self.topic) or reply.seq > self.graph.seq:
                continue  # of another graph that was kept under this name: left where it is
            sent = reply.answer.prompt, replace(reply.answer.reply, logprobs=())
            later = (one for one in self.engine.store.events(reply.seq) if isinstance(one, Expansion | FactCheck))
            if any((one.prompt, one.reply) == sent for one in later):  # it reached the store before
                self.engine.drop()
                continue
            yield reply
        since = min(self.graph.unmended, default=0) - 1
        if since >= 0 and is_first:  # replies that a run was stopped before it could ask to mend
            events = (one for one in self.engine.store.events(since) if one.seq in self.graph.unmended)
            self._agenda.unmended = [one for one in events if isinstance(one, Expansion)]

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        return self._agenda.choose()

    def questions(self, foci: Sequence[Focus]) -> Iterator[Question]:
        """Yield what a round asks: every question as often as it is sampled, one for intents once."""
        return map(self.render, self._questions.of_foci(foci))

    def reply_tokens(self, role: Role) -> int | None:
        """Return the limit of a long reply that somebody set for the model of a role, or for all; None for none."""
        return self._questions.reply_tokens(role)

    def style(self) -> Style:
        """Return how questions are put now."""
        return self._questions.style()

    @property
    def ending(self) -> Ending:
        """What ended the run, "" while it goes on."""
        return self._agenda.ending

    @property
    def steps(self) -> int:
        """Questions of its own that this run has asked about the topic."""
        return self._ledger.steps

    @property
    def last_reason(self) -> str:
        """Why the last reply that brought nothing did so."""
        return self._ledger.last_reason

    @property
    def check_method(self) -> CheckMethod | None:
        """How the last fact check of the model in use was read; None where its answers are no verdicts."""
        is_silent = fact_check.rests(self.graph, self._questions.checker)
        return None if is_silent else self.graph.check_methods.get(self._questions.checker)

    def _take(self, event: Expansion | FactCheck) -> None:
        """Keep the books of this run; events adopted from another run count only where that was the same batch run."""
        if not self._is_asking:
            self.adopted += 1
            if not event.run or event.run != self.settings.run:
                return
        self._outages.answered(event.role)
        self._ledger.take(event)
        self._questions.take(event)
        self._agenda.take(event, is_adopted=not self._is_asking)

    def _is_at_limit(self) -> bool:
        return bool(self._ledger.limit())

    def _notify(self, sentence: str) -> None:
        self.notices.append(sentence)
        if self.say:
            self.say(sentence)

    def __repr__(self) -> str:
        return f"<Growth of {line(self.topic)!r}: {self._state}>"

    def _repr_html_(self) -> str:
        spent = self._ledger.spent
        facts = {
            "state": self._state,
            "graph": f"{len(self.graph.concepts):,} concepts, {len(self.graph.relations):,} relations",
            "paid": f"{spent.tokens:,} tokens" + (f", {spent.usd:.4f} USD" if spent.usd else ""),
            "notices": " ".join(self.notices),
        }
        return card(f"Growth of {self.topic}", facts)

    @property
    def _state(self) -> str:
        if not self.ending and not self._ledger.spent.replies:
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

    Without a budget it does 20 steps and spends at most 1 USD. Raises BadInput for an invalid topic or policy.
    """
    settings = Settings(open_policy(policy), budget or DEFAULT_BUDGET, width, seed, prompts="auto")
    return Growth(topic, store, llm, settings)
