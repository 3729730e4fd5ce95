"""What every model here does to text: make it storable, and guess a bill where the endpoint sends none."""

import math
import re

from graphgrow.graph.model import Prompt, Usage

CHARACTERS_A_TOKEN = 4
_SURROGATE = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text with lone surrogates, which no UTF-8 file can hold, replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text is: its characters / 4, rounded up."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


def estimate_usage(prompt: Prompt, text: str) -> Usage:
    """Return about what a question and its reply cost."""
    return Usage(estimate_tokens(prompt.system + prompt.user), estimate_tokens(text))
