import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Outcome, Proposal, Triple
from graphgrow.parse.names import unescaped
from graphgrow.parse.reply import parse
from graphgrow.prompts.forms import lists_schema, relations_schema

SILK = Triple("silk", "contains", "fibroin")
SERICIN = Triple("silk", "is coated by", "sericin")
TWO = (SILK, SERICIN)
Rows = list[tuple[str, str, str]]

SHAPES: dict[str, Callable[[Rows], object]] = {
    "ours": lambda rows: {"relations": _dicts(rows, "source", "predicate", "target")},
    "s p o": lambda rows: _dicts(rows, "s", "p", "o"),
    "subject": lambda rows: {"triples": _dicts(rows, "subject", "predicate", "object")},
    "relation": lambda rows: {"edges": _dicts(rows, "source", "relation", "target")},
    "label": lambda rows: {"links": _dicts(rows, "source", "label", "target")},
    "type": lambda rows: _dicts(rows, "source", "type", "target"),
    "from to": lambda rows: {"edges": _dicts(rows, "from", "relationship", "to")},
    "head tail": lambda rows: _dicts(rows, "head", "type", "tail"),
    "capitals": lambda rows: _dicts(rows, "Subject", "Predicate", "Object"),
    "rows": lambda rows: [list(row) for row in rows],
    "rows in a wrapper": lambda rows: {"graph": {"triples": [list(row) for row in rows]}},
    "nodes and edges": lambda rows: {
        "nodes": [{"id": name} for row in rows for name in (row[0], row[2])],
        "edges": _dicts(rows, "source", "relation", "target"),
    },
    "named nodes": lambda rows: {
        "nodes": [row[0] for row in rows],
        "relationships": _dicts(rows, "source", "relation", "target"),
    },
    "source of the text": lambda rows: {"source": "p. 3", "type": "graph", "relations": _dicts(rows, "s", "p", "o")},
}


def _dicts(rows: Rows, *keys: str) -> list[dict[str, str]]:
    return [dict(zip(keys, row, strict=True)) for row in rows]


def spo(source: str, predicate: str, target: str) -> str:
    """Return one object of a reply."""
    return json.dumps({"s": source, "p": predicate, "o": target}, ensure_ascii=False)


ONE = spo(SILK.source, SILK.predicate, SILK.target)
OTHER = spo(SERICIN.source, SERICIN.predicate, SERICIN.target)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(
    "wrap", ["{}", "```json\n{}\n```", "Here [1] it is:\n{}\nAs {{you}} see.", "<think>[a]</think>{}"]
)
def test_every_shape_is_read(shape: Callable[[Rows], object], wrap: str) -> None:
    """Every shape models use gives the same triples, with or without fence, prose and thinking around it."""
    rows = [(t.source, t.predicate, t.target) for t in TWO]
    proposal = parse(wrap.format(json.dumps(shape(rows))))
    assert (proposal.triples, proposal.outcome) == (TWO, "ok")


@pytest.mark.parametrize(
    ("reply", "outcome", "triples"),
    [
        (f"[{ONE}]", "ok", (SILK,)),
        (f"{ONE}\n{OTHER}\n", "ok", TWO),
        (f"[{ONE}, {ONE}]", "ok", (SILK,)),
        (f'[{ONE}, {{"s": "silk", "p": "is"}}]', "partial", (SILK,)),
        (f"[{ONE} {OTHER}]", "partial", TWO),
        ("[{'s': 'silk', 'p': 'contains', 'o': 'fibroin'}]", "partial", (SILK,)),
        ('[["silk", "contains", "fibroin"], ["silk", "is coated by", "sericin"]', "partial", TWO),
        (f'{{"relations": [{ONE}], "relations": [{OTHER}]}}', "ok", TWO),
        (f'{{"tags": ["x"], "note": "y", "nodes": [null], "edges": [{ONE}]}}', "partial", (SILK,)),
        ('{"a":' * 9 + ONE + "}" * 9, "unusable", ()),
        (
            f'[{{"s": "silk", "p": "contains", "o": "<think>"}}, {ONE}]',
            "ok",
            (Triple("silk", "contains", "<think>"), SILK),
        ),
        ("[]", "empty", ()),
        ('{"relations": []}', "empty", ()),
        ('{"nodes": [], "edges": []}', "empty", ()),
        ("[]\nSubject is not related to Babylon.", "empty", ()),
        ("I return an empty list.\n\n```json\n[]\n```", "empty", ()),
        ("<think><graph_json>\n\n</graph_json></think> Nothing to add.", "empty", ()),
        ("", "unusable", ()),
        (" \n", "unusable", ()),
        ("None", "unusable", ()),
        ("{}", "unusable", ()),
        ('["silk", "fibroin"]', "unusable", ()),
        ("I cannot answer that.", "refused", ()),
        ("There is no answer.", "unusable", ()),
        ("<think>Let me see.</think>", "unusable", ()),
        (f"[{ONE},", "truncated", (SILK,)),
        (f'[{ONE}, {{"s": "silk", "p": "is coated by", "o": "seri', "truncated", (SILK,)),
        (f'[{ONE}, {{"s": "silk", "p": "is coated by", "o": "sericin"', "truncated", TWO),
        (f'[{ONE}, {{"s": "silk", "p": "has", "o": 12', "truncated", (SILK,)),
        (f'[{ONE}, {{"s": "silk", "p": "is coated by", "o": ["sericin"', "truncated", TWO),
        (f'[{ONE}, {{"s": "silk", "p": "is coated by", "o": ["sericin", "wa', "truncated", (SILK,)),
        (f'[{ONE}, {{"s": "silk", "p": "is", "o": "{{x}}', "partial", (SILK,)),
        ('[["silk", "contains", "fibroin"], ["silk", "is", "str', "truncated", (SILK,)),
        ('{"relations": [{"source": "sil', "truncated", ()),
        ("[" + f"{ONE}, " * 40 + OTHER + "]", "repetition", TWO),
        (f"[{ONE}]" + " It is what it is, as said before." * 9, "repetition", (SILK,)),
    ],
)
def test_outcome(reply: str, outcome: Outcome, triples: tuple[Triple, ...]) -> None:
    """Each kind of reply has its outcome, a reason, and the triples that were complete."""
    proposal = parse(reply)
    assert (proposal.outcome, proposal.triples) == (outcome, triples)
    assert proposal.reason.endswith(".")


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        ("", "blank"),
        ("Silk is strong.", "no JSON"),
        ('{"answer": "silk"}', "no relations"),
        ('{"answer": silk}', "not valid"),
        ('[{"s": "silk", "p": "is"}, {"s": "silk"}]', "malformed: 2"),
        ("<think>Silk is", "thinking"),
    ],
)
def test_reason_of_an_unusable_reply(reply: str, word: str) -> None:
    """The reason of an unusable reply names what the model has to mend."""
    assert parse(reply).outcome == "unusable"
    assert word in parse(reply).reason


