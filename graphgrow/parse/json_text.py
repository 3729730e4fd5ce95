"""JSON in a reply: values in a text with prose and thinking around them; what is broken goes to salvage.py."""

import json
import re
from collections.abc import Iterator

from graphgrow.graph.model import Json

MOST = 200  # places of a reply where an object may begin
# Where JSON may begin: a citation like [1] or [[Title]] is none.
_START = re.compile(r"""\[\s*+\[?+\s*+["'{\]]|\{\s*+["'}]""")


def _merged(pairs: list[tuple[str, object]]) -> Json:
    """Return an object; a key said twice holds both lists, or null where its two values differ."""
    merged: Json = {}
    for key, value in pairs:
        known = merged.setdefault(key, value)
        if isinstance(known, list) and isinstance(value, list) and known is not value:
            merged[key] = known + value
        elif known != value:
            merged[key] = None
    return merged


# Numbers stay as the model wrote them.
DECODER = json.JSONDecoder(object_pairs_hook=_merged, parse_int=str, parse_float=str, parse_constant=str, strict=False)


def strict(text: str) -> object:
    """Return the one JSON value a text consists of, None where it is none."""
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def json_values(text: str) -> tuple[list[object], bool]:
    """Return the JSON values in a text with prose around them, up to the first broken one, and whether there is one."""
    values: list[object] = []
    end = 0
    while start := _START.search(text, end):
        try:
            value, end = DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            return values, True
        values.append(value)
    return values, False


def json_objects(text: str) -> Iterator[object]:
    """Yield the JSON objects in a text, whatever is broken between them; at most MOST places are tried."""
    start = text.find("{")
    for _ in range(MOST):
        if start < 0:
            return
        try:
            value, end = DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = text.find("{", end)
