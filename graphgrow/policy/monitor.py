"""Does a run dry up, or leave its topic or its language? Signs over the last questions, and what is to be done.

All is a fold over the log: what each event said, as it said it, whatever edits made of it later, so a run that was
resumed is judged as one that was never stopped. A sign that shows is answered by a ladder, a rung for each whole window
of questions in which it goes on showing: turn to other strategies, ask for neighbouring fields, stop. After a drift no
wider topic helps, so that rung is left out. A sign is gone once it is well behind its limit (`back`), and all is calm.

What this cannot see: whether what is said is true; another trade in the same words; one of two near languages, or a
change in the first two dozen questions, before the spelling is learnt. A new alphabet of names, say formulae for words,
looks like another language. Questions that repeat what is known on purpose (consolidate) say nothing of saturation,
but time goes on with them. The discovery parameter D is left to `graphgrow critical`: it needs embeddings, and grows
with the graph whatever a run does.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Past
from graphgrow.graph.model import ARBITER, INTENTS, Delta, Event, Focus
from graphgrow.policy.ngrams import Spelling
from graphgrow.policy.signals import LONG, SHORT, SIGNS, Kind, Sign, Tally, Usual
from graphgrow.prompts.render import CONSOLIDATE, WIDEN

Do = Literal["", "turn", "widen", "stop"]

LEARNT = 1000  # letters; below that everything is strange
FOREIGN = frozenset(("script", "language"))
MARKUP = frozenset(("markup", "prefix", "identifier", "placeholder", "no letters"))
LADDER: dict[Kind, tuple[Do, ...]] = {"saturated": ("turn", "widen", "stop"), "drifted": ("turn", "stop")}
ACTS = {"turn": ", time for other strategies", "widen": ", time for neighbouring fields", "stop": ""}


def _watched(step: Past) -> Focus | None:
    """Return what a step asked, None where its reply says nothing about the run.

    An edit, an arbiter's question, one for intents, a reply that is asked for again.
    """
    focus = step.focus
    is_aside = focus is None or focus.strategy == ARBITER or focus.angle == INTENTS
    return None if is_aside or step.is_again or step.outcome == "unusable" else focus


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done now, which kind of trouble it is, and one sentence that says which sign, and since when."""

    do: Do = ""
    kind: Kind | None = None
    sentence: str = ""
    since: int = 0

    @property
    def news(self) -> str:
        """The sentence with what it is about, for people."""
        return f"{self.kind}{ACTS[self.do]}: {self.sentence}" if self.kind else "no sign of saturation or drift"


CALM = Verdict()


@dataclass(frozen=True, slots=True)
class _Showing:
    """A sign that shows: since which question, and since which event."""

    question: int
    seq: int