def test_a_reply_that_was_kept_back_says_so() -> None:
    """Blank because of a content filter is another reason than blank."""
    assert parse("", "content_filter").reason == "The endpoint's content filter kept the reply back."
    assert parse("", "content_filter").outcome == "unusable"


def test_number_of_dropped_items_is_told() -> None:
    """A partial reply says how many items were dropped."""
    reply = (
        '[{"s":"a","p":"b","o":"c"},{"s":"a","p":"b"},{"s":"a","p":"b","o":{"x":1}},"text",{"s":" ","p":"b","o":"c"}]'
    )
    assert parse(reply) == Proposal(
        (Triple("a", "b", "c"),), (), "partial", "Relations read: 1, malformed items dropped: 4."
    )


def test_length_limit_truncates_whatever_was_read() -> None:
    """A reply that hit its length limit is truncated, with and without triples."""
    assert parse(ONE, "length").outcome == "truncated"
    assert parse("Silk is", "length") == Proposal(
        (), (), "truncated", "The reply hit its length limit. Complete relations before it: 0."
    )


@pytest.mark.parametrize(
    ("broken", "triple"),
    [
        ('{"s": "p": "foughtIn", "s": "Sennacherib", "o": "Halule"}', ("Sennacherib", "foughtIn", "Halule")),
        ('{"s": "s": "Zerpanitum", "p": "parentOf", "o": "Nabu"}', ("Zerpanitum", "parentOf", "Nabu")),
        ('{"s": "S", "p": "instanceOf": "o": "Babylonian"}', ("S", "instanceOf", "Babylonian")),
        ('{"s":": "Tumart", "p": "dynasty", "o": "Isin"}', ("Tumart", "dynasty", "Isin")),
        ('{"s": "pane", "p": "is", "o": "Q1"  // a guess\n}', ("pane", "is", "Q1")),
        ('{"s": "https://a.b/c", "p": "is" "o": "x"}', ("https://a.b/c", "is", "x")),
        (r'{"s": "Inanna\'s star", "p": "is", "o": "Venus"}', ("Inanna's star", "is", "Venus")),
        (r'{"s": "$\mathbf{x}$", "p": "is", "o": "vector"}', (r"$\mathbf{x}$", "is", "vector")),
        (r'{"s": "\u 聖經", "p": "is", "o": "\u66f8"}', ("聖經", "is", "書")),
        ('{"s": "A", "p": "is", "o": "Sabin}', ("A", "is", "Sabin")),
        ('{"s": "A", "p": "is", "o": 2nd millennium BC"}', ("A", "is", "2nd millennium BC")),
    ],
)
def test_broken_object_is_mended(broken: str, triple: tuple[str, str, str]) -> None:
    """A slip real models make is mended, and what stands beside it is kept."""
    proposal = parse(f"[{broken},\n{ONE}]")
    assert (proposal.triples, proposal.outcome) == ((Triple(*triple), SILK), "partial")


@pytest.mark.parametrize(
    "broken",
    [
        '{"s": "p": "mentionedIn", "o": "Enuma Elish"}',
        '{"s": "Ur", "p": "partOf", "o": "Kish" is not true}',
        '{"s": "Ur", "p": "before", "o": "Kish is not correct, rather it is": "Uruk"}',
        '{"s": "Ur", "p": "born in", "o": "Salih", "Mahdia", "Tunisia"}',
        '{"s": "Ur", "p": "has", "o": "has", "o": "Kish"}',
        '{"s": "Ur", "p": "follows", "o": "Kish is not correct,  "s": "Ur", "p": "follows", "o": "Uruk"}',
        '{"s": "Ur", "p": "successor", ":Kish"}',
        '{"s": "Ur", "p": "starts", "o": "":}',
        r'{"s": "\u4e9e\u53ss", "p": "is", "o": "x"}',
        '{"s": "Ur", "p": "is in", "o": None}',
    ],
)
def test_what_is_not_certain_is_dropped(broken: str) -> None:
    """An object whose meaning a repair would have to guess is dropped and counted."""
    proposal = parse(f"[{broken},\n{ONE}]")
    assert (proposal.triples, proposal.outcome) == ((SILK,), "partial")
    assert "dropped: 1." in proposal.reason


