"""Spans of OpenTelemetry for steps and calls of a model, where its API is installed; without it nothing happens.

Names follow the semantic conventions for generative AI. No prompt, reply, concept or error text goes into a span: who
may read traces is decided elsewhere than who may read the graph.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from graphgrow.errors import GraphgrowError
from graphgrow.graph.model import Prompt, Reply

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

    from graphgrow.llm import LLM

Attributes = Mapping[str, str | int | float | bool]
SCOPE = "graphgrow"
OWN = "graphgrow"  # the provider of models that run in this process
UNKNOWN = "_OTHER"  # the conventions' word for an error of no known type


@cache
def _tracer() -> "Tracer | None":
    """Return what makes spans; it follows whatever provider the program sets up, also later."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer(SCOPE)


def ask(llm: "LLM", prompt: Prompt) -> Reply:
    """Return what a model replies, in a span of its own that tells its tokens; raises what the model raises."""
    tracer = _tracer()
    if tracer is None:
        return llm.ask(prompt)
    from opentelemetry.trace import SpanKind, StatusCode

    asked: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": str(getattr(llm, "provider", OWN)),
        "gen_ai.request.model": llm.name,
        "gen_ai.request.max_tokens": prompt.max_tokens,
        "gen_ai.request.seed": prompt.seed,
    }
    with tracer.start_as_current_span(
        f"chat {llm.name}",
        kind=SpanKind.CLIENT,
        attributes=asked,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            reply = llm.ask(prompt)
        except GraphgrowError as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise
        span.set_attributes(
            {
                "gen_ai.response.model": reply.model,
                "gen_ai.usage.input_tokens": reply.usage.prompt_tokens,
                "gen_ai.usage.output_tokens": reply.usage.completion_tokens,
                "gen_ai.response.finish_reasons": [reply.finish_reason],
            }
        )
        return reply


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

        is_well = False
        try:
            with use_span(self._span, record_exception=False, set_status_on_exception=False):
                yield
            is_well = True
        finally:
            if not is_well:
                self.lost()

    def lost(self) -> None:
        """End a step that came to no event."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", UNKNOWN)
            self._span.set_status(StatusCode.ERROR)
            self._span.end()

    def done(self, attributes: Attributes) -> None:
        """End the step with what came of it."""
        if self._span is not None:
            self._span.set_attributes(attributes)
            self._span.end()
