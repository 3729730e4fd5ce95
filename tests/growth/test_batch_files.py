"""Rounds of questions in batch files: one a round, nothing lost and nothing asked twice, whatever breaks."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graphgrow.api.options import GrowthOptions, grow
from graphgrow.errors import LLMError
from graphgrow.graph.model import Answer as Answered
from graphgrow.graph.model import Event, Expansion, FactCheck, Focus, Prompt, Question, Reply, Usage
from graphgrow.growth.batch_files import BatchFiles
from graphgrow.growth.loop import Growth
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.scripted import Scripted
from graphgrow.llm.streaming import STREAM
from graphgrow.llm.usage import usd
from graphgrow.stores import open_store
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder
from tests.batch_endpoint import BatchServer, Hold, Line, answered, serving_batches
from tests.conftest import ROOT, chatter
from tests.processes import LONGEST, started
from tests.servers import PATIENCE, Answer, Asked, Endpoint, completion, refusal, serving, streamed

if TYPE_CHECKING:
    from graphgrow.llm import LLM


def growing(
    path: Path,
    base_url: str,
    steps: int = 5,
    *,
    stop: Callable[[], bool] | None = None,
    model: str = "m-1",
    **named: Any,
) -> Growth:
    """Grow a graph of a store by batch files to the end; `growth.engine.store` is closed by then."""
    options = {"width": 4, "batch": True, "fact_check": 0.0, "policy": "mix"} | named
    with (
        closing(open_store(str(path), create=True)) as store,
        closing(OpenAIChat(model, base_url, "sk-1234567", max_retries=0)) as chat,
    ):
        growth = grow("spider silk", store, chat, GrowthOptions(steps=steps, **options))  # type: ignore[arg-type]
        if stop:
            object.__setattr__(growth.settings, "stop", stop)
        return growth.run()


def events_of(path: Path) -> list[Event]:
    """Return the log of a store."""
    with closing(open_store(str(path))) as store:
        return list(store.events())


def paid(events: list[Event]) -> list[str]:
    """Return what the log holds of questions that were asked, each as the endpoint saw it."""
    return [f"{one.prompt.user} {one.prompt.seed}" for one in events if isinstance(one, Expansion | FactCheck)]


def chats(endpoint: Endpoint) -> int:
    """Return how many questions were asked one by one."""
    return len(endpoint.chats)


def left(path: Path) -> list[Path]:
    """Return what still waits on disk for a store."""
    folder = state_folder(f"sqlite:{path}")
    assert folder
    return sorted(file for file in folder.rglob("*") if file.is_file()) if folder.exists() else []


def test_a_round_is_one_file_and_a_line_a_question(tmp_path: Path) -> None:
    """The opening question, then four at once; nothing is asked outside of files, and each line has its bill."""
    server = BatchServer()
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url)
    events = events_of(tmp_path / "g.db")
    assert (growth.steps, growth.ending, chats(endpoint)) == (5, "steps", 0)
    assert [len(server.files[one["input_file_id"]].splitlines()) for one in server.batches.values()] == [1, 4]
    assert paid(events) == server.asked  # in the order of the questions, though the lines come in another
    assert {one.reply.usage for one in events if isinstance(one, Expansion)} == {Usage(7, 3)}
    assert left(tmp_path / "g.db") == []


def test_fact_checks_go_in_the_file_of_the_round(tmp_path: Path) -> None:
    """What the first round said is checked in the file of the second, and what that said in one more at the end."""
    server = BatchServer()
    with serving_batches(server) as endpoint:
        growing(tmp_path / "g.db", endpoint.base_url, fact_check=0.75)
    sizes = [len(server.files[one["input_file_id"]].splitlines()) for one in server.batches.values()]
    checks = [one for one in events_of(tmp_path / "g.db") if isinstance(one, FactCheck)]
    assert chats(endpoint) == 0
    assert sizes[0] == 1
    assert sizes[1] > 4
    assert sum(sizes) == 5 + len(checks)
    assert all(one.method == "logprobs" and one.outcome == "ok" for one in checks)
    assert Counter(paid(events_of(tmp_path / "g.db"))).most_common(1)[0][1] == 1


def test_the_same_replies_give_the_same_graph_by_files_and_one_by_one(tmp_path: Path) -> None:
    """A question is the same question, and a reply is read the same, whichever way it goes."""
    with serving_batches(BatchServer()) as endpoint:
        growing(tmp_path / "files.db", endpoint.base_url)
        growing(tmp_path / "single.db", endpoint.base_url, batch=False)
        assert chats(endpoint) == 5
    by_file, single = events_of(tmp_path / "files.db"), events_of(tmp_path / "single.db")
    assert [one.delta for one in by_file if isinstance(one, Expansion)] == [
        one.delta for one in single if isinstance(one, Expansion)
    ]


MOMENTS = {"upload": 0, "create": 0, "created": 1, "look": 1, "download": 1}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_goes_on_with_its_batch(moment: str, tmp_path: Path) -> None:
    """Killed amid upload, creation, waiting and download: the next run asks and pays each question once."""
    hold = Hold(moment)
    server = BatchServer(at=hold)
    with serving_batches(server) as endpoint:
        words = [
            sys.executable, "-m", "graphgrow", "grow", "spider silk", "--batch", "--llm", "m-1", "--steps", "1",
            "--base-url", endpoint.base_url, "--store", str(tmp_path / "g.db"), "--fact-check", "0",
        ]  # fmt: skip
        with started(words, LONGEST, cwd=ROOT, stderr=subprocess.DEVNULL) as run:
            assert hold.is_there.wait(PATIENCE)
            run.send_signal(signal.SIGKILL)
        hold.go_on.set()
        assert any(file.suffix == ".batch" for file in left(tmp_path / "g.db"))
        growth = growing(tmp_path / "g.db", endpoint.base_url, 2, width=1)
    events = events_of(tmp_path / "g.db")
    assert growth.adopted == MOMENTS[moment] or (moment == "create" and growth.adopted == 1)
    assert sorted(paid(events)) == sorted(server.asked)
    assert len(set(server.asked)) == len(server.asked)
    assert chats(endpoint) == 0
    assert left(tmp_path / "g.db") == []


def test_a_reply_that_reached_the_store_is_not_committed_twice(tmp_path: Path) -> None:
    """What a batch came to may be downloaded a second time: a run was killed when it had begun to save it."""
    server = BatchServer()
    with serving_batches(server) as endpoint:
        growing(tmp_path / "g.db", endpoint.base_url, 1)
        known = events_of(tmp_path / "g.db")
        server.is_open.clear()
        growing(tmp_path / "g.db", endpoint.base_url, 4, stop=iter([False, True, True, True]).__next__)
        (file,) = left(tmp_path / "g.db")[:1]
        kept = file.read_bytes()
        server.is_open.set()
        growing(tmp_path / "g.db", endpoint.base_url, 1)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(kept)
        file.parent.with_suffix(".lock").touch()
        growth = growing(tmp_path / "g.db", endpoint.base_url, 1)
    events = events_of(tmp_path / "g.db")
    assert growth.adopted == 0
    assert len(known) < len(events)
    assert sorted(paid(events)) == sorted(server.asked)


def test_a_run_that_is_stopped_leaves_its_batch_to_the_next(tmp_path: Path) -> None:
    """Ctrl-C does not wait a day; the next run takes the batch up, also one that asks one by one."""
    server = BatchServer()
    server.is_open.clear()
    with serving_batches(server) as endpoint:
        stopped = growing(tmp_path / "g.db", endpoint.base_url, stop=iter([False, *[True] * 9]).__next__)
        assert stopped.ending == "interrupted"
        assert stopped.notices[-1].endswith("goes on by itself: the next run takes it up")
        other = growing(tmp_path / "g.db", endpoint.base_url, 1, model="m-2", batch=False)
        assert "1 questions of an earlier run wait in a batch of m-1" in other.notices[0]
        server.is_open.set()
        heir = growing(tmp_path / "g.db", endpoint.base_url, 1, batch=False)
    assert (heir.adopted, len(server.batches)) == (1, 1)
    assert left(tmp_path / "g.db") == []


def test_the_time_that_a_run_has_holds_while_it_waits(tmp_path: Path) -> None:
    """--minutes ends the wait; the batch is there for the next run."""
    server = BatchServer()
    server.is_open.clear()
    with serving_batches(server) as endpoint:
        assert growing(tmp_path / "g.db", endpoint.base_url, minutes=0.005).ending == "minutes"
    assert [file.suffix for file in left(tmp_path / "g.db")] == [".batch", ".lock"]


def broken(kind: str) -> Callable[[Line], Line | None]:
    """Return what comes of the lines of the first file of several: every second one is broken so."""

    def row(line: Line) -> Line | None:
        if not line["custom_id"].endswith(("-1", "-3")):
            return answered(line)
        match kind:
            case "expired":
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                return {"custom_id": line["custom_id"], "response": None, "error": error}
            case "missing":
                return None
            case "busy" | "refused":
                status, words = (500, "try later") if kind == "busy" else (400, "no seed here")
                body = {"error": {"message": words, "code": None}}
                return {
                    "custom_id": line["custom_id"],
                    "response": {"status_code": status, "body": body},
                    "error": None,
                }
        return {**answered(line), "response": {"status_code": 200, "body": {"what": "is this"}}}

    return row


@pytest.mark.parametrize(
    ("kind", "words", "files", "single"),
    [
        ("expired", "batch_expired: This request", 3, 1),
        ("missing", "2 questions not answered", 3, 1),
        ("busy", "try later", 3, 1),
        ("refused", "no seed here", 2, 2),
        ("senseless", "no chat completion but", 2, 2),
    ],
)
def test_only_what_has_no_answer_is_asked_again(kind: str, words: str, files: int, single: int, tmp_path: Path) -> None:
    """Errors in some lines are said, and those lines alone go in one more file, or one by one where that is in vain."""
    server = BatchServer(
        row=broken(kind), ends=lambda number: "expired" if kind == "expired" and number else "completed"
    )
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url)
    said = [sentence for sentence in growth.notices if "not answered" in sentence]
    assert any(words in sentence for sentence in said)
    assert (growth.steps, growth.ending) == (5, "steps")
    asked_again = Counter(server.asked) - Counter(set(server.asked))
    assert sum(asked_again.values()) == (2 if files > 2 else 0)
    assert (len(server.batches), chats(endpoint)) == (files, single)
    assert len(set(paid(events_of(tmp_path / "g.db")))) == 5
    assert left(tmp_path / "g.db") == []


def test_a_batch_that_failed_says_so_and_its_questions_are_asked_one_by_one(tmp_path: Path) -> None:
    """Nothing of it was answered or paid; no more files are sent in this run."""
    server = BatchServer(ends=lambda number: "failed")
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url)
    assert "failed (token_limit_exceeded: Enqueued token limit reached): questions are asked one" in growth.notices[-1]
    assert (growth.steps, chats(endpoint), len(server.batches)) == (5, 5, 1)
    assert left(tmp_path / "g.db") == []


@pytest.mark.parametrize(
    "answer",
    [
        refusal("not found", 404),
        refusal("Invalid purpose", 400),
        Answer("<html>Not Found</html>", 404),
        Answer({"error": "Unexpected endpoint or method. (POST /v1/files)"}),
        Answer("<html>welcome</html>"),
        Answer({"id": None}),
    ],
)
@pytest.mark.parametrize("moment", ["upload", "create"])
def test_an_endpoint_without_batches_is_asked_as_ever_and_that_is_said_once(
    moment: str, answer: Answer, tmp_path: Path
) -> None:
    """One sentence, no second upload, and the questions one by one."""
    server = BatchServer(at=lambda now: answer if now in {moment, "list"} else None)
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url)
    assert [sentence for sentence in growth.notices if "takes no batch files" in sentence] == growth.notices
    assert len(growth.notices) == 1
    assert "sk-1234567" not in growth.notices[0]
    assert (growth.steps, chats(endpoint)) == (5, 5)
    assert sum(one.path.endswith("/files") for one in endpoint.asked) == 1
    assert left(tmp_path / "g.db") == []


def test_a_model_that_is_no_endpoint_says_that_it_takes_no_files(tmp_path: Path) -> None:
    """Scripted, embedded and recorded models have no batches."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        growth = grow(
            "spider silk", store, Scripted(chatter(9)), batch=True, steps=3, fact_check=0.0, policy="mix"
        ).run()
    assert growth.notices == ["scripted takes no batch files: questions are asked one by one, at the usual price"]
    assert growth.steps == 3


