"""graphgrow grows knowledge graphs out of language models; the structure of the whole graph chooses the next question.

store = graphgrow.open("graph.db", create=True)
for event in graphgrow.grow("spider silk", store, graphgrow.open_llm()):
    print(event.focus.reason, event.delta.concepts)
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphgrow.growth import Growth
    from graphgrow.llm import LLM
    from graphgrow.model import Budget
    from graphgrow.stores import GraphStore

__all__ = ["grow", "open", "open_llm"]
__version__ = "0.1.0"


def open(url: str, *, create: bool = False) -> "GraphStore":  # noqa: A001  # graphgrow.open reads like open
    """Open a graph's store by URL or path; raises BadInput where there is none and `create` is not set."""
    from graphgrow.stores import open_store

    return open_store(url, create=create)


def open_llm(name: str | None = None, base_url: str | None = None, *, env: Mapping[str, str] | None = None) -> "LLM":
    """Open a model by name, address or environment, as the command line does; close it when done.

    Raises LLMError where it cannot be had.
    """
    import os

    from graphgrow import worlds

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
    from graphgrow import growth

    return growth.grow(topic, store, llm, policy=policy, budget=budget, width=width, seed=seed)
