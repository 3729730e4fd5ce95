"""graphgrow grows knowledge graphs out of language models; the structure of the whole graph chooses the next question.

with graphgrow.open("graph.db", create=True) as graph:
    graph.grow("spider silk", steps=5).run()
    print(graph.concepts, graph.measure())
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphgrow.errors import GraphgrowError
from graphgrow.graph.model import Budget, Prompt, Reply, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from graphgrow.api import KnowledgeGraph
    from graphgrow.growth.loop import Growth
    from graphgrow.llm import LLM
    from graphgrow.llm.scripted import Scripted
    from graphgrow.stores import GraphStore

__all__ = [
    "Budget", "GraphgrowError", "Growth", "KnowledgeGraph", "Prompt", "Reply", "Scripted", "Usage", "grow", "open",
    "open_llm",
]  # fmt: skip
__version__ = "0.1.0"

_HOMES = {
    "Growth": "graphgrow.growth.loop",
    "KnowledgeGraph": "graphgrow.api",
    "Scripted": "graphgrow.llm.scripted",
}  # imported when they are first asked for, so that `import graphgrow` is instant


if not TYPE_CHECKING:  # who checks types sees the names themselves, and no others

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def open(url: "str | Path", *, create: bool = False) -> "KnowledgeGraph":  # noqa: A001  # graphgrow.open reads like open
    """Open a graph by the URL or path of its store, or the file of a run (.jsonl, .jsonl.gz) in memory.

    Raises BadInput where there is none and `create` is not set, StoreError for one that cannot be read.
    """
    from graphgrow.api.opening import open_graph

    return open_graph(url, create=create)


def open_llm(name: str | None = None, base_url: str | None = None, *, env: Mapping[str, str] | None = None) -> "LLM":
    """Open a model by name, address or environment, as the command line does; close it when done.

    Raises LLMError where it cannot be had.
    """
    import os

    from graphgrow.api import models as worlds

    return worlds.open_llm(name, base_url, env=os.environ if env is None else env)


def grow(
    topic: str | None,
    store: "GraphStore",
    llm: "LLM",
    *,
    policy: str = "bandit",
    budget: "Budget | None" = None,
    width: int = 1,
    seed: int = 0,
) -> "Growth":
    """Return the growth of a graph: iterate over it, and each event is saved before you see it."""
    from graphgrow.growth import loop as growth

    return growth.grow(topic, store, llm, policy=policy, budget=budget, width=width, seed=seed)
