"""Spans of OpenTelemetry for steps and calls of a model, where its API is installed; without it nothing happens.

Names follow the semantic conventions for generative AI. No prompt, reply, concept or error text goes into a span: who
may read traces is decided elsewhere than who may read the graph.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol

from graphgrow.errors import GraphgrowError
from graphgrow.graph.model import Prompt, Reply

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Attributes = Mapping[str, str | int | float | bool]
SCOPE = "graphgrow"
OWN = "graphgrow"  # the provider of models that run in this process
UNKNOWN = "_OTHER"  # the conventions' word for an error of no known type


class Asked(Protocol):
    """What is asked: a language model."""

    @property
    def name(self) -> str:
        """The model's name."""

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply."""


@cache
def _tracer() -> "Tracer | None":
    """Return what makes spans; it follows whatever provider the program sets up, also later."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer(SCOPE)


def ask(llm: Asked, prompt: Prompt) -> Reply:
    """Return what a model replies, in a span of its own that tells its tokens; raises what the model raises."""
    tracer = _tracer()
    if tracer is None:
        return llm.ask(prompt)
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span(
        f"chat {llm.name}",
        kind=SpanKind.CLIENT,
        attributes=_request(llm, prompt),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            reply = llm.ask(prompt)
        except GraphgrowError as error:
            _fail(span, type(error).__name__)
            raise
        span.set_attributes(_response(reply))
        span.set_attribute("gen_ai.response.finish_reasons", [reply.finish_reason])
        return reply


def _request(llm: Asked, prompt: Prompt) -> Attributes:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": str(getattr(llm, "provider", OWN)),
        "gen_ai.request.model": llm.name,
        "gen_ai.request.max_tokens": prompt.max_tokens,
        "gen_ai.request.seed": prompt.seed,
    }


def _response(reply: Reply) -> Attributes:
    return {
        "gen_ai.response.model": reply.model,
        "gen_ai.usage.input_tokens": reply.usage.prompt_tokens,
        "gen_ai.usage.output_tokens": reply.usage.completion_tokens,
    }


class Step:
    """The span of one question from the moment it is asked until its event is committed, by whatever threads."""

    __slots__ = ("_span",)

    def __init__(self, name: str, attributes: Attributes | None) -> None:
        tracer = _tracer() if attributes is not None else None
        self._span: Span | None = tracer.start_span(name, attributes=dict(attributes or {})) if tracer else None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Let the calls made meanwhile be parts of this step; it ends here where they fail."""
        if self._span is None:
            yield
            return
        from opentelemetry.trace import use_span

        with self.ending(), use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End the step as failed where what is done meanwhile fails; `done` ends it where all is well."""
        is_well = False
        try:
            yield
            is_well = True
        finally:
            if not is_well:
                self.lost()

    def lost(self) -> None:
        """End a step that came to no event."""
        if self._span is not None:
            _fail(self._span, UNKNOWN)
            self._span.end()

    def done(self, attributes: Attributes) -> None:
        """End the step with what came of it."""
        if self._span is not None:
            self._span.set_attributes(attributes)
            self._span.end()


def _fail(span: "Span", kind: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)
