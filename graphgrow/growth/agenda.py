"""What a run asks next: first what earlier replies left open, then what the policy chooses."""

import random
from collections.abc import Iterable

from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Expansion, FactCheck, Focus, Role, Usage
from graphgrow.growth import arbiter, fact_check, intents, samples
from graphgrow.growth.claims import Claims
from graphgrow.growth.ledger import Ledger, most_price
from graphgrow.growth.outages import Outages
from graphgrow.growth.questions import Questions
from graphgrow.growth.settings import Chosen, Ending
from graphgrow.growth.step import is_failure
from graphgrow.policy.round import directed_focus, is_allowed

CHECKS_A_FILE = 8  # rounds of fact checks that go in one file, where questions go in files


class Agenda:
    """What is open in a run: replies to mend or to ask for again, claims to check, names to compare; then new foci.

    `unmended` are unusable replies of earlier runs. Without `asks_topic` it asks about doubts alone. `ending` says why
    there is nothing more to ask, as soon as there is not; it `waits` while others ask what is left. It `checks_facts`
    where a model can answer such a check.
    """

    def __init__(
        self, questions: Questions, ledger: Ledger, outages: Outages, claims: Claims, *, checks_facts: bool
    ) -> None:
        self._graph, self._topic, self._settings = questions.graph, questions.topic, questions.settings
        self._questions, self._ledger, self._outages, self._checks_facts = questions, ledger, outages, checks_facts
        self._claims = claims
        self.ending: Ending = ""
        self.waits = False
        self.asks_topic = True
        self.unmended: list[Expansion] = []
        self._cut: list[Expansion] = []  # replies that were all thinking
        self._broken: list[Expansion] = []  # unusable replies of this round
        self._foci: list[Focus] = []  # of this round, as long as its samples are not checked
        self._round: list[Expansion] = []

    @property
    def _topic_key(self) -> str:
        return self._graph.topic_key if self._graph.topic else canonical(self._topic)

    def take(self, event: Expansion | FactCheck, *, is_adopted: bool) -> None:
        """Take in what became of a question; what is adopted from an earlier run is mended as it left it."""
        if isinstance(event, FactCheck):
            return
        if event.outcome == "thinking":
            self._cut += [] if is_adopted else [event]
            return
        self._round.append(event)
        if is_failure(event) and not event.repairs and not is_adopted:
            self._broken.append(event)

    def next(self) -> list[Chosen]:
        """Return what is asked next, nothing where the run is over, for the reason that `ending` then gives.

        What earlier replies left open counts as no step, and so goes on after the last one. Where questions go in files
        all that is open goes in one, as far as it is known by then; but samples are compared when all are there.
        """
        graph, settings = self._graph, self._settings
        self.waits = False
        self.ending = self._ledger.ending(graph, self._price_of_a_round)
        if self.asks_topic and not self.ending and (mended := self._mended(self.unmended, settings.at_once)):
            return mended
        chosen: list[Chosen] = []
        if self.ending in {"", "steps"}:
            cut, self._cut = self._cut, []
            if again := [_again(event) for event in cut if is_allowed(graph, event.focus)]:
                return again
            chosen = self._mended(self._broken)
            if chosen and settings.samples > 1:
                return chosen
            for open_ones in (self._verified, self._fact_checks, self._arbitrated):
                if chosen and not settings.batch:
                    return chosen
                chosen += open_ones()
            if chosen and not settings.batch:
                return chosen
        if self.ending or not self.asks_topic:
            return chosen
        self._foci, self._round = self.choose(), []
        self.waits = not self._foci and not chosen and self._claims.wait()
        if not self._foci and not chosen and not self.waits:
            self.ending = "exhausted"
        return chosen + self._questions.of_foci(self._foci)

    def choose(self) -> list[Focus]:
        """Return the foci of the next round: the same for the same graph and seed, also after a restart."""
        graph, settings = self._graph, self._settings
        rng = random.Random(f"{settings.seed}:{graph.seq}")
        left = settings.budget.steps
        width = settings.width if left is None else min(settings.width, left - self._ledger.steps)
        most = width + len(self._claims.others)  # as many as others ask may be none to ask
        foci: list[Focus] = []
        if settings.intents:  # the model's own questions that wait, as far as people want nothing else asked first
            allowed = [focus for focus in intents.waiting(graph) if is_allowed(graph, focus)]
            waiting = self._unclaimed(allowed, len(allowed))
            while waiting and len(foci) < width:
                foci.append(directed_focus(graph, rng, foci) or waiting.pop(0))
        foci = foci or self._unclaimed(settings.policy.choose(graph, self._topic_key, rng, most), width)
        if not settings.intents:
            return foci
        return [intents.opened(focus, graph) for focus in foci]

    def _unclaimed(self, foci: Iterable[Focus], most: int) -> list[Focus]:
        return [one.focus for one in self._claims.free(map(Chosen, foci), most)]

    def _mended(self, events: list[Expansion], count: int | None = None) -> list[Chosen]:
        """Take up to `count` unusable replies off a list that nobody has forbidden since, to have them mended."""
        allowed = [event for event in events if is_allowed(self._graph, event.focus)]
        events[:] = allowed[count:] if count else []
        return [
            Chosen(event.focus, sample=event.sample, mends=event, verifies=event.verifies) for event in allowed[:count]
        ]

    def _verified(self) -> list[Chosen]:
        """Return the checks of what the samples of this round left open, once."""
        foci = [focus for focus in self._foci if is_allowed(self._graph, focus)] if self._settings.samples > 1 else []
        self._foci = []
        left = samples.doubtful(self._round, foci, self._graph, self._questions.style().relations)
        return [Chosen(focus, doubts=doubts, verifies=first) for focus, doubts, first in left]

    def _fact_checks(self) -> list[Chosen]:
        """Return the next fact checks, as far as their share of the tokens goes and the money."""
        graph, settings, questions = self._graph, self._settings, self._questions
        if not self._checks_facts or self._outages.rests("check", self._ledger.steps):
            return []
        if fact_check.rests(graph, questions.checker):
            self._outages.gives_no_verdicts(questions.model("check"))
            return []
        rounds = CHECKS_A_FILE if settings.batch else 1
        most, taken = settings.width * rounds, self._claims.is_checked
        due = fact_check.due(graph, settings.fact_check, most, questions.together, taken)
        misses, method = graph.misses.get(questions.checker, 0), graph.check_methods.get(questions.checker)
        is_open = bool(misses) or method in {None, "word"}
        if misses >= fact_check.MOST_MISSES or (questions.checker_thinks and is_open):
            due = due[: questions.together]  # one question: each may cost a lot, and tell nothing
        checks = [
            Chosen(fact_check.focus(some[0], questions.check_method), claims=some)
            for some in fact_check.grouped(due, questions.together)
        ]
        return self._paid_for("check", checks, self._price_of_a_round() if settings.batch else 0.0)

    def _arbitrated(self) -> list[Chosen]:
        """Return the next questions whether two names are one concept."""
        settings = self._settings
        is_on = settings.arbiter or not self.asks_topic
        if not is_on or self._outages.rests("arbitrate", self._ledger.steps):
            return []
        allowed = (focus for focus in arbiter.doubtful(self._graph) if is_allowed(self._graph, focus))
        doubts = self._claims.free(map(Chosen, allowed), settings.width)
        return self._paid_for("arbitrate", doubts, 0.0) if "arbitrate" in settings.models else doubts

    def _paid_for(self, role: Role, chosen: list[Chosen], reserved: float) -> list[Chosen]:
        """Return as many questions of a role as the money pays for that is left beside `reserved`, in USD."""
        if not chosen or self._settings.budget.usd is None:
            return chosen
        prompt = self._questions.render(chosen[0]).prompt
        count = self._ledger.affordable(self._questions.model(role), prompt, len(chosen), reserved)
        if not count:
            self._outages.unpaid(role)
        return chosen[:count]

    def _price_of_a_round(self) -> float:
        """Return the most that the next round can cost in USD."""
        graph, llm = self._graph, self._questions.model("grow")
        if llm.price(Usage(1, 1)) is None:
            return 0.0
        focus = Focus("frontier", graph.newest[:1] or (self._topic_key,), "")
        prompt = self._questions.render(Chosen(focus, graph.steering.instructions)).prompt
        return self._settings.at_once * most_price(llm, prompt)


def _again(event: Expansion) -> Chosen:
    return Chosen(event.focus, sample=event.sample, again=event, verifies=event.verifies)
