"""A world with a known truth: a hidden graph that answers as a language model does, with a model's bad habits on dials.

Nothing is remembered: a reply follows from the seed and the prompt alone, so that neither threads nor restarts change
one. What is true, who is popular and what a name means stands in hidden.py; what a prompt asks, in asked.py.
"""

import hashlib
import json
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.model import Asks, Json, Prompt, Reply, Triple, Usage
from graphgrow.llm.simulated.hidden import FALLBACK, Hidden, hide
from graphgrow.llm.usage import estimate_usage

if TYPE_CHECKING:
    import networkx as nx

MOST = 64
JOINING = frozenset(("connect", "join", "between"))  # forms that ask what leads from one concept to another
OPEN = frozenset(("seed", "expand", "widen"))  # forms that ask about a concept without a predicate
DRAWS = 4  # of a concept to go on with
LONGER = 4 / 3  # a list, than a reply that writes its relations out
# What models write where a concept should stand, made up after what hygiene kept out of the recorded run.
JUNK = (
    "resistant to wear", "durable", "highly effective", "used in", "used in construction", "protects structures",
    "improves the overall performance", "unique properties", "wide range of applications", "various other uses",
    "materials that are known for their strength", "instance:material", "Q4711", "it is strong",
    "{focus} which is used", "composed of {focus} that can be shaped", "good {focus}", "use of {focus}",
    "proper handling", "quality aspects",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dials:
    """The habits of a world. The defaults, variants apart, are fitted to a 1.5 B model (benchmarks/worldfit.py).

    - k: relations in a reply at most; it has fewer where the concept has fewer neighbours
    - popularity: exponent of Zipf's law; the i-th most popular neighbour is named with a weight of i ** -popularity
    - recall: chance that a reply leaves out what the prompt lists as known or as not wanted; one that does not recites
      it before all else in words of its own, which leaves little room for anything new
    - chain: chance that a relation goes on from the one before it, not from the concept asked about
    - pull: chance that a relation is told of the topic in place of the concept asked about; the first in a reply
      relates these two
    - variants: chance that a name is written in another way, where there is one that is not ambiguous
    - junk: chance that in place of a concept stands a phrase that is none
    - drift: chance that in place of a concept stands one from anywhere, to which nothing relates it
    """

    k: int = 6
    popularity: float = 1.0
    recall: float = 0.27
    chain: float = 0.48
    pull: float = 0.17
    variants: float = 0.03
    junk: float = 0.07
    drift: float = 0.03

    def __post_init__(self) -> None:
        if not 0 <= self.k <= MOST:
            raise BadInput(f"a world names between 0 and {MOST} concepts at a time, not k={self.k}")
        if not 0 <= self.popularity < math.inf:
            raise BadInput(f"popularity is an exponent of 0 or more, not {self.popularity}")
        for name in ("recall", "chain", "pull", "variants", "junk", "drift"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"{name} is a chance between 0 and 1, not {getattr(self, name)}")


class World:
    """A hidden graph behind the contract of a language model; `hidden` is its truth, which no policy may look at."""

    def __init__(self, graph: "nx.Graph[str]", dials: Dials | None = None, seed: int = 0, name: str = "world") -> None:
        self.name = name
        self.dials = dials or Dials()
        self.hidden: Hidden = hide(graph)
        most = max(map(len, self.hidden.beside.values()))
        self._zipf = list(accumulate(rank**-self.dials.popularity for rank in range(1, most + 1)))
        self._seed = seed

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply to a prompt: JSON, billed at the estimate of its length."""
        text = _Answer(self.hidden, self.dials, self._zipf, self._chance(prompt)).to(prompt.asks or Asks("expand"))
        return Reply(text, estimate_usage(prompt, text), model=self.name)

    def price(self, usage: Usage) -> float | None:  # noqa: ARG002  # the signature of every model
        """Return None: asking costs nothing."""
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _chance(self, prompt: Prompt) -> random.Random:
        whole = f"{self._seed}\0{prompt.seed}\0{prompt.system}\0{prompt.user}"
        return random.Random(hashlib.sha256(whole.encode(errors="surrogatepass")).digest())


@dataclass(frozen=True, slots=True)
class _Answer:
    """One question being answered."""

    hidden: Hidden
    dials: Dials
    zipf: list[float]
    rng: random.Random

    def to(self, asked: Asks) -> str:
        """Return the reply as JSON."""
        if asked.form == "arbitrate":
            return self._verdict(asked)
        if asked.form == "intents":
            return self._questions(asked)
        as_asked = {node: name for name in asked.concepts if (node := self.hidden.means(name))}
        said = [self._slip(triple, asked, as_asked) for triple in self._all(asked, list(as_asked))]
        rows = self._lists(said) if asked.form == "list" else [_row(t.source, t.predicate, t.target) for t in said]
        return json.dumps({"relations": rows}, ensure_ascii=False, separators=(",", ":"))

    def _lists(self, said: list[Triple]) -> list[Json]:
        """Return relations as a reply lists them: the targets of one source and predicate together."""
        targets = dict[tuple[str, str], list[str]]()
        for triple in said:
            targets.setdefault((triple.source, triple.predicate), []).append(triple.target)
        return [_row(*ends, names) for ends, names in targets.items()]

    def _verdict(self, asked: Asks) -> str:
        one, other = (*map(self.hidden.means, asked.concepts), None, None)[:2]
        verdict = "same" if one is not None and one == other else "different"
        return json.dumps({"verdict": verdict, "why": "so it is in the hidden graph"}, separators=(",", ":"))

    def _questions(self, asked: Asks) -> str:
        """Return a question for each kind of relation that the concept has in truth, in an order of chance."""
        nodes = filter(None, map(self.hidden.means, asked.concepts))
        kinds = sorted({self.hidden.said[node, near].predicate for node in nodes for near in self.hidden.beside[node]})
        asks = [f"to which terms does {kind!r} relate it?" for kind in self.rng.sample(kinds, len(kinds))]
        return json.dumps({"questions": asks}, ensure_ascii=False, separators=(",", ":"))

    def _all(self, asked: Asks, nodes: list[str]) -> list[Triple]:
        """Return what is true of the concepts asked about, k relations at most."""
        if not nodes:
            return self._off_topic(asked)
        if asked.form in JOINING:
            return list(islice(self._joining(nodes[0], nodes[-1], asked), self.dials.k))
        if asked.form == "check":
            return list(self._confirmed(asked))
        listed = self._listed(asked)
        recited = [] if self._happens(self.dials.recall) else sorted(listed - {*nodes})
        own = [*self._recited(asked, nodes, recited), *self._neighbours(asked, nodes, listed)]
        if asked.form in OPEN:
            return list(islice(self._told(nodes, own, listed), self.dials.k))
        if asked.form == "list":
            return [self._relation(*pair) for pair in own[: round(LONGER * self.dials.k)]]
        true = list(self._confirmed(asked)) if asked.form == "consolidate" else []
        told = {frozenset((said.source, said.target)) for said in true}
        new = (self._relation(*pair) for pair in own if frozenset(pair) not in told)
        return [*true, *new][: self.dials.k]

    def _off_topic(self, asked: Asks) -> list[Triple]:
        """Return what is said about something unknown: nothing, or whatever comes to mind."""
        slips = sum(self._happens(self.dials.drift) for _ in range(self.dials.k))
        named = asked.concepts[:1] * slips
        return [Triple(name, FALLBACK, self.hidden.stranger(name, self.rng)) for name in named]

    def _told(self, nodes: list[str], own: list[tuple[str, str]], listed: set[str]) -> Iterator[Triple]:
        """Yield what a concept relates to; between, relations that go on from the last one or are of the topic."""
        topic, waiting, named = self.hidden.topic, deque(own), {*nodes, *listed}
        last = ""
        while True:
            is_reciting = bool(waiting) and waiting[0][1] in listed
            if last and not is_reciting and self._happens(self.dials.chain) and (near := self._beyond(last, named)):
                yield self.hidden.said[last, near]
                last = near
            elif not waiting:
                return
            elif topic not in named and self._happens(self.dials.pull):
                yield self._relation(topic, nodes[0])
                last = topic
            else:
                node, last = waiting.popleft()
                is_pulled = topic not in {*nodes, last} and topic in named and self._happens(self.dials.pull)
                yield self._relation(topic if is_pulled else node, last, reworded=last in listed)
            named.add(last)

    def _beyond(self, node: str, named: set[str]) -> str:
        """Return a neighbour of a node by Zipf's law that was not named yet, "" where a few draws find none."""
        near = self.hidden.beside[node]
        sums = self.zipf[: len(near)]
        drawn = self.rng.choices(near, cum_weights=sums, k=DRAWS) if near else ()
        return next((name for name in drawn if name not in named), "")

    def _relation(self, one: str, other: str, *, reworded: bool = False) -> Triple:
        said = self.hidden.said.get((one, other)) or Triple(one, FALLBACK, other)
        return replace(said, predicate=self.rng.choice(self.hidden.predicates)) if reworded else said

    def _recited(self, asked: Asks, nodes: list[str], listed: list[str]) -> list[tuple[str, str]]:
        """Return (concept, listed) pairs in any order: what the prompt lists, told once more."""
        self.rng.shuffle(listed)
        pairs = [(next((n for n in nodes if (n, name) in self.hidden.said), nodes[0]), name) for name in listed]
        return [pair for pair in pairs if asked.form in OPEN or (pair in self.hidden.said and self._fits(asked, *pair))]

    def _neighbours(self, asked: Asks, nodes: list[str], avoided: set[str]) -> list[tuple[str, str]]:
        """Return (concept, neighbour) pairs, the ones that are named first: Zipf's law, without what is avoided."""
        drawn = []
        for node in nodes:
            fitting = (near for near in self.hidden.beside[node] if self._fits(asked, node, near))
            for rank, near in enumerate((near for near in fitting if near not in avoided), 1):
                weight = rank**-self.dials.popularity
                drawn.append((-math.log(1 - self.rng.random()) / weight, node, near))
        return [(node, near) for _, node, near in sorted(drawn)]

    def _fits(self, asked: Asks, node: str, near: str) -> bool:
        return asked.form != "kin" or asked.predicate in {"", self.hidden.said[node, near].predicate}

    def _joining(self, one: str, other: str, asked: Asks) -> Iterator[Triple]:
        """Yield the relations of a hidden shortest path, then of others beside it; known intermediates are avoided."""
        used = self._listed(asked) - {one, other} if self._happens(self.dials.recall) else set()
        if (one, other) in self.hidden.said and not asked.stated:
            yield self.hidden.said[one, other]
        while one != other and (path := self.hidden.between(one, other, used)):
            yield from (self.hidden.said[pair] for pair in pairwise(path))
            used |= set(path[1:-1])

    def _confirmed(self, asked: Asks) -> Iterator[Triple]:
        """Yield what the question repeats and is true, as it is true."""
        mean, said = self.hidden.means, self.hidden.said
        pairs = (
            (mean(source) or "", mean(target) or "")
            for source, target in ((one.source, one.target) for one in asked.stated)
        )
        yield from dict.fromkeys(said[pair] for pair in pairs if pair in said)

    def _listed(self, asked: Asks) -> set[str]:
        """Return what the prompt lists; a reply leaves out all of it, or nothing (`recall`)."""
        return {node for name in asked.listed if (node := self.hidden.means(name))}

    def _happens(self, chance: float) -> bool:
        return self.rng.random() < chance

    def _slip(self, said: Triple, asked: Asks, as_asked: dict[str, str]) -> Triple:
        """Return a relation as the world says it: now and then with junk, something else or another spelling in it."""
        turned = said.target in as_asked and said.source not in as_asked
        near, far = (said.source, said.target) if turned else (said.target, said.source)
        luck = self.rng.random()
        if luck < self.dials.junk:
            word = self.rng.choice(JUNK).format(focus=asked.concepts[0])
        elif luck < self.dials.junk + self.dials.drift:
            word = self.hidden.stranger(far, self.rng)
        else:
            word = as_asked.get(near) or self._written(near)
        there = as_asked.get(far) or far
        return Triple(word, said.predicate, there) if turned else Triple(there, said.predicate, word)

    def _written(self, name: str) -> str:
        also = self.hidden.also.get(name)
        return self.rng.choice(also) if also and self._happens(self.dials.variants) else name


def _row(source: str, predicate: str, target: str | list[str]) -> Json:
    return {"source": source, "predicate": predicate, "target": target}