def test_a_batch_whose_answer_is_lost_is_not_begun_twice(tmp_path: Path) -> None:
    """The server made it and failed to say so: it is looked up, and not asked for again."""
    server = BatchServer(at=lambda moment: refusal("upstream went away", 502) if moment == "created" else None)
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url, 1)
    assert (growth.steps, len(server.batches), chats(endpoint)) == (1, 1, 0)


def test_a_server_that_is_away_for_a_moment_is_asked_again(tmp_path: Path) -> None:
    """Two looks that fail are no end; five are, and then the batch waits on disk for the next run."""
    failures = iter([refusal("busy", 503)] * 2)
    server = BatchServer(at=lambda moment: next(failures, None) if moment == "look" else None)
    with serving_batches(server) as endpoint:
        assert growing(tmp_path / "g.db", endpoint.base_url, 1).steps == 1
        server.at = lambda moment: refusal("No such file", 404) if moment == "download" else None
        with pytest.raises(LLMError):
            growing(tmp_path / "g.db", endpoint.base_url, 1)
        server.at = lambda moment: None
        assert growing(tmp_path / "g.db", endpoint.base_url, 1).adopted == 1
    assert sorted(paid(events_of(tmp_path / "g.db"))) == sorted(server.asked)


def test_hostile_lines_are_passed_over(tmp_path: Path) -> None:
    """Lines that are no JSON, of nobody, or said twice change nothing; the first answer to a question counts."""
    server = BatchServer()
    server.at = lambda moment: Answer(spoilt(server.files["batch_0-output_file_id"])) if moment == "download" else None
    with serving_batches(server) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url, 1)
    assert (growth.steps, len(events_of(tmp_path / "g.db"))) == (1, 1)


