"""What the explorer may use of the rooms below, besides `graphgrow` itself and the other modules of this room."""

from pathlib import Path

from graphgrow.api.knowledge_graph import KnowledgeGraph
from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.export import NodePosition, export
from graphgrow.graph.confidence import TRUSTED, confidence, trusted_part
from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import (
    DEFAULT_STEPS,
    Change,
    Delta,
    Edit,
    Event,
    Expansion,
    FactCheck,
    Focus,
    ReasoningStep,
    Relation,
    Reply,
    Statement,
    Task,
)
from graphgrow.graph.qualified import qualifiers_in_words
from graphgrow.growth.replay import recording, replay
from graphgrow.growth.settings import Prompts
from graphgrow.growth.topic import check as check_topic
from graphgrow.llm.streaming import STREAM
from graphgrow.measure.communities import Community, partition
from graphgrow.measure.comparison import CURVES
from graphgrow.measure.evolution import EMERGED, snapshots
from graphgrow.measure.layout import NAMED, layout, settled
from graphgrow.measure.panel import METRICS
from graphgrow.policy import DEFAULT, POLICIES
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.prompts.forms import MOST_ASKED_FOR
from graphgrow.prompts.render import CONTEXT, FEWEST_CONTEXT, MOST_CONTEXT
from graphgrow.reason.answers import CONTEXT as ANSWER_CONTEXT
from graphgrow.reason.answers import QUESTION, GraphAnswer
from graphgrow.reason.communities import CommunitySummary, in_words, summary_of
from graphgrow.reason.discovery import Discovery, discoveries
from graphgrow.reason.ideas import Ideas
from graphgrow.reason.judge import Judgement
from graphgrow.reason.paths import Hop, hops, k_shortest, longest, path_through
from graphgrow.reason.route import drawing
from graphgrow.reason.seeds import IdeaDials
from graphgrow.reason.stages import DiscoveryStatement
from graphgrow.reason.tasks import outcome
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.search import Found, find, search, search_index
from graphgrow.stores import NEO4J, Extent, GraphIndex, IndexedConcept, open_store, store_url
from graphgrow.stores.outbox import state_folder

__all__ = [
    "ANSWER_CONTEXT", "CONTEXT", "CURVES", "DEFAULT", "DEFAULT_STEPS", "EMERGED", "FEWEST_CONTEXT", "METRICS",
    "MOST_ASKED_FOR", "MOST_CONTEXT", "NAMED", "NEO4J", "POLICIES", "QUESTION", "STRATEGIES", "STREAM", "TRUSTED",
    "BadInput", "Change", "Community", "CommunitySummary", "Delta", "Discovery", "DiscoveryStatement", "Edit", "Event",
    "Expansion", "Extent", "FactCheck", "Focus", "Found", "Graph", "GraphAnswer", "GraphIndex", "Hop", "IdeaDials",
    "Ideas", "IndexedConcept", "Judgement", "NodePosition", "Prompts", "ReasoningStep", "Relation", "Reply",
    "StaleGraph", "Statement", "StoreError", "Task", "canonical", "check_topic", "confidence", "discoveries",
    "drawing", "export", "find", "hops", "in_words", "k_shortest", "layout", "longest", "now", "open_store", "outcome",
    "partition", "path_through", "qualifiers_in_words", "replay_run", "search", "search_index", "settled", "snapshots",
    "state_folder", "store_url", "summary_of", "trusted_part",
]  # fmt: skip


def replay_run(run: Path, url: str) -> KnowledgeGraph:
    """Return a new store's graph, made of the replies of a run file as they are resolved now; raises BadInput."""
    graph = KnowledgeGraph(open_store(url, create=True))
    for _ in replay(recording(run), graph, open_resolver()):
        pass
    return graph
