"""What a run asks next: first what earlier replies left open, then what the policy chooses; and what ends the run.

What several samples of one question agree on has that many pieces of evidence. What is doubtful, a claim of one sample,
a name that hygiene refused, a contradiction, is put to the model once more; what it repeats gains one more piece.
Nothing is taken away.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from graphgrow.errors import LLMError
from graphgrow.graph.display import line
from graphgrow.graph.graph import Bill, Graph, take_bill
from graphgrow.graph.keys import bare, canonical
from graphgrow.graph.model import ASIDE, Expansion, FactCheck, Focus, Prompt, Relation, Role, Triple, Usage
from graphgrow.graph.values import DEAREST
from graphgrow.growth import arbiter, fact_check, intents
from graphgrow.growth.engine import Claims
from graphgrow.growth.questions import Questions
from graphgrow.growth.settings import Chosen, Ending, Settings
from graphgrow.growth.step import is_all_thinking, is_failure
from graphgrow.llm import LLM, room_to_think
from graphgrow.parse.reply import parse
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import directed_focus, is_allowed
from graphgrow.prompts.forms import ASKED_FOR
from graphgrow.prompts.render import Doubts
from graphgrow.resolve.contradictions import against
from graphgrow.resolve.hygiene import RULES

LONGEST_REST = 16  # steps until a model that failed is asked again
LEFT_UNDONE: dict[Role, str] = {
    "check": "relations stay unchecked",
    "arbitrate": "names that may be one concept stay undecided",
}
MOST_FAILURES = 5
CHECKS_A_FILE = 8  # rounds of fact checks that go in one file, where questions go in files
MOST_REFUSED = 2  # names that one question asks about again


@dataclass(frozen=True, slots=True)
class Rest:
    """A model that failed is not asked before so many steps are done; it rests twice as long when it fails again."""

    until: int
    pause: int


@dataclass(slots=True)
class Outages:
    """Which of the `models` with a role of their own fail now; `say` takes a sentence about it, as it comes."""

    models: Mapping[Role, LLM]
    say: Callable[[str], None]
    _resting: dict[Role, Rest] = field(default_factory=dict)
    _unpaid: set[Role] = field(default_factory=set)  # roles for which that was said
    _is_silent: bool = False  # the same for the model that checks

    def rests(self, role: Role, steps: int) -> bool:
        """Tell whether the model of a role is not asked for now, after so many steps."""
        return role in self._resting and steps < self._resting[role].until

    def take(self, error: LLMError, steps: int) -> bool:
        """Take in what went wrong after so many steps; tell whether a run goes on without the model that failed."""
        role = next((one for one in LEFT_UNDONE if one == error.role and one in self.models), None)
        if role is None:
            return False
        before = self._resting.get(role)
        pause = 1 if before is None else min(2 * before.pause, LONGEST_REST)
        self._resting[role] = Rest(steps + pause, pause)
        if before is None:
            name = line(self.models[role].name)
            self.say(f"The {role} model {name} failed, so {LEFT_UNDONE[role]} until it answers: {error}")
        return True

    def answered(self, role: Role) -> None:
        """Take in that the model of a role answered."""
        if self._resting.pop(role, None):
            self.say(f"The {role} model answers again.")

    def gives_no_verdicts(self, model: LLM) -> None:
        """Take in that a model is not asked for fact checks, since its answers are none; it is said once."""
        if not self._is_silent:
            self._is_silent = True
            self.say(
                f"{line(model.name)} was asked whether relations are true, and its answers are no verdicts:"
                f" {LEFT_UNDONE['check']}. Name another model for that with --check-with"
            )

    def unpaid(self, role: Role) -> None:
        """Take in that the money that is left does not pay for the next question to a role; it is said once."""
        if role in self.models and role not in self._unpaid:
            self._unpaid.add(role)
            self.say(
                f"The next question to the {role} model could cost more than the money that is left: it is not asked."
            )


@dataclass(slots=True)
class Ledger:
    """What a run under some settings did: its steps, bill, and failures in a row, by kind."""

    settings: Settings
    started: float
    steps: int = 0
    spent: Bill = field(default_factory=Bill)
    last_reason: str = ""  # why the last reply that brought nothing did so
    _failures: int = 0
    _refusals: int = 0
    _cuts: int = 0  # replies that were all thinking

    def take(self, event: Expansion | FactCheck) -> None:
        """Take in an event of this run."""
        take_bill(event, self.spent, {})
        if isinstance(event, FactCheck):
            return
        self.steps += event.is_step
        if event.outcome == "thinking":
            self._cuts, self.last_reason = self._cuts + 1, event.reason
            return
        self._cuts = 0
        self._refusals = self._refusals + 1 if event.outcome == "refused" else 0
        if event.outcome == "refused" or is_failure(event):
            self.last_reason = event.reason
        if event.focus.form not in ASIDE:
            weight = DEAREST if is_all_thinking(event.reply) else 1
            self._failures = self._failures + weight if is_failure(event) else 0

    def limit(self) -> Ending:
        """Return what ends the run even while a question waits for an endpoint, "" where nothing does."""
        settings, budget, spent = self.settings, self.settings.budget, self.spent
        if settings.stop and settings.stop():
            return "interrupted"
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            return "tokens"
        return "minutes" if self.left() <= 0 else ""

    def left(self) -> float:
        """Return how many seconds of its minutes a run has left."""
        minutes = self.settings.budget.minutes
        return math.inf if minutes is None else self.started + minutes * 60 - self.settings.timer()

    def ending(self, graph: Graph, next_price: Callable[[], float]) -> Ending:
        """Return what ends the run now, "" where it goes on; `next_price` gives the most a round can cost, in USD."""
        budget = self.settings.budget
        if limit := self.limit():
            return limit
        most_cuts = MOST_FAILURES * self.settings.at_once  # a whole round is cut before it is learnt
        if self._failures >= MOST_FAILURES or self._cuts >= most_cuts:
            return "failing"
        if self._refusals >= MOST_FAILURES:
            return "refused"
        if budget.usd is not None and self.spent.usd + next_price() > budget.usd:
            return "usd"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        found = monitor(graph).assessment
        return found.kind or "" if budget.until and found.do == "stop" else ""

    def affordable(self, llm: LLM, prompt: Prompt, count: int, reserved: float) -> int:
        """Return how many of `count` such questions can be paid with the money left beside `reserved`, in USD."""
        each = most_price(llm, prompt)
        if self.settings.budget.usd is None or not each:
            return count
        return max(0, min(count, int((self.settings.budget.usd - self.spent.usd - reserved) / each + 1e-9)))


def most_price(llm: LLM, prompt: Prompt) -> float:
    """Return the most that a question can cost in USD: every byte two tokens, reply and thinking at the limit."""
    most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens + room_to_think(llm))
    return llm.price(most) or 0.0


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
        """Take in what became of a question; an adopted reply of an earlier run is not put down here to be mended."""
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
            if cut := [event for event in cut if is_allowed(graph, event.focus)]:
                return [Chosen(one.focus, sample=one.sample, again=one, verifies=one.verifies) for one in cut]
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
        most = width + len(self._claims.others)  # as many as others ask may not be free to ask
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
        """Take up to `count` unusable replies off a list to have them mended; what was forbidden since is dropped."""
        allowed = [event for event in events if is_allowed(self._graph, event.focus)]
        events[:] = allowed[count:] if count else []
        return [
            Chosen(event.focus, sample=event.sample, mends=event, verifies=event.verifies) for event in allowed[:count]
        ]

    def _verified(self) -> list[Chosen]:
        """Return the checks of what the samples of this round left open, once; each with as much as one may ask for."""
        foci = [focus for focus in self._foci if is_allowed(self._graph, focus)] if self._settings.samples > 1 else []
        self._foci = []
        most, chosen = self._questions.style().relations, list[Chosen]()
        for focus in foci:
            samples = [event for event in self._round if event.focus == focus]
            if found := doubts(samples, self._graph, most):
                chosen.append(Chosen(focus, doubts=found, verifies=samples[0].seq))
        return chosen

    def _fact_checks(self) -> list[Chosen]:
        """Return the next fact checks, as far as their share of the tokens and the money allow."""
        graph, settings, questions = self._graph, self._settings, self._questions
        if not self._checks_facts or self._outages.rests("check", self._ledger.steps):
            return []
        if fact_check.rests(graph, questions.checker):
            self._outages.gives_no_verdicts(questions.model("check"))
            return []
        rounds = CHECKS_A_FILE if settings.batch else 1
        most, taken = settings.width * rounds, self._claims.is_checked
        due = fact_check.due(graph, settings.fact_check, most, questions.together, taken)
        if self.asks_topic and not self.ending:  # what does not fill a question yet waits for more
            due = due[: len(due) // questions.together * questions.together]
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
        """Return as many questions of a role as can be paid with the money left beside `reserved`, in USD."""
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


def doubts(samples: Iterable[Expansion], graph: Graph, most: int = ASKED_FOR) -> Doubts:
    """Return what several replies to one question leave open in a graph that holds them."""
    samples = list(samples)
    by_turns = chain.from_iterable(zip_longest(*(event.delta.statements for event in samples)))
    shown = (graph.corrections.shown(one.relation) for one in by_turns if one)
    said = list(dict.fromkeys(relation for relation in shown if relation))
    pairs = dict[frozenset[Relation], tuple[Relation, Relation]]()
    for one in said:
        for other in against(one, graph):
            pairs.setdefault(frozenset((one, other)), (one, other))
    once = [one for one in said if len({said.seq for said in graph.relations[one]}) == 1 and one.source != one.target]
    claims = tuple(dict.fromkeys(chain(*pairs.values(), once)))[:most]
    both = tuple(pair for pair in pairs.values() if set(pair) <= set(claims))
    return Doubts(claims, both, tuple(_refused(samples))[:MOST_REFUSED])


def _refused(samples: Iterable[Expansion]) -> Iterator[tuple[Triple, str, str]]:
    """Yield the relations that did not enter for a name against the rules, each with the name and the rule."""
    seen = set[str]()
    for event in samples:
        rules = {reject.text: reject.rule for reject in event.delta.rejects if reject.rule in RULES}
        for triple in parse(event.reply.text, event.reply.finish_reason).triples if rules else ():
            name = next((end for end in map(bare, (triple.source, triple.target)) if end in rules), "")
            if name and name not in seen:
                seen.add(name)
                yield triple, name, rules[name]
