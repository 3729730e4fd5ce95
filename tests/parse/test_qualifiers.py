"""What a reply says beside a relation: read under many names, cut, cleaned, or left out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.model import Qualifiers, Quantity
from graphgrow.parse.fields import (
    CONDITIONS_CHARACTERS,
    SOURCE_CHARACTERS,
    UNIT_CHARACTERS,
    VALUE_CHARACTERS,
    WHY_CHARACTERS,
    read_certainty,
    read_qualifiers,
    read_quantity,
    stored_qualifiers,
)
from graphgrow.parse.reply import parse

ENDS = {"source": "silk", "predicate": "contains", "target": "fibroin"}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def said(row: dict[str, Any]) -> Qualifiers | None:
    """Return what is read beside the one relation of a reply."""
    read = parse(json.dumps({"relations": [row]}))
    (triple,) = read.triples
    return read.qualifiers.get(triple)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"why": "So."}, Qualifiers(why="So.")),
        ({"Reason": "So."}, Qualifiers(why="So.")),
        ({"conditions": ["dry", "cold"]}, Qualifiers(conditions="dry; cold")),
        ({"quantity": {"value": 3.6, "unit": "GPa"}}, Qualifiers(quantity=Quantity("3.6", "GPa"))),
        ({"quantity": "3.6 GPa"}, Qualifiers(quantity=Quantity("3.6", "GPa"))),
        ({"quantity": {"min": 1, "max": 3, "unit": "%"}}, Qualifiers(quantity=Quantity("1-3", "%"))),
        ({"value": 7, "unit": "nm"}, Qualifiers(quantity=Quantity("7", "nm"))),
        ({"confidence": "90 %"}, Qualifiers(certainty=0.9)),
        ({"certainty": 0}, Qualifiers(certainty=0.0)),
        ({"reference": {"title": "A book"}}, Qualifiers(source="A book")),
        ({"qualifiers": {"why": "So.", "certainty": 0.5}}, Qualifiers("So.", certainty=0.5)),
        ({"why": None, "conditions": "n/a", "quantity": None, "certainty": None, "reference": "none"}, None),
        ({"why": "", "quantity": {"value": "high", "unit": ""}, "certainty": "high"}, None),
    ],
)
def test_fields_are_read_by_any_usual_name(row: dict[str, Any], expected: Qualifiers | None) -> None:
    """Names, nesting and types differ from model to model; what says nothing is nothing."""
    assert said(ENDS | row) == expected


def test_source_is_where_it_stands_only_where_it_is_no_end() -> None:
    """A relation from "subject" to "object" may say its source; else the word is an end."""
    row = {"subject": "silk", "predicate": "contains", "object": "fibroin", "source": "A book"}
    assert said(row) == Qualifiers(source="A book")
    assert said(ENDS) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.9, 0.9), ("0.9", 0.9), ("90%", 0.9), (90, 0.9), (1, 1.0), (0, 0.0), (7, None), (-0.1, None), (101, None),
     ("NaN", None), ("1e999", None), (True, None), (None, None), ("high", None), ([0.9], None)],
)  # fmt: skip
def test_a_certainty_is_a_probability_or_nothing(value: object, expected: float | None) -> None:
    """Per cents count as such; marks out of ten, words and what is no number do not count."""
    assert read_certainty(value) == expected


def test_text_is_cut_and_clean() -> None:
    """One line each without control or invisible characters, of a bounded length."""
    evil = "a\x00b\u202e\n<script>\ud800" + "x" * 10_000
    found = read_qualifiers(
        {"why": evil, "conditions": evil, "reference": evil, "quantity": {"value": f"1{evil}", "unit": evil}}
    )
    assert found is not None
    assert found.quantity is not None
    limits = {
        found.why: WHY_CHARACTERS, found.conditions: CONDITIONS_CHARACTERS, found.source: SOURCE_CHARACTERS,
        found.quantity.value: VALUE_CHARACTERS, found.quantity.unit: UNIT_CHARACTERS,
    }  # fmt: skip
    assert all(0 < len(text) <= most and text.isprintable() for text, most in limits.items())


@given(
    st.dictionaries(
        st.sampled_from(
            ["why", "conditions", "quantity", "certainty", "source", "reference", "value", "unit", "qualifiers"]
        ),
        VALUES,
    )
)
def test_whatever_is_said_is_read_and_kept_as_it_is_then(row: dict[str, Any]) -> None:
    """Nothing breaks the reading, and what was read is read the same out of a file."""
    found = read_qualifiers(row)
    if found is None:
        return
    amount = found.quantity and {"value": found.quantity.value, "unit": found.quantity.unit}
    again = {"why": found.why, "conditions": found.conditions, "quantity": amount, "certainty": found.certainty,
             "source": found.source}  # fmt: skip
    assert stored_qualifiers(again) == found


def test_a_quantity_without_a_number_is_none() -> None:
    """Words such as "high" are no amount."""
    assert read_quantity("high") is read_quantity({"unit": "m"}) is read_quantity([]) is None
