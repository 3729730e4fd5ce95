"""Weights from the Hugging Face hub, for the model that runs in this process: "hf:OWNER/REPO/FILE.gguf".

A download that was broken off goes on where it was, also in another process; a file is used once its SHA-256 is the one
that the hub names; what was checked is never asked for again, so that later runs need no network.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.keys import clean
from graphgrow.llm import HUB
from graphgrow.llm.embedded import LocalServer, cache_directory, open_local, seal
from graphgrow.llm.options import NO_OPTIONS, ModelOptions

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

PREFIX = HUB
INSTALL = "run  pip install '.[hub]'  in the checkout"
TRIES = 5  # connections in a row that bring nothing
_NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)/(?P<file>(?:[\w.+-]+/)*[\w.+-]+\.gguf)", re.ASCII)
_PART = re.compile(r"-00001-of-(\d{5})\.gguf$")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_QUOTE = 200


def open_hub(name: str, temperature: float = 0.7, options: ModelOptions = NO_OPTIONS) -> LocalServer:
    """Return the model of a name "hf:OWNER/REPO/FILE.gguf", downloaded where it is not here yet.

    Raises BadInput for another name, LLMError where the file cannot be had or is no model.
    """
    found = parsed(name)
    if importlib.util.find_spec("xllamacpp") is None:
        raise LLMError(f"{name} needs llama.cpp in this process: {INSTALL}, or give --base-url")
    files = [fetch(*one) for one in parts_of(*found)]
    return open_local(files[0], temperature, options)  # llama.cpp finds the other parts beside the first


def parsed(name: str) -> tuple[str, str]:
    """Return repository and file of a name "hf:OWNER/REPO/FILE.gguf"; raises BadInput."""
    match = _NAME.fullmatch(name.removeprefix(PREFIX))
    if not match or ".." in name:
        raise BadInput(f"{name!r} names no file on the hub: write hf:OWNER/REPO/FILE.gguf")
    return match["repo"], match["file"]


def parts_of(repo: str, file: str) -> list[tuple[str, str]]:
    """Return all files of a model, of which the first of several parts is named."""
    match = _PART.search(file)
    if match is None:
        return [(repo, file)]
    count = int(match[1])
    return [(repo, f"{file[: match.start()]}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1)]


def fetch(repo: str, file: str, cache_dir: Path | None = None) -> Path:
    """Return a file of the hub, from the cache or downloaded there; raises LLMError where it cannot be had."""
    path = (cache_dir or cache_directory()) / "hub" / repo.replace("/", "--") / file
    if is_checked(path):
        return path
    if importlib.util.find_spec("huggingface_hub") is None:
        raise LLMError(f"a download from the hub needs the package huggingface_hub: {INSTALL}")
    from filelock import FileLock
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    name = f"{PREFIX}{repo}/{file}"
    endpoint = os.environ.get("HF_ENDPOINT") or None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):  # another process may download it now
            if is_checked(path):
                return path
            url = hf_hub_url(repo, file, endpoint=endpoint)
            with _explained(name) as problems:
                about = get_hf_file_metadata(url, endpoint=endpoint)
            if problems:
                raise LLMError(f"{problems[0]}: see whether there is a network, or name a file that is here")
            sha256, size = about.etag or "", about.size or 0
            if not _SHA256.fullmatch(sha256) or not size:
                raise LLMError(f"the hub gives no SHA-256 of {name}: take a file that is kept there as a large one")
            partial = path.with_name(f"{path.name}.{sha256[:16]}.part")  # for this version of the file
            _download(name, url, about, partial)
            if (found := _digest(partial)) != sha256:
                partial.unlink()
                raise LLMError(f"{name} came with SHA-256 {found} and not {sha256} as the hub has it: download it anew")
            partial.replace(path)
            marker, note = seal(path, sha256)
            marker.write_text(note, encoding="utf-8")
    except OSError as error:
        raise LLMError(
            f"cannot write {path} ({error.strerror or error}): set XDG_CACHE_HOME to another place"
        ) from None
    return path


def _download(name: str, url: str, about: "HfFileMetadata", partial: Path) -> None:
    """Download what of a file is not here yet, as often as the connection breaks off and something came by it."""
    # `hf_hub_download` begins anew in each process; what it downloads with, used here, goes on where it is told.
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # re-exported without saying so

    size, failures = about.size or 0, 0
    have = partial.stat().st_size if partial.exists() else 0
    if have > size:
        partial.unlink()
        have = 0
    free = shutil.disk_usage(partial.parent).free
    if free < size - have:
        raise LLMError(
            f"{name} needs {(size - have) / 1e9:.3g} GB and {free / 1e9:.3g} are free in {partial.parent}:"
            " free some, or set XDG_CACHE_HOME to another place"
        )
    while have < size:
        with _explained(name) as problems, partial.open("ab") as to:
            http_get(
                url,
                to,
                resume_size=have,
                headers=build_hf_headers(),
                expected_size=size,
                displayed_filename=partial.name.partition(".gguf")[0],
            )
        now = partial.stat().st_size
        failures = 0 if now > have else failures + 1
        have = now
        if problems and failures >= TRIES:
            raise LLMError(
                f"{problems[0]}; {have:,} of {size:,} bytes are here, and the same command goes on from there"
            )


def is_checked(path: Path) -> bool:
    """Tell whether a file is there as it was when its SHA-256 was checked."""
    try:
        kept = path.with_name(path.name + ".checked").read_text(encoding="utf-8")
        marker, note = seal(path, str(json.loads(kept)["sha256"]))
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return marker.exists() and note == kept


@contextmanager
def _explained(name: str) -> Iterator[list[str]]:
    """Say in one sentence what went wrong at the hub: it is raised, or put in the list where the connection broke."""
    from huggingface_hub import errors

    broken: list[str] = []
    transport = tuple(sys.modules[one].TransportError for one in ("httpx2", "httpx") if one in sys.modules)
    try:
        yield broken
    except errors.GatedRepoError:
        raise LLMError(
            f"{name} is given to those who have agreed to its terms: do so on its page, and set HF_TOKEN"
        ) from None
    except errors.RepositoryNotFoundError:
        raise LLMError(f"the hub has no repository for {name}, or shows it to nobody without HF_TOKEN") from None
    except errors.EntryNotFoundError:
        raise LLMError(f"the hub has no file {name}: see the names under Files on the repository's page") from None
    except errors.OfflineModeIsEnabled:
        raise LLMError(f"{name} is not here yet, and HF_HUB_OFFLINE forbids to download it") from None
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            said = [str(status), _line(error.response.headers.get("X-Error-Message", ""))]
            is_token = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            what = "see its page, and set HF_TOKEN to a token that may read it" if is_token else "see its page"
            raise LLMError(f"the hub does not give {name} ({': '.join(filter(None, said))}): {what}") from None
        broken.append(f"the hub does not give {name} now ({status})")
    except transport as error:
        broken.append(f"the connection to the hub broke off ({_line(str(error)) or type(error).__name__})")
    except OSError as error:
        if error.errno is not None:  # of the disk
            raise
        broken.append("the hub sent less than the whole file")


def _line(text: str) -> str:
    """Return what the hub or its client says in one line, without the token."""
    token = os.environ.get("HF_TOKEN", "").strip()
    words = " ".join(clean(text).split())[:_LONGEST_QUOTE]
    return words.replace(token, "***") if token else words


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
