"""Open models worth growing with, and what to type for each: the table open_models.toml, in words."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from graphgrow.llm import HUB

_GROW = 'graphgrow grow "TOPIC"'


@dataclass(frozen=True, slots=True)
class OpenModel:
    """One row of the table; sizes are in 10^9 bytes, `ollama` is "" where that takes it from the hub too."""

    name: str
    licence: str
    file_gb: float
    memory_gb: float
    thinks: bool
    repository: str
    file: str
    vllm: str
    sources: tuple[str, ...]
    ollama: str = ""

    @property
    def commands(self) -> dict[str, str]:
        """What to type, by what runs the model: this process, Ollama, or vLLM; a server is started first."""
        quantisation = self.file.removesuffix(".gguf").rpartition("-")[2]
        name = self.ollama or f"hf.co/{self.repository}:{quantisation}"
        serving, ollama, vllm = "--base-url http://127.0.0.1", "11434/v1", "8000/v1"
        return {
            "here": f"{_GROW} --llm {HUB}{self.repository}/{self.file}",
            "Ollama": f"ollama pull {name} && {_GROW} {serving}:{ollama} --llm {name}",
            "vLLM": f"vllm serve {self.vllm}  # and then  {_GROW} {serving}:{vllm} --llm {self.vllm}",
        }


@cache
def open_models() -> tuple[OpenModel, ...]:
    """Return the rows of the table, smallest file first."""
    table = tomllib.loads((files("graphgrow.llm") / "open_models.toml").read_text(encoding="utf-8"))
    rows = (OpenModel(name, **row | {"sources": tuple(row["sources"])}) for name, row in table.items())
    return tuple(sorted(rows, key=lambda row: row.file_gb))
