"""Scientific notation: what is written in two ways and is one thing, and the short form that a name gives in brackets.

Greek letters are their names (β-sheet, beta-sheet), a degree Celsius its sign, a hyphen, a blank and nothing between
letters and digits are one (IL-6, IL 6, IL6). Punctuation between words says nothing (Apple Inc., light-dark), but signs
do (p53+/-, BMI < 30, .NET): a word with one is another word.
"""

import re
import unicodedata
from functools import lru_cache

from graphgrow.graph.keys import canonical, clean
from graphgrow.resolve.identity.words import words

GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau"
        " upsilon phi chi psi omega".split(),
        strict=True,
    )
)
_GREEK_NAMES = frozenset(GREEK.values())
_ALONE = re.compile("(?<![\u0370-\u03ff])[\u03b1-\u03c9](?![\u0370-\u03ff])")  # a letter, and no word of Greek
_MICRO = re.compile(r"(?<!\w)μ(?=(?:m|l|g|s|v|w|f|n|mol|pa|sv|ci)(?![\w]))|(?<=[0-9])μ(?=[a-z])")
_GLUED = re.compile(
    r"(?<=[A-Z0-9])(?=(?:alpha|beta|gamma|delta|epsilon|zeta|kappa|lambda|sigma|omega)(?![a-z]))"
    r"|(?<=(?<![A-Za-z])kappa)(?=[A-Z0-9])|(?<=(?<![A-Za-z])(?:gamma|delta|sigma|omega))(?=[A-Z0-9])"
    r"|(?<=(?<![A-Za-z])alpha)(?=[A-Z0-9])|(?<=(?<![A-Za-z])beta)(?=[A-Z0-9])"
)
_EMPHASIS = re.compile(r"(?<![\w*)])(\*{1,3})(?=[^\s*])([^*]+)(?<=[^\s*])\1(?![\w*])")
_SPELLINGS = (
    (re.compile(r"\b(?:degrees?|deg\.?) (?:celsius|centigrade|c)\b|° celsius\b"), "°c"),
    (re.compile(r"\b(?:degrees?|deg\.?) (?:fahrenheit|f)\b"), "°f"),
    (re.compile(r"\bper ?cent\b"), "%"),
    (re.compile(r"\bminus (?=[0-9])"), "-"),
    (re.compile(r"\b(?:greater|more|higher) than (?=[0-9])"), "> "),
    (re.compile(r"\b(?:less|lower|fewer) than (?=[0-9])"), "< "),
    (re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))"), ""),
    (re.compile(r"(?<!\w)((?:[a-z]\.){2,}[a-z]?)\.?(?!\w)"), lambda dotted: dotted[1].replace(".", "")),
    (re.compile(r" ?& ?"), " and "),
    (re.compile(r" ?/ ?(?=\w)"), "/"),
    (re.compile(r"(?<=[\w+-]) (?=[+-]+(?:/[+-])?(?:\s|$))"), ""),  # p53 -/-
    (re.compile(r"(?<=[0-9])(?=[°%])|(?<=\u2032)(?=[^\W\d])"), " "),
    (re.compile(r"\(([0-9]*[+-])\)"), r" \1"),  # Ca(2+)
    # Between digits, and before the letters of .NET, a mark means something; elsewhere it is punctuation.
    (re.compile(r"(?<![0-9])[,:;]|[,:;](?![0-9])|[()\[\]{}!?\"\u2026\u00b7\u2022\u3001\u3002\uff0c]"), " "),
    (re.compile(r"(?<=\S)\.(?!\S)|(?<!\S)\.(?![\w])"), " "),
    (re.compile(r"(?<=[^\W\d])\.(?=[^\W\d])"), " "),
)
_PLAIN = re.compile(r"[a-z0-9 ]*")
_WORDED = re.compile(r"per ?cent|\bdeg|(?:minus|than) [0-9]")  # what is a sign in words
_NEITHER = re.compile(r"[^\w]|_")
_ACCENTS = re.compile("(?<=[a-z\u0300-\u036f])[\u0300-\u036f]+")
_SEAM = re.compile(r"(?<=[^\W\d]) (?=[0-9])|(?<=[0-9]) (?=[^\W\d])")
# What is left out above and means something: [glucose] is a concentration, {100} a family; beside a symbol also NO•, n!
# and A⁻¹, but not • steel, Stop!
_DOTS = "\u00b7\u2022\u2219\u22c5\u25cf"
_WORD = r"(?:[^\W\d_A-Z]{2,}|[^\W\d_][^\W\d_A-Z]{2,})(?![\w+-])"
_MARKED = re.compile(
    rf"(?<=\S)[{_DOTS}]+(?!\w)|(?<!\S)(?!{_WORD})\S+ [{_DOTS}]+$|(?<![\w\])])[{_DOTS}]+(?=\w)(?!{_WORD})"
    r"|\[[^\[\]]*\w[^\[\]]*\]|\{[^{}]*\w[^{}]*\}"
    r"|(?<!\w)[^\W\d_] ?!+(?!\w)|(?<=[0-9)])!+(?!\w)|(?<!\S)!+(?=\w)"
    "|\u207b(?=[\u00b2\u00b3\u00b9\u2070-\u2079])"
)
_MARKS = re.compile(rf"[{_DOTS}\[{{!\u207b]")
SIGN = re.compile(r"[+<>=*#\u2032\u2190-\u2194\u2248\u2260\u2261\u2264\u2265\u00b1\u00d7^]|-|^\.|~")
_BRACKETED = re.compile(r"^(?P<before>[^()]*?)\s*\((?P<inside>[^()]+)\)\s*(?P<after>[^()]*)$")
# What only says which one of several: a number, a Roman numeral, a type.
_QUALIFIER = re.compile(
    r"[\d.,%\s-]+|[IVX]+|(?:type|class|grade|phase|stage|e\.g|i\.e|such as|see|also|including|for)\b.*", re.IGNORECASE
)
LONGEST = 12  # letters of a short form


