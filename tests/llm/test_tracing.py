"""Spans of steps and model calls, and nothing at all where OpenTelemetry is not installed."""

import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from graphgrow.errors import LLMError, StoreAway
from graphgrow.graph.events import to_json
from graphgrow.graph.model import Budget, Event, Prompt
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.llm.tracing import ask
from graphgrow.policy import open_policy
from graphgrow.reason.tasks import Inquiry, Reasoner
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from tests.conftest import chatter
from tests.processes import finished

TOPIC = "spider silk"
GROWN = """
import sys
sys.modules["opentelemetry"] = None
from contextlib import closing
from graphgrow.graph.events import to_json
from graphgrow.growth.loop import Growth, Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.graph.model import Budget
from graphgrow.policy import open_policy
from graphgrow.stores import open_store
from tests.conftest import chatter
with closing(open_store("memory:", create=True)) as store:
    how = Settings(open_policy("mix"), Budget(steps=4), width=2, now=lambda: "today")
    for event in Growth("spider silk", store, Scripted(chatter(20)), how):
        print(to_json(event))
"""


@pytest.fixture(scope="module")
def exporter() -> Iterator[InMemorySpanExporter]:
    """Yield what collects the spans of this program."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    yield kept
    provider.shutdown()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    """Return the collector, emptied."""
    exporter.clear()
    return exporter


def grow(replies: list[str], steps: int = 4) -> None:
    """Grow a graph two questions at a time inside a span of the caller's own."""
    how = Settings(open_policy("mix"), Budget(steps=steps), width=2)
    with closing(open_store("memory:", create=True)) as store, trace.get_tracer("caller").start_as_current_span("mine"):
        list(Growth(TOPIC, store, Scripted(replies), how))


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """Return the finished spans of a name."""
    return [span for span in spans.get_finished_spans() if span.name == name]


def ident(span: ReadableSpan) -> int:
    """Return what others know a span by."""
    assert span.context
    return int(span.context.span_id)


def inside(span: ReadableSpan) -> int:
    """Return the span that a span is part of."""
    assert span.parent
    return span.parent.span_id


def test_a_step_is_a_span_and_its_call_one_inside_it(spans: InMemorySpanExporter) -> None:
    """Four steps of two threads: each with its strategy and what came of it, each call with its tokens."""
    grow(chatter(20))
    (mine,) = named(spans, "mine")
    steps, calls = named(spans, "step"), named(spans, "chat scripted")
    assert len(steps) == len(calls) == 4
    assert {inside(step) for step in steps} == {ident(mine)}
    assert sorted(map(inside, calls)) == sorted(map(ident, steps))
    assert sorted(int(str((step.attributes or {})["graphgrow.seq"])) for step in steps) == [1, 2, 3, 4]
    assert {(step.attributes or {})["graphgrow.outcome"] for step in steps} == {"ok"}
    for call in calls:
        told = dict(call.attributes or {})
        assert call.kind is trace.SpanKind.CLIENT
        assert told["gen_ai.operation.name"] == "chat"
        assert told["gen_ai.provider.name"] == "graphgrow"
        assert told["gen_ai.request.model"] == "scripted"
        assert int(str(told["gen_ai.usage.output_tokens"])) > 0
        assert told["gen_ai.response.finish_reasons"] == ("stop",)


def test_no_text_of_prompts_replies_or_errors_is_in_a_span(spans: InMemorySpanExporter) -> None:
    """Nothing of what was asked, said or went wrong leaves by a trace."""
    grow(chatter(20))
    with pytest.raises(LLMError):
        ask(Scripted([]), Prompt("", "tell me about spider silk", max_tokens=7))
    said = " ".join(f"{span.attributes} {span.events} {span.status.description}" for span in spans.get_finished_spans())
    assert not [word for word in (TOPIC, "protein", "sheet", "quotation") if word in said]


def test_a_call_that_fails_says_of_which_kind(spans: InMemorySpanExporter) -> None:
    """The span has the error's type and no other word of it, and the step ends too."""
    with pytest.raises(LLMError):
        grow([])
    (call, *_), (step, *_) = named(spans, "chat scripted"), named(spans, "step")
    assert (call.attributes or {})["error.type"] == "OutOfReplies"
    assert step.status.status_code is call.status.status_code is trace.StatusCode.ERROR
    assert not call.events


class Broken(MemoryStore):
    """A store that takes nothing from its third event on."""

    def append(self, *events: Event) -> int:
        """Add two events, and raise StoreAway for any other."""
        if events and events[0].seq > 2:
            raise StoreAway("the server is away")
        return super().append(*events)


def test_a_step_that_cannot_be_saved_is_a_failed_span(spans: InMemorySpanExporter) -> None:
    """Every call that was answered has the step that it is part of, whether or not its event was committed."""
    store, how = Broken(), Settings(open_policy("mix"), Budget(steps=4), width=4)
    with pytest.raises(StoreAway):
        list(Growth(TOPIC, store, Scripted(chatter(20)), how))
    steps = named(spans, "step")
    assert {inside(call) for call in named(spans, "chat scripted")} <= set(map(ident, steps))
    failed = [step for step in steps if step.status.status_code is trace.StatusCode.ERROR]
    assert failed
    assert len(steps) - len(failed) == 2


def test_stages_of_thinking_are_calls_inside_the_span_of_whoever_thinks(spans: InMemorySpanExporter) -> None:
    """Also those that other threads ask."""
    with closing(open_store("memory:", create=True)) as store:
        list(Growth(TOPIC, store, Scripted(chatter(2)), Settings(open_policy("mix"), Budget(steps=1))))
        spans.clear()
        tracer = trace.get_tracer("caller")
        with tracer.start_as_current_span("mine") as mine, Reasoner(store, Scripted(["a", "b"]), width=2) as reasoner:
            plan = reasoner.plan("ask", {})
            list(
                reasoner.ask_all(plan, [Inquiry(name, Prompt("", name), lambda text: {"text": text}) for name in "ab"])
            )
    assert {inside(call) for call in named(spans, "chat scripted")} == {mine.get_span_context().span_id}


def test_without_opentelemetry_nothing_changes() -> None:
    """The same events, byte for byte, on a machine that does not have the package."""
    done = finished([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True)
    how = Settings(open_policy("mix"), Budget(steps=4), width=2, now=lambda: "today")
    with closing(open_store("memory:", create=True)) as store:
        traced = [to_json(event) for event in Growth(TOPIC, store, Scripted(chatter(20)), how)]
    assert done.stdout.splitlines() == traced
    assert len(traced) == 4


def test_the_command_line_starts_without_it() -> None:
    """Nothing of OpenTelemetry is imported before something is asked."""
    script = "import sys, graphgrow.cli; graphgrow.cli.command_line(); raise SystemExit('opentelemetry' in sys.modules)"
    assert finished([sys.executable, "-c", script]).returncode == 0
