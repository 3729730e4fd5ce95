"""Weights from the hub, by the real client against a server with the hub's interface: resumed, checked, cached."""

import hashlib
import importlib.util
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Prompt
from graphgrow.llm import hub, open_llm
from graphgrow.llm.embedded import QWEN, weights
from graphgrow.llm.hub import fetch, open_hub, parsed, parts_of

REPO, FILE = "someone/Some-Model-GGUF", "some-model-q4.gguf"
BLOCK = 1 << 20


@dataclass
class HubServer:
    """What the hub has, by "OWNER/REPO/FILE"; `cuts` are the bytes after which it breaks off, one a request."""

    files: dict[str, Path | bytes]
    sha256: str = ""
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    token: str = ""
    asked: list[str] = field(default_factory=list)

    def size(self, name: str) -> int:
        """Return the bytes of a file."""
        content = self.files[name]
        return content.stat().st_size if isinstance(content, Path) else len(content)

    def digest(self, name: str) -> str:
        """Return the SHA-256 that it names, which may be a wrong one."""
        content = self.files[name]
        return self.sha256 or hashlib.sha256(content.read_bytes() if isinstance(content, Path) else content).hexdigest()

    def chunks(self, name: str, start: int) -> Iterator[bytes]:
        """Yield a file from a byte on."""
        content = self.files[name]
        if isinstance(content, bytes):
            for place in range(start, len(content), 1000):
                yield content[place : place + 1000]
            return
        with content.open("rb") as file:
            file.seek(start)
            while block := file.read(BLOCK):
                yield block


@contextmanager
def serving_hub(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve it where HF_ENDPOINT leads, as the hub does: a redirect that names the SHA-256, then the file itself."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            hub_server.asked.append(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
            is_page = re.fullmatch(r"/([^/]+/[^/]+)/resolve/main/(.+)", self.path)
            name = f"{is_page[1]}/{is_page[2]}" if is_page else self.path.removeprefix("/cdn/")
            if hub_server.status != 200:
                said = f"{hub_server.token} is no token" if hub_server.status == 401 else ""
                self._end(hub_server.status, {"X-Error-Message": said} if said else {})
            elif name not in hub_server.files:
                self._end(404, {"X-Error-Code": "EntryNotFound" if name.startswith(REPO) else "RepoNotFound"})
            elif is_page:
                about = {"X-Linked-Etag": f'"{hub_server.digest(name)}"', "X-Linked-Size": str(hub_server.size(name))}
                there = f"http://localhost:{server.server_port}/cdn/{name}"  # another host, as on the hub
                self._end(302, {"Location": there, "X-Repo-Commit": "a" * 40, **about})
            else:
                self._file(name)

        def _end(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in (headers | {"Content-Length": "0"}).items():
                self.send_header(key, value)
            self.end_headers()

        def _file(self, name: str) -> None:
            assert "Authorization" not in self.headers  # the token is not for the other host
            found, size = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")), hub_server.size(name)
            start = int(found[1]) if found else 0
            self.send_response(206 if found else 200)
            if found:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - start))
            self.end_headers()
            left = hub_server.cuts.pop(0) if hub_server.cuts else size
            with suppress(ConnectionError):
                for chunk in hub_server.chunks(name, start):
                    self.wfile.write(chunk[:left])
                    left -= len(chunk)
                    if left <= 0:
                        self.close_connection = True  # amid the file, with no word
                        return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


