"""What was said beside a relation, for people and for programs: as one line, as a row of plain values."""

from collections.abc import Iterable
from typing import Any

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Qualifiers

UNCHECKED = "unchecked"  # what stands beside a source: nobody has looked whether it says so, or is there at all


def qualifier_row(said: Qualifiers | None) -> dict[str, Any]:
    """Return what was said beside a relation as plain values, clean text and numbers; only what was said."""
    if not said:
        return {}
    quantity = said.quantity
    row = {
        "why": clean(said.why),
        "conditions": clean(said.conditions),
        "quantity": {"value": clean(quantity.value), "unit": clean(quantity.unit)} if quantity else None,
        "certainty": said.certainty,
        "source": clean(said.source),
        "predicate_class": clean(said.predicate_class),
    }
    return {name: value for name, value in row.items() if value not in ("", None)}


def qualifiers_in_words(said: Qualifiers | None) -> str:
    """Return what was said beside a relation as people read it, on one line; "" for nothing."""
    return "; ".join(f"{name}: {text}" if name else text for name, text in qualifier_parts(said))


def qualifier_parts(said: Qualifiers | None) -> Iterable[tuple[str, str]]:
    """Yield (what it is, clean text) of everything that was said beside a relation; "" for what needs no name."""
    if not said:
        return
    if said.quantity:
        yield "", clean(str(said.quantity))
    if said.conditions:
        yield "when", clean(said.conditions)
    if said.why:
        yield "why", clean(said.why)
    if said.certainty is not None:
        yield "certainty", f"{100 * said.certainty:.0f} %"
    if said.source:
        yield f"source, {UNCHECKED}", clean(said.source)
    if said.predicate_class:
        yield "a case of", clean(said.predicate_class)
