"""What hygiene makes of real names of people, firms, places, genes and compounds: it takes none."""

import tomllib
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from graphgrow.resolve.hygiene import RULES, broken_rules

TABLES = tomllib.loads((Path(__file__).parent / "real_names.toml").read_text(encoding="utf-8"))
NAMES = {kind: "|".join(text.strip().splitlines()).split("|") for kind, text in TABLES.items()}

# Genes that are called by an adjective, in lower case, and a band by a verb: nothing in the name says that it is one.
LOST = {
    ("genes", "bare adjective"): ["eyeless", "wingless", "dishevelled"],
    ("firms", "verb phrase"): ["Was (Not Was)"],
}


def taken(names: list[str], topic: str) -> dict[str, list[str]]:
    """Return what each rule would take away if it stood alone."""
    broken: dict[str, list[str]] = {rule: [] for rule in RULES}
    for name in names:
        for rule in broken_rules(name, topic):
            broken[rule].append(name)
    return broken


def test_there_are_five_hundred_names_each_once() -> None:
    """At least a hundred of each kind, more than 500 together."""
    counts = {kind: len(names) for kind, names in NAMES.items()}
    assert min(counts.values()) >= 100
    assert sum(counts.values()) >= 500
    assert not [name for name, times in Counter(chain(*NAMES.values())).items() if times > 1]


@pytest.mark.parametrize("topic", ["biology of cells", "", "CRISPR 基因编辑", "history of Prussia"])
@pytest.mark.parametrize("kind", sorted(NAMES))
def test_no_rule_takes_a_real_name(kind: str, topic: str, record_property: Callable[[str, object], None]) -> None:
    """Every rule by itself lets every name in but four of 688; a failure says how many each would take, and which."""
    broken = taken(NAMES[kind], topic)
    record_property("taken", {rule: len(names) for rule, names in broken.items()})
    assert broken == {rule: LOST.get((kind, rule), []) for rule in RULES}
