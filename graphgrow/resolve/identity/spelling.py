"""A name taken apart: its words in one notation and spelling, the orders they may stand in, what abbreviates them.

Greek letters are their names (β-sheet, beta-sheet), a degree Celsius its sign, a hyphen, a blank and nothing between
letters and digits are one (IL-6, IL 6, IL6). Punctuation between words says nothing (Apple Inc., light-dark), but signs
do (p53+/-, BMI < 30, .NET): a word with one is another word. What English has to say of words is in words.toml.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations

from graphgrow.graph.keys import canonical, clean

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
# Other letters and signs for the same: Persian ones of Arabic, Hebrew quotation marks, rings for a degree, a sharp.
_SAME = str.maketrans("\u06cc\u06a9\u05f3\u05f4\u02da\u266f", "\u064a\u0643'\"\u00b0#")
_ORDINAL_DEGREE = re.compile(r"\u00ba(?= ?[CF]\b)")
_SHARP_BETA = re.compile(r"(?:(?<![^\W\d_])|(?<=[A-Z]))\u00df(?![^\W\d_])")  # of ß-sheet and Aß42
_ACRONYM_PLURAL = re.compile(r"(?<!\w)([a-z]{0,3}[A-Z]{2,})s(?!\w)")
_AREA = re.compile(r"(?<![^\W\d_])([kcdmn\u03bc]?m|ft|in|yd|mi|(?<=/)s)\^(?=[23](?![0-9]))")  # m² is m2
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
_WORDED = re.compile(r"per ?cent|\bdeg|(?:minus|than) [0-9]")  # signs written as words
_NO_LETTER = re.compile(r"[^a-z0-9|]+")
_NEITHER = re.compile(r"[^\w]|_")
# Accents of Latin and Greek, the dots of a Russian ё and the stress, the vowel signs of Arabic and Hebrew.
_ACCENTS = re.compile(
    "(?<=[a-z\u0300-\u036f\u0370-\u03ff])[\u0300-\u036f]+|(?<=[\u0400-\u04ff])[\u0300\u0301]|(?<=\u0435)\u0308"
    "|[\u0640\u064b-\u0655\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
)
# Letters of their own that are often written as others.
_PLAINER = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "\u0131": "i", "ħ": "h", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss",
     "\u0671": "\u0627", "\u0649": "\u064a", "\u0629": "\u0647"}
)  # fmt: skip
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_MARKED_LETTER = re.compile(r"\w[^\w\s]*")  # with its combining marks, which are no \w
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[^\w\s]+(?=[0-9])")
_ROMAN = re.compile(r"(?<![^\W_])(?=[IVXivx])(X{0,3}(?:IX|IV|V?I{0,3})|ii|iii|iv|vi|vii|viii|ix)(?![^\W_])")
_NUMERAL = {"i": 1, "v": 5, "x": 10}
_COUNTS = "one two three four five six seven eight nine ten eleven twelve".split()
_DIMENSIONAL = re.compile(r"(?<!\w)([0-9])[ -]?dimensional(?!\w)")
_SURNAME_FIRST = re.compile(r"([A-Z][\w'-]+), ((?:[A-Z][\w'.-]*)(?: [A-Z][\w'.-]*)*)")
_KIND = re.compile(r"((?:type|class|grade|stage|phase|group|level) [0-9]+) (\S.*)")  # that may stand behind the name
_COUNTED = re.compile(rf"(?<!\w)(?:{'|'.join(_COUNTS)})(?!\w)")
# What a letter or a word may be written as: Ke$ha, P!nk, B\u266d, signal vs. noise.
_LEET = re.compile(r"(?<=[^\W\d_])[$!@](?=[^\W\d_])|(?<=[A-G])\u266d(?!\w)")
_LETTERS = {"$": "s", "!": "i", "@": "a", "\u266d": "b"}
_VERSUS = re.compile(r"(?<=[^\W\d] )(?:vs|versus)(?= [^\W\d])")
# Before a consonant of its own kind a nasal of Hindi may be written as a dot above.
_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])")
_SQUARED = re.compile(r"(?<=\w) squared?\b")  # "chi square"
_TYPOGRAPHY = re.compile(r" |\^-?|\u2212|(?<=[^\W\d])\*(?=[^\W\d])|(?<=(?<!\w)n)\u2032(?!\w)")
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
SIGN = re.compile(r"[+<>=*#\u2032\u2212\u2190-\u2194\u2248\u2260\u2261\u2264\u2265\u00b1\u00d7^]|-|^\.|~")
_BRACKETED = re.compile(r"^(?P<before>[^()]*?)\s*\((?P<inside>[^()]+)\)\s*(?P<after>[^()]*)$")
_BESIDE = re.compile(
    r"(?P<before>\S.*?)(?:\s*\[(?P<inside>[^\[\]]+)\]"
    r"|(?:, | ?/ ?| [-=\u2013\u2014] | (?:aka|a\.k\.a\.|or) )(?P<other>\S.*))"
)
_LAST_BRACKETS = re.compile(r"\((?P<inside>[^()]+)\)$")
_WIDE_BRACKETS = str.maketrans("\uff08\uff09\uff3b\uff3d", "()[]")
# What only says which one of several: a number, a Roman numeral, a type.
_QUALIFIER = re.compile(
    r"[\d.,%\s-]+|[IVX]+|(?:type|class|grade|phase|stage|e\.g|i\.e|such as|see|also|including|for)\b.*", re.IGNORECASE
)
LONGEST = 12  # letters of a short form
_ACRONYM = re.compile(r"^(?P<letters>[A-Z][A-Z0-9-]*[A-Z0-9])s?$")
_SHORTEST_STEM = 4  # letters before a British ending: "wise" and "rise" have none
_SHORTEST_JOINED = 7  # characters: shorter words run together too often mean something else
_MOST_LETTERS = 6
_FEWEST_LETTERS = 2
_FEWEST_GUESSED = 3  # two letters are the initials of too much
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b")
_SHORTEST_PLURAL = 5  # letters
# How a plural ends, and how its singular may, beside what keys take off.
_PLURALS = (
    ("ies", ("ie",)), ("ches", ("che",)), ("zzes", ("z",)), ("oes", ("o",)), ("ses", ("s", "sis")), ("men", ("man",)),
    ("ae", ("a",)), ("mata", ("ma",)), ("nges", ("nx",)), ("yces", ("yx",)), ("ices", ("ex", "ix")), ("i", ("us",)),
    ("hedra", ("hedron",)), ("children", ("child",)), ("mice", ("mouse",)), ("teeth", ("tooth",)), ("feet", ("foot",)),
    ("nda", ("ndum",)), ("rata", ("ratum",)), ("oria", ("orium",)), ("aria", ("arium",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of words.toml; words.toml says what each is for.

    `joining` are the words that join others; `groups` are the numbers of the groups a word stands in, which may be
    several ("lower": not high, not upper); `kinds` are lists of words by what they are about, as a reason says it.
    """

    begins: Mapping[str, str]
    ends: Mapping[str, str]
    plurals: Mapping[str, str]
    heads: Mapping[str, frozenset[str]]
    prepositions: frozenset[str]
    joining: frozenset[str]
    fixed: frozenset[str]
    articles: frozenset[str]
    legal: frozenset[str]
    light: frozenset[str]
    negations: frozenset[str]
    negating: frozenset[str]
    groups: Mapping[str, frozenset[int]]
    kinds: Mapping[str, frozenset[str]]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    in_f: Mapping[str, str]
    doubtful: Mapping[str, str]
    containers: frozenset[str]
    proper: frozenset[str]
    han: Mapping[int, str]


