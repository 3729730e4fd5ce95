"""Thinking with a graph: paths with their evidence, answers, discoveries, ideas; every reply is an event of its log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import confidence
from graphgrow.graph.display import card, line, listed, table
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import DEFAULT_USD, Budget
from graphgrow.llm import LLM
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    import pandas as pd

    from graphgrow.reason.answers import GraphAnswer
    from graphgrow.reason.communities import CommunitySummaries
    from graphgrow.reason.discovery import Discovery
    from graphgrow.reason.ideas import Idea
    from graphgrow.reason.judge import Judgement

LIMIT = Budget(usd=DEFAULT_USD)
COLUMNS = "hop", "source", "predicate", "target", "support", "confidence", "events"


@dataclass(frozen=True, slots=True)
class ConceptPath:
    """A path: `keys` and `names` of its concepts, and the relations of every hop with their evidence.

    A path ignores which way a relation points; `relations` shows it.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    @property
    def steps(self) -> int:
        """The number of its hops."""
        return max(0, len(self.keys) - 1)

    @property
    def relations(self) -> "pd.DataFrame":
        """The relations that make up the hops, a DataFrame of shape (relations, 7).

        Columns: `hop` (from 1), `source`, `predicate`, `target` (names), `support`, `confidence` (0 to 1), `events`
        (a tuple of numbers).
        """
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(COLUMNS))

    def __repr__(self) -> str:
        return f"<ConceptPath of {self.steps} hops: {' - '.join(map(line, self.names))}>"

    def _repr_html_(self) -> str:
        rows = [(*list(row.values())[:-1], listed(row["events"])) for row in self.rows]
        return card(" \u2013 ".join(self.names), {"hops": self.steps}, table(COLUMNS, rows))


def concept_path(graph: Graph, keys: Sequence[str]) -> ConceptPath:
    """Return a path of keys as a ConceptPath."""
    from graphgrow.reason.paths import hops

    rows = tuple(
        {
            "hop": place,
            "source": graph.name(relation.source),
            "predicate": relation.predicate,
            "target": graph.name(relation.target),
            "support": graph.support(relation),
            "confidence": confidence(graph, relation),
            "events": tuple(evidence.seq for evidence in graph.relations[relation]),
        }
        for place, hop in enumerate(hops(graph, keys), 1)
        for relation in hop.relations
    )
    return ConceptPath(tuple(keys), tuple(map(graph.name, keys)), rows)


