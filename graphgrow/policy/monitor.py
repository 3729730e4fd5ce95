"""Does a run dry up, or leave its topic or its language? Signals over the last questions, and what to do.

All is a fold over the log: what each event said, as it said it, whatever edits made of it later, so a run that was
resumed is judged as one that was never stopped. The answer to a signal that shows is a ladder, a rung for each whole
window of questions in which it goes on showing: turn to other strategies, ask for neighbouring fields, stop. After a
drift no wider topic helps, so that rung is left out. A signal is gone once it is well behind its limit (`back`).

What this cannot see: whether what is said is true; another trade in the same words; one of two near languages, or a
change in the first two dozen questions, before the spelling is learnt. A new alphabet of names, say formulae for words,
looks like another language. Questions that repeat what is known on purpose (consolidate) say nothing of saturation,
but time goes on with them. The discovery parameter D is left to `graphgrow critical`: it needs embeddings, and grows
with the graph whatever a run does.
"""

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from math import log2
from typing import Literal

from graphgrow.graph.graph import Graph, Past
from graphgrow.graph.kept import restored, save
from graphgrow.graph.model import ASIDE, Delta, Event, Focus

Kind = Literal["saturated", "drifted"]
Action = Literal["", "turn", "widen", "stop"]

LADDER: dict[Kind, tuple[Action, ...]] = {"saturated": ("turn", "widen", "stop"), "drifted": ("turn", "stop")}
ACTS = {"turn": ", time for other strategies", "widen": ", time for neighbouring fields", "stop": ""}
LONG, SHORT = 12, 6  # questions: one that brings nothing is common, six in another language are not
FEW = 12  # relations or names that a share is taken of at least
LEARNT = 1000  # letters; below that everything is strange
FOREIGN = frozenset(("script", "language"))  # rules of hygiene
MARKUP = frozenset(("markup", "prefix", "identifier", "placeholder", "no letters"))
CHARACTERS = 50  # that a script is taken to have
DOUBT = 2.0  # what the shorter context weighs, in occurrences
_PLAIN = ("seq", "questions", "widened", "best_novelty", "usual_bits", "_depth", "_near", "_hub")
_KIND = "monitor 1"  # under which a store keeps the fold; another format, or other limits, have another number


@dataclass(frozen=True, slots=True)
class Assessment:
    """What to do now, which kind of trouble it is, by which signal, the same in one sentence, and since when."""

    do: Action = ""
    kind: Kind | None = None
    sentence: str = ""
    since: int = 0
    signal: str = ""

    @property
    def summary(self) -> str:
        """The sentence with what it is about, for people."""
        return f"{self.kind}{ACTS[self.do]}: {self.sentence}" if self.kind else "no sign of saturation or drift"