@cache
def words() -> Words:
    """Return the tables, read once."""
    table = tomllib.loads(files("graphgrow.resolve.identity").joinpath("words.toml").read_text(encoding="utf-8"))
    spelling, order, guards = table["spelling"], table["order"], table["guards"]
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(guards["groups"]):
        for word in line.split():
            groups.setdefault(word, set()).add(number)
    kinds = {"elements or compounds": "elements", "Greek letters": "greek", "ordinals": "ordinals",
             "numbers": "cardinals", "units": "units"}  # fmt: skip
    return Words(
        begins=spelling["begins"],
        ends=spelling["ends"],
        plurals=spelling["plurals"],
        heads={word: frozenset(order[word]) for word in ("to", "against", "from")},
        prepositions=frozenset(order["prepositions"]),
        joining=frozenset([*order["prepositions"], *order["fixed"]]),
        fixed=frozenset(order["fixed"]),
        articles=frozenset(order["articles"]),
        legal=frozenset(guards["legal"]),
        light=frozenset((*guards["light"], *guards["legal"])),
        negations=frozenset(guards["negations"]),
        negating=frozenset(guards["negating"]),
        groups={word: frozenset(numbers) for word, numbers in groups.items()},
        kinds={kind: frozenset(guards[name].split()) for kind, name in kinds.items()},
        prefixes=tuple(guards["prefixes"]),
        suffixes=tuple(guards["suffixes"]),
        in_f={f"{word.removesuffix('e').removesuffix('f')}ves": word for word in spelling["in_f"].split()},
        doubtful=spelling["doubtful"],
        containers=frozenset(order["containers"].split()),
        proper=frozenset(guards["proper"].split()),
        han={ord(other): one for one, *others in spelling["han"].split() for other in others},
    )


