"""Text that nobody sees, and names of a length beyond reason, at every entrance of a graph."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graphgrow.api import directives, edits
from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, export, read_file
from graphgrow.graph.events import to_json
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Budget, Concept, Edit, Expansion, Reply
from graphgrow.growth.loop import grow
from graphgrow.reason.answers import ask
from graphgrow.resolve.resolve import VERBATIM
from graphgrow.stores import open_store
from tests.conftest import chatter, triples
from tests.reasoning import Heard

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
HIDDEN = f"\u034f\u115f\u1160\u3164\uffa0\ufe0f\u200b\u200c\u200d\u202e\u2066{TAGS}"
SEEN = f"sp{HIDDEN}ider {HIDDEN}silk"


def hidden_in(text: str) -> set[str]:
    """Return which characters that nobody sees are in a text, also as escapes of JSON."""
    return {c for c in HIDDEN if c in text or json.dumps(c)[1:-1] in text}


@pytest.mark.parametrize(
    "reply",
    [
        triples((SEEN, f"con{HIDDEN}tains", f"pro{HIDDEN}tein"), ("spider silk", "contains", "protein")),
        f"[{SEEN}] -[con{HIDDEN}tains]-> [pro{HIDDEN}tein]\n[spider silk] -[contains]-> [protein]",
        json.dumps({"nodes": [{"id": SEEN, "type": f"ma{HIDDEN}terial"}], "edges": [
            {"source": SEEN, "predicate": "contains", "target": f"pro{HIDDEN}tein", "why": f"it{HIDDEN} is"}]}),
    ],
)  # fmt: skip
def test_a_reply_brings_no_hidden_text_into_names_or_prompts(reply: str) -> None:
    """Look-alikes of known names are these names, and no later question sends what nobody sees."""
    model = Heard(lambda _prompt: reply)
    with closing(open_store("memory:", create=True)) as store:
        grow(f"spider{HIDDEN} silk", store, model, budget=Budget(steps=3)).run()
        graph = store.graph()
        assert set(graph.concepts) == {"spider silk", "protein"}
        for event in store.events():
            assert isinstance(event, Expansion)
            assert not hidden_in(to_json(replace(event, reply=Reply(""))))
    assert not any(hidden_in(prompt.system + prompt.user) for prompt in model.asked)


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_a_file_brings_no_hidden_text(ending: str, tmp_path: Path) -> None:
    """Names, spellings, predicates and evidence of a graph file are those that a person sees."""
    graph = Graph()
    names = (f"si{HIDDEN}lk", f"fi{HIDDEN}bre")
    delta = edits.add(graph, "silk", "contains", "fibre").delta
    concepts = tuple(Concept(canonical(name), name, (f"{name} {HIDDEN}two",)) for name in names)
    graph.apply(Edit(1, "add", replace(delta, concepts=concepts)))
    export(graph, tmp_path / f"graph{ending}")
    found = read_file(tmp_path / f"graph{ending}")
    assert {concept.key for concept in found.delta.concepts} == {"silk", "fibre"}
    assert not hidden_in(to_json(Edit(1, "add", found.delta)))


def test_people_and_agents_bring_no_hidden_text() -> None:
    """Corrections, reasons, directives and questions are what a person would read."""
    model = Heard(lambda _prompt: json.dumps({"known": False, "claims": []}))
    with closing(open_store("memory:", create=True)) as store:
        grow("spider silk", store, Heard(lambda _prompt: chatter(1)[0]), budget=Budget(steps=1)).run()
        why = f"by{HIDDEN} hand"
        for decide in (
            lambda graph: edits.add(graph, SEEN, f"con{HIDDEN}tains", f"wa{HIDDEN}ter", reason=why),
            lambda graph: edits.rename(graph, f"wa{HIDDEN}ter", f"free{HIDDEN} water", reason=why),
            lambda graph: edits.merge(graph, f"pro{HIDDEN}tein 1", "sheet 1", reason=why),
            lambda graph: directives.instruct(graph, f"na{HIDDEN}me numbers", concept=SEEN, reason=why),
            lambda graph: directives.forbid(graph, f"free {HIDDEN}water", reason=why),
        ):
            edit, _ = edits.commit(store, decide)
            assert not hidden_in(to_json(edit))
        ask(store, model, f"What is{HIDDEN} silk?")
        assert model.asked
        assert not any(hidden_in(prompt.system + prompt.user) for prompt in model.asked)


@pytest.mark.parametrize("where", ["topic", "rename", "add", "predicate", "find", "reason", "instruct", "forbid"])
def test_a_name_of_a_length_beyond_reason_is_refused(where: str) -> None:
    """Each entrance says in one sentence how long the text is and may be, quickly, and writes nothing."""
    long = "x y" * 400_000
    with closing(open_store("memory:", create=True)) as store:
        grow("spider silk", store, Heard(lambda _prompt: chatter(1)[0]), budget=Budget(steps=1)).run()
        graph = store.graph()
        entrances: dict[str, Callable[[], object]] = {
            "topic": lambda: grow(long, store, Heard(str)),
            "rename": lambda: edits.rename(graph, "protein 1", long),
            "add": lambda: edits.add(graph, "silk", "has", long),
            "predicate": lambda: edits.add(graph, "silk", long, "water"),
            "find": lambda: edits.reject(graph, long),
            "reason": lambda: edits.reject(graph, "protein 1", reason=long),
            "instruct": lambda: directives.instruct(graph, long),
            "forbid": lambda: directives.forbid(graph, long),
        }
        with pytest.raises(BadInput, match=r"begins 'x yx y.*has 1,200,000 characters, where 1,000 are the most") as no:
            entrances[where]()
        assert len(str(no.value)) < 200
        assert store.graph().seq == 1


def test_a_file_of_endless_names_says_what_it_left_out(tmp_path: Path) -> None:
    """A name longer than any is left out of an import with its links, which is said; verbatim replies lose it too."""
    graph, long = Graph(), "x" * 20_000
    edit = edits.add(graph, "silk", "contains", "water")
    graph.apply(replace(edit, delta=replace(edit.delta, concepts=(*edit.delta.concepts, Concept(long, long)))))
    export(graph, tmp_path / "graph.json")
    found = read_file(tmp_path / "graph.json")
    assert {concept.key for concept in found.delta.concepts} == {"silk", "water"}
    assert "names longer than 10,000 characters are left out, 1 of 3, and with them 0 of 1 links" in found.left_out
    assert VERBATIM.broken_rule(long, "") == "too long"
