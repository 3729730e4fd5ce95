"""What a run has chosen, put in words: each question as the graph stands when it is sent."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from graphgrow.graph.events import formed
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import ASIDE, BROKEN, Asks, CheckMethod, Expansion, FactCheck, Focus, Prompt, Question, Role
from graphgrow.graph.values import THINKS
from graphgrow.growth import fact_check
from graphgrow.growth.background import background
from graphgrow.growth.settings import Chosen, Settings
from graphgrow.llm import LLM, identity, usual_thinking
from graphgrow.policy.round import directives_for
from graphgrow.prompts import strong
from graphgrow.prompts.forms import (
    ASKED_FOR,
    ASKED_OF_STRONG,
    ASKED_OF_THINKING,
    DEFAULT_SIZE,
    FORMS,
    LISTS,
    QUALIFIED,
    RELATIONS,
    Style,
    is_strong,
    reply_limit,
)
from graphgrow.prompts.render import CONTEXT, SMALL_ROOM, check, render, repair


class Questions:
    """Puts the questions of a run in words; `model` gives the model of a role."""

    def __init__(self, graph: Graph, topic: str, settings: Settings, model: Callable[[Role], LLM]) -> None:
        self.graph, self.topic, self.settings, self.model = graph, topic, settings, model
        self._replied = ""  # the model that replies call themselves
        self.checker = identity(model("check"))  # what is known of its answers is kept under this name
        self._one_by_one = False  # once several statements in one fact check brought no number

    def take(self, event: Expansion | FactCheck) -> None:
        """Learn from a reply how the next questions are put."""
        self._replied = event.reply.model or self._replied
        if isinstance(event, FactCheck):
            self.checker = event.reply.source
            self._one_by_one |= event.is_no_answer and len(event.claims) > 1

    def of_foci(self, foci: Sequence[Focus]) -> list[Chosen]:
        """Return what a round asks: every question as often as it is sampled, one for intents once."""
        return [
            Chosen(focus, directives, sample)
            for focus, directives in zip(map(formed, foci), directives_for(self.graph, foci), strict=True)
            for sample in range(1 if focus.form == "intents" else self.settings.samples)
        ]

    def render(self, chosen: Chosen) -> Question:
        """Return a question in words, as the graph stands now, with the limits of replies that somebody set."""
        graph, settings, focus, directives = self.graph, self.settings, chosen.focus, chosen.directives
        seed = settings.seed + graph.seq
        if chosen.claims:
            question = fact_check.question(graph, chosen.claims, seed, self.check_method)
        elif event := chosen.again or chosen.mends:
            asks = event.prompt.asks or Asks(focus.form, tuple(map(graph.name, focus.concepts)))  # no log has that
            prompt = replace(event.prompt, asks=asks)
            if chosen.mends and event.reply.finish_reason != BROKEN:  # else the model did nothing wrong
                form = FORMS["check" if chosen.verifies else focus.form]
                is_qualified = event.is_strong and form in {RELATIONS, LISTS}
                prompt = repair(prompt, event.reply.text, event.reason, (QUALIFIED if is_qualified else form).example)
            repairs = event.seq if chosen.mends else event.repairs
            question = Question(focus, prompt, None, repairs, event.sample, event.verifies, event.follows)
            question = replace(question, is_strong=event.is_strong, asked_for=event.asked_for)
        elif chosen.doubts:
            style = self.style()
            prompt = check(focus, chosen.doubts, graph, predicates=settings.predicates, seed=seed, style=style)
            question = Question(focus, prompt, verifies=chosen.verifies, is_strong=style.is_strong)
        else:
            style = self.style()
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
            most = 2 * settings.intents if focus.form == "intents" else style.size.most
            question = Question(
                focus,
                prompt,
                None if focus.form in ASIDE else smaller,  # these list little that is known
                sample=chosen.sample,
                follows=tuple(one.seq for one in directives),
                is_strong=style.is_strong,
                asked_for=0 if most == DEFAULT_SIZE.most else most,
            )

        limit = self.reply_tokens(question.role)
        if limit is None:
            return question

        def limited(prompt: Prompt) -> Prompt:
            most = reply_limit(prompt.max_tokens, limit, grows=question.role == "grow")
            return replace(prompt, max_tokens=most)

        shorter = limited(question.smaller) if question.smaller else None
        return replace(question, prompt=limited(question.prompt), smaller=shorter)

    def reply_tokens(self, role: Role) -> int | None:
        """Return the limit of a long reply that somebody set for the model of a role, or for all; None for none."""
        own: int | None = getattr(self.model(role), "reply_tokens", None)
        return own or self.settings.reply_tokens

    def style(self, room: float = 1.0) -> Style:
        """Return how questions are put now; `room` < 1 shrinks what they show of the graph.

        With `prompts` "auto" the name of the model decides, or where that says nothing the name that its replies give.
        """
        settings = self.settings
        to_strong = settings.prompts == "strong"
        if settings.prompts == "auto":
            names = (self.model("grow").name, self._replied)
            to_strong = next((known for known in map(is_strong, names) if known is not None), False)
        asked = settings.relations or (
            ASKED_OF_STRONG
            if to_strong
            else ASKED_OF_THINKING  # thinking costs the same whatever is asked for
            if usual_thinking(self.model("grow")) > THINKS
            else ASKED_FOR
        )
        style = Style(to_strong, asked, settings.context)
        if not to_strong:  # further targets of one relation would be far-fetched
            return replace(style, targets=None if settings.relations else ASKED_FOR)
        tokens = room * (settings.context or CONTEXT) / 2
        vocabulary = settings.predicates or settings.resolver.vocabulary
        return replace(style, head=strong.head(self.topic, background(self.graph), tokens, vocabulary))

    @property
    def check_method(self) -> CheckMethod | None:
        """How fact checks of the model in use are read, whatever others can do; None where that is open.

        One that thinks has no log-probabilities of an answer's first token: it states a probability from the beginning.
        """
        return self.graph.check_methods.get(self.checker) or ("stated" if self.checker_thinks else None)

    @property
    def checker_thinks(self) -> bool:
        """Whether a fact check costs more for thinking than for all else."""
        return usual_thinking(self.model("check")) > THINKS

    @property
    def together(self) -> int:
        """How many statements one fact check asks about: several where the model thinks first, unless it cannot."""
        is_together = self.checker_thinks and self.check_method == "stated" and not self._one_by_one
        return fact_check.TOGETHER if is_together else 1