@lru_cache(maxsize=100_000)
def normal(name: str) -> str:
    """Return a name in one notation: its canonical key with Greek letters by name and without mere punctuation."""
    said = name
    if not _PLAIN.fullmatch(name):
        said = _ACRONYM_PLURAL.sub(r"\1", clean(name))
        if not said.isascii():
            said = _SHARP_BETA.sub("\u03b2", _ORDINAL_DEGREE.sub("\u00b0", said.translate(_SAME)))
            said = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in said)
        said = _GLUED.sub(" ", _EMPHASIS.sub(r"\2", said))
    text = canonical(said)
    text = _AREA.sub(r"\1", text) if "^" in text else text
    text = "ß".join(part.casefold() for part in text.split("ß")).removeprefix("the ")
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


def _without_accents(text: str) -> str:
    """Return a text in small letters without accents and vowel signs: "cafe" of café, "lodz" of łódź."""
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text.translate(_PLAINER))).translate(_PLAINER)


def _in_one_script(text: str) -> str:
    """Return a text with simplified characters in the place of traditional ones, and the dot that is a nasal."""
    return _NASAL.sub("\u0902", text.translate(words().han))


def are_accents_two(one: str, other: str) -> bool:
    """Tell whether two names of the same letters have other marks on one of them: bán and bạn, but not ban."""
    letters = (_in_one_script(squashed(name)) for name in (one, other))
    marked = [_MARKED_LETTER.findall(unicodedata.normalize("NFD", text)) for text in letters]
    return any(a != b and a[1:] and b[1:] for a, b in zip(*marked, strict=False))


def without_typography(name: str) -> str:
    """Return a name in one notation, without blanks and what tells an exponent or a negative from a plain one."""
    return _TYPOGRAPHY.sub("", _SQUARED.sub("2", normal(name)))


