"""What hygiene makes of real names of people, firms, places, genes and compounds: it takes none."""

import tomllib
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Proposal, Triple
from graphgrow.resolve.hygiene import RULES, broken_rules
from graphgrow.resolve.resolve import RESOLVE, resolve

TABLES = tomllib.loads((Path(__file__).parent / "real_names.toml").read_text(encoding="utf-8"))
NAMES = {kind: "|".join(text.strip().splitlines()).split("|") for kind, text in TABLES.items()}

# Genes that are called by an adjective, in lower case, and a band by a verb: nothing in the name says that it is one.
LOST = {
    ("genes", "bare adjective"): ["eyeless", "wingless", "dishevelled"],
    ("firms", "verb phrase"): ["Was (Not Was)"],
}


def taken(names: list[str], topic: str) -> dict[str, list[str]]:
    """Return what each rule would take away if it stood alone, of the names as a reply brings them."""
    broken: dict[str, list[str]] = {rule: [] for rule in RULES}
    for name in names:
        for rule in broken_rules(RESOLVE.name(name), topic):
            broken[rule].append(name)
    return broken


def test_there_are_five_hundred_names_each_once() -> None:
    """At least a hundred of each kind, more than 500 together."""
    counts = {kind: len(names) for kind, names in NAMES.items()}
    assert min(counts.values()) >= 100
    assert sum(counts.values()) >= 500
    assert not [name for name, times in Counter(chain(*NAMES.values())).items() if times > 1]


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_a_reply_brings_every_real_name_but_these(kind: str) -> None:
    """What a reply says of each name is kept, and the name is shown as it was said."""
    triples = tuple(Triple("Tommy", "relates to", name) for name in NAMES[kind])
    delta = resolve(Proposal(triples, (), "ok"), Graph())
    lost = [name for (one, _), names in LOST.items() if one == kind for name in names]
    assert [reject.text for reject in delta.rejects] == lost
    shown = {spelling for concept in delta.concepts for spelling in (concept.name, *concept.aliases)}
    shown |= {spelling for _, spelling in delta.aliases}
    assert {name for name in NAMES[kind] if name not in lost} <= shown


@pytest.mark.parametrize("topic", ["biology of cells", "", "CRISPR 基因编辑", "history of Prussia"])
@pytest.mark.parametrize("kind", sorted(NAMES))
def test_no_rule_takes_a_real_name(kind: str, topic: str, record_property: Callable[[str, object], None]) -> None:
    """As replies bring them, each rule alone lets in all names but four of 688; a failure says which it would take."""
    broken = taken(NAMES[kind], topic)
    record_property("taken", {rule: len(names) for rule, names in broken.items()})
    assert broken == {rule: LOST.get((kind, rule), []) for rule in RULES}