CONTENT = b"GGUF" + bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _client_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the real client, without its pause between two connections; what it writes at once is small here."""
    client = pytest.importorskip("huggingface_hub.file_download")
    monkeypatch.setattr(client, "time", SimpleNamespace(**(vars(time) | {"sleep": lambda _: None})))
    monkeypatch.setattr(client.constants, "DOWNLOAD_CHUNK_SIZE", 100)


def test_a_file_is_downloaded_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the cache by its name, and the second time nobody is asked."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT})
    with serving_hub(server, monkeypatch):
        path = fetch(REPO, FILE, tmp_path)
        asked = len(server.asked)
        assert fetch(REPO, FILE, tmp_path) == path
    assert fetch(REPO, FILE, tmp_path) == path  # with no hub at all
    assert path.read_bytes() == CONTENT
    assert path == tmp_path / "hub" / "someone--Some-Model-GGUF" / FILE
    assert len(server.asked) == asked
    assert not list(path.parent.glob("*.part"))


def test_a_cut_connection_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cuts in one download: each request asks for what is not here yet."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT}, cuts=[3000, 2000, 100])
    with serving_hub(server, monkeypatch):
        assert fetch(REPO, FILE, tmp_path).read_bytes() == CONTENT
    ranges = [one.rpartition(" ")[2] for one in server.asked if one.startswith("GET /cdn")]
    assert ranges[1:] == ["bytes=3000-", "bytes=5000-", "bytes=5100-"]


def test_a_download_that_was_given_up_is_gone_on_with_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing comes any more it is said how much is here; the next call begins there."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT}, cuts=[4000, *[0] * 99])
    with serving_hub(server, monkeypatch):
        with pytest.raises(LLMError, match=r"4,000 of 10,244 bytes are here, and the same command goes on from there"):
            fetch(REPO, FILE, tmp_path)
        server.cuts.clear()
        server.asked.clear()
        assert fetch(REPO, FILE, tmp_path).read_bytes() == CONTENT
    assert [one for one in server.asked if one.startswith("GET /cdn")] == [f"GET /cdn/{REPO}/{FILE} bytes=4000-"]


def test_a_download_that_was_killed_is_gone_on_with_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a dead process has left of this version of the file counts; of another version it does not."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT})
    folder = tmp_path / "hub" / "someone--Some-Model-GGUF"
    folder.mkdir(parents=True)
    (folder / f"{FILE}.{hashlib.sha256(CONTENT).hexdigest()[:16]}.part").write_bytes(CONTENT[:7000])
    (folder / f"{FILE}.{'0' * 16}.part").write_bytes(b"of an older version")
    with serving_hub(server, monkeypatch):
        assert fetch(REPO, FILE, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1].endswith("bytes=7000-")


@pytest.mark.parametrize("spoilt", ["digest", "partial"])
def test_what_is_not_the_file_is_not_kept(spoilt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not what the hub names is said, and nothing of it is left; the next download is whole."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT}, sha256="ab" * 32 if spoilt == "digest" else "")
    folder = tmp_path / "hub" / "someone--Some-Model-GGUF"
    if spoilt == "partial":
        folder.mkdir(parents=True)
        (folder / f"{FILE}.{server.digest(f'{REPO}/{FILE}')[:16]}.part").write_bytes(b"x" * 5000)
    with serving_hub(server, monkeypatch):
        with pytest.raises(LLMError, match=r"came with SHA-256 .* and not .* as the hub has it"):
            fetch(REPO, FILE, tmp_path)
        assert [file.suffix for file in folder.iterdir()] in ([".lock"], [])
        server.sha256 = ""
        assert fetch(REPO, FILE, tmp_path).read_bytes() == CONTENT


def test_a_file_changed_since_it_was_checked_is_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size and time of change tell that it is another one."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT})
    with serving_hub(server, monkeypatch):
        path = fetch(REPO, FILE, tmp_path)
        path.write_bytes(b"x" * len(CONTENT))
        os.utime(path, ns=(1, 1))
        assert fetch(REPO, FILE, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("repo", "status", "words"),
    [
        (REPO, 200, "the hub has no file hf:someone/Some-Model-GGUF/other.gguf"),
        ("nobody/nothing", 200, "the hub has no repository for hf:nobody/nothing/other.gguf"),
        (REPO, 403, r"the hub does not give hf:someone/Some-Model-GGUF/other.gguf \(403\): .* set HF_TOKEN to a token"),
        (REPO, 401, r"\(401: \*\*\* is no token\): see its page, and set HF_TOKEN to a token that may read it$"),
        (REPO, 400, r"the hub does not give hf:someone/Some-Model-GGUF/other.gguf \(400\): see its page$"),
    ],
)
def test_what_the_hub_does_not_give_is_said(
    repo: str, status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong name and a refusal are one sentence each, and the token is in none."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret0123456789")
    server = HubServer({f"{REPO}/{FILE}": CONTENT}, status=status, token=os.environ["HF_TOKEN"])
    with serving_hub(server, monkeypatch), pytest.raises(LLMError, match=words) as caught:
        fetch(repo, "other.gguf", tmp_path)
    assert "secret" not in str(caught.value)


def test_a_file_without_a_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub keeps as small text has no SHA-256 there, and cannot be checked."""
    server = HubServer({f"{REPO}/{FILE}": CONTENT}, sha256="ab" * 20)
    with serving_hub(server, monkeypatch), pytest.raises(LLMError, match="gives no SHA-256"):
        fetch(REPO, FILE, tmp_path)


def test_no_network_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers: one sentence."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(LLMError, match=r"the connection to the hub broke off .*: see whether there is a network"):
        fetch(REPO, FILE, tmp_path)


@pytest.mark.parametrize(
    "name", ["hf:", "hf:model.gguf", "hf:owner/model.gguf", "hf:a/b/c.bin", "hf:a/../../b.gguf", "hf:/a/b/c.gguf"]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """Owner, repository and file are needed, and no way out of the cache is taken."""
    with pytest.raises(BadInput, match=r"write hf:OWNER/REPO/FILE\.gguf"):
        open_llm(name, env={})


def test_names_of_several_parts_stand_for_all_of_them() -> None:
    """A model in parts is named by its first; folders are part of a file's name."""
    assert parsed("hf:o/r/q4/m-00001-of-00002.gguf") == ("o/r", "q4/m-00001-of-00002.gguf")
    assert parts_of("o/r", "q4/m-00001-of-00002.gguf") == [
        ("o/r", "q4/m-00001-of-00002.gguf"),
        ("o/r", "q4/m-00002-of-00002.gguf"),
    ]


@pytest.mark.parametrize(("package", "words"), [("huggingface_hub", "needs the package"), ("xllamacpp", "llama.cpp")])
def test_a_missing_package_says_what_to_install(
    package: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the error is the line that installs it, and nothing is downloaded."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else real(name))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(LLMError, match=words) as caught:
        open_hub(f"hf:{REPO}/{FILE}")
    assert hub.INSTALL in str(caught.value)


@pytest.mark.local
def test_a_model_from_the_hub_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded model's own file, served as the hub would and cut off once, is loaded and asked."""
    gguf = weights()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10 * BLOCK)  # as it is
    server = HubServer({f"{REPO}/{FILE}": gguf}, sha256=QWEN.sha256, cuts=[300 * BLOCK])
    with serving_hub(server, monkeypatch), closing(open_llm(f"hf:{REPO}/{FILE}", env={})) as llm:
        reply = llm.ask(Prompt("", "Say yes.", max_tokens=3))
    assert (llm.name, reply.model) == ("some-model-q4", "some-model-q4")
    assert reply.text
    assert server.asked[-1].endswith(f"bytes={300 * BLOCK}-")