class GraphReasoning:
    """What a graph can be asked, `graph.think`, by default for at most 1 USD per call.

    Where the graph has fact checks, only the relations that it trusts are read; `confidence`, from 0 to 1, sets another
    least confidence of what is read, and 0 reads all. Raises BadInput where nothing is trusted.

    The same call continues work that was broken off, and nothing is paid twice. A model is an object or a
    name, as in `KnowledgeGraph.grow`; without one the environment decides.
    """

    def __init__(self, store: GraphStore, now: Callable[[], Graph], model: Callable[[LLM | str | None], LLM]) -> None:
        self._store, self._now, self._model = store, now, model

    def path(self, one: str, other: str, *, confidence: float | None = None) -> ConceptPath:
        """Return the shortest path between two concepts; raises BadInput where there is none, or no such concept."""
        return self.paths(one, other, count=1, confidence=confidence)[0]

    def paths(self, one: str, other: str, *, count: int = 3, confidence: float | None = None) -> list[ConceptPath]:
        """Return up to `count` paths between two concepts, the shortest first, none visiting a concept twice.

        Raises BadInput where there is none, and for a concept that is not there.
        """
        from graphgrow.reason.paths import k_shortest
        from graphgrow.reason.trust import trusted_graph

        trusted = trusted_graph(self._now(), confidence)
        with trusted.explaining():
            paths = k_shortest(trusted.graph, trusted.find(one), trusted.find(other), count)
            if not paths:
                raise BadInput(
                    f"no path leads from {one!r} to {other!r}: they are in parts of the graph that no relation joins"
                )
        return [concept_path(trusted.graph, keys) for keys in paths]

    def longest(self, *, count: int = 1, confidence: float | None = None) -> list[ConceptPath]:
        """Return the `count` longest of all shortest paths, the longest first."""
        from graphgrow.reason.paths import longest
        from graphgrow.reason.trust import trusted_graph

        graph = trusted_graph(self._now(), confidence).graph
        return [concept_path(graph, keys) for keys in longest(graph, count)]

    def ask(
        self,
        question: str,
        llm: LLM | str | None = None,
        *,
        compare: bool = False,
        confidence: float | None = None,
        budget: Budget = LIMIT,
        seed: int = 0,
    ) -> "GraphAnswer":
        """Return the answer of the graph to a question, each sentence with what it cites, or that it does not know.

        With `compare` the same model answers also without the graph, with as many tokens. Raises BadInput for no
        question, BudgetSpent, LLMError; what was paid for is in the log then.
        """
        from graphgrow.reason.answers import ask

        model = self._model(llm)
        return ask(self._store, model, question, compare=compare, confidence=confidence, budget=budget, seed=seed)

    def discover(
        self,
        source: str = "",
        target: str = "",
        llm: LLM | str | None = None,
        *,
        rank: int = 1,
        confidence: float | None = None,
        budget: Budget = LIMIT,
        seed: int = 0,
    ) -> "Discovery":
        """Return the discovery along the path between two concepts, or along one that the graph chooses.

        The graph chooses the path of that `rank` among those that it may choose, the longest first. Raises BadInput
        where there is no such path, BudgetSpent and LLMError where it ends early; what was paid for is in the log, and
        the same call goes on with it.
        """
        from graphgrow.reason.discovery import discover
        from graphgrow.reason.route import DiscoveryRequest

        model, request = self._model(llm), DiscoveryRequest(source, target, rank=rank)
        return discover(self._store, model, request=request, confidence=confidence, budget=budget, seed=seed)

    def discoveries(self) -> list["Discovery"]:
        """Return the discoveries that the log holds, the newest first; nothing is asked."""
        from graphgrow.reason.discovery import discoveries

        return discoveries(self._now())

    def describe(
        self,
        llm: LLM | str | None = None,
        *,
        count: int = 8,
        confidence: float | None = None,
        budget: Budget = LIMIT,
        seed: int = 0,
    ) -> "CommunitySummaries":
        """Return a name and a sentence for each of the `count` largest communities, from its trusted relations.

        Raises BadInput where no community has three related concepts, BudgetSpent, LLMError; what was paid for is in
        the log then.
        """
        from graphgrow.reason.communities import describe

        model = self._model(llm)
        return describe(self._store, model, count=count, confidence=confidence, budget=budget, seed=seed)

    def judge(  # noqa: PLR0913  # each by its name
        self,
        question: str,
        one: str,
        other: str,
        llm: LLM | str | None = None,
        *,
        names: tuple[str, str] = ("one", "other"),
        samples: int = 3,
        budget: Budget = LIMIT,
        seed: int = 0,
    ) -> "Judgement":
        """Return which of two answers to a question is better, asked in both orders of a model that is tested first.

        Each of the `samples`, 1 to 50, is asked in both orders; `names` are for the reader, the judge does not see
        them. Where the judge fails the probes the verdict is "refused". Raises BadInput for an empty text, BudgetSpent,
        LLMError; what was paid for is in the log then.
        """
        from graphgrow.reason.judge import judge

        model = self._model(llm)
        return judge(self._store, model, question, one, other, names=names, samples=samples, budget=budget, seed=seed)

    def ideas(  # noqa: PLR0913  # each by its name
        self,
        llm: LLM | str | None = None,
        *,
        count: int = 3,
        novelty: float = 0.7,
        feasibility: float = 0.5,
        effectiveness: float = 0.5,
        goal: str = "",
        judge_with: LLM | str | None = None,
        confidence: float | None = None,
        budget: Budget = LIMIT,
        seed: int = 0,
    ) -> list["Idea"]:
        """Return `count` hypotheses from gaps, bridges and surprising relations, best first by pairwise comparison.

        Another model may compare them, `judge_with`. Dials go from 0 to 1. Raises BadInput for a dial out of range
        and for a graph without two related concepts, BudgetSpent, LLMError; what was paid for is in the log then.
        """
        from graphgrow.reason.ideas import ideas
        from graphgrow.reason.seeds import IdeaDials
        from graphgrow.reason.tasks import Options

        dials = IdeaDials(novelty, feasibility, effectiveness)
        model, how = self._model(llm), Options(confidence=confidence, budget=budget, seed=seed)
        if judge_with is not None:
            how["judge"] = self._model(judge_with)
        proposed = ideas(self._store, model, count=count, dials=dials, goal=goal, **how)
        return list(proposed.ranked)