@dataclass(frozen=True, slots=True)
class Tally:
    """What one question brought, counted as its event said it.

    `known` are relations and names that the graph had, `free` the new relations of a question that is not about the
    hub, `at_hub` those of them that end there; `depth` is the sum of the relations to the topic over the new concepts
    that are `joined` to it, `apart` are those with no way to it; `names` are all that were new to the graph, the
    rejected ones too; `bits` are those of `letters`.
    """

    strategy: str
    new: int
    relations: int
    known: int
    free: int
    at_hub: int
    depth: int
    joined: int
    apart: int
    names: int
    foreign: int
    markup: int
    bits: float
    letters: int
    questions: int = 1


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that can go wrong: a count of Tally over others, summed over a window of questions, and its limit.

    Where the whole is less than `least` it says nothing. The limit is `limit`, or `times` what Monitor knows as `usual`
    where that is more; a signal with `is_low` shows below it, any other from it on. It is gone once the value is back
    past `back` times the limit. `words` say so, with the value and the limit.
    """

    name: str
    kind: Kind
    window: int
    part: str
    whole: tuple[str, ...]
    limit: float
    words: str
    times: float = 0.0
    usual: str = "best_novelty"
    least: int = FEW
    back: float = 0.8
    is_low: bool = False

    def value(self, tallies: Sequence[Tally], least: int = 1) -> float | None:
        """Return the value over some questions, None where they say too little."""
        part = sum(getattr(tally, self.part) for tally in tallies)
        whole = sum(getattr(tally, name) for tally in tallies for name in self.whole)
        return part / whole if whole >= max(1, least) else None

    def is_past(self, value: float, limit: float) -> bool:
        """Tell whether a value is past a limit."""
        return value < limit if self.is_low else value >= limit


# The limits come from the recorded run of a 1.5 B model (data/runs), healthy over all its 300 questions. Its windows
# never have fewer than 0.58 new concepts per question, a seventh of its best; at most 19 % was known, 45 % of the new
# relations end at the hub unasked, 8 % of the names are mark-up, new concepts are 4.6 relations from the topic, and
# what is said takes 3.6 bits per letter, early on, when little is learnt. German, Spanish, French and Dutch put after
# it take 4.1 to 5.8 within six questions; English after English takes less than 4.2. In made worlds `hub` hears 79 % of
# what is known and yields on, and `latest` is 22 relations from the topic by question 40.
SIGNALS = (
    Signal(
        "language", "drifted", SHORT, "foreign", ("names",), 0.5,
        "{value:.0%} of the new names are in another script or language (limit {limit:.0%})",
    ),
    Signal(
        "markup", "drifted", SHORT, "markup", ("names",), 0.5,
        "{value:.0%} of the new names are mark-up or identifiers (limit {limit:.0%})",
    ),
    Signal(
        "spelling", "drifted", SHORT, "bits", ("letters",), 4.2,
        "names and predicates are spelled as in another language, {value:.1f} bits a letter (limit {limit:.1f})",
        times=1.4, usual="usual_bits", least=200,
    ),
    Signal(
        "novelty", "saturated", LONG, "new", ("questions",), 0.25,
        "{value:.2f} new concepts a question (limit {limit:.2f})",
        times=0.1, usual="best_novelty", back=2.0, is_low=True,
    ),
    Signal(
        "duplicates", "saturated", LONG, "known", ("known", "relations"), 0.85,
        "{value:.0%} of what was said was known (limit {limit:.0%})",
    ),
    Signal(
        "hub", "saturated", LONG, "at_hub", ("free",), 0.75,
        "{value:.0%} of the new relations end at the most connected concept unasked (limit {limit:.0%})",
    ),
    Signal(
        "distance", "drifted", LONG, "depth", ("joined",), 12.0,
        "new concepts are {value:.0f} relations from the topic (limit {limit:.0f})",
    ),
    Signal(
        "apart", "drifted", LONG, "apart", ("new",), 0.75,
        "{value:.0%} of the new concepts have no way to the topic (limit {limit:.0%})",
    ),
)  # fmt: skip


class Ngrams:
    """How strange a text looks to somebody who has read only some others: bits per letter by three letters in a row.

    It knows no language and needs no dictionary, so it serves a graph in any; it learns from what a run itself said. It
    sees letters and not meanings: another trade in the same language looks a little strange, a near language not much
    more. Each context is mixed with the next shorter one (Dirichlet).
    """

    def __init__(self) -> None:
        self.letters = 0
        self._three, self._before_three = Counter[str](), Counter[str]()
        self._two, self._before_two = Counter[str](), Counter[str]()
        self._one = Counter[str]()

    def learn(self, trigrams: list[str]) -> None:
        """Take in the trigrams of some texts."""
        self._three.update(trigrams)
        self._before_three.update([three[:2] for three in trigrams])
        self._two.update([three[1:] for three in trigrams])
        self._before_two.update([three[1] for three in trigrams])
        self._one.update([three[2] for three in trigrams])
        self.letters += len(trigrams)

    def bits(self, trigrams: list[str]) -> float:
        """Return how many bits a text takes."""
        bits, letters = 0.0, self.letters + 0.5 * CHARACTERS
        one, two, before_two = self._one.get, self._two.get, self._before_two.get
        all_three, before_three = self._three.get, self._before_three.get
        for three in trigrams:
            alone = (one(three[2], 0) + 0.5) / letters
            after = (two(three[1:], 0) + DOUBT * alone) / (before_two(three[1], 0) + DOUBT)
            chance = (all_three(three, 0) + DOUBT * after) / (before_three(three[:2], 0) + DOUBT)
            bits -= log2(chance)
        return bits


@dataclass(slots=True)
class Monitor:
    """The fold: take the steps of a log in turn, and read at any of them what is to be done.

    `avoided` are the strategies to leave for now: as bad as all together or worse, or those that asked half of all.
    `widened` is the last question for neighbouring fields, counted in questions, `fields` what these brought. `tallies`
    are those of the last questions, `fresh` of the last ones that did not repeat what is known on purpose. A run is
    measured against its own best window in new concepts per question and its own bits per letter. `shown` are the
    signals that show, each since which question and which event. `saved` is the event up to which a store has kept all
    this.
    """

    seq: int = 0
    questions: int = 0
    widened: int = 0
    fields: tuple[str, ...] = ()
    tallies: deque[Tally] = field(default_factory=lambda: deque(maxlen=LONG))
    fresh: deque[Tally] = field(default_factory=lambda: deque(maxlen=LONG))
    best_novelty: float = 0.0
    usual_bits: float = 0.0
    shown: dict[str, tuple[int, int]] = field(default_factory=dict)
    assessment: Assessment = field(default_factory=Assessment)
    avoided: frozenset[str] = frozenset()
    _ngrams: Ngrams = field(default_factory=Ngrams)
    _unlearnt: deque[tuple[list[list[str]], float, int]] = field(default_factory=deque)
    _learnt: tuple[float, int] = (0.0, 0)
    _depth: dict[str, int] = field(default_factory=dict)
    _near: dict[str, list[str]] = field(default_factory=dict)  # of what has no distance yet
    _degree: Counter[str] = field(default_factory=Counter)
    _hub: str = ""
    saved: int = 0

    def take(self, step: Past) -> None:
        """Take in the next step; an edit, or a reply that is asked for again, says nothing about the run."""
        self.seq, hub, delta, focus = step.seq, self._hub, step.delta, step.focus
        self._connect(delta, focus)
        if focus is None or step.is_again or step.outcome in {"unusable", "refused", "thinking"}:
            return
        if focus.form in ASIDE:  # about two names, or about what to ask
            return
        self.questions += 1
        new, rules = delta.new_concepts, [reject.rule for reject in delta.rejects]
        if focus.form == "widen":
            self.widened, self.fields = self.questions, tuple(concept.key for concept in new)
        relations = [] if hub in focus.concepts else [one.relation for one in delta.relations]
        ends = [(relation.source, relation.target) for relation in relations]
        depths = [self._depth[concept.key] for concept in new if concept.key in self._depth]
        predicates = dict.fromkeys(one.raw.predicate for one in (*delta.relations, *delta.support))
        bits, letters = self._read([*predicates, *(concept.name for concept in new)])
        tally = Tally(
            strategy=focus.strategy, new=len(new), relations=len(delta.relations),
            known=len(delta.support) + len(delta.merged), free=len(ends), at_hub=sum(hub in pair for pair in ends),
            depth=sum(depths), joined=len(depths), apart=len(new) - len(depths), names=len(new) + len(rules),
            foreign=sum(rule in FOREIGN for rule in rules), markup=sum(rule in MARKUP for rule in rules),
            bits=bits, letters=letters,
        )  # fmt: skip
        self.tallies.append(tally)
        if focus.form != "consolidate":
            self.fresh.append(tally)
        if len(self.fresh) == LONG:
            self.best_novelty = max(self.best_novelty, sum(tally.new for tally in self.fresh) / LONG)
        for signal in SIGNALS:
            value, limit, _ = self.reading(signal)
            limit = signal.back * limit if signal.name in self.shown else limit
            if value is not None and signal.is_past(value, limit):
                self.shown.setdefault(signal.name, (self.questions, self.seq))
            elif value is not None:
                self.shown.pop(signal.name, None)
        self.assessment, self.avoided = Assessment(), frozenset()
        if self.shown:  # what has shown for longest, one of drift before any of saturation, which it may bring
            shown = (signal for signal in SIGNALS if signal.name in self.shown)
            self._judge(min(shown, key=lambda signal: (signal.kind != "drifted", self.shown[signal.name][0])))

    def _connect(self, delta: Delta, focus: Focus | None) -> None:
        """Count how far concepts came in from the first one that was asked about, and which is most connected."""
        for change in delta.changes:
            if change.do == "merge" and change.concepts[1] in self._depth:
                self._depth.setdefault(change.concepts[0], self._depth[change.concepts[1]])
                self._spread([change.concepts[0]])
        pairs = [(one.relation.source, one.relation.target) for one in delta.relations]
        for one, other in pairs:
            self._near.setdefault(one, []).append(other)
            self._near.setdefault(other, []).append(one)
        ends = [end for pair in pairs for end in pair]
        if not self._depth and focus and self._near:
            root = next((key for key in focus.concepts if key in self._near), next(iter(ends), next(iter(self._near))))
            self._depth[root] = 0
            self._spread([root])
        self._spread(end for end in ends if end in self._depth)
        for end in ends:
            self._degree[end] += 1
            if self._degree[end] > self._degree[self._hub]:
                self._hub = end

    def _spread(self, known: Iterable[str]) -> None:
        """Give all that are connected with concepts that have a distance one of their own, where they have none yet.

        Nothing without one is connected with them after that, so what they are related to is no longer kept.
        """
        queue = list(known)
        for near in queue:
            for far in self._near.pop(near, ()):
                if far not in self._depth:
                    self._depth[far] = self._depth[near] + 1
                    queue.append(far)

    def _read(self, texts: list[str]) -> tuple[float, int]:
        """Return bits and letters of what was said, and learn what was said a window ago unless all is strange now."""
        padded = [f"  {text.casefold()} " for text in texts]
        trigrams = [[text[at : at + 3] for at in range(len(text) - 2)] for text in padded]
        bits, letters = 0.0, 0
        if self._ngrams.letters >= LEARNT:
            bits, letters = sum(map(self._ngrams.bits, trigrams)), sum(map(len, trigrams))
        self._unlearnt.append((trigrams, bits, letters))
        if len(self._unlearnt) > SHORT:
            old, old_bits, old_letters = self._unlearnt.popleft()
            if "spelling" not in self.shown:
                self._ngrams.learn([three for text in old for three in text])
                self._learnt = self._learnt[0] + old_bits, self._learnt[1] + old_letters
                self.usual_bits = self._learnt[0] / max(1, self._learnt[1])
        return bits, letters

    def dump(self) -> bytes:
        """Return all of it in bytes, which `restored` reads."""
        state = {name: getattr(self, name) for name in (*_PLAIN, "fields", "shown", "_degree")}
        state |= {name: [astuple(tally) for tally in getattr(self, name)] for name in ("tallies", "fresh")}
        state |= {"assessment": astuple(self.assessment), "avoided": sorted(self.avoided), "_learnt": self._learnt}
        return json.dumps(state | {"ngrams": vars(self._ngrams), "_unlearnt": list(self._unlearnt)}).encode()

    @classmethod
    def restored(cls, data: memoryview, saved: int) -> "Monitor":
        """Return the monitor of which `dump` made these bytes; raises ValueError, KeyError or TypeError for others."""
        state = json.loads(bytes(data))
        own = cls(**{name: state[name] for name in _PLAIN} | {"saved": saved})
        own.fields, own._degree = tuple(state["fields"]), Counter(state["_degree"])
        own.shown = {name: (question, seq) for name, (question, seq) in state["shown"].items()}
        own.assessment, own.avoided = Assessment(*state["assessment"]), frozenset(state["avoided"])
        own.tallies.extend(Tally(*row) for row in state["tallies"])
        own.fresh.extend(Tally(*row) for row in state["fresh"])
        own._learnt = tuple(state["_learnt"])
        own._unlearnt.extend((texts, bits, letters) for texts, bits, letters in state["_unlearnt"])
        for name, value in vars(own._ngrams).items():
            setattr(own._ngrams, name, type(value)(state["ngrams"][name]))
        return own

    def reading(self, signal: Signal) -> tuple[float | None, float, list[Tally]]:
        """Return the value of a signal now, None where too little was said, its limit, and the questions it is of."""
        window = list(self.fresh if signal.kind == "saturated" else self.tallies)[-signal.window :]
        limit = max(signal.limit, signal.times * getattr(self, signal.usual))
        return signal.value(window, signal.least), limit, window

    def _judge(self, signal: Signal) -> None:
        """Say what is to be done about a signal, and which strategies are to be left: those that it is worst with."""
        (question, seq), ladder = self.shown[signal.name], LADDER[signal.kind]
        value, limit, window = self.reading(signal)
        more = self.questions - question
        if value is None or signal.is_past(value, limit):
            rung = min(more // signal.window, len(ladder) - 1)
        else:  # what has come back past the limit goes on
            rung, limit = min(more // signal.window, len(ladder) - 2), signal.back * limit
        words = signal.words.format(value=limit if value is None else value, limit=limit)
        wider = ", also when asked for neighbouring fields" if self.widened > question else ""
        went_on = f"; it went on for {more} questions more{wider}" if rung else ""
        sentence = f"{words} over the last {signal.window} questions, since step {seq}{went_on}"
        self.assessment = Assessment(ladder[rung], signal.kind, sentence, seq, signal.name)

        whole, names = signal.value(window), set[str]()
        for name in {tally.strategy for tally in window}:
            own = [tally for tally in window if tally.strategy == name]
            value = signal.value(own)
            is_bad = value is not None and whole is not None and (value == whole or signal.is_past(value, whole))
            if is_bad or 2 * len(own) >= len(window):
                names.add(name)
        self.avoided = frozenset(names)


def monitor(graph: Graph) -> Monitor:
    """Return the monitor of a graph's log, kept beside the graph and in its store, and brought up to date."""
    known = graph.memo.get("monitor")
    if isinstance(known, Monitor) and known.seq <= graph.seq:
        state = known
    else:
        state = restored(graph, _KIND, Monitor.restored) or Monitor()
        graph.memo["monitor"] = state
    for step in graph.past[state.seq :]:
        state.take(step)
    save(graph, _KIND, state)
    return state


def assessments(events: Iterable[Event]) -> Iterator[tuple[Event, Assessment | None]]:
    """Yield the events of a log, each with the assessment after it where that calls for something else than before."""
    state, before = Monitor(), Assessment()
    for event in events:
        state.take(Past.of(event))
        after = state.assessment
        yield event, after if after.do != before.do else None
        before = after
