"""A world with a known truth: a hidden graph that answers as a language model does, bad habits and all.

Nothing is remembered: a reply follows from the seed and the prompt alone, so that neither threads nor restarts change
one. What is true, who is popular and what a name means stands in truth.py; what a prompt asks, in the prompt.
"""

import hashlib
import json
import math
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, islice, pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.model import Asks, Prompt, Reply, Triple
from graphgrow.llm import FreeModel
from graphgrow.llm.simulated.truth import FALLBACK, HiddenGraph, hide
from graphgrow.llm.usage import estimate_usage

if TYPE_CHECKING:
    import networkx as nx

MOST = 64
JOINING = frozenset(("connect", "join", "between"))  # forms that ask what leads from one concept to another
OPEN = frozenset(("seed", "expand", "widen"))  # forms that ask about a concept without a predicate
DRAWS = 4  # tries to find a concept to go on with
TOGETHER = 0.75  # share of the names of one answer that are right or wrong together
LONGER = 4 / 3  # how much longer a list is than a reply that writes its relations out
CHANCE = 0.5  # the skill of one who cannot tell
SUREST = 12.0  # log-odds of a fact check
NO_NAMES = "none"
CHANCES = (
    "recall", "chain", "pull", "variants", "junk", "drift", "errors", "list_errors", "facet_errors", "obscure",
)  # fmt: skip
# What models write where a concept should stand, made up after what hygiene kept out of the recorded run.
JUNK = (
    "resistant to wear", "durable", "highly effective", "used in", "used in construction", "protects structures",
    "improves the overall performance", "unique properties", "wide range of applications", "various other uses",
    "materials that are known for their strength", "instance:material", "Q4711", "it is strong",
    "{focus} which is used", "composed of {focus} that can be shaped", "good {focus}", "use of {focus}",
    "proper handling", "quality aspects",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WorldSettings:
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
    - errors: the same once more, for runs that count what is false: chance that a relation is said and does not hold
    - list_errors, facet_errors, obscure: chance that a relation does not hold that else would: in a list of relations,
      in the names that answer a facet, about the least popular concept (half of that about one of the middle, none
      about the first); names of one answer to a facet are right or wrong together, as a model's are (TOGETHER of them
      share their luck)
    - skill: how well a fact check tells what is true: the chance that a true relation gets higher log-odds than a false
      one (the AUC), from .5, no better than chance, to below 1
    """

    k: int = 6
    popularity: float = 1.0
    recall: float = 0.27
    chain: float = 0.48
    pull: float = 0.17
    variants: float = 0.03
    junk: float = 0.07
    drift: float = 0.03
    errors: float = 0.0
    list_errors: float = 0.0
    facet_errors: float = 0.0
    obscure: float = 0.0
    skill: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.k <= MOST:
            raise BadInput(f"a world names between 0 and {MOST} concepts at a time, not k={self.k}")
        if not 0 <= self.popularity < math.inf:
            raise BadInput(f"popularity is an exponent of 0 or more, not {self.popularity}")
        if not CHANCE <= self.skill < 1:
            raise BadInput(f"skill is an AUC from {CHANCE} to below 1, not {self.skill}")
        for name in CHANCES:
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"{name} is a chance between 0 and 1, not {getattr(self, name)}")


class World(FreeModel):
    """A hidden graph behind the interface of a language model; `hidden` is its truth, which no policy may look at."""

    def __init__(
        self, graph: "nx.Graph[str]", settings: WorldSettings | None = None, seed: int = 0, name: str = "world"
    ) -> None:
        self.name = name
        self.settings = settings or WorldSettings()
        self.hidden: HiddenGraph = hide(graph)
        most = max(map(len, self.hidden.neighbours.values()))
        self._zipf = list(accumulate(rank**-self.settings.popularity for rank in range(1, most + 1)))
        self._seed = seed

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply to a prompt, billed at the estimate of its length: JSON, names, or how true something is."""
        question, hidden = prompt.asks or Asks("expand"), self.hidden
        whole = f"{self._seed}\0{prompt.seed}\0{prompt.system}\0{prompt.user}"
        rng = random.Random(hashlib.sha256(whole.encode(errors="surrogatepass")).digest())
        answer: dict[str, object]
        if question.form == "fact_check":
            return self._checked(prompt, question, rng)
        if question.form == "facet":  # the other end of each relation, whatever the relation is
            relations = _Answer(question, hidden, self.settings, self._zipf, rng).relations()
            about = question.concepts[0]
            text = ", ".join(one.source if one.target == about else one.target for one in relations) or NO_NAMES
            return Reply(text, estimate_usage(prompt, text), model=self.name)
        if question.form == "arbitrate":
            one, other = (*map(hidden.means, question.concepts), None, None)[:2]
            verdict = "same" if one is not None and one == other else "different"
            answer = {"verdict": verdict, "why": "so it is in the hidden graph"}
        elif question.form == "intents":
            # A question for each kind of relation that the concept has in truth, in random order.
            nodes = filter(None, map(hidden.means, question.concepts))
            kinds = {hidden.relations[node, near].predicate for node in nodes for near in hidden.neighbours[node]}
            drawn = rng.sample(sorted(kinds), len(kinds))
            answer = {"questions": [f"to which terms does {kind!r} relate it?" for kind in drawn]}
        else:
            relations = _Answer(question, hidden, self.settings, self._zipf, rng).relations()
            rows: list[tuple[str, str, str | list[str]]] = [(r.source, r.predicate, r.target) for r in relations]
            if question.form == "list":  # the targets of one source and predicate together
                targets = dict[tuple[str, str], list[str]]()
                for r in relations:
                    targets.setdefault((r.source, r.predicate), []).append(r.target)
                rows = [(source, predicate, names) for (source, predicate), names in targets.items()]
            answer = {"relations": [{"source": s, "predicate": p, "target": t} for s, p, t in rows]}
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        return Reply(text, estimate_usage(prompt, text), model=self.name)

    def _checked(self, prompt: Prompt, question: Asks, rng: random.Random) -> Reply:
        """Return whether what a question repeats is true: yes or no with log-probabilities, or a number in per cent.

        Log-odds of true and of false statements are normal with variance d'^2 and means d'^2 / 2 and -d'^2 / 2, where
        d' = sqrt(2) * Phi^-1(AUC): so they are what a reader of that skill should say (Green and Swets 1966).
        """
        means, relations = self.hidden.means, self.hidden.relations
        apart = math.sqrt(2) * NormalDist().inv_cdf(self.settings.skill)
        shares = []
        for one in question.stated:
            is_true = (means(one.source), means(one.target)) in relations
            log_odds = apart * rng.gauss(apart / 2 if is_true else -apart / 2)
            log_odds = max(-SUREST, min(SUREST, log_odds))
            shares.append(1 / (1 + math.exp(-log_odds)))
        yes = shares[0] if shares else 0.5
        if not prompt.logprobs:
            lines = [f"{number}: {100 * share:.0f}" for number, share in enumerate(shares, 1)]
            text = "\n".join(lines) if len(lines) > 1 else f"{100 * yes:.0f}"
            return Reply(text, estimate_usage(prompt, text), model=self.name)
        text = "yes" if yes >= CHANCE else "no"
        logprobs = (("yes", math.log(yes)), ("no", math.log1p(-yes)))
        return Reply(text, estimate_usage(prompt, text), model=self.name, logprobs=logprobs)


