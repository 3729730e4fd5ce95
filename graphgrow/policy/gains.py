"""What every question earned: the concepts and cross-community relations that it brought and the graph still shows.

Each counts by its relevance to the topic, less what was thrown away. A question is also paid for what became of its
concepts: by how much the later questions about them earned more, or less, than the mean question for its tokens.
Nothing is kept but the log, so a merge or a rejection made today changes what a question of yesterday is worth.

Relevance says how near a concept is to the topic, without a model: by the words of its name and of the names beside it.
A word of the topic counts 1, one that several concepts next to the topic share counts SHARED; what a concept lacks its
neighbours lend. On the recorded run this agrees with the cosine of embeddings (all-MiniLM-L6-v2) to Pearson's r = .66,
the number of relations to the topic alone to .1. A script without blanks between words gives no words: all is equal.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean

from graphgrow.graph.graph import Graph, Past
from graphgrow.graph.keys import canonical, terms
from graphgrow.measure.projection import Structure, structure
from graphgrow.prompts.render import TEMPLATES

WINDOW = 200  # questions; older ones say little about what pays now
BRIDGE = 0.5  # what a cross-community relation is worth beside a concept
WASTE = 0.25  # what a duplicate or a reject costs
REACH = 0.3  # of what a question's concepts earn beyond the mean goes back to it

FLOOR = 0.2  # the weight of a concept whose words have nothing to do with the topic
SHARED = 0.5
SHARERS = 2  # names next to the topic with one word
SHORTEST = 3  # letters; shorter words say nothing
OWN = 2 / 3  # of the closeness is by the concept's own name
ASKED = 30  # neighbours that are looked at


class Relevance:
    """The weights of concepts in one graph; all but those of the newest concepts are as old as the structure."""

    def __init__(self, graph: Graph, snapshot: Structure) -> None:
        self._graph, self._snapshot = graph, snapshot
        self._topic = graph.topic_key
        near = Counter(word for key in self._neighbours(self._topic) for word in set(_words(key)))
        self._by_word = {word: SHARED for word, names in near.items() if names >= SHARERS}
        self._by_word |= dict.fromkeys((*_words(self._topic), *_words(canonical(graph.topic))), 1.0)
        self._by_key: dict[str, float] = {self._topic: 1.0}

    def of(self, key: str) -> float:
        """Return the weight of a concept, from FLOOR to 1."""
        weight = self._by_key.get(key)
        if weight is None:
            others = islice((other for other in self._neighbours(key) if other != self._topic), ASKED)
            words = map(_words, (key, *others))
            own, *lent = [fmean(self._by_word.get(word, 0.0) for word in name) if name else 0.0 for name in words]
            weight = FLOOR + (1 - FLOOR) * (OWN * own + (1 - OWN) * (fmean(lent) if lent else 0.0))
            if key in self._snapshot.place:
                self._by_key[key] = weight
        return weight

    def mean(self, keys: Iterable[str]) -> float:
        """Return the mean weight of several concepts."""
        return fmean(map(self.of, keys))

    def _neighbours(self, key: str) -> Iterable[str]:
        """Return the neighbours in the structure; the present ones where that does not hold the concept yet."""
        place = self._snapshot.place.get(key)
        if place is None:
            return self._graph.neighbours.get(key, ())
        return [self._snapshot.keys[vertex] for vertex in self._snapshot.graph.neighbors(place)]


def _words(key: str) -> list[str]:
    return [word for word in terms(key) if len(word) >= SHORTEST or not word.isascii()]


def relevance(graph: Graph) -> Relevance:
    """Return the weights that the choices at this event go by."""
    snapshot = structure(graph)
    mark = snapshot.seq, graph.decisions, graph.topic
    return graph.memo.keep("relevance", mark, lambda: Relevance(graph, snapshot))


@dataclass(frozen=True, slots=True)
class Gain:
    """One question's account. `own` is what it earned itself, `total` with what its concepts brought later."""

    seq: int
    strategy: str
    template: str
    variant: str
    concepts: int
    bridges: int
    waste: int
    tokens: int
    own: float
    total: float
    is_step: bool


def gains(graph: Graph, window: int | None = WINDOW) -> list[Gain]:
    """Return the accounts of the last `window` questions about the topic, all of them for None; the oldest first."""
    mark = graph.seq, graph.decisions, window
    return list(graph.memo.keep("gains", mark, lambda: _accounts(graph, window)))


def _accounts(graph: Graph, window: int | None) -> list[Gain]:
    """Judge the last questions, whatever was decided between them, and pay them for what the later ones earned."""
    snapshot, weights = structure(graph), relevance(graph)
    judged = graph.memo.keep("own gains", (snapshot.seq, graph.decisions, graph.topic), dict[int, Gain])
    accounts = []
    counted = (
        one
        for one in reversed(graph.past)  # what a limit too small for thinking cost says nothing about a question
        if one.focus and one.focus.form != "arbitrate" and one.outcome != "thinking"
    )
    for step in islice(counted, window):
        account = judged.get(step.seq) or _own(graph, step, snapshot, weights)
        if step.seq <= snapshot.seq:  # the structure holds all that it brought
            judged[step.seq] = account
        accounts.append(account)
    mean = sum(one.own for one in reversed(accounts)) / max(1, sum(one.tokens for one in accounts))
    owed: defaultdict[int, float] = defaultdict(float)
    for place, account in enumerate(accounts):
        total = account.own + owed[account.seq]
        accounts[place] = replace(account, total=total)
        focus = graph.past[account.seq - 1].focus
        origins = [graph.introduced.get(graph.representative(key)) for key in (focus.concepts if focus else ())]
        for seq in origins:
            if seq is not None and seq < account.seq:
                owed[seq] += REACH * (total - mean * account.tokens) / len(origins)
    return accounts[::-1]


def _own(graph: Graph, step: Past, snapshot: Structure, weights: Relevance) -> Gain:
    """Return the account of one question, without what its concepts brought later."""
    focus, delta = step.focus, step.delta
    assert focus is not None  # only questions come here
    keys = dict.fromkeys(graph.representative(concept.key) for concept in delta.concepts)
    new = [key for key in keys if graph.introduced.get(key) == step.seq]
    label, place = snapshot.communities, snapshot.place
    bridges = []
    for statement in delta.relations:
        relation = graph.corrections.shown(statement.relation)
        if relation is None or relation not in graph.relations:
            continue
        ends = relation.source, relation.target
        is_first = graph.relations[relation][0].seq == step.seq
        if is_first and len({label[place[key]] for key in ends if key in place}) > 1:
            bridges.append(ends)
    waste = len(delta.rejects) + len(keys) - len(new)
    own = sum(map(weights.of, new)) + BRIDGE * sum(map(weights.mean, bridges)) - WASTE * waste
    account = len(new), len(bridges), waste, step.tokens, own, own
    return Gain(step.seq, focus.strategy, TEMPLATES[focus.form], focus.variant, *account, step.is_step)