@dataclass(slots=True)
class Watch:
    """The fold: take the steps of a log in turn, and read `verdict` at any of them.

    `widened` is the last question for neighbouring fields, counted in questions, `fields` what these brought. `tallies`
    are those of the last questions, `fresh` of the last ones that did not repeat what is known on purpose.
    """

    seq: int = 0
    questions: int = 0
    widened: int = 0
    fields: tuple[str, ...] = ()
    tallies: deque[Tally] = field(default_factory=lambda: deque(maxlen=LONG))
    fresh: deque[Tally] = field(default_factory=lambda: deque(maxlen=LONG))
    usual: Usual = field(default_factory=Usual)
    _showing: dict[str, _Showing] = field(default_factory=dict)
    _spelling: Spelling = field(default_factory=Spelling)
    _unlearnt: deque[tuple[list[str], float, int]] = field(default_factory=deque)
    _learnt: tuple[float, int] = (0.0, 0)
    _depth: dict[str, int] = field(default_factory=dict)
    _near: dict[str, list[str]] = field(default_factory=dict)
    _degree: Counter[str] = field(default_factory=Counter)
    _hub: str = ""

    def take(self, step: Past) -> None:
        """Take in the next step."""
        self.seq = step.seq
        hub = self._hub
        self._weave(step.delta, step.focus)
        focus = _watched(step)
        if focus is None:
            return
        self.questions += 1
        if focus.angle == WIDEN:
            self.widened = self.questions
            self.fields = tuple(concept.key for concept in step.delta.new_concepts)
        self.tallies.append(self._tally(step.delta, focus, hub))
        if focus.angle != CONSOLIDATE:
            self.fresh.append(self.tallies[-1])
        if len(self.fresh) == LONG:
            best = max(self.usual.best, sum(tally.new for tally in self.fresh) / LONG)
            self.usual = Usual(best, self.usual.bits)
        self._judge()

    def _tally(self, delta: Delta, focus: Focus, hub: str) -> Tally:
        new = delta.new_concepts
        rules = [reject.rule for reject in delta.rejects]
        foreign, markup = (sum(rule in which for rule in rules) for which in (FOREIGN, MARKUP))
        ends = [said.relation.ends for said in delta.relations] if hub not in focus.concepts else []
        depths = tuple(self._depth[concept.key] for concept in new if concept.key in self._depth)
        bits, letters = self._read(
            [*{said.raw.predicate: None for said in delta.statements}, *(one.name for one in new)]
        )
        return Tally(
            strategy=focus.strategy, new=len(new), relations=len(delta.relations),
            known=len(delta.support) + len(delta.merged), free=len(ends), at_hub=sum(hub in pair for pair in ends),
            depths=depths, apart=len(new) - len(depths), names=len(new) + len(rules), foreign=foreign, markup=markup,
            bits=bits, letters=letters,
        )  # fmt: skip

    def _weave(self, delta: Delta, focus: Focus | None) -> None:
        """Count how far concepts came in from the first one that was asked about, and which is most connected."""
        for change in delta.changes:
            if change.do == "merge" and change.concepts[1] in self._depth:
                self._depth.setdefault(change.concepts[0], self._depth[change.concepts[1]])
                self._spread([change.concepts[0]])
        pairs = [said.relation.ends for said in delta.relations]
        for one, other in pairs:
            self._near.setdefault(one, []).append(other)
            self._near.setdefault(other, []).append(one)
        ends = [end for pair in pairs for end in pair]
        if not self._depth and focus and self._near:
            root = next((key for key in focus.concepts if key in self._near), next(iter(ends), next(iter(self._near))))
            self._depth[root] = 0
            ends.append(root)
        self._spread(end for end in ends if end in self._depth)
        for end in (end for pair in pairs for end in pair):
            self._degree[end] += 1
            if self._degree[end] > self._degree[self._hub]:
                self._hub = end

    def _spread(self, known: Iterable[str]) -> None:
        """Give all that hangs on concepts with a distance one of their own, where they have none yet."""
        queue = list(known)
        for near in queue:
            for far in self._near.get(near, ()):
                if far not in self._depth:
                    self._depth[far] = self._depth[near] + 1
                    queue.append(far)

    def _read(self, texts: list[str]) -> tuple[float, int]:
        """Return bits and letters of what was said, and learn what was said a window ago unless all is strange now."""
        found = [self._spelling.bits(text) for text in texts]
        bits, letters = sum(bits for bits, _ in found), sum(letters for _, letters in found)
        is_learnt = self._spelling.letters >= LEARNT
        self._unlearnt.append((texts, bits, letters) if is_learnt else (texts, 0.0, 0))
        if len(self._unlearnt) > SHORT:
            self._learn(*self._unlearnt.popleft())
        return (bits, letters) if is_learnt else (0.0, 0)

    def _learn(self, texts: list[str], bits: float, letters: int) -> None:
        if "spelling" in self._showing:
            return
        for text in texts:
            self._spelling.learn(text)
        self._learnt = self._learnt[0] + bits, self._learnt[1] + letters
        self.usual = Usual(self.usual.best, self._learnt[0] / max(1, self._learnt[1]))

    def _judge(self) -> None:
        """Note which signs begin to show, and which are gone."""
        for sign in SIGNS:
            value, limit = self.reading(sign)
            shown = sign.name in self._showing
            if value is not None and sign.shows(value, sign.back * limit if shown else limit):
                self._showing.setdefault(sign.name, _Showing(self.questions, self.seq))
            elif value is not None:
                self._showing.pop(sign.name, None)

    def window(self, sign: Sign) -> list[Tally]:
        """Return the questions that a sign looks at."""
        return list(self.fresh if sign.kind == "saturated" else self.tallies)[-sign.window :]

    def reading(self, sign: Sign) -> tuple[float | None, float]:
        """Return the value of a sign now, None where too little was said, and its limit."""
        limit = sign.limit(self.usual)
        return sign.value(self.window(sign), sign.least), limit

    def leading(self) -> Sign | None:
        """Return the sign that has shown for longest, one of drift before any of saturation, which it may bring."""
        shown = [sign for sign in SIGNS if sign.name in self._showing]
        return min(shown, key=lambda sign: (sign.kind != "drifted", self._showing[sign.name].question), default=None)

    @property
    def verdict(self) -> Verdict:
        """What is to be done now."""
        sign = self.leading()
        if sign is None:
            return CALM
        since, ladder = self._showing[sign.name], LADDER[sign.kind]
        value, limit = self.reading(sign)
        is_past = value is None or sign.shows(value, limit)
        last = len(ladder) - 1 if is_past else len(ladder) - 2  # what has come back past the limit goes on
        rung = min((self.questions - since.question) // sign.window, last)
        limit = limit if is_past else sign.back * limit
        words = sign.words.format(value=limit if value is None else value, limit=limit)
        more = self.questions - since.question
        wider = ", also when asked for neighbouring fields" if self.widened > since.question else ""
        went_on = f"; it went on for {more} questions more{wider}" if rung else ""
        sentence = f"{words} over the last {sign.window} questions, since event {since.seq}{went_on}"
        return Verdict(ladder[rung], sign.kind, sentence, since.seq)

    def avoid(self) -> frozenset[str]:
        """Return the strategies that do as badly as all together or worse, or that asked half of all; none in calm."""
        sign = self.leading()
        if sign is None:
            return frozenset()
        window = self.window(sign)
        whole = sign.value(window)
        by_name: dict[str, list[Tally]] = {}
        for tally in window:
            by_name.setdefault(tally.strategy, []).append(tally)
        values = {name: sign.value(tallies) for name, tallies in by_name.items()}
        worse = {
            name
            for name, value in values.items()
            if whole is not None and value is not None and (value <= whole if sign.is_low else value >= whole)
        }
        return frozenset(worse | {name for name, tallies in by_name.items() if 2 * len(tallies) >= len(window)})


def watch(graph: Graph) -> Watch:
    """Return the watch over a graph's log, kept beside the graph and brought up to date."""
    found = graph.memo.get("watch")
    if not isinstance(found, Watch) or found.seq > graph.seq:
        found = Watch()
        graph.memo["watch"] = found
    for step in graph.past[found.seq :]:
        found.take(step)
    return found


def verdict(graph: Graph) -> Verdict:
    """Return what is to be done about a run as it stands."""
    return watch(graph).verdict


def avoid(graph: Graph) -> frozenset[str]:
    """Return the strategies to leave for now."""
    return watch(graph).avoid()


def watched(events: Iterable[Event]) -> Iterator[tuple[Event, Verdict | None]]:
    """Yield the events of a log, each with the verdict after it where that tells to do another thing than before."""
    watching, before = Watch(), CALM
    for event in events:
        watching.take(Past.of(event))
        after = watching.verdict
        yield event, after if after.do != before.do else None
        before = after
