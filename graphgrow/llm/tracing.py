"""Spans of OpenTelemetry for calls of a model, where its API is installed; without it nothing happens.

Those of whole steps, which the calls are parts of, are in growth/engine.py. Names follow the semantic conventions for
generative AI. No prompt, reply, concept or error text goes into a span: who may read traces is decided elsewhere than
who may read the graph.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from graphgrow.errors import GraphgrowError
from graphgrow.graph.model import Prompt, Reply

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from graphgrow.llm import LLM

Attributes = Mapping[str, str | int | float | bool]
SCOPE = "graphgrow"
OWN = "graphgrow"  # the provider of models that run in this process


@cache
def tracer() -> "Tracer | None":
    """Return what makes spans; it follows whatever provider the program sets up, also later."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer(SCOPE)


def ask(llm: "LLM", prompt: Prompt) -> Reply:
    """Return what a model replies, in a span of its own that tells its tokens; raises what the model raises."""
    spans = tracer()
    if spans is None:
        return llm.ask(prompt)
    from opentelemetry.trace import SpanKind, StatusCode

    request: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": str(getattr(llm, "provider", OWN)),
        "gen_ai.request.model": llm.name,
        "gen_ai.request.max_tokens": prompt.max_tokens,
        "gen_ai.request.seed": prompt.seed,
    }
    with spans.start_as_current_span(
        f"chat {llm.name}",
        kind=SpanKind.CLIENT,
        attributes=request,
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
