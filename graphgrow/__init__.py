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
    from typing import Any, Unpack

    from graphgrow.api import GrowthOptions, KnowledgeGraph
    from graphgrow.api.options import GrowthKeywords
    from graphgrow.batch.reports import JobReport
    from graphgrow.batch.status import JobStatus
    from graphgrow.growth.loop import Growth
    from graphgrow.llm import LLM
    from graphgrow.llm.scripted import Scripted
    from graphgrow.stores import GraphStore

__all__ = [
    "Budget", "GraphgrowError", "Growth", "GrowthOptions", "KnowledgeGraph", "Prompt", "Reply", "Scripted", "Usage",
    "grow", "job_report", "jobs", "open", "open_llm",
]  # fmt: skip
__version__ = "0.1.0"

_MODULES = {
    "Growth": "graphgrow.growth.loop",
    "GrowthOptions": "graphgrow.api",
    "KnowledgeGraph": "graphgrow.api",
    "Scripted": "graphgrow.llm.scripted",
}  # imported when they are first asked for, so that `import graphgrow` is instant


if not TYPE_CHECKING:  # type checkers see the names themselves, and no others

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def open(url: "str | Path", *, create: bool = False) -> "KnowledgeGraph":  # noqa: A001  # graphgrow.open reads like open
    """Open a graph by the URL or path of its store, or the file of a run (.jsonl, .jsonl.gz) in memory.

    Raises BadInput where there is none and `create` is not set, StoreError for one that cannot be read.
    """
    from graphgrow.api.knowledge_graph import open_graph

    return open_graph(url, create=create)


def open_llm(  # noqa: PLR0913  # all of them can be left out
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    temperature: float = 0.7,
    timeout: float | None = None,
    patience: float | None = None,
    reasoning_effort: str = "",
    reply_tokens: int | None = None,
    key_env: str = "",
    llm_options: "str | Mapping[str, Any]" = "",
) -> "LLM":
    """Open a model by name, address or environment, as the command line does; close it when done.

    "URL#NAME" is an address and a name in one. A reply of an endpoint may take `timeout` seconds (180); an endpoint
    that is busy or at its rate limit is waited for `patience` minutes (10). `reasoning_effort` is how much the model
    thinks first, in the words of its endpoint; `reply_tokens` the limit of a long reply, thinking included; `key_env`
    the environment variable with the API key; `llm_options` are extra parameters of each request, which override ours.
    Raises BadInput for an option that cannot be used, LLMError where the model cannot be had.
    """
    import os

    from graphgrow.api import models

    options = models.ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
    seen = os.environ if env is None else env
    return models.open_llm(name, base_url, env=seen, temperature=temperature, patience=patience, options=options)


def grow(
    topic: str | None,
    store: "GraphStore",
    llm: "LLM | str | None",
    options: "GrowthOptions | None" = None,
    *,
    budget: "Budget | None" = None,
    **named: "Unpack[GrowthKeywords]",
) -> "Growth":
    """Return the growth of a graph: iterate over it, and each event is saved before you see it.

    Options are those of `GrowthOptions`, in an object or by name; limits may come as a `Budget`. Without any it does 20
    steps for at most 1 USD. A model is an object or a name, as in `KnowledgeGraph.grow`. Raises BadInput for an invalid
    topic or option.
    """
    from graphgrow.api import options as growth

    return growth.grow(topic, store, llm, options, budget=budget, **named)


def jobs(file: "str | Path") -> "list[JobStatus]":
    """Return how each job of a jobs file stands: its schedule, its last and next run, and the `reports` of its runs.

    Raises BadInput for a file that cannot be used.
    """
    from pathlib import Path

    from graphgrow.batch.status import overview

    return overview(Path(file))


def job_report(report: "JobReport") -> str:
    """Return the report of a run as Markdown."""
    from graphgrow.batch.reports import markdown

    return markdown(report)