def test_values_become_text() -> None:
    """Numbers keep their digits, booleans are words, a list is one triple each, a named object its name."""
    reply = '[{"s":"a","p":"b","o":[1.50,true,{"name":"x"},{"id":7},null]}]'
    assert [t.target for t in parse(reply).triples] == ["1.50", "true", "x", "7"]


def test_names_are_cleaned() -> None:
    """Whitespace collapses; control characters and lone surrogates, which JSON escapes can create, vanish."""
    named = r'{"s": " spider\n  silk ", "p": "has\u0000", "o": "\ud800strength\u200b"}'
    nameless = r'{"s": "\ud800", "p": "b", "o": "c"}'
    assert parse(f"[{named}, {nameless}]").triples == (Triple("spider silk", "has", "strength"),)


WORKS = Triple("Marta Oke", "works_for", "Brightwell Labs")
OKE, LABS = {"name": "Marta Oke", "type": "Person"}, {"name": "Brightwell Labs", "type": "Company"}
EDGES: list[dict[str, object]] = [{"source": 0, "target": 1, "label": "works_for"}]
NAMED: list[dict[str, object]] = [
    {"nodes": [{"id": "marta_oke", **OKE}, {"id": "brightwell", **LABS}],
     "edges": [{"source_node_id": "marta_oke", "target_node_id": "brightwell", "relationship_name": "works_for"}]},
    {"nodes": [{"id": OKE["name"], "type": "Person"}, {"id": LABS["name"], "type": "Company"}],
     "relationships": [{"source_node_id": OKE["name"], "source_node_type": "Person", "target_node_id": LABS["name"],
                        "target_node_type": "Company", "type": "works_for"}]},
    {"nodes": [{"id": "0", "label": "Person", "properties": {"name": OKE["name"]}},
               {"id": "1", "label": "Company", "properties": {"name": LABS["name"]}}],
     "relationships": [{"type": "works_for", "start_node_id": "0", "end_node_id": "1", "properties": {"since": 2021}}]},
    {"nodes": json.dumps([{"id": 7, **OKE}, {"id": 8, **LABS}]),
     "edges": json.dumps([{"startNode": 7, "endNode": 8, "relationType": "works_for"}])},
    {"entities": [{"id": OKE["name"], "label": "Person"}, {"id": LABS["name"], "label": "Company"}],
     "relations": [{"head": OKE["name"], "verb": "works_for", "tail": LABS["name"]}]},
    {"entities": [{"entity_name": OKE["name"], "entity_type": "Person"},
                  {"entity_name": LABS["name"], "entity_type": "Company"}],
     "relationships": [{"source_entity": OKE["name"], "target_entity": LABS["name"], "relationship_strength": 8,
                        "relationship_description": "works_for"}]},
    {"entities": [{"text": OKE["name"], "start": 0, "end": 9, "label": "Person"},
                  {"text": LABS["name"], "start": 10, "end": 15, "label": "Company"}],
     "relations": [{"head": 0, "tail": 1, "type": "works_for"}]},
    {"entities": [{"id": "T1", "text": OKE["name"], "type": "Person"},
                  {"id": "T2", "text": LABS["name"], "type": "Company"}],
     "relations": [{"head": "T1", "tail": "T2", "type": "works_for"}]},
    {"nodes": [{"id": 0, "value": OKE["name"], "type": "Person"}, {"id": 1, "value": LABS["name"], "type": "Company"}],
     "edges": EDGES},
    {"nodes": [{"id": 0, "name": [OKE["name"], "M. Oke"], "type": "Person"}, {"id": 1, **LABS}], "edges": EDGES},
    {"relations": [{"subject": OKE, "relation": {"type": "works_for"}, "object": LABS}]},
    {"relations": [{"head": {"text": OKE["name"], "type": "Person"}, "type": "works_for",
                    "tail": {"text": LABS["name"], "type": "Company"}}]},
    {"extracted_entities": [{"id": 0, **OKE}, {"id": 1, **LABS}],
     "edges": [{"source_entity_id": 0, "target_entity_id": 1, "relation_type": "works_for"}]},
    {"nodes": [["a1", OKE], ["b2", LABS]], "edges": [["a1", "b2", "works_for", {}]]},
    {"entities": {"Person": [OKE["name"]], "Company": [LABS["name"]]},
     "relations": [[OKE["name"], "works_for", LABS["name"]]]},
    {"entities": {"Person": [{"name": OKE["name"]}], "Company": [{"name": LABS["name"]}]},
     "relations": [{"source": OKE["name"], "relation": "works_for", "target": LABS["name"]}]},
    {"entities": {OKE["name"]: "Person", LABS["name"]: "Company"},
     "relations": [[OKE["name"], "works_for", LABS["name"]]]},
    {"entities": [[OKE["name"], "Person"], [LABS["name"], "Company"]],
     "relations": [[OKE["name"], "works_for", LABS["name"]]]},
    {"relationships": [{"source_node_id": OKE["name"], "source_node_type": "Person", "target_node_id": LABS["name"],
                        "target_node_type": "Company", "type": "works_for"}]},
    {"relations": [{"head": OKE["name"], "head_type": "Person", "relation": "works_for", "tail": LABS["name"],
                    "tail_type": "Company"}]},
    {"relationships": [{"startEntity": OKE, "endEntity": LABS, "name": "works_for"}]},
    {"nodes": [{"id": "0", "label": "Person", "properties": {"firstName": "Marta", "lastName": "Oke"}},
               {"id": "1", "label": "Company", "properties": {"company_name": LABS["name"]}}],
     "relationships": [{"type": "works_for", "start": "0", "end": "1"}]},
    {"nodes": [{"id": "p1", "label": "Person", "properties": {"name": OKE["name"]}},
               {"id": "c1", "label": "Company", "properties": {"title": LABS["name"]}}],
     "relationships": [{"type": "works_for", "start": "p1", "end": "c1"}]},
    {"entit\u00e4ten": [{"id": "1", "name": OKE["name"], "typ": "Person"}, {"id": "2", **LABS}],
     "beziehungen": [{"quelle": "1", "ziel": "2", "beziehung": "works_for"}]},
    {"\ub178\ub4dc": [{"id": "1", "\uc774\ub984": OKE["name"], "\uc720\ud615": "Person"}, {"id": "2", **LABS}],
     "edges": [{"source": "1", "target": "2", "relation": "works_for"}]},
    {"nodes": [{"id": "1", "\u0928\u093e\u092e": OKE["name"], "type": "Person"}, {"id": "2", **LABS}],
     "edges": [{"source": "1", "target": "2", "relation": "works_for"}]},
]  # fmt: skip


