"""What a reply says beside a relation: reason, conditions, quantity, certainty and source, cut to what is shown.

All of it is text of a model: one line each, without control characters, of a bounded length. What cannot be read as
what it should be is left out, and the relation stays.
"""

import math
import re
from collections.abc import Mapping

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Qualifiers, Quantity

WHY_CHARACTERS = 300
CONDITIONS_CHARACTERS = 200
SOURCE_CHARACTERS = 200
VALUE_CHARACTERS = 40
UNIT_CHARACTERS = 24
# The keys under which models put them, the most telling one first. The end of a relation is called "source" too, so
# that the source of a claim is asked for as "reference".
WHY = ("why", "reason", "because", "rationale", "mechanism", "explanation", "justification")
CONDITIONS = ("conditions", "condition", "when", "holds_when", "context", "scope", "limitations")
QUANTITY = ("quantity", "amount", "magnitude", "measurement")
CERTAINTY = ("certainty", "confidence", "probability", "likelihood")
SOURCE = ("reference", "references", "citation", "citations", "sources", "source_note", "literature", "provenance")
WITHIN = ("qualifiers", "details", "properties", "attributes", "metadata")  # objects that models put these into
_VALUES = ("value", "amount", "number", "magnitude")
_UNITS = ("unit", "units")
_NOTHING = re.compile(
    r"(?:null|none|nil|nan|n/?a|unknown|not (?:applicable|known|available|specified)|[-\u2013\u2014?.])?"
)
_SIGN = (
    r"(?:about|approximately|approx\.?|around|roughly|circa|ca\.?|up to|at least|at most|over|under|between|from|above"
)
_SIGN += r"|below|more than|less than|[~\u2248<>\u2264\u2265=\u00b1])"
_NUMBER = r"[-+\u2212]?\d{1,3}(?:[ ,\u2009\u202f']\d{3})+(?:\.\d+)?|[-+\u2212]?\d*\.?\d+"
_TIMES = r"\s?[x\u00d7\u00b7*]\s?10"
_SUPERSCRIPT = r"[\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+"
_POWER = rf"(?:{_TIMES}\s?(?:\^|\*\*)?\s?[-+\u2212]?\d+|{_TIMES}{_SUPERSCRIPT}|[eE][-+]?\d+)?"
_AMOUNT = re.compile(
    rf"(?P<value>(?:{_SIGN}\s*)*(?:{_NUMBER}){_POWER}"
    rf"(?:\s?(?:-|\u2013|\u2014|\.\.\.?|\u00b1|to|and)\s?(?:{_NUMBER}){_POWER})?)\s*(?P<unit>\D.*|)",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_MOST = 120  # characters of text with an amount


def read_qualifiers(row: Mapping[str, object], *, names_source: bool = True) -> Qualifiers | None:
    """Return what a relation of a reply says beside itself, None where that is nothing; `row` has lower-case keys.

    Where the relation's own end is not called "source" (`names_source` is false), that is where the claim comes from.
    """
    rows = [row, *(_lowered(inner) for key in WITHIN if isinstance(inner := row.get(key), dict))]

    def first(keys: tuple[str, ...]) -> object:
        found = (one[key] for one in rows for key in keys if one.get(key) not in (None, "", [], {}))
        return next(found, None)

    flat = {key: row[key] for key in (*_VALUES, *_UNITS) if key in row}
    quantity = read_quantity(first(QUANTITY)) or (read_quantity(flat) if "value" in flat else None)
    found = Qualifiers(
        why=_short(first(WHY), WHY_CHARACTERS),
        conditions=_short(first(CONDITIONS), CONDITIONS_CHARACTERS),
        quantity=quantity,
        certainty=read_certainty(first(CERTAINTY)),
        source=_short(first(SOURCE if names_source else (*SOURCE, "source")), SOURCE_CHARACTERS),
    )
    return found or None


def stored_qualifiers(row: Mapping[str, object]) -> Qualifiers | None:
    """Return what stands beside a relation in a file of ours, cut as what a model says; None for nothing."""
    found = Qualifiers(
        why=_short(row.get("why"), WHY_CHARACTERS),
        conditions=_short(row.get("conditions"), CONDITIONS_CHARACTERS),
        quantity=read_quantity(row.get("quantity")),
        certainty=read_certainty(row.get("certainty")),
        source=_short(row.get("source"), SOURCE_CHARACTERS),
        predicate_class=_short(row.get("predicate_class"), VALUE_CHARACTERS),
    )
    return found or None


def read_certainty(value: object) -> float | None:
    """Return a probability from 0 to 1: a number up to 1, or one in per cent; None for anything else.

    A number from 1 to 10 without a sign may be a mark out of five, or of ten: nobody knows.
    """
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    is_share = text.endswith("%")
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        return None
    number = number / 100 if is_share or number >= 10 else number  # noqa: PLR2004  # per cent
    return round(number, 4) if math.isfinite(number) and 0 <= number <= 1 else None


def read_quantity(value: object) -> Quantity | None:
    """Return an amount with its unit: an object with both, or a text like "3.6 GPa"; None where it holds no number."""
    unit = ""
    if isinstance(value, dict):
        row = _lowered(value)
        unit = _short(next((row[key] for key in _UNITS if row.get(key) is not None), ""), UNIT_CHARACTERS)
        value = next((row[key] for key in _VALUES if row.get(key) is not None), None)
        if value is None and row.get("min") is not None and row.get("max") is not None:
            value = [row["min"], row["max"]]
    if isinstance(value, list) and 0 < len(value) <= 2:  # noqa: PLR2004  # one number, or both ends of a range
        value = "-".join(filter(None, (_short(one, VALUE_CHARACTERS) for one in value)))
    text = _short(value, VALUE_CHARACTERS + UNIT_CHARACTERS)
    if not any(map(str.isdigit, text)):
        return None
    if not unit and (parts := split_quantity(text)):
        return Quantity(parts[0][:VALUE_CHARACTERS].strip(), _short(parts[1][:UNIT_CHARACTERS], UNIT_CHARACTERS))
    return Quantity(text[:VALUE_CHARACTERS].strip(), unit)


def split_quantity(text: str) -> tuple[str, str] | None:
    """Return the number that a text begins with, as it is written, and the rest; None where it begins with none."""
    found = _AMOUNT.fullmatch(text.strip()) if len(text) <= _MOST else None
    return (found["value"].strip(), found["unit"].strip()) if found else None


def _short(value: object, most: int) -> str:
    """Return a scalar, or a list of some, as clean text of at most so many characters; "" for what says nothing."""
    if isinstance(value, list):
        value = "; ".join(filter(None, (_short(one, most) for one in value[:8])))
    if isinstance(value, dict):
        value = next((value[key] for key in ("text", "name", "title") if isinstance(value.get(key), str)), None)
    if value is None or isinstance(value, bool | dict | list):
        return ""
    text = clean(str(value)[: 4 * most])
    if _NOTHING.fullmatch(text.casefold()):
        return ""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def _lowered(row: Mapping[object, object]) -> dict[str, object]:
    return {str(key).strip().casefold(): value for key, value in row.items()}
