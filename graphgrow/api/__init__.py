"""A graph at hand: what `graphgrow.open` returns, for scripts and notebooks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphgrow.api.knowledge_graph import KnowledgeGraph
    from graphgrow.api.options import GrowthOptions

__all__ = ["GrowthOptions", "KnowledgeGraph"]

_MODULES = {
    "GrowthOptions": "graphgrow.api.options",
    "KnowledgeGraph": "graphgrow.api.knowledge_graph",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)