@lru_cache(maxsize=100_000)
def letters_of(name: str) -> tuple[str, ...]:
    """Return the letters and digits of a name, where only marks, accents, blanks and signs are left out.

    There are several where an umlaut may be written with an e, a number as a Roman numeral or a word, or a letter as a
    sign; traditional characters of Chinese are the simplified ones. What stands between digits counts: 1.5 is not 15.
    """
    forms = [normal(name)]
    raw = clean(name)
    if (plain := _LEET.sub(lambda sign: _LETTERS[sign[0]], raw)) != raw:
        forms.append(normal(plain))
    forms += [form for form in {_VERSUS.sub("v", forms[0]), forms[0].replace("\u00a7", "section ")} if form != forms[0]]
    if not raw.isascii():
        forms = list(map(_in_one_script, forms))
        raw = "".join(unicodedata.normalize("NFKC", c) if "\u2160" <= c <= "\u217f" else c for c in raw)
    numbered = _ROMAN.sub(_arabic, raw)
    if " " in raw and numbered != raw:
        forms.append(normal(numbered))
        forms += [f"{kind[2]} {kind[1]}" for kind in (_KIND.fullmatch(forms[-1]),) if kind]
    if turned := _SURNAME_FIRST.fullmatch(raw):
        forms.append(normal(f"{turned[2]} {turned[1]}"))
    if kind := _KIND.fullmatch(forms[0]):
        forms.append(f"{kind[2]} {kind[1]}")
    forms += [form.translate(_UMLAUTS) for form in forms if not form.isascii()]
    counted = [_COUNTED.sub(_as_number, _SQUARED.sub("2", form)) for form in forms]
    forms += [*counted, *(_DIMENSIONAL.sub(r"\1d", form) for form in counted)]
    found = dict[str, None]()
    for form in dict.fromkeys(forms):
        text = _BETWEEN_DIGITS.sub("|", form if form.isascii() else _without_accents(form))
        if text.isascii():
            found[_NO_LETTER.sub("", text)] = None
        else:
            found["".join(c for c in text if c.isalnum() or c == "|" or unicodedata.category(c)[0] == "M")] = None
    return tuple(one for one in found if one)


def _as_number(word: re.Match[str]) -> str:
    return str(_COUNTS.index(word[0]) + 1)


def _arabic(numeral: re.Match[str]) -> str:
    values = [_NUMERAL[letter] for letter in numeral[0].lower()]
    return str(sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True)))


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
    """Return a short form with the initial of each Greek letter's name, as initials give it: "nfkb" of NF-κB."""
    return "".join(word[0] if word in _GREEK_NAMES else word for word in normal(name).split())


def brackets(name: str) -> tuple[str, str, str]:
    """Return what is before, in and after the brackets of a name; of several pairs the last, if the name ends there.

    It is "" three times where there are none: "PMMA" stands in those of "poly(methyl methacrylate) (PMMA)".
    """
    name = name.translate(_WIDE_BRACKETS)
    if match := _BRACKETED.match(name):
        return match["before"], match["inside"].strip(), match["after"]
    match = _LAST_BRACKETS.search(name)
    before = name[: match.start()] if match else ""
    is_whole = before.endswith((" ", ")")) and before.count("(") == before.count(")")
    return (before.strip(), match["inside"].strip(), "") if match and is_whole else ("", "", "")


def is_alias(inside: str) -> bool:
    """Tell whether what stands in brackets may be another name, and does not only say which one of several."""
    return not _QUALIFIER.fullmatch(inside) and bool(canonical(inside))


@dataclass(frozen=True, slots=True)
class Form:
    """A name taken apart: its words as America writes them, every signature it has, and the acronym it defines.

    `acronym` is the short form a name gives in brackets ("" where it gives none), `initials` what its words begin with,
    `core` its words without the last ones that say little: "hot forging" of "hot forging process".
    """

    words: tuple[str, ...]
    signatures: tuple[str, ...]
    acronym: str
    initials: str
    core: tuple[str, ...]


