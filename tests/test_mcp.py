"""A graph served to agents: a real client; a real process, over stdio and over HTTP, where the process counts."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from graphgrow.errors import BadInput
from graphgrow.graph.events import write_events
from graphgrow.graph.model import Budget, Reply, Usage
from graphgrow.growth.loop import grow
from graphgrow.llm import open_llm
from graphgrow.llm.scripted import Scripted
from graphgrow.mcp import ASK, READ, WRITE, Allowance, server, token_of
from graphgrow.stores import open_store
from tests.cli.test_cli import graphgrow
from tests.conftest import ROOT, chatter
from tests.growth.test_roles import ALWAYS, DENIED, Speaker
from tests.processes import LONGEST, finished, heard, started, stopped
from tests.reason.test_trust import SAID as CHECKED
from tests.reason.test_trust import log as checked_log
from tests.servers import PATIENCE, Answer, completion, free_port, serving, waited_for

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import kills

HTTP_TOKEN = "only_for_these_tests"  # noqa: S105  # of a server that lives as long as one of them
Session = Callable[[Client], Awaitable[None]]


@pytest.fixture
def silk(tmp_path: Path) -> Path:
    """Return a store of four steps, with a run file of ten beside it."""
    with closing(open_store("memory:", create=True)) as store:
        list(grow("spider silk", store, Scripted(chatter(20)), budget=Budget(steps=10)))
        write_events(tmp_path / "run.jsonl", store.events())
        write_events(tmp_path / "begun.jsonl", list(store.events())[:4])
    graphgrow("replay", "begun.jsonl", "--store", "silk.db", cwd=tmp_path)
    return tmp_path / "silk.db"


def run(talk: Callable[[], Awaitable[None]]) -> None:
    """Run a conversation to its end, in a thread of its own: a browser's tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as own:
        own.submit(lambda: asyncio.run(asyncio.wait_for(talk(), 120))).result()


def talk(store: Path, session: Session, *options: str) -> None:
    """Hold a session with a server that is a process of its own."""
    words = ["-m", "graphgrow", "mcp", str(store), *options]
    env = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}

    async def hold() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=words, env=env)) as client:
            await session(client)

    run(hold)


def talk_here(store: Path, session: Session, llm: str = "", *, write: bool) -> None:
    """Hold a session with a server in this process, which takes no second to start."""

    async def hold() -> None:
        allowance = Allowance(lambda: open_llm(llm, env={}))
        async with Client(server(str(store), allowance, write=write)) as client:
            await session(client)

    run(hold)