@pytest.mark.parametrize("reply", NAMED)
def test_a_type_is_no_name_and_a_name_stands_before_an_id(reply: dict[str, object]) -> None:
    """Under the keys of the field, objects of properties and JSON in strings; the type is kept beside the name."""
    proposal = parse(json.dumps(reply))
    assert (proposal.triples, proposal.outcome) == ((WORKS,), "ok")
    assert proposal.names == ("Marta Oke", "Brightwell Labs")
    assert dict(proposal.types) == {"Marta Oke": "Person", "Brightwell Labs": "Company"}


def test_an_id_that_two_nodes_have_stands_for_neither() -> None:
    """Nobody guesses which of the two is meant."""
    nodes = [{"id": "C", "name": "critic"}, {"id": "C", "name": "contradiction"}, {"id": "D", "name": "depth"}]
    reply = {"nodes": nodes, "edges": [{"source": "C", "relation": "has", "target": "D"}]}
    assert parse(json.dumps(reply)).triples == (Triple("C", "has", "depth"),)


def test_number_of_a_node_is_replaced_by_its_name() -> None:
    """Edges between numbered nodes are read as edges between the names; an id that is a name stays."""
    reply = {
        "nodes": [
            {"id": 1, "label": "silk"},
            {"id": "n2", "name": "fibroin"},
            {"id": "Tg", "label": "glass transition"},
        ],
        "edges": [
            {"source": 1, "relation": "contains", "target": "n2"},
            {"source": "Tg", "relation": "of", "target": 1},
        ],
    }
    proposal = parse(json.dumps(reply))
    assert proposal.triples == (SILK, Triple("Tg", "of", "silk"))
    assert proposal.names == ("silk", "fibroin", "Tg")


def test_graph_json_goes_before_the_answer() -> None:
    """The <graph_json> section is the graph, inside thinking too and whatever JSON the answer quotes."""
    section = f"<graph_json>[{ONE}]</graph_json>"
    assert parse(f'<think>{section}</think> see {{"s": "x", "p": "y", "o": "z"}}').triples == (SILK,)


def test_graph_json_that_is_a_placeholder_is_passed_over() -> None:
    """A second section that only sketches the form does not hide the first one, nor the other way round."""
    real = f"<graph_json>[{ONE}]</graph_json>"
    sketch = '<graph_json>{"nodes": [...]}</graph_json>'
    assert parse(real + sketch).triples == parse(sketch + real).triples == (SILK,)


@pytest.mark.parametrize("opened", ["<think>", "<|thinking|>", ""])
def test_thinking_is_no_answer(opened: str) -> None:
    """JSON drafted while thinking is not read where an answer follows, also if only the closing tag is there."""
    closed = "<|/thinking|>" if "|" in opened else "</think>"
    draft, answer = spo("silk", "is", "a draft"), ONE
    assert parse(f"{opened}{draft}{closed}{answer}").triples == (SILK,)


@pytest.mark.parametrize(
    "lines",
    [
        "[silk] -[contains]-> [fibroin]\n[silk] -[is coated by]-> [sericin]",
        "[silk] -contains-> [fibroin]\nprose -> more\n[silk] --is coated by--> [sericin]",
        "1. silk --contains--> fibroin\n- silk --is coated by--> sericin",
        "* **silk** --contains--> `fibroin`\nsilk --[is coated by]--> sericin",
    ],
)
@pytest.mark.parametrize("wrap", ["{}", "<|thinking|>Graph:\n{}\n<|/thinking|> Silk is strong."])
def test_arrow_lines(lines: str, wrap: str) -> None:
    """Arrow lines are read in the answer, and where a model thinks in graphs."""
    proposal = parse(wrap.format(lines))
    assert (proposal.triples, proposal.outcome) == (TWO, "ok")