@lru_cache(maxsize=100_000)
def form(name: str) -> Form:
    """Return a name taken apart."""
    tables = words()
    text, acronym = without_acronym(clean(name))
    plain = spelled(text)
    # "head of modifier" is "modifier head" too, "large head of modifier" is "large modifier head"; not where two words
    # could be the one to turn about, nor where another one binds the words.
    turning = [
        place
        for place in range(1, len(plain) - 1)
        if plain[place] in {"of", "for"} or plain[place - 1] in tables.heads.get(plain[place], ())
    ]
    binding = [place for place, word in enumerate(plain) if word in tables.fixed or word in {"of", "for", "to"}]
    orders = [plain]
    if len(turning) == 1 and set(binding) <= set(turning):
        head, modifier = plain[: turning[0]], plain[turning[0] + 1 :]
        orders += dict.fromkeys([modifier + head, (*head[:-1], *modifier, head[-1])])
    signatures: dict[str, None] = {}
    # A plural that may have another singular than its key says: movies, caches, heroes, leaves, crises.
    singulars = [(*plain[:-1], one) for one in _singulars(last_word(text)) if plain and not _is_no_plural(text)]
    for order in (*orders, *singulars):
        together = "".join(order)
        is_bound = any(len(word) == 1 or word in tables.joining for word in order)
        may_join = together.isalpha() and len(together) >= _SHORTEST_JOINED and not is_bound
        signatures[together if may_join else joined(" ".join(order))] = None
    if _POSSESSIVE.search(text):  # "Young's modulus" is the Young modulus
        signatures |= dict.fromkeys(form(_POSSESSIVE.sub("", text)).signatures)
    bearing = [word for word in plain if word not in tables.joining]
    initials = "".join(word[0] for word in bearing) if _FEWEST_LETTERS <= len(bearing) <= _MOST_LETTERS else ""
    core = orders[-1]
    while len(core) > 1 and core[-1] in tables.light:
        core = core[:-1]
    return Form(orders[-1], tuple(signatures), acronym, initials, core)


def spelled(name: str) -> tuple[str, ...]:
    """Return the words of a name in one notation, American spelling and the singular, without articles inside."""
    tables = words()
    spelling = [_american(word) for word in normal(name).split()]
    # "the" in "stiffness of the material", but not the letter in "vitamin a".
    inner = [
        place
        for place in range(1, len(spelling) - 1)
        if spelling[place] in tables.articles and spelling[place - 1] in tables.prepositions
    ]
    return tuple(word for place, word in enumerate(spelling) if place not in inner)


@lru_cache(maxsize=50_000)
def _american(word: str) -> str:
    """Return a word in American spelling and the singular."""
    tables = words()
    word = tables.plurals.get(word, word)
    # The longest beginning decides, none is longer than twelve letters; else the ending does.
    begins = (word[:end] for end in range(min(len(word), 12), 3, -1))
    begin = next((one for one in begins if one in tables.begins), "")
    ends = (one for one in tables.ends if word.endswith(one) and len(word) - len(one) >= _SHORTEST_STEM)
    if begin:
        return tables.begins[begin] + word.removeprefix(begin)
    if end := next(ends, ""):
        return word.removesuffix(end) + tables.ends[end]
    return word


def _is_no_plural(name: str) -> bool:
    """Tell whether the key of a name keeps a last word in -s: series, and glasses alone, are plurals of nothing."""
    return name.endswith("s") and canonical(name.lower()).endswith(last_word(name).lower())


def _singulars(word: str) -> Iterator[str]:
    """Yield the singulars that a word in small letters may have beside that of its key."""
    if len(word) < _SHORTEST_PLURAL or not (word.isascii() and word.isalpha() and word.islower()):
        return
    tables = words()
    if word in tables.in_f:
        yield tables.in_f[word]
    elif word not in tables.doubtful:
        for plural, instead in _PLURALS:
            if word.endswith(plural):
                yield from (word.removesuffix(plural) + ending for ending in instead)


def last_word(name: str) -> str:
    """Return what stands after the last blank or hyphen of a name."""
    return name.replace("-", " ").rpartition(" ")[2]


