"""Replies that list names: what is read out of the forms that models give them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.model import Form, Triple
from graphgrow.parse.names import WORDS, read_names
from graphgrow.parse.reply import parse

SILKS = ("spider silk", "nacre", "E-glass")
names = st.lists(
    st.lists(st.text("bcdfgklmprstvwz", min_size=3, max_size=8), min_size=1, max_size=3).map(" ".join),
    min_size=1,
    max_size=8,
    unique=True,
)


@pytest.mark.parametrize(
    "text",
    [
        "spider silk, nacre, E-glass",
        "spider silk, nacre, and E-glass.",
        "spider silk; nacre; E-glass",
        "- spider silk\n- nacre\n* E-glass",
        "<|im_start|>assistant\nspider silk, nacre, E-glass<|im_end|>",
        "<|begin_of_box|>spider silk, nacre, E-glass<|end_of_box|>",
        "<s> spider silk, nacre, E-glass</s>",
        "1. spider silk\n2. **nacre**\n3) E-glass",
        "spider silk (of Nephila), nacre - a shell, E-glass: a fibre",
        "spider silk: of Nephila, nacre: a shell, E-glass: a fibre",
        "Sure, here they are: spider silk, nacre, E-glass",
        "Kinds of it: \n1. spider silk: of Nephila\n2. nacre\n3. E-glass",
        "the spider silk, a nacre, an E-glass",
        "Some well-known kinds of it are: spider silk, nacre, E-glass",
        "Here they are:\n\n- spider silk\n- nacre\n- E-glass\n\nLet me know if I should go on with more of them!",
        "<think>bone, wood? no</think>spider silk, nacre, E-glass",
        '["spider silk", "nacre", "E-glass"]',
        '{"names": ["spider silk", "nacre", "E-glass"]}',
        '```json\n{"names": [{"name": "spider silk"}, "nacre", "E-glass"]}\n```',
        "[spider silk, nacre, E-glass]",
        '"spider silk", "nacre", "E-glass"',
        "spider silk, nacre, nacre, E-glass, nacre",
    ],
)
def test_names_are_read_out_of_every_form(text: str) -> None:
    """Commas, lines, bullets, numbers, emphasis, glosses, introductions, thinking, JSON: the same three names."""
    assert read_names(text) == SILKS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Silks are used in many fields, including but not limited to spider silk, nacre, and E-glass.", SILKS),
        ("There are many of them in trade today, such as spider silk, nacre and E-glass, which are tough.", SILKS),
        ("It is widely used for spider silk, nacre, and E-glass.", SILKS),
        ("R&amp;D, spider &#115;ilk", ("R&D", "spider silk")),
        ('["R&amp;D", "na\\u0063re&#8238;"]', ("R&D", "nacre")),
        ("Machining,锻造,casting", ("Machining", "锻造", "casting")),
        ("Silk contains spider silk, nacre, and E-glass.", SILKS),
        ("Natural silk fails in terms of spider silk, nacre, and E-glass.", SILKS),
        ("Weaving techniques include spider silk, nacre and E-glass.", SILKS),
        ("Silk is made of spider silk, nacre and E-glass, as well as in the making of others.", SILKS),
        ("Glass is strong in buildings and in some vessels for its strength, clarity, and durability.", ()),
        ("In such fields silk is used for parts, such as spider silk, due to its strength, beauty.", SILKS[:1]),
    ],
)
def test_of_a_sentence_only_what_it_lists_is_a_name(text: str, found: tuple[str, ...]) -> None:
    """What else stands between its commas is what it says of them."""
    assert read_names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("copper, tin, and sometimes nickel", ("copper", "tin", "nickel")),
        ("In sheet, plate, and tube", ("sheet", "plate", "tube")),
        ("In the form of ingots, plates, and tubes.", ("ingots", "plates", "tubes")),
        ("medical devices, particularly in surgical instruments", ("medical devices", "surgical instruments")),
        ("In Search of Lost Time, In Cold Blood", ("In Search of Lost Time", "In Cold Blood")),
        ("in vitro fertilization, In situ hybridization", ("in vitro fertilization", "In situ hybridization")),
        ("copper, typically zinc", ("copper", "zinc")),
        ("stress corrosion, especially when exposed to acids", ("stress corrosion",)),
        ("fatigue, leading to cracks and failure, creep", ("fatigue", "creep")),
        ("Oftentimes Records, Sometimes Island", ("Oftentimes Records", "Sometimes Island")),
    ],
)
def test_how_often_and_when_is_no_part_of_a_name(text: str, found: tuple[str, ...]) -> None:
    """What a list adds to its names is said of them."""
    assert read_names(text) == found


@given(names, st.sampled_from([", ", "; ", "\n", "\n- ", ",\n"]))
def test_what_is_listed_is_read(listed: list[str], separator: str) -> None:
    """Any names come back in their order, by whatever they are separated, and out of JSON."""
    assert read_names(separator.join(listed)) == tuple(listed)
    assert read_names(json.dumps({"names": listed})) == tuple(listed)


@given(st.text())
def test_any_text_is_read_as_names_that_are_no_sentences(text: str) -> None:
    """Nothing raises, no name is blank, none is said twice, none is too long."""
    found = read_names(text)
    assert len(set(found)) == len(found)
    assert all(0 < len(name.split()) <= WORDS for name in found)


def test_a_comma_within_a_name_separates_nothing() -> None:
    """Chemists number by commas; models that save the blank after one still list."""
    assert read_names("1,2-dichloroethane, N,N-dimethylformamide") == ("1,2-dichloroethane", "N,N-dimethylformamide")
    assert read_names("fibroin,sericin,glycine") == ("fibroin", "sericin", "glycine")


@pytest.mark.parametrize(
    "text",
    ["none", "None.", "N/A", "I don't know", "There are no such brands", "it is used in many of them", "[]",
     '{"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}'],
)  # fmt: skip
def test_a_reply_that_names_nothing_is_empty_and_not_asked_again(text: str) -> None:
    """Nothing known is an honest answer."""
    assert (parse(text, form="facet").names, parse(text, form="facet").outcome) == ((), "empty")


@pytest.mark.parametrize("text", ["", "  ", "<think>bone, or nacre?</think>"])
def test_a_reply_without_an_answer_is_unusable(text: str) -> None:
    """Nothing, and thinking alone, are asked for again."""
    assert parse(text, form="facet").outcome == "unusable"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("spider silk, nacre, E-gl", ("spider silk", "nacre")),
        ("spider silk, nacre, spider", ("spider silk", "nacre")),
        ("armor, armor, armor, armor", ("armor",)),
        ('["spider silk", "nacre", "E-gl', ("spider silk", "nacre")),
        ('{"names": ["spider silk", "nacre", "E-gl', ("spider silk", "nacre")),
    ],
)
def test_of_a_reply_that_is_cut_off_the_last_name_is_left_out(text: str, whole: tuple[str, ...]) -> None:
    """It is not whole; those before it are, however often they were said."""
    proposal = parse(text, "length", "facet")
    assert (proposal.names, proposal.outcome) == (whole, "ok")


def test_of_a_talk_that_is_cut_off_what_its_list_names_is_read() -> None:
    """What is glossed is whole though its gloss is not; and nothing of the talk before the list is a name."""
    talk = "Weaving, which is a large part of this trade in many countries, and an old one, goes on in many forms today"
    talk += ", and there are several kinds of it that are worth naming here. These include:\n\n"
    glossed = talk + "1. **Spider silk**: it is spun\n2. **Nacre**: it is grown by she"
    assert read_names(glossed, cut=True) == ("Spider silk", "Nacre")
    assert read_names(talk + "1. Spider silk\n2. Nac", cut=True) == ("Spider silk",)


def test_a_reply_that_is_cut_off_within_its_first_name_says_nothing() -> None:
    """It counts as cut off, so that a run of them ends."""
    assert parse("spider si", "length", "facet").outcome == "truncated"
    assert parse("<think>spider silk, nacre", "length", "facet").outcome == "truncated"


def test_a_reply_of_relations_is_read_as_relations() -> None:
    """A model that writes more than it was asked for is taken by its word."""
    proposal = parse('{"relations": [{"source": "silk", "predicate": "contains", "target": "fibroin"}]}', form="facet")
    assert (proposal.triples, proposal.names) == ((Triple("silk", "contains", "fibroin"),), ())


@pytest.mark.parametrize(
    "reply",
    [
        "I apologize, but this request goes against my guidelines, so I must respectfully decline.",
        "As an AI language model, I don't have the ability to provide that.",
        "Sorry, the model cannot answer this question.",
        "Your request was blocked by a filter.",
        "Unfortunately, I have to decline.",
        '{"refusal": "I can\'t help with that."}',
        '{"error": "I cannot help with that request."}',
        "\u5f88\u62b1\u6b49\uff0c\u6211\u65e0\u6cd5\u56de\u7b54\u8fd9\u4e2a\u95ee\u9898\u3002",
        "Lo siento, no puedo ayudar con eso.",
    ],
)
def test_who_says_no_names_nothing(reply: str) -> None:
    """In the words of models and of what guards them, also where they stand in JSON."""
    forms: tuple[Form, ...] = ("facet", "expand")
    assert [(parse(reply, form=form).outcome, parse(reply, form=form).names) for form in forms] == [("refused", ())] * 2


@pytest.mark.parametrize(
    "reply", ["decline curves, refusal, error correction", "450 nm light, 500 K, error bars", "I beams, H beams"]
)
def test_names_of_such_words_are_names(reply: str) -> None:
    """What a refusal says is a word of its own elsewhere."""
    assert len(parse(reply, form="facet").names) >= 2
    assert parse(reply, form="facet").outcome == "ok"


@pytest.mark.parametrize(
    ("text", "found"),
    [(f"silk{' ' * 200_000}nacre", ("silk nacre",)), ("silk\n" + " \n" * 100_000 + "nacre", ("silk", "nacre")),
     (f"nacre, {'silk and ' * 20_000}silk", ("nacre", "silk")), (" \n" * 100_000, ())],
)  # fmt: skip
def test_blanks_and_joins_without_end_are_read_in_one_go(text: str, found: tuple[str, ...]) -> None:
    """A reply of nothing but blanks kept a run busy for minutes."""
    assert read_names(text) == found
