"""What every question earned: the concepts and cross-community relations that it brought and the graph still shows.

Each counts by its relevance to the topic, less what was thrown away. A question is also paid for what became of its
concepts: by how much the later questions about them earned more, or less, than the mean question for its tokens.
Nothing is kept but the log, so a merge or a rejection made today changes what a question of yesterday is worth.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Past
from graphgrow.graph.model import ARBITER
from graphgrow.policy.relevance import relevance
from graphgrow.policy.strategies.structure import Structure, communities, structure

WINDOW = 200  # questions; older ones say little about what pays now
BRIDGE = 0.5  # what a cross-community relation is worth beside a concept
WASTE = 0.25  # what a duplicate or a reject costs
REACH = 0.3  # of what a question's concepts earn beyond the mean goes back to it
THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Gain:
    """One question's account. `own` is what it earned itself, `total` with what its concepts brought later."""

    seq: int
    strategy: str
    angle: str
    variant: str
    concepts: int
    bridges: int
    waste: int
    tokens: int
    own: float
    total: float
    is_step: bool

    @property
    def rate(self) -> float:
        """The gain per 1,000 tokens."""
        return THOUSAND * self.total / max(1, self.tokens)


def gains(graph: Graph, window: int | None = WINDOW) -> list[Gain]:
    """Return the accounts of the last `window` questions about the topic, all of them for None; the oldest first."""
    mark = graph.seq, graph.decisions, window
    kept = graph.memo.get("accounts")
    if isinstance(kept, tuple) and kept[0] == mark:
        return list(kept[1])
    asked = _last(graph.past, window)
    judge = _judge(graph)
    accounts = _reach_back(graph, [judge.gain(one) for one in asked])
    graph.memo["accounts"] = mark, accounts
    return list(accounts)


def _last(past: Sequence[Past], window: int | None) -> list[Past]:
    """Return the last questions about the topic, whatever was decided between them, the oldest first."""
    asked = (one for one in reversed(past) if one.focus and one.focus.strategy != ARBITER)
    return list(islice(asked, window))[::-1]


class _Judge:
    """Says what a question earned itself, by the communities of one structure; older ones than that are judged once."""

    def __init__(self, graph: Graph, found: Structure) -> None:
        self.found = found
        self._graph = graph
        self.weights = relevance(graph)
        self._label = dict(zip(found.keys, found.keep(communities), strict=True))
        self._kept: dict[int, Gain] = {}

    def gain(self, asked: Past) -> Gain:
        """Return the account of one question, without what its concepts brought later."""
        if asked.seq > self.found.seq:  # what it brought is not in the structure yet
            return self._judged(asked)
        if asked.seq not in self._kept:
            self._kept[asked.seq] = self._judged(asked)
        return self._kept[asked.seq]

    def _judged(self, asked: Past) -> Gain:
        focus, delta, find, weights = asked.focus, asked.delta, self._graph.representative, self.weights
        assert focus is not None  # only questions come here
        keys = dict.fromkeys(find(concept.key) for concept in delta.concepts)
        new = [key for key in keys if self._graph.introduced.get(key) == asked.seq]
        bridges = list(self._bridges(asked))
        waste = len(delta.rejects) + len(keys) - len(new)
        own = sum(map(weights.of, new)) + BRIDGE * sum(map(weights.mean, bridges)) - WASTE * waste
        account = len(new), len(bridges), waste, asked.tokens, own, own
        return Gain(asked.seq, focus.strategy, focus.angle, focus.variant, *account, asked.is_step)

    def _bridges(self, asked: Past) -> Iterable[tuple[str, str]]:
        """Yield the ends of the relations that this question was first to say, between two communities."""
        for said in asked.delta.relations:
            shown = self._graph.shown(said.relation)
            evidence = self._graph.relations.get(shown) if shown else None
            if shown and evidence and evidence[0].seq == asked.seq:
                one, other = (self._label.get(key) for key in shown.ends)
                if one is not None and other is not None and one != other:
                    yield shown.ends


def _judge(graph: Graph) -> _Judge:
    found = structure(graph)
    kept = graph.memo.get("gains")
    if isinstance(kept, _Judge) and kept.found is found and kept.weights is relevance(graph):
        return kept
    fresh = _Judge(graph, found)
    graph.memo["gains"] = fresh
    return fresh


def _reach_back(graph: Graph, accounts: list[Gain]) -> list[Gain]:
    """Pay questions for what the later ones about their concepts earned beyond the mean, the newest of these first."""
    mean = sum(one.own for one in accounts) / max(1, sum(one.tokens for one in accounts))
    owed: defaultdict[int, float] = defaultdict(float)
    paid = []
    for account in reversed(accounts):
        total = account.own + owed[account.seq]
        paid.append(replace(account, total=total))
        focus = graph.past[account.seq - 1].focus
        origins = [graph.introduced.get(graph.representative(key)) for key in (focus.concepts if focus else ())]
        for seq in origins:
            if seq is not None and seq < account.seq:
                owed[seq] += REACH * (total - mean * account.tokens) / len(origins)
    return paid[::-1]