def doubtful_singulars(name: str) -> list[str]:
    """Return the keys of a name with another singular that its last word may have, "basis" of "bases".

    A word with a capital may be the plural of one, or a name: Knives, Movies.
    """
    word = last_word(name)
    found = [words().doubtful[word]] if word in words().doubtful else []
    if word[:1].isupper() and word[1:].islower() and not _is_no_plural(name):
        found += _singulars(word.lower())
    return [canonical(name.removesuffix(word).lower() + one) for one in found]


def is_firm(name: str) -> bool:
    """Tell whether a name ends with the legal form of a firm, which has a capital: "IBM Corp.", "Siemens AG"."""
    last = last_word(name).rstrip(".")
    return last[:1].isupper() and last.casefold() in words().legal


def without_acronym(name: str) -> tuple[str, str]:
    """Return a name without the acronym it gives in brackets, and the acronym in lower case; else the name and "".

    "carbon nanotubes (CNTs)" and "CNT (carbon nanotubes)" are carbon nanotubes, "major ampullate spidroin 1 (MaSp1)" is
    the spidroin, as where a comma, a dash, a slash or "aka" parts the two; brackets that hold anything else stay.
    """
    before, inside, after = brackets(name)
    if not inside and (beside := _BESIDE.fullmatch(name)):  # "PCR, polymerase chain reaction"
        before, inside = beside["before"], (beside["inside"] or beside["other"])
    if not inside:
        return name, ""
    for short, long in ((inside, before), (before, inside)):
        letters = short_form(short)
        if letters and abbreviates(letters, spelled(long)):
            return f"{long} {after}".strip(), "" if after else letters
    return name, ""


def acronym_in(name: str) -> str:
    """Return the letters of a name that is an acronym ("CNTs", "D-FEA"), in lower case; else ""."""
    match = _ACRONYM.match(name.strip())
    letters = match["letters"].replace("-", "").casefold() if match else ""
    return letters if _FEWEST_LETTERS <= len(letters) <= _MOST_LETTERS else ""


def abbreviates(letters: str, long: Iterable[str]) -> bool:
    """Tell whether an acronym stands for words: all their initials in order, and between them letters of the words."""
    ends = {0}  # how many of the letters the words so far may have given
    for word in long:
        if word in words().joining:
            continue
        further = set()
        for start in ends:
            if word.isdigit():  # a number is given whole: nylon 6 is not nylon 66
                further |= {start + len(word)} if letters.startswith(word, start) else set()
                continue
            if not letters.startswith(word[0], start):
                continue
            further.add(start + 1)
            rest = iter(word[1:])
            for end, letter in enumerate(letters[start + 1 :], start + 2):
                if letter not in rest:
                    break
                further.add(end)
        ends = further
    return len(letters) in ends


def has_initial(short: str, long: str) -> bool:
    """Tell whether the first of two names has the initial of a word with a capital and is the second otherwise.

    "E. coli" and "Escherichia coli", "J. S. Bach" and "Johann Sebastian Bach".
    """
    mine, others = clean(short).replace(". ", ".").replace(".", ". ").split(), clean(long).split()
    if len(mine) != len(others) or len(mine) < _FEWEST_LETTERS or mine[-1].casefold() != others[-1].casefold():
        return False
    pairs = list(zip(mine, others, strict=True))
    stands = [one[1:] == "." and other.startswith(one[0]) and other[1:].isalpha() for one, other in pairs]
    return stands[0] and all(
        is_it or one.casefold() == other.casefold() for is_it, (one, other) in zip(stands, pairs, strict=True)
    )


def shortenings(letters: str) -> tuple[str, ...]:
    """Return the initials of every name that an acronym of three letters or more may stand for: "cnt", "cn" or "ct"."""
    if not _FEWEST_GUESSED <= len(letters) <= _MOST_LETTERS:
        return ()
    rest = letters[1:]
    parts = [combination for size in range(1, len(rest) + 1) for combination in combinations(rest, size)]
    return tuple(dict.fromkeys(letters[0] + "".join(part) for part in parts))
