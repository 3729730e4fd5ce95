"""Characters that nobody sees: the one table of what is taken out of every text that enters, and of what may stay.

They make names that look alike two, and carry words that a model reads and a person does not. The table is Unicode's
Default_Ignorable_Code_Point, its format characters, and what else is drawn as nothing. What means something where it
stands is kept: one joiner between letters of a script that joins, or between emoji, one variation selector after a
character that has variants, the flags of England, Scotland and Wales.
"""

import re

from graphgrow.errors import BadInput

LONGEST = 1000  # characters of a name or a reason that somebody types
LONGEST_IN_FILES = 10_000  # of a name in a graph or a reply that is read as it stands
_SHOWN = 40

UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_JOINING = (  # Arabic, Syriac, N'Ko and their like, the scripts of India, Tibet, Burma, Cambodia, Mongolia, Java
    "\u0600-\u061b\u061d-\u0dff\u0f00-\u109f\u1700-\u17b3\u17b6-\u180a\u1810-\u18af\u1900-\u1aaf\u1b00-\u1c4f\ua800-\ua9ff\uaa00-\uaadf"
    "\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010fff\U00011000-\U00011fff\U0001e900-\U0001e95f"
)
# And signs with variants.
_EMOJI = "\u00a9\u00ae\u203c-\u205f\u2070-\u27bf\u2900-\u2bff\u3030-\u3163\u3165-\u3299\U0001f000-\U0001faff"
_IDEOGRAPH = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NATION = "|".join("".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("gbeng", "gbsct", "gbwls"))
_KEPT = (
    rf"(?<=[{_JOINING}])(?:\u200d|\u200c(?=[{_JOINING}]))",
    rf"(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])",
    rf"(?<=[{_EMOJI}])[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)|(?<=[\u2200-\u22ff\u2a00-\u2aff])\ufe00",
    rf"(?<=[{_IDEOGRAPH}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]",
    r"(?<=[\u1807\u1820-\u18aa])(?:[\u180b-\u180d\u180f]|\u180e(?=[\u1820-\u18aa]))",
    r"(?<=[\U00013000-\U0001342f])[\U00013430-\U0001343f](?=[\U00013000-\U0001345f])",
    rf"(?<=\U0001f3f4)(?:{_NATION})\U000e007f",
)
_TABLE = re.compile(rf"({'|'.join(_KEPT)})|[{UNSEEN}]")
# Of these few stand in a name; in a row they can spell anything.
_SELECTORS, _MOST_SELECTORS = re.compile("[\U000e0100-\U000e01ef]"), 3
_NO_LETTERS = re.compile("[\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def visible(text: str) -> str:
    """Return a text without the characters that nobody sees and that mean nothing where they stand."""
    if text.isascii():
        return text
    if len(_SELECTORS.findall(text)) > _MOST_SELECTORS:
        text = _SELECTORS.sub("", text)
    return _TABLE.sub(lambda found: found[1] or "", text)


def without_variants(text: str) -> str:
    """Return a visible text without joiners and variation selectors, which do not make a name another one."""
    return text if text.isascii() else _NO_LETTERS.sub("", text)


def check_length(text: str, what: str = "name", most: int = LONGEST) -> str:
    """Return a text that somebody typed; raises BadInput for one that is longer than a text of its kind can be."""
    if len(text) > most:
        begins = " ".join(visible(text[: 10 * _SHOWN]).split())[:_SHOWN]
        raise BadInput(f"the {what} begins {begins!r} and has {len(text):,} characters, where {most:,} are the most")
    return text
