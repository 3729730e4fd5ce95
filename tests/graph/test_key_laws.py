"""What may make two names one key: case, width, hyphens, blanks, quotation marks, plurals and known spelling alone."""

import re
import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphgrow.graph.keys import bare, canonical, clean, says_something, singular

QUOTES = (
    "'\"`\u00b4\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u300c\u300d\u301d\u2032"
)
SCRIPTS = (
    "abcdefgXYZsS \u00c4\u00df\u00e9\u00f1 \u0430\u0431\u0432 \u03b1\u03b2\u03b3\u0394\u00b5"
    " \u0926\u093f\u0928\u093e\u0940 \u0e01\u0e34\u0e19\u0e48 \u0627\u0644\u062c\u064e\u0650 \u05e9\u05c1"
    " \u77f3\u58a8\u70ef\u306e\u30ab\uac00 \u1780\u17b7 012 \u0663 \u00b2\u00b3\u207b\u207a\u2082\u00bd"
    " \u2460\u2163\ufb01\uff21 +-*/<>=\u2265\u00b1\u2192\u00b0%#.,:;!?&@$^~()[]{}|_'\"`\u2019\u201c"
    " \U0001f525\U0001f469\u200d\U0001f52c\u2600\ufe0f "
)
PIECES = st.sampled_from([*"-+*sS '.>/2Aa", "the ", "\u0901", "\u0301", "\u00b2"])
SEEN = st.characters(categories=["L", "M", "N", "S", "P", "Zs"])
NAMES = st.text(st.sampled_from(SCRIPTS), max_size=8) | st.text(max_size=12) | st.text(SEEN, max_size=6)


def loose(name: str) -> str:
    """Return a name without all that may differ between two spellings of one key, by rules written apart from it."""
    text = unicodedata.normalize("NFKC", clean(name)).replace("^", "")  # of an exponent, which ² may be or not
    for _ in range(3):  # Unicode folding may need more than one round
        text = unicodedata.normalize("NFKC", text.casefold())
    for ascii_form, sign in ((">=", "≥"), ("<=", "≤"), ("!=", "≠")):
        text = text.replace(ascii_form, sign)
    text = re.sub("[-=\u2010-\u2015\u2212]+>", "→", text)
    text = re.sub(f"[{QUOTES}\u2010-\u2015\u2212\u200c\u200d\\s_-]", " ", text)
    text = re.sub(r"^(?:(?:the|an)\s+)+(?=\S)", "", text.strip())
    words = re.sub(r"(?<!\w)[a-z]{4,}(?!\w)", lambda word: singular(word[0]), text)
    return "".join(words.split()).rstrip("s")  # a plural of letters that blanks part


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Return two names, the second made of the first by taking out or putting in a few pieces."""
    one = draw(NAMES)
    other = one
    for _ in range(draw(st.integers(0, 3))):
        at, cut = draw(st.integers(0, len(other))), draw(st.integers(0, 1))
        other = other[:at] + draw(PIECES | st.just("")) + other[at + cut :]
    return one, draw(st.sampled_from([other, other.upper(), other.lower()]))


@settings(max_examples=600)
@given(near_pairs())
@example(("दिन", "दान"))
@example(("p53-/-", "p53"))
@example(("10⁶ cells", "106 cells"))
def test_one_key_means_one_spelling_but_for_what_means_nothing(pair: tuple[str, str]) -> None:
    """Names that share a key are the same letters, marks, digits and signs in the same order."""
    one, other = pair
    if canonical(one) == canonical(other):
        assert loose(one) == loose(other)


@settings(max_examples=400)
@given(NAMES)
def test_no_name_becomes_empty_and_a_key_is_its_own(name: str) -> None:
    """Whatever can be seen of a name has a key, which is its own key; the name without its article has one too."""
    assert bool(canonical(name)) == bool(clean(name))
    assert canonical(canonical(name)) == canonical(name)
    assert bool(bare(name)) == bool(clean(name))
    if says_something(name):
        assert any(c.isalnum() or unicodedata.category(c) == "So" for c in canonical(name))