async def said(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """Return what a tool says, as the structure and as the text that both hold it."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
    return result.structured_content


async def refused(client: Client, tool: str, **arguments: object) -> str:
    """Return the one sentence of a tool's error."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    text = str(content.text)  # type: ignore[union-attr]
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def test_an_agent_reads_a_graph(silk: Path) -> None:
    """Without --write there are the tools that read, and they say what the command line says."""

    async def session(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == {*READ, ASK}
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools if tool.name != ASK)
        assert all(tool.description for tool in tools)
        assert (await said(client, "overview"))["topic"] == "spider silk"
        found = await said(client, "search", text="protein")
        assert [one["name"] for one in found["concepts"]] == [f"protein {n}" for n in range(1, found["found"] + 1)]
        assert (await said(client, "search", text="protien 1"))["concepts"][0]["name"].startswith("protein")
        near = await said(client, "neighbours", concept="protein 1")
        assert {one["name"] for one in near["neighbours"]} == {"spider silk", "sheet 1"}
        way = await said(client, "path", source="sheet 1", target="sheet 2")
        assert way["concepts"] == ["sheet 1", "protein 1", "spider silk", "protein 2", "sheet 2"]
        assert [hop[0]["predicate"] for hop in way["hops"]] == ["produces", "contains", "contains", "produces"]
        shown = await said(client, "show", concept="Protein 1")
        assert shown["relations"][0]["evidence"][0]["said"] in {"contains", "forms"}
        assert 0 < shown["relations"][0]["confidence"] < 1
        assert (await said(client, "communities"))["communities"] > 0
        assert "Unknown tool" in await refused(client, "merge", one="protein 1", other="protein 2")

    talk_here(silk, session, write=False)


def test_an_agent_reads_paths_along_what_is_trusted(tmp_path: Path) -> None:
    """A checked graph gives the path that fact checks bear out, says what is left out, and gives all where asked to."""
    with closing(open_store(str(tmp_path / "silk.db"), create=True)) as store:
        store.append(*checked_log(*CHECKED))

    async def session(client: Client) -> None:
        way = await said(client, "path", source="silk", target="strength")
        assert (way["length"], way["left_out"]) == (3, "3 of 5 relations are trusted; --confidence 0 reads all")
        every = await said(client, "path", source="silk", target="strength", confidence=0)
        assert every["length"] == 1
        assert "left_out" not in every
        assert "no relation of 'cheese' is trusted" in await refused(client, "path", source="silk", target="cheese")

    talk_here(tmp_path / "silk.db", session, write=False)


def test_an_agent_asks_and_the_reply_is_in_the_log(silk: Path, tmp_path: Path) -> None:
    """The server's model answers out of the graph, without --write too; a question that is none costs nothing."""
    claims = [{"says": "Spider silk contains protein 1", "cites": ["r1"]}]
    reply = Answer(completion(json.dumps({"known": True, "claims": claims})))
    listing = Answer({"object": "list", "data": [{"id": "m-1"}]})

    async def session(client: Client) -> None:
        assert "the question is empty" in await refused(client, "ask", question=" ")
        found = await said(client, "ask", question="What does spider silk contain?")
        assert found["known"]
        assert found["claims"][0]["follows_from"]

    with serving(lambda asked: listing if asked.path.endswith("/models") else reply) as endpoint:
        talk(silk, session, "--llm", "m-1", "--base-url", endpoint.base_url)
    told = map(json.loads, graphgrow("log", "silk.db", "--json", cwd=tmp_path).stdout.splitlines())
    assert "thought" in {event["kind"] for event in told}


def test_the_settings_in_the_docs_work(silk: Path) -> None:
    """What the page for agents has a client start is a server that answers."""
    page = (ROOT / "docs" / "howto" / "agents.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    started = json.loads(block)["mcpServers"]["graphgrow"]
    assert (started["command"], started["args"][0]) == ("graphgrow", "mcp")

    async def session(client: Client) -> None:
        assert (await said(client, "overview"))["concepts"] > 0

    talk(silk, session, *started["args"][2:])


def test_bad_input_is_one_clear_sentence(silk: Path) -> None:
    """What cannot be used is named, with what to do."""

    async def session(client: Client) -> None:
        assert "no concept 'protien 1' in this graph: did you mean 'protein 1'" in await refused(
            client, "show", concept="protien 1"
        )
        assert await refused(client, "search", text="?!") == "'?!' names nothing: search for a word"
        assert "search cannot use 0 as limit: Input should be greater than" in await refused(
            client, "search", text="silk", limit=0
        )
        assert "search cannot use" in await refused(client, "search")
        await said(client, "add", source="nacre", predicate="resists", target="cracks")
        assert "no path joins" in await refused(client, "path", source="nacre", target="spider silk")
        assert "is rejected already" in await rejected_twice(client)
        endless = "x y" * 400_000
        for tool, arguments in {
            "add": {"source": endless, "predicate": "resists", "target": "cracks"},
            "rename": {"concept": "protein 1", "name": endless},
            "show": {"concept": endless},
            "search": {"text": endless},
            "ask": {"question": endless},
            "grow": {"topic": endless},
        }.items():
            sentence = await refused(client, tool, **arguments)
            assert "has 1,200,000 characters, where 1,000 are the most" in sentence
            assert len(sentence) < 200

    async def rejected_twice(client: Client) -> str:
        await said(client, "reject", concept="nacre")
        return await refused(client, "reject", concept="nacre")

    talk_here(silk, session, write=True)


def test_an_agent_corrects_and_grows_a_graph(silk: Path, tmp_path: Path) -> None:
    """With --write each tool is an event that others see at once; the recorded run is grown further."""

    async def session(client: Client) -> None:
        assert {tool.name for tool in (await client.list_tools()).tools} == {*READ, ASK, *WRITE}
        grown = await said(client, "grow", steps=2)
        assert grown["steps"] == 2
        assert len(grown["new_concepts"]) == 4
        await said(client, "merge", one="protein 1", other="protein 2", reason="the same")
        assert "sheet 2" in str(await said(client, "neighbours", concept="protein 1"))
        await said(client, "unmerge", name="protein 2")
        await said(client, "rename", concept="sheet 1", name="Beta sheet")
        await said(client, "reject_relation", source="protein 1", predicate="forms", target="beta sheet")
        await said(client, "reject", concept="protein 2")
        await said(client, "restore", concept="protein 2")
        assert (await said(client, "add", source="nacre", predicate="resists", target="cracks"))["edit"] == "add"
        graphgrow("rename", "silk.db", "nacre", "Mother of pearl", cwd=tmp_path)
        assert (await said(client, "show", concept="nacre"))["name"] == "Mother of pearl"

    talk_here(silk, session, f"recorded:{tmp_path / 'run.jsonl'}", write=True)
    graphgrow("verify", "silk.db", cwd=tmp_path)
    log = map(json.loads, graphgrow("log", "silk.db", "--json", cwd=tmp_path).stdout.splitlines())
    kinds = [event["edit"] for event in log if event["kind"] == "edit"]
    assert kinds == ["merge", "unmerge", "rename", "reject", "reject", "restore", "add", "rename"]


def test_over_http_it_listens_on_this_machine_alone(silk: Path) -> None:
    """The same tools at a port, by the token; what a page elsewhere sends, or who has no token, is refused."""
    import urllib.error
    import urllib.request

    port = free_port()
    bare = f"http://127.0.0.1:{port}/mcp"
    address = f"{bare}?token={HTTP_TOKEN}"

    async def hold() -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                async with Client(address) as client:
                    assert (await said(client, "overview"))["concepts"] > 0
                    return
            except (OSError, ExceptionGroup):
                await asyncio.sleep(0.1)
        pytest.fail("the server does not answer")

    words = [sys.executable, "-m", "graphgrow", "mcp", str(silk), "--port", str(port)]
    env = os.environ | {"GRAPHGROW_MCP_TOKEN": HTTP_TOKEN}
    with started(words, LONGEST, stderr=subprocess.DEVNULL, env=env) as process:
        run(hold)
        for strange, headers in (
            (bare, {}),
            (f"{bare}?token=", {}),
            (f"{bare}?token={HTTP_TOKEN[:-1]}", {}),
            (f"{address}&token=other", {}),
            (bare, {"Authorization": f"Basic {HTTP_TOKEN}"}),
            (bare, {"Authorization": "Bearer other"}),
        ):
            sent = {"Content-Type": "application/json", **headers}
            asked = urllib.request.Request(strange, b"{}", sent)  # noqa: S310  # our own address
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(asked, timeout=PATIENCE)  # noqa: S310  # our own address
            assert error.value.code == 401
            assert b"the token that graphgrow mcp printed" in error.value.read()
            error.value.close()
        bearer = {"Authorization": f"Bearer {HTTP_TOKEN}", "Content-Type": "application/json"}
        with pytest.raises(urllib.error.HTTPError) as error:  # it is let in, and says nothing that makes sense
            urllib.request.urlopen(urllib.request.Request(bare, b"{}", bearer), timeout=PATIENCE)  # as above
        assert error.value.code in {400, 406}
        error.value.close()
        for header, value, status in (
            ("Host", "evil.example", 421),
            ("Host", f"evil.example:{port}", 421),
            ("Host", "127.0.0.1:1", 421),
            ("Origin", "http://evil.example", 403),
            ("Origin", "http://127.0.0.1:1", 403),
        ):
            sent = {header: value, "Content-Type": "application/json"}
            asked = urllib.request.Request(address, b"{}", sent)  # noqa: S310  # our own address
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(asked, timeout=PATIENCE)  # noqa: S310  # our own address
            assert error.value.code == status
            error.value.close()
        stopped(process)


def test_a_token_is_made_anew_and_one_that_can_be_guessed_is_refused() -> None:
    """Each server has a token of its own unless the environment names one, which is long enough."""
    assert token_of({}) != token_of({})
    assert len(token_of({})) > 30
    assert token_of({"GRAPHGROW_MCP_TOKEN": HTTP_TOKEN}) == HTTP_TOKEN
    for bad in ("short", "with a blank in it, and long", "x" * 15, "\u00e9" * 20):
        with pytest.raises(BadInput, match="GRAPHGROW_MCP_TOKEN is no token: 16 or more"):
            token_of({"GRAPHGROW_MCP_TOKEN": bad})


def test_a_store_that_is_not_there_is_said_before_anything_is_served(tmp_path: Path) -> None:
    """One line and exit code 1, as every command."""
    assert "nothing.db" in graphgrow("mcp", "nothing.db", cwd=tmp_path, code=1).stderr


@pytest.mark.slow
@pytest.mark.parametrize("how", ["hang up", "give up", "SIGTERM", "SIGINT"])
def test_growth_that_nobody_waits_for_ends_with_what_was_paid_for_saved(how: str, silk: Path, tmp_path: Path) -> None:
    """A client that hangs up or cancels, or a server that is asked to end, pays for no step of fifty more."""
    model = kills.Model(latency=0.5, seed=1)
    url, words = f"sqlite:{silk}", ["-m", "graphgrow", "mcp", str(silk), "--write", "--llm", "m-1"]
    with serving(model) as endpoint:
        env = os.environ | {"XDG_STATE_HOME": str(tmp_path / "state"), "OPENAI_BASE_URL": endpoint.base_url}
        pipe = subprocess.PIPE
        with started([sys.executable, *words], LONGEST, env=env, stdin=pipe, stdout=pipe) as process:
            assert process.stdin

            def tell(method: str, **more: object) -> None:
                assert process.stdin
                process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method, **more}).encode() + b"\n")
                process.stdin.flush()

            client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
            tell("initialize", id=1, params=client)
            heard(process)
            tell("notifications/initialized")
            tell("tools/call", id=2, params={"name": "grow", "arguments": {"steps": 50}})
            assert waited_for(lambda: len(model.asked) >= 2)
            if how == "give up":
                tell("notifications/cancelled", params={"requestId": 2})
                time.sleep(1.5)  # longer than the question under way takes, and the next ones would
                paid = len(model.asked)
                process.stdin.close()
                assert process.wait(PATIENCE) == 0
                assert len(model.asked) == paid
            elif how == "hang up":
                process.stdin.close()
                assert process.wait(PATIENCE) == 0
            else:
                assert stopped(process, getattr(signal, how)) == 130
    assert len(model.asked) < 50
    saved = {kills.number_of(event) for event in kills.paid(url, 4)} | kills.waiting(url, tmp_path)
    assert saved == set(model.answered) == set(model.asked)