class _Answer:
    """The answer to one question for relations, with the chance of this question alone."""

    def __init__(
        self, question: Asks, hidden: HiddenGraph, settings: WorldSettings, zipf: list[float], rng: random.Random
    ) -> None:
        self.question, self.hidden, self.settings, self.zipf, self.rng = question, hidden, settings, zipf, rng
        self.names = {node: name for name in question.concepts if (node := hidden.means(name))}
        self.nodes = list(self.names)
        self.listed = {node for name in question.listed if (node := hidden.means(name))}
        self.slips = {"list": settings.list_errors, "facet": settings.facet_errors}.get(question.form, 0.0)

    def relations(self) -> list[Triple]:
        """Return what the world says: what is true of the concepts asked about, with slips in it."""
        hidden, rng, settings, most = self.hidden, self.rng, self.settings, self.settings.k
        if not self.nodes:  # something unknown: nothing is said about it, or whatever comes to mind
            slips = sum(rng.random() < settings.drift for _ in range(most))
            unknown = self.question.concepts[:1] * slips
            true = [Triple(name, FALLBACK, hidden.stranger(name, rng)) for name in unknown]
        elif self.question.form in JOINING:
            true = list(islice(self._connections(self.nodes[0], self.nodes[-1]), most))
        elif self.question.form == "check":
            true = self._confirmation()
        else:
            pairs = self._pairs()
            if self.question.form in OPEN:
                true = list(islice(self._expansion(pairs), most))
            elif self.question.form in {"list", "facet"}:
                true = [self._relation(*pair) for pair in pairs[: round(LONGER * most)]]
            else:
                true = self._confirmation() if self.question.form == "consolidate" else []
                known = {frozenset((relation.source, relation.target)) for relation in true}
                true += [self._relation(*pair) for pair in pairs if frozenset(pair) not in known]
                true = true[:most]
        answer = []
        is_shared, luck_of_all = self.question.form == "facet" and self.slips > 0, 0.0
        if is_shared:
            luck_of_all = rng.random()
        for relation in true:  # now and then with junk, something else or another spelling in it
            turned = relation.target in self.names and relation.source not in self.names
            near, far = (relation.source, relation.target) if turned else (relation.target, relation.source)
            luck, lost = rng.random(), settings.junk + settings.drift
            if is_shared and rng.random() < TOGETHER:
                luck = luck_of_all
            right = (1 - settings.errors) * (1 - self.slips) * (1 - settings.obscure * hidden.obscurity.get(far, 1.0))
            if luck < settings.junk:
                word = rng.choice(JUNK).format(focus=self.question.concepts[0])
            elif luck < lost + 1 - right:
                word = hidden.stranger(far, rng)
            elif not (word := self.names.get(near, "")):
                others = hidden.spellings.get(near)
                word = rng.choice(others) if others and rng.random() < settings.variants else near
            there = self.names.get(far) or far
            ends = (word, there) if turned else (there, word)
            answer.append(Triple(ends[0], relation.predicate, ends[1]))
        return answer

    def _pairs(self) -> list[tuple[str, str]]:
        """Return pairs of a concept asked about and what it is related to, in the order in which they are named.

        What the prompt lists comes first where it is recited, in any order; then neighbours by Zipf's law, without
        what is listed.
        """
        hidden, question, nodes, rng = self.hidden, self.question, self.nodes, self.rng

        def fits(node: str, near: str) -> bool:
            return question.form != "kin" or question.predicate in {"", hidden.relations[node, near].predicate}

        recited = [] if rng.random() < self.settings.recall else sorted(self.listed - {*nodes})
        rng.shuffle(recited)
        pairs = [(next((n for n in nodes if (n, name) in hidden.relations), nodes[0]), name) for name in recited]
        if question.form not in OPEN:
            pairs = [pair for pair in pairs if pair in hidden.relations and fits(*pair)]
        drawn = []
        for node in nodes:
            fitting = (near for near in hidden.neighbours[node] if fits(node, near) and near not in self.listed)
            for rank, near in enumerate(fitting, 1):
                drawn.append((-math.log(1 - rng.random()) / rank**-self.settings.popularity, node, near))
        return [*pairs, *((node, near) for _, node, near in sorted(drawn))]

    def _expansion(self, pairs: list[tuple[str, str]]) -> Iterator[Triple]:
        """Yield what a concept relates to; between, relations that go on from the last one or are of the topic."""
        hidden, rng, settings = self.hidden, self.rng, self.settings
        topic, waiting, named = hidden.topic, deque(pairs), {*self.nodes, *self.listed}
        last = ""
        while True:
            if last and not (waiting and waiting[0][1] in self.listed) and rng.random() < settings.chain:
                # A neighbour of the last by Zipf's law that was not named yet, where a few draws find one.
                near = hidden.neighbours[last]
                drawn = rng.choices(near, cum_weights=self.zipf[: len(near)], k=DRAWS) if near else ()
                if following := next((name for name in drawn if name not in named), ""):
                    yield hidden.relations[last, following]
                    last = following
                    named.add(last)
                    continue
            if not waiting:
                return
            if topic not in named and rng.random() < settings.pull:
                yield self._relation(topic, self.nodes[0])
                last = topic
            else:
                node, last = waiting.popleft()
                is_pulled = topic not in {*self.nodes, last} and topic in named and rng.random() < settings.pull
                yield self._relation(topic if is_pulled else node, last, reworded=last in self.listed)
            named.add(last)

    def _relation(self, one: str, other: str, *, reworded: bool = False) -> Triple:
        """Return the relation between two nodes in its true direction, in words of the world's own if reworded."""
        relation = self.hidden.relations.get((one, other)) or Triple(one, FALLBACK, other)
        return replace(relation, predicate=self.rng.choice(self.hidden.predicates)) if reworded else relation

    def _connections(self, one: str, other: str) -> Iterator[Triple]:
        """Yield the relations of a hidden shortest path, then of others beside it; known intermediates are avoided."""
        used = self.listed - {one, other} if self.rng.random() < self.settings.recall else set()
        if (one, other) in self.hidden.relations and not self.question.stated:
            yield self.hidden.relations[one, other]
        while one != other and (path := self.hidden.between(one, other, used)):
            yield from (self.hidden.relations[pair] for pair in pairwise(path))
            used |= set(path[1:-1])

    def _confirmation(self) -> list[Triple]:
        """Return what the question repeats and is true, as it is true."""
        means, relations = self.hidden.means, self.hidden.relations
        pairs = [(means(one.source) or "", means(one.target) or "") for one in self.question.stated]
        return list(dict.fromkeys(relations[pair] for pair in pairs if pair in relations))