def spoilt(text: str) -> str:
    """Return an output file with what does not belong in it."""
    return "\n".join(["", "{", "[]", "7", '{"custom_id": ["x"]}', '{"custom_id": "other"}', text, text, "[" * 5000])


@pytest.mark.parametrize(
    "body",
    [
        completion("", choices=[]),
        completion("", choices=[{"message": {"content": ""}, "finish_reason": "error", "error": {"message": "gone"}}]),
    ],
)
def test_a_line_that_broke_off_is_kept_with_its_bill(body: Line, tmp_path: Path) -> None:
    """It was paid for, like one that is asked by itself; what was not is no reply, and its words are said."""
    bodies = iter([body, {"error": {"message": "upstream timed out", "code": 502}}])

    def row(line: Line) -> Line:
        spoilt = next(bodies, None)
        return answered(line) if spoilt is None else answered(line) | {"response": {"status_code": 200, "body": spoilt}}

    with serving_batches(BatchServer(row=row)) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url, 3)
    events = [one for one in events_of(tmp_path / "g.db") if isinstance(one, Expansion)]
    assert [one.outcome for one in events] == ["unusable", "ok", "ok", "ok"]
    assert {one.reply.usage for one in events} == {Usage(7, 3)}
    assert chats(endpoint) == 1
    assert "(502: upstream timed out)" in " ".join(growth.notices)


