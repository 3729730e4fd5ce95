"""A graph at hand: what `graphgrow.open` returns, for scripts and notebooks."""

from graphgrow.api.knowledge_graph import KnowledgeGraph

__all__ = ["KnowledgeGraph"]
