"""What asking costs: tokens as they are billed, estimated where an endpoint sends no bill, and their price."""

import math
import re

from graphgrow.graph.model import Prompt, Usage
from graphgrow.llm.endpoint import is_loopback

CHARACTERS_A_TOKEN = 4
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text with lone surrogates, which no UTF-8 file can hold, replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def estimate_usage(prompt: Prompt, text: str) -> Usage:
    """Return about what a question and its reply cost: four characters are a token, rounded up."""
    sent = len(prompt.system + prompt.user)
    return Usage(math.ceil(sent / CHARACTERS_A_TOKEN), math.ceil(len(text) / CHARACTERS_A_TOKEN))


def usd(model: str, base_url: str, usage: Usage, *, in_batch: bool = False) -> float | None:
    """Return the price of a bill in US dollars, None where the model is unknown or another endpoint answers for it.

    Prices are those of the list that package genai-prices carries; nothing is fetched. What was asked `in_batch` costs
    what the list has for that, mostly half, and the usual price where it has none.
    """
    if is_loopback(base_url):
        return None
    from genai_prices import Usage as Bill
    from genai_prices import calc_price

    bill = Bill(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, cache_read_tokens=usage.cached_tokens
    )
    try:
        context = {"processing": "batch"} if in_batch else None
        return float(calc_price(bill, model, provider_api_url=base_url, price_context=context).total_price)
    except LookupError:
        return None