def test_a_line_whose_body_is_text_is_read(tmp_path: Path) -> None:
    """A stream, say, that was kept as it came: it was paid for."""
    stream = b"".join(streamed('{"relations": [{"source": "silk", "predicate": "is", "target": "strong"}]}', bool))

    def row(line: Line) -> Line:
        return answered(line) | {"response": {"status_code": 200, "body": stream.decode()}}

    with serving_batches(BatchServer(row=row)) as endpoint:
        growing(tmp_path / "g.db", endpoint.base_url, 1)
    (event,) = (one for one in events_of(tmp_path / "g.db") if isinstance(one, Expansion))
    assert (event.outcome, event.reply.usage, chats(endpoint)) == ("ok", Usage(20, 10), 0)


def test_what_a_line_was_refused_for_is_said_wherever_it_stands(tmp_path: Path) -> None:
    """As Mistral and FastAPI word it, a list in a field of a field."""
    detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
    refused = {"status_code": 422, "body": {"object": "error", "message": {"detail": detail}, "code": None}}
    with serving_batches(BatchServer(row=lambda line: answered(line) | {"response": refused})) as endpoint:
        growth = growing(tmp_path / "g.db", endpoint.base_url, 1)
    assert "(Extra inputs are not permitted)" in growth.notices[0]