def test_chained_arrows() -> None:
    """In a chain each target is the next source."""
    assert parse("[a] -[r]-> [b c] -[q]-> [d]").triples == (Triple("a", "r", "b c"), Triple("b c", "q", "d"))


def test_cut_arrow_line_is_dropped() -> None:
    """The last line of a reply that hit its limit counts only if its last name is closed."""
    assert parse("a --r--> b\na --r--> car", "length").triples == (Triple("a", "r", "b"),)
    assert parse("[a] -[r]-> [b]\n[a] -[r]-> [car", "length").triples == (Triple("a", "r", "b"),)


HOSTILE = ["{", "[", "[[[[", '"', '{"', '{"{":"', '{\\"', '{"a":', '[{"s":', "</think>", "<think>", "<graph_json>{",
           "{}", "[] ", '{"s":"A","p":"r","o":"B"', '{"s":"A","p":"r","o":"B},', "a -- b -> ", "{'s': ",
           "[[1,2,3],"]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_megabyte_is_read_in_seconds(unit: str) -> None:
    """A megabyte of one repeated fragment neither hangs nor raises: what grows with its square takes an hour."""
    start = time.process_time()
    parse(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 30


@pytest.mark.parametrize("unit", ['"', "'", "\\", "{", "[", ":", ",", '\\"', "a,", '"a":', '{"a"', "//", "\\u", "\n"])
def test_hostile_object_is_bounded(unit: str) -> None:
    """Objects as long as a repair accepts, full of one fragment, are read in seconds."""
    start = time.process_time()
    parse(('{"s": ' + unit * (1_900 // len(unit)) + "}\n") * 200)
    assert time.process_time() - start < 30


name = st.text(min_size=1, max_size=20).map(clean).filter(lambda text: text and unescaped(text) == text)
tagless = name.filter(lambda text: "<" not in text)
rows_of_names = st.lists(st.tuples(name, name, name), min_size=1, max_size=15, unique=True)
fragments = st.sampled_from(
    ["{", "}", "[", "]", '"', "'", ":", ",", "\\", "\\u", "\\ud800", "s", "p", "o", '"s":', '"p": ', '"o":', "(", "“",
     '"relations":', '"nodes":[{"id":1,"name":"x"}]', "null", "1e999", "true", "NaN", "<think>", "</think>", "//",
     "<graph_json>", "</graph_json>", "```json", "->", "--", "-[", "\n", " ", "é", "\ud800", "”",
     '{"s":"a","p":"b","o":"c"}']
)  # fmt: skip


def strings(proposal: Proposal) -> list[str]:
    """Return every string a proposal holds."""
    sides = [side for t in proposal.triples for side in (t.source, t.predicate, t.target)]
    return [*sides, *proposal.names, proposal.reason]


@given(st.text() | st.lists(fragments, max_size=60).map("".join), st.sampled_from(["stop", "length", ""]))
def test_parse_never_raises(text: str, finish_reason: str) -> None:
    """Whatever the text, there is an outcome, every side is named, and every string can be written as UTF-8."""
    proposal = parse(text, finish_reason)
    assert all(strings(proposal))
    assert all(string.encode() for string in strings(proposal))
    assert not (proposal.triples and proposal.outcome in {"empty", "unusable"})


@given(rows_of_names, st.sampled_from(sorted(SHAPES)), st.booleans())
def test_strict_json_round_trips(rows: Rows, shape: str, ascii_only: bool) -> None:  # noqa: FBT001
    """Triples written in any shape come back, in their order."""
    if shape.startswith("nodes"):  # a node's number would be exchanged for its name
        rows = [(f"name {s}", p, f"name {o}") for s, p, o in rows]
    text = json.dumps(SHAPES[shape](rows), ensure_ascii=ascii_only)
    assert parse(text).triples == tuple(Triple(*row) for row in rows)


@given(st.lists(st.tuples(tagless, tagless, tagless), max_size=15, unique=True), st.integers(0, 400))
def test_cut_json_keeps_only_what_was_complete(rows: Rows, end: int) -> None:
    """However JSON is cut, what is read is a beginning of what was written."""
    proposal = parse(json.dumps({"relations": _dicts(rows, "source", "predicate", "target")})[:end], "length")
    assert proposal.triples == tuple(Triple(*row) for row in rows)[: len(proposal.triples)]


SIZES = {"source": 80, "predicate": 40, "target": 80}


def test_repair_that_never_ends_is_no_error() -> None:
    """Text on which json_repair 0.64 itself recurses without end is unusable, nothing more."""
    assert parse("[{(“”}“:}]").outcome == "unusable"


def test_schema_fits_strict_mode() -> None:
    """The schema of our own reply has no references, closes every object and requires every property."""
    schema = relations_schema()
    row = {
        "type": "object",
        "properties": {side: {"type": "string", "minLength": 1, "maxLength": size} for side, size in SIZES.items()},
        "required": list(SIZES),
        "additionalProperties": False,
    }
    assert schema == {
        "type": "object",
        "properties": {"relations": {"type": "array", "items": row, "maxItems": 8}},
        "required": ["relations"],
        "additionalProperties": False,
    }


def test_a_list_is_a_relation_for_each_target() -> None:
    """The schema of a list closes it and takes the predicates that are allowed; what it allows is read as triples."""
    schema: Any = lists_schema(("contains",))
    sides = schema["properties"]["relations"]["items"]["properties"]
    name = {"type": "string", "minLength": 1, "maxLength": 80}
    assert schema["properties"]["relations"]["maxItems"] == 2
    assert sides["predicate"]["enum"] == ["contains"]
    assert sides["target"] == {"type": "array", "items": name, "minItems": 1, "maxItems": 8}
    plain: Any = relations_schema(("contains",))
    assert plain["properties"]["relations"]["items"]["properties"]["target"] == name
    said = parse('{"relations":[{"source":"silk","predicate":"contains","target":["fibroin","sericin"]}]}')
    assert said.outcome == "ok"
    assert [(one.source, one.target) for one in said.triples] == [("silk", "fibroin"), ("silk", "sericin")]


def test_reply_after_our_schema_is_ok() -> None:
    """What the schema admits, `parse` reads without loss."""
    rows: Any = relations_schema()["properties"]
    row = {
        side: {"source": "silk", "predicate": "contains", "target": "fibroin"}[side]
        for side in rows["relations"]["items"]["required"]
    }
    assert parse(json.dumps({"relations": [row]})) == Proposal((SILK,), (), "ok", "Relations read: 1.")


def traces(shared: Path) -> list[dict[str, str]]:
    """Return the real replies of a graph reasoning model."""
    with gzip.open(shared / "graph-preflexor-3b-traces.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def declared(trace: dict[str, str]) -> dict[str, str]:
    """Return id -> name of the nodes that have both and share neither; one of the replies has any."""
    nodes = json.loads(trace["graph_json"] or '{"nodes": []}')["nodes"]
    often = Counter(node["id"] for node in nodes)
    return {node["id"]: node["name"] for node in nodes if "name" in node and often[node["id"]] == 1}


def test_real_graph_replies(shared: Path) -> None:
    """Of 100 replies of a graph reasoning model, the 98 with a graph give exactly its edges; two are prose."""
    outcomes: Counter[str] = Counter()
    for trace in traces(shared):
        proposal = parse(trace["raw_output"])
        outcomes[proposal.outcome] += 1
        edges, names = json.loads(trace["graph_json"] or '{"edges": []}')["edges"], declared(trace)
        ends = [(e["source"].strip(), e["relation"].strip(), e["target"].strip()) for e in edges]
        said = dict.fromkeys(Triple(names.get(one, one), how, names.get(other, other)) for one, how, other in ends)
        assert proposal.triples == tuple(said)
        if not trace["graph_json"]:
            assert parse(trace["thinking"]).outcome == "empty"
    assert outcomes == {"ok": 98, "empty": 2}


def test_real_graph_replies_make_the_known_graph(shared: Path) -> None:
    """Declared names and triples of the 98 replies make the graph of METHOD.md: 1312 nodes, 1879 edges."""
    nodes, ends = set[str](), list[tuple[str, str]]()
    for trace in traces(shared):  # which counts a concept by its id, where a reply also has a name for it
        proposal, declarations = parse(trace["raw_output"]), json.loads(trace["graph_json"] or '{"nodes": []}')["nodes"]
        ids = {node["name"]: node["id"] for node in declarations if "name" in node}
        ends += [(ids.get(t.source, t.source), ids.get(t.target, t.target)) for t in proposal.triples]
        nodes |= {ids.get(name, name) for name in proposal.names}
    nodes |= {end for pair in ends for end in pair}
    assert len(nodes) == 1312
    assert len({frozenset(pair) for pair in ends if pair[0] != pair[1]}) == 1879


FLAT = re.compile(r'\{\s*"s"\s*:\s*(".*?")\s*,\s*"p"\s*:\s*(".*?")\s*,\s*"o"\s*:\s*(".*?")\s*\}')


def complete(reply: str) -> set[Triple]:
    """Return the triples of the flat objects in a reply that are valid JSON and say each side once."""
    found = set()
    for match in FLAT.finditer(reply):
        try:
            sides = [clean(json.loads(side)) for side in match.groups()]
        except ValueError:
            continue
        if all(sides):
            found.add(Triple(*sides))
    return found


def test_real_rejected_replies(shared: Path) -> None:
    """Of 412 replies a strict parser rejected, all that hold a complete object give every one of those."""
    outcomes: Counter[str] = Counter()
    whole = carrying = 0
    for path in sorted((shared / "rejected-replies").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            reply = json.loads(line)["line"]
            proposal, there = parse(reply), complete(reply)
            outcomes[proposal.outcome] += 1
            carrying += bool(there)
            whole += bool(there) and there <= set(proposal.triples)
            if not there and "[]" in reply:
                assert proposal.outcome == "empty"
    assert carrying > 300
    assert whole >= 0.98 * carrying
    assert outcomes["unusable"] < 20
    assert outcomes["empty"] == 26


def test_links_of_d3_mean_nodes_by_their_place() -> None:
    """As d3 draws them, in the words that a link has or none; a node with an id is meant by that."""
    nodes = [{"name": "aspirin"}, {"name": "headache"}]
    links = [{"source": 0, "target": 1}, {"source": 1, "target": 0, "type": "calls for"}]
    said = parse(json.dumps({"nodes": nodes, "links": links}))
    assert said.triples == (Triple("aspirin", "related to", "headache"), Triple("headache", "calls for", "aspirin"))
    numbered = [{"id": 1, "name": "aspirin"}, {"id": 0, "name": "headache"}]
    said = parse(json.dumps({"nodes": numbered, "links": [{"source": 1, "target": 0, "type": "relieves"}]}))
    assert said.triples == (Triple("aspirin", "relieves", "headache"),)


RELATES = Triple("Albert Einstein", "developed", "General relativity")


@pytest.mark.parametrize(
    "ids", [("einstein", "gr"), ("A", "B"), ("AlbertEinstein", "GR"), ("n-a", "n-b"), ("Q937", "Q11452"), ("7", "9")]
)
def test_a_label_of_its_own_is_the_name_of_a_node(ids: tuple[str, str]) -> None:
    """Beside an id that is a slug, a letter, a number or made of the label, and in the words of the reply."""
    labels = zip(ids, (RELATES.source, RELATES.target), strict=True)
    nodes = [{"id": ident, "label": label} for ident, label in labels]
    edges = [{"from": ids[0], "to": ids[1], "label": "developed"}]
    said = parse(json.dumps({"nodes": nodes, "edges": edges}))
    assert (said.triples, said.names) == ((RELATES,), ("Albert Einstein", "General relativity"))


def test_a_label_that_is_no_name_is_said() -> None:
    """An id that tells stays the name, and the reason says what was not read."""
    nodes = [{"id": "Ann", "label": "nurse"}, {"id": "Bob", "label": "pilot"}]
    said = parse(json.dumps({"nodes": nodes, "edges": [{"source": "Ann", "target": "Bob", "label": "knows"}]}))
    assert said.triples == (Triple("Ann", "knows", "Bob"),)
    assert said.reason == "Relations read: 1. Labels of nodes that are neither names nor types: 2."


def test_ids_are_those_of_their_document() -> None:
    """Two graphs of one reply number their nodes alike; one graph in two parts is one."""
    pairs = [("aspirin", "relieves", "headache"), ("ibuprofen", "reduces", "fever")]
    parts = [({"nodes": [{"id": 1, "name": one}, {"id": 2, "name": other}]},
              {"edges": [{"source": 1, "target": 2, "label": says}]}) for one, says, other in pairs]  # fmt: skip
    for joint in ("\n", ",", "\nand\n"):
        text = joint.join(json.dumps(nodes | edges) for nodes, edges in parts)
        assert parse(f"[{text}]" if joint == "," else text).triples == tuple(Triple(*pair) for pair in pairs)
    assert parse(json.dumps(list(parts[0]))).triples == (Triple(*pairs[0]),)


def test_nodes_of_one_name_and_two_types_are_two() -> None:
    """Each says its type in its name; of one type they are one, and the reason says so."""
    nodes = [{"id": 1, "name": "Paris", "type": "City"}, {"id": 2, "name": "Paris", "type": "Person"},
             {"id": 3, "name": "Troy"}]  # fmt: skip
    edges = [{"source": 2, "target": 3, "type": "visits"}, {"source": 1, "target": 3, "type": "is far from"}]
    said = parse(json.dumps({"nodes": nodes, "edges": edges}))
    assert [(one.source, one.target) for one in said.triples] == [("Paris (Person)", "Troy"), ("Paris (City)", "Troy")]
    assert dict(said.types) == {"Paris (City)": "City", "Paris (Person)": "Person"}
    ends = [{"subject": {"name": "Paris", "type": kind}, "predicate": "knows", "object": "Troy"} for kind in ("A", "B")]
    assert [one.source for one in parse(json.dumps(ends)).triples] == ["Paris (A)", "Paris (B)"]
    nodes[1]["type"] = "City"
    said = parse(json.dumps({"nodes": nodes, "edges": edges}))
    assert [one.source for one in said.triples] == ["Paris", "Paris"]
    assert said.reason.endswith("Nodes that have one name are one concept: Paris.")


@pytest.mark.parametrize(
    "reply",
    [
        {"graph": {}, "nodes": [{"id": "silk"}, {"id": "fibroin"}],
         "edges": [{"source": "silk", "relation": "contains", "target": "fibroin"}]},
        {"entities": ["silk", "fibroin"], "edges": ["contains"], "relations": [["silk", "contains", "fibroin"]]},
        {"meta": {"version": 1}, "relations": [["silk", "contains", "fibroin"]]},
        {"nodes": ["silk", "fibroin"], "edges": [["silk", "fibroin", "contains"]]},
        {"nodes": ["silk", "fibroin"], "edges": [["silk", "fibroin", {"relation": "contains"}]]},
        [["subject", "predicate", "object"], ["silk", "contains", "fibroin"]],
        {"columns": ["object", "predicate", "subject"], "data": [["fibroin", "contains", "silk"]]},
        {"subject": {"0": "silk"}, "predicate": {"0": "contains"}, "object": {"0": "fibroin"}},
        {"\u5173\u7cfb": [{"\u4e3b\u4f53": "silk", "\u5173\u7cfb": "contains", "\u5ba2\u4f53": "fibroin"}]},
        {"beziehungen": [{"Quelle": "silk", "Beziehung": "contains", "Ziel": "fibroin"}]},
        [{"material": "silk", "relation": "contains", "protein": "fibroin"}],
        [{"source": "silk", "target": "fibroin", "key": "contains"}],
        {"triples": ["(silk, contains, fibroin)"]},
        {"entities": ["silk", "fibroin"], "edges": ["contains"], "relations": ["(silk, contains, fibroin)"]},
        {"nodes": {"items": [{"id": "silk"}, {"id": "fibroin"}]}, "edges": [["silk", "contains", "fibroin"]]},
        {"triplets": ["silk | contains | fibroin"]},
        {"relations": ["silk -> contains -> fibroin"]},
        {"relations": [{"source": "silk", "predicate": ["contains"], "target": "fibroin"}]},
        {"relations": [{"source": ["silk"], "predicate": "contains", "target": "fibroin"}]},
        {"nodes": {"s": "silk", "f": "fibroin"}, "edges": [["s", "contains", "f"]]},
    ],
)  # fmt: skip
def test_nothing_is_lost_of_shapes_of_the_field(reply: object) -> None:
    """Graphs of networkx, KGGen and pandas, tables with a header, keys of other languages."""
    said = parse(json.dumps(reply))
    assert (said.triples, said.outcome, said.reason) == ((SILK,), "ok", "Relations read: 1.")


def test_a_relation_of_the_words_of_a_header_is_none() -> None:
    """That the cause precedes the effect is a relation, and no header."""
    rows = [["cause", "precedes", "effect"], ["rain", "causes", "flood"]]
    assert parse(json.dumps(rows)).triples == tuple(Triple(*row) for row in rows)


def test_a_reason_is_true() -> None:
    """JSON that is valid is not called invalid."""
    said = parse(json.dumps([{"wer": "silk", "wie": "contains", "was": "fibroin"}]))
    assert said.reason == "No item of its JSON has a source, a predicate and a target (malformed: 1)."


def test_json_ld_is_read_by_names_and_types() -> None:
    """With addresses and without; predicates are in words."""
    turing = {"@id": "http://x/1", "@type": "Person", "schema:name": "Turing"}
    machine = {"@type": "schema:Machine", "name": "Bombe"}
    for reply in ({"@graph": [{**turing, "hasBuilt": {"@id": "http://x/Bombe"}}]}, {**turing, "has_built": machine}):
        said = parse(json.dumps(reply))
        assert said.triples == (Triple("Turing", "has built", "Bombe"),)
        assert dict(said.types).items() <= {"Turing": "Person", "Bombe": "Machine"}.items()


def test_a_passage_of_a_text_is_no_relation() -> None:
    """From its start to its end; lists are a table where all of a row are, or one each."""
    spans = [{"id": "T1", "start": 0, "end": 7, "label": "Drug", "text": "aspirin"},
             {"id": "T2", "start": 9, "end": 12, "label": "Symptom", "text": "pain"},
             {"from": "T1", "to": "T2", "type": "relieves"}]  # fmt: skip
    said = parse(json.dumps(spans))
    assert (said.triples, said.outcome) == ((Triple("aspirin", "relieves", "pain"),), "ok")
    columns = {"source": ["silk", "silk"], "predicate": ["contains", "is coated by"], "target": ["fibroin", "sericin"]}
    assert parse(json.dumps(columns)).triples == TWO
    assert parse(json.dumps([columns | {"predicate": "contains"}])).outcome == "unusable"


@pytest.mark.parametrize("unit", ['{"@id":"a","k":', '{"properties":', '{"nodes":[{"properties":', '{"a":['])
def test_depth_is_no_error(unit: str) -> None:
    """Objects in each other up to what a reader of JSON bears."""
    for count in (9, 90, 450, 900):
        closing = "".join({"{": "}", "[": "]"}[one] for one in reversed(unit) if one in "{[")
        assert parse(unit * count + "1" + closing * count).reason


def test_rows_of_many_keys_are_read_in_seconds() -> None:
    """No row of its own keys is looked at against all words for ends."""
    start = time.process_time()
    parse(json.dumps([{f"a{number}": number} for number in range(30_000)]))
    parse(json.dumps([one for number in range(9_000) for one in ({"id": number, "name": "x"}, [["a", "b", "c"]])]))
    assert time.process_time() - start < 30


def test_relations_under_another_name_are_read_beside_those_under_a_known_one() -> None:
    """And lists of anything else are no loss."""
    reply = {"relations": _dicts([("silk", "contains", "fibroin")], "source", "predicate", "target"),
             "further relations": _dicts([("silk", "is coated by", "sericin")], "source", "predicate", "target"),
             "attributes": [{"of": "silk", "is": "strong"}]}  # fmt: skip
    said = parse(json.dumps(reply))
    assert (said.triples, said.reason) == (TWO, "Relations read: 2.")


def test_entities_of_html_are_the_characters_that_they_stand_for() -> None:
    """In names and predicates; a sign that begins none stays, and what becomes mark-up is judged as such."""
    reply = [{"source": "R&amp;D", "predicate": "is &lt; than", "target": "&alpha;-helix"},
             {"source": "AT&T", "predicate": "x", "target": "&#945;&nosuch;"}]  # fmt: skip
    said = parse(json.dumps(reply)).triples
    assert said == (Triple("R&D", "is < than", "\u03b1-helix"), Triple("AT&T", "x", "\u03b1&nosuch;"))
    assert parse('{"nodes": [{"id": "nacre&#8238;"}], "edges": []}').names == ("nacre",)


def test_a_sentence_among_relations_is_none() -> None:
    """Its commas part no source from what is said of it."""
    said = parse(json.dumps({"relations": ["Silk, which is a fibre, contains fibroin"]}))
    assert (said.triples, said.outcome) == ((), "unusable")
