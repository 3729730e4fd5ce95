"""Models that run in this process, each opened once for all runs: a copy for each job would not fit its memory."""

import os
from dataclasses import dataclass, field
from threading import Lock

from graphgrow.batch.running import Opening
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm import LLM, LOCAL


@dataclass
class Models:
    """The models of one process; threads may share it. Endpoints are opened for each run, they cost nothing."""

    _opened: dict[tuple[str, float], LLM] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self, opening: Opening) -> LLM:
        """Return the model; closing it leaves one that runs here open for others."""
        if not runs_here(opening):
            return opening.open()
        name = opening.llm or LOCAL, opening.temperature
        with self._lock:
            if name not in self._opened:
                self._opened[name] = opening.open()
            return Kept(self._opened[name])

    def close(self) -> None:
        """Give the memory back."""
        for model in self._opened.values():
            model.close()


def runs_here(opening: Opening) -> bool:
    """Tell whether a model runs in the process that opens it."""
    if opening.llm == LOCAL or opening.llm.endswith(".gguf"):
        return not opening.base_url
    named = opening.llm or opening.base_url
    return not (named or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_KEY"))


@dataclass(frozen=True)
class Kept:
    """A model that others use too."""

    llm: LLM

    @property
    def name(self) -> str:
        """The model's name."""
        return self.llm.name

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply."""
        return self.llm.ask(prompt)

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD, None where nothing is charged."""
        return self.llm.price(usage)

    def close(self) -> None:
        """Do nothing: whoever opened it closes it."""