@pytest.mark.parametrize(
    ("url", "folder", "chat", "model"),
    [
        ("/openai/deployments/my%20model?api-version=1", "/openai", "/chat/completions", "my model"),
        ("/openai/v1?api-version=preview", "/openai/v1", "/v1/chat/completions", "m-1"),
        ("/v1/chat/completions", "/v1", "/v1/chat/completions", "m-1"),
    ],
)
def test_batches_are_at_the_address_that_has_them(url: str, folder: str, chat: str, model: str) -> None:
    """Azure has them for a whole resource, whose deployment is then the model; an address of the chat is one of it."""

    def script(asked: Asked) -> Answer:
        return Answer({"id": "an-id"})

    with serving(script) as endpoint:
        base_url = endpoint.base_url.removesuffix("/v1") + url
        with closing(OpenAIChat("m-1", base_url, "sk-1234567", max_retries=0)) as llm:
            api = llm.batch_api()
            api.create(api.upload("one", {"q": Prompt("s", "Who?")}), "one")
    uploaded, made = endpoint.asked
    assert [one.path.partition("?")[0] for one in endpoint.asked] == [f"{folder}/files", f"{folder}/batches"]
    assert [one.path.partition("?")[2] for one in endpoint.asked] == [url.partition("?")[2]] * 2
    assert made.body["endpoint"] == chat
    assert f'"url": "{chat}", "body": {{"model": "{model}"' in str(uploaded.body["file"])


def test_a_line_is_never_a_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although somebody waits at a file for what comes word by word."""
    monkeypatch.setenv(STREAM, str(tmp_path / "words"))
    server = BatchServer()
    with serving_batches(server) as endpoint:
        growing(tmp_path / "g.db", endpoint.base_url, 1)
    assert '"stream' not in server.files["file-0"]


def test_a_batch_costs_what_is_listed_for_batches() -> None:
    """Half of the usual price where the list has one, the usual price where it has none, no price on this machine."""
    bill, url = Usage(1_000_000, 1_000_000), "https://api.openai.com/v1"
    with closing(OpenAIChat("gpt-4o-mini", url, "sk-1234567")) as chat:
        assert chat.batch_api().price(bill) == pytest.approx((chat.price(bill) or 0) / 2)
        assert chat.price(bill)
    azure = "https://x.openai.azure.com/openai/v1"
    assert usd("gpt-4o", azure, bill, in_batch=True) == usd("gpt-4o", azure, bill)
    assert usd("gpt-4o-mini", "http://127.0.0.1:9/v1", bill, in_batch=True) is None


def test_questions_for_two_models_go_in_a_file_each_at_once(tmp_path: Path) -> None:
    """Both batches are begun before either is waited for; where one endpoint has none, its questions are left alone."""
    one, other = BatchServer(), BatchServer()
    said: list[str] = []
    with (
        serving_batches(one) as first,
        serving_batches(other) as second,
        closing(OpenAIChat("m-1", first.base_url)) as strong,
        closing(OpenAIChat("m-2", second.base_url)) as small,
        Outbox(tmp_path / "outbox", PendingReply) as outbox,
    ):
        begun = list[int]()
        one.at = other.at = lambda moment: (
            begun.append(len(one.batches) + len(other.batches)) if moment == "look" else None
        )
        models: dict[str, LLM] = {"grow": strong, "check": small, "own": Scripted([])}
        files = BatchFiles(
            list(models.values()), lambda pending: models[pending.question.focus.strategy], outbox, said.append, bool
        )
        prompt = Prompt("s", "u", max_tokens=9)
        questions = [
            PendingReply("silk", 0, Question(Focus(role, ("silk",), "r"), prompt), Answered(prompt, Reply("")))
            for role in ("grow", "check", "own", "grow")
        ]
        replies = files.ask(questions)
    assert replies is not None
    assert sorted(replies) == [0, 1, 3]
    assert begun[0] == 2
    assert [len(server.asked) for server in (one, other)] == [2, 1]
    assert said == ["scripted takes no batch files: questions are asked one by one, at the usual price"]
