"""A graph at hand: what `graphgrow.open` returns, for scripts and notebooks."""

from graphgrow.home.knowledge import KnowledgeGraph

__all__ = ["KnowledgeGraph"]