def test_without_the_package_the_command_says_what_to_install(tmp_path: Path) -> None:
    """The extra is named."""
    script = (
        "import sys; sys.modules['mcp'] = None; sys.argv[1:] = ['mcp', 'x.db']; import graphgrow.cli as c; c.main()"
    )
    done = finished([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "pip install 'graphgrow[mcp]'" in done.stderr


class Priced(Scripted):
    """A scripted model that costs a cent a reply."""

    def price(self, usage: Usage) -> float | None:
        """Return a cent."""
        return 0.01


def test_money_is_limited_over_all_calls_of_a_server(silk: Path) -> None:
    """What earlier calls spent is gone for later ones, and questions are answered where somebody can answer."""
    said_so = {"known": True, "claims": [{"says": "Spider silk contains protein 1.", "cites": ["r1"]}]}
    purse = Allowance(lambda: Priced([Reply(json.dumps(said_so), Usage(9, 9), usd=0.01)]), usd=0.05)
    served = server(str(silk), purse, write=True)

    async def session() -> None:
        async with Client(served) as client:
            told = await said(client, "ask", question="Does spider silk contain protein 1?")
            assert told["claims"][0]["follows_from"] == ["[step 1]"]
            assert (told["answer"], purse.spent) == ("Spider silk contains protein 1.", 0.01)
            purse.spent = 0.05
            assert "the 0.05 USD of this server are spent" in await refused(client, "grow", steps=1)
            assert "0.05 USD" in await refused(client, "ask", question="why?")

    run(session)


def test_an_agent_grows_with_a_model_for_fact_checks(silk: Path) -> None:
    """Facts go to their own model, whose bill is its own; where it fails the call says what was left undone."""
    with serving(Speaker()) as first, serving(Speaker("checker")) as second:

        async def session(client: Client) -> None:
            assert "notices" not in await said(client, "grow", steps=2)

        options = "--write", "--llm", "m", "--base-url", first.base_url, "--check-with", f"{second.base_url}#c"
        talk(silk, session, *options)
        assert first.chats
        assert {one.body["model"] for one in second.chats} == {"c"}
    with closing(open_store(str(silk))) as store:
        assert {role for role, _ in store.graph().bills} >= {"grow", "check"}

    with serving(Speaker(count=100)) as first, serving(Speaker(failing=DENIED, fails_at=ALWAYS)) as second:

        async def failing(client: Client) -> None:
            (remark,) = (await said(client, "grow", steps=2))["notices"]
            assert remark.startswith("The check model ")

        talk(silk, failing, *options[:3], "--base-url", first.base_url, "--check-with", f"{second.base_url}#c")