@lru_cache(maxsize=100_000)
def normal(name: str) -> str:
    """Return a name in one notation: its canonical key with Greek letters by name and without mere punctuation."""
    said = name if _PLAIN.fullmatch(name) else _GLUED.sub(" ", _EMPHASIS.sub(r"\2", clean(name)))
    text = canonical(said).casefold().removeprefix("the ")
    if _PLAIN.fullmatch(text) and not _WORDED.search(text):
        return text
    text = _ALONE.sub(lambda letter: f" {GREEK[letter[0]]} ", _MICRO.sub("u", text))
    for pattern, instead in _SPELLINGS:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def joined(text: str) -> str:
    """Return a name in one notation without the blanks between its letters and digits."""
    return _SEAM.sub("", text)


@lru_cache(maxsize=100_000)
def marks(name: str) -> str:
    """Return the signs that `normal` leaves out of a name though they mean something beside a symbol, sorted."""
    if not _MARKS.search(name):
        return ""
    found = (sign for place in _MARKED.findall(clean(name)) for sign in _MARKS.findall(place))
    return "".join(sorted("\u2022" if sign in _DOTS else sign for sign in found))


@lru_cache(maxsize=100_000)
def squashed(name: str) -> str:
    """Return the letters, marks and digits of a name alone, in one notation and lower case."""
    text = normal(name)
    if text.isascii():
        return _NEITHER.sub("", text)
    return "".join(c for c in text if c.isalnum() or unicodedata.category(c)[0] == "M")


@lru_cache(maxsize=100_000)
def unaccented(name: str) -> str:
    """Return the letters, marks and digits of a name without the accents of Latin letters: "cafe" of Café."""
    text = squashed(name)
    return text if text.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFD", text))


def short_form(name: str) -> str:
    """Return the letters of a name that looks like a short form ("CNTs", "MaSp1", "NF-κB"), in lower case; else ""."""
    name = name.strip()
    if len(name) > LONGEST or " " in name or name[1:].islower():
        return ""
    is_code = any(c.isupper() or c.isdigit() for c in name[1:]) and any(map(str.isalpha, name))
    is_plain = (is_code or _ALONE.search(name)) and not SIGN.search(canonical(name))
    letters = squashed(name) if is_plain else ""
    letters = "" if letters in words().kinds["units"] else letters  # MPa, kHz
    return letters if 1 < len(letters) <= LONGEST else ""


def guesses(name: str) -> str:
    """Return a short form with the first letter of each Greek one, as initials give it: "nfkb" of NF-κB."""
    return "".join(word[0] if word in _GREEK_NAMES else word for word in normal(name).split())


def brackets(name: str) -> tuple[str, str, str]:
    """Return what stands before, in and after the brackets of a name; "" thrice where it has none, or not one pair."""
    match = _BRACKETED.match(name)
    return (match["before"], match["inside"].strip(), match["after"]) if match else ("", "", "")


def is_alias(inside: str) -> bool:
    """Tell whether what stands in brackets may be another name, and does not only say which one of several."""
    return not _QUALIFIER.fullmatch(inside) and bool(canonical(inside))
