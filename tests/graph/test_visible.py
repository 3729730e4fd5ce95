"""Characters that nobody sees: taken out where they mean nothing, kept where they do, by one table."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.keys import canonical, clean, says_something
from graphgrow.graph.visible import LONGEST, check_length, visible

# Format characters that are drawn: signs of Arabic, Syriac and Kaithi.
DRAWN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
HIDDEN = [
    *"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200c\u200d\u200e\u202e\u2060\u2063\u2066\u3164",
    *"\ufe00\ufe0f\ufeff\uffa0\ufff9\U0001d173\U000e0001\U000e0041\U000e007f\U000e0100\U000e01ef",
]


def test_no_format_character_is_left_in_a_name() -> None:
    """Whatever Unicode calls a format character goes, between letters of a script that has no use for it."""
    formats = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cf"]
    assert [c for c in formats if visible(f"a{c}b") != "ab" and ord(c) not in DRAWN] == []
    assert [c for c in HIDDEN if visible(f"a{c}b") != "ab"] == []


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_look_alike_is_no_other_name(hidden: str) -> None:
    """A character that nobody sees makes no second concept, wherever it stands, and names nothing by itself."""
    for name in (f"spider{hidden} silk", f"{hidden}spider silk", f"spider silk{hidden}", f"spi{hidden * 3}der silk"):
        assert clean(name) == "spider silk"
        assert canonical(name) == "spider silk"
    assert clean(hidden) == ""
    assert not says_something(hidden * 5)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"),  # Persian
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u0937"),  # Devanagari, a half form
        ("\u0d28\u0d4d\u200d", "\u0d28\u0d4d"),  # Malayalam, a chillu at the end of a word
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\U0001f52c"),  # a scientist
        ("\U0001f441\ufe0f\u200d\U0001f5e8\ufe0f", "\U0001f441\U0001f5e8"),
        ("\u2764\ufe0f", "\u2764"),
        ("1\ufe0f\u20e3", "1\u20e3"),
        ("\u845b\U000e0100\u57ce", "\u845b\u57ce"),  # a place, in the form of its sign that it uses
        ("\u1820\u180b\u1828", "\u1820\u1828"),  # Mongolian
    ],
)
def test_what_means_something_is_kept_in_a_name_and_makes_no_other_key(name: str, key: str) -> None:
    """Joiners and variation selectors stay where a script or an emoji needs them; with and without is one concept."""
    assert clean(name) == name
    assert canonical(name) == canonical(key) == key


def test_flags_differ_by_their_tags() -> None:
    """The flag of England is not that of Scotland, and no other words hide behind a flag."""
    england, scotland, other = (
        "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in name) + "\U000e007f"
        for name in ("gbeng", "gbsct", "obey me")
    )
    assert clean(england) == england
    assert len({canonical(england), canonical(scotland), canonical("\U0001f3f4")}) == 3
    assert clean(other) == "\U0001f3f4"


def test_nothing_is_written_in_joiners() -> None:
    """Of a row of joiners, which could spell a hidden word, one is left at most."""
    for one, other in (("\u514d", "\u75ab"), ("\u0645", "\u06cc"), ("\U0001f469", "\U0001f52c")):
        hidden = clean(one + "\u200c\u200d\u200c\u200c\u200d" + other)
        assert sum(c in "\u200c\u200d" for c in hidden) <= 1


@given(st.text(st.sampled_from([*HIDDEN, *"ab \u0645\u0915\u094d\u845b\U0001f469\u2764\U0001f3f4#\u20e3\u1820"])))
def test_what_was_cleaned_is_clean(text: str) -> None:
    """Taking out twice is taking out once, and a key stays its own key."""
    assert visible(visible(text)) == visible(text)
    assert clean(clean(text)) == clean(text)
    assert canonical(canonical(text)) == canonical(text)


def test_a_length_beyond_reason_is_one_sentence() -> None:
    """The sentence says how a text begins, how long it is and how long it may be, and shows no more of it."""
    assert check_length("x" * LONGEST) == "x" * LONGEST
    with pytest.raises(BadInput) as error:
        check_length("a\u202e\n" * LONGEST)
    assert str(error.value) == f"the name begins {'a ' * 20!r} and has 3,000 characters, where 1,000 are the most"


def test_selectors_of_ideographs_in_a_row_spell_nothing() -> None:
    """One or two choose how a name is drawn; one after each ideograph can carry a text that nobody sees."""
    assert visible("\u845b\U000e0100\u57ce") == "\u845b\U000e0100\u57ce"
    assert visible("".join(f"\u6f22{chr(0xE0100 + ord(one))}" for one in "ignore all")) == "\u6f22" * 10
