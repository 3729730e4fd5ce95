"""What makes two spellings one concept: the canonical key, so that exact merging is set arithmetic.

The key folds Unicode (NFKC), case, blanks, hyphens between words, quotation marks, CamelCase, a leading article and
English plurals in small letters. Whatever else a name has is part of its key: combining marks of every script, and
signs (p53-/- is not p53, BMI > 30 not BMI < 30, A* not A, x² not x₂). Capitals stay where they bear a meaning: in
symbols (Co and CO), units (mPa and MPa) and Greek letters that stand alone (Γ point), in an acronym that is another
word otherwise (WHO, PET), in a word in -s that may be a name or an acronym (AIDS, Windows, Texas Instruments), which
its spelling does not tell from a plural, and in a title with its article (The Cure).
The key knows no meaning: "CNT" and "carbon nanotube" stay two keys, "β-sheet" and "beta-sheet" too; resolve/identity
merges those, by decisions that can be taken back.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from graphgrow.graph.visible import visible, without_variants

_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])")
_ARTICLE = re.compile(r"^(?:the|an)\s+(?=\S)", re.IGNORECASE)
_LEADING_ARTICLE = re.compile(r"^(?:the|an|a|The|An)\s+(?=\S)")
_SMALL = frozenset("of and the in on for to from with at by a an de la".split())  # in titles
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019](?=s\b)|(?<=s)['\u2019](?=\s|$)", re.IGNORECASE)

_BLANK = "\u2800"  # of Braille
_PLAIN = re.compile(r"[a-z0-9 ]+")
# An exponent: 10⁶ is not 106, x² not x₂ and 2ⁿ not 2n. Ca²⁺ and CD4⁺ have a charge, ¹⁴C is an isotope, 4ᵗʰ an ordinal.
_RAISED, _RAISED_LETTERS = "\u2070\u00b9\u00b2\u00b3\u2074-\u2079", "\u2071\u207f\u1d2c-\u1d61"
_POWER = re.compile(
    rf"(?<=[0-9])(?=[\u207a\u207b]?[{_RAISED}])"
    rf"|(?<=[^\W0-9_{_RAISED}{_RAISED_LETTERS}])(?=[\u207a\u207b]?[{_RAISED}]+(?![{_RAISED}\u207a\u207b]))"
    rf"|(?<=[)\]])(?=[\u207a\u207b]?[{_RAISED}]+(?![{_RAISED}\u207a\u207b]))"
    rf"|(?:(?<=[0-9)\]])|(?<=(?<!\w)[^\W\d_{_RAISED_LETTERS}]))(?!\u1d57\u02b0|\u207f\u1d48)"
    rf"(?=[{_RAISED_LETTERS}][{_RAISED}{_RAISED_LETTERS}\u207a\u207b]*(?!\w))"
)
_MINUS = re.compile(r"(?<![^\s(\[{])\u2212(?=[^\W\d_])")  # minus v; a hyphen there may be the bullet of a list
_DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u2014\u2015\u2e3a\u2e3b\ufe58", " ")
)
_QUOTES = "'\"`\u00b4\u02bc\u2018-\u201f\u00ab\u00bb\u2039\u203a\u300c-\u300f\u301d-\u301f"
_HAS_QUOTES = re.compile(f"[{_QUOTES}]")
_QUOTED = re.compile(rf"^[{_QUOTES}]+([^{_QUOTES}]+)[{_QUOTES}]+$")
# The prime of G' and of C3', but not the quotation mark of 'n' and '90s.
_PRIME = re.compile(rf"(?:(?<=[0-9])|(?:(?<=^[^\W\d_])|(?<=[^\w{_QUOTES}][^\W\d_])))['\u2019]+(?!\w)")
_ARROW = re.compile(r"[-=]+>")
_COMPARISONS = {">=": "\u2265", "<=": "\u2264", "!=": "\u2260"}
_COMPARISON = re.compile("|".join(_COMPARISONS))
_BETWEEN = re.compile("\\s*([<>=\u2264\u2265\u2260\u2248\u2261\u00b1\u00d7\u2190-\u2194\u21cc]+)\\s*")
_OPERATOR = re.compile("[<>=\u2248\u2260\u2261\u2264\u2265\u00b1\u00d7\u2190-\u2194\u21cc]")
_RANGE = re.compile(r"(?<=[0-9])(?: - |-)(?=[0-9])")
_HANGING = re.compile(r"(?<=[^\W\d_]{3})-(?=,? (?:and|or|to|und|oder|bis)\b|, )")  # pre- and postnatal
# Hyphens that mean something: a range, a negative number, an exponent, a charge or "lacking".
_SIGN = re.compile(
    r"(?<=[0-9])-(?=[0-9])|(?<![^\s(\[{/,;:<>=\u2264\u2265\u2260\u2248\u00b1^])-(?=\.?[0-9])"
    r"|(?<=[^\s\-])-++(?![\w(\[{])|-(?=/[-+])"
)
# A blank before the sign: "CD4 - T cells" after a code, and "Rh -" at the end, after what is no plain word or number.
_SPACED_SIGN = re.compile(
    r"(?<![\w-])([^\W\d_]+[0-9]\w*) -(?= [^\W\d])"
    r"|((?<!\S)(?=\S*[^\W\d_])(?=\S*[A-Z0-9])(?![^\W\d_][a-z]{2,} )\S+) (-+)$"
)
_NOT_KEY = re.compile(rf"[\s_{_QUOTES}]+")
_SIGNS = re.compile(r"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")
_UNSPACED_RANGES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")
_RUNS = re.compile(f"[{_UNSPACED_RANGES}]+|[^{_UNSPACED_RANGES}]+")
_WORD = re.compile(r"(?<!\w)[A-Za-z]{2,}(?!\w)")
_ACRONYMS = re.compile(r"[a-z]{0,3}[A-Z]{2,}s")  # CNTs, siRNAs

_IRREGULAR = {
    "analyses": "analysis",
    "axes": "axis",
    "bias": "bias",
    "biases": "bias",
    "criteria": "criterion",
    "gases": "gas",
    "hypotheses": "hypothesis",
    "indices": "index",
    "lens": "lens",
    "lenses": "lens",
    "matrices": "matrix",
    "phenomena": "phenomenon",
    "processes": "process",
    "syntheses": "synthesis",
    "vertices": "vertex",
    "viruses": "virus",
}
# In -s, and no plural.
_NO_PLURALS = frozenset(
    "series species news means mains mumps measles rabies scabies herpes diabetes corps ascites feces faeces pancreas"
    " atlas canvas alias christmas chaos cosmos ethos pathos kudos thermos asbestos rhinoceros biceps triceps"
    " quadriceps forceps trousers scissors pliers headquarters barracks gallows premises surroundings belongings"
    " bellows billiards shingles rickets caries sans always perhaps besides sometimes afterwards towards upwards"
    " downwards does".split()
)
# Plurals that say something else than their singular where they stand alone: damages, damage; but "metallic glasses".
_OTHER_ALONE = frozenset(
    "glasses goods customs arms works savings damages contents manners spirits waters securities utilities"
    " minutes humanities spectacles proceeds remains earnings irons letters looks pains colours colors quarters".split()
)
_ICS_PLURALS = {"ceramics", "composites", "fabrics", "elastics", "metrics", "plastics", "thermoplastics", "topics"}
# An acronym that can be said as a word may be another word: WHO, US, IT, PET (the polymer or the scan, and no pet), but
# not DNA, UHMWPE or IV. It begins and ends as English words do, and is short: a long one is seldom a word by chance.
_BEGIN = "[B-DF-HJ-NP-TV-Z]|[BCFGPS]L|[BCDFGKPTW]R|[CGPSTW]H|S[CKMNPTW]|GN|KN|QU|TW"
_CODA = "[B-DF-HJ-NP-TVWXZ]|[LNR][B-DF-HJ-NP-TVWXZ]|S[KPT]|[CFPX]T|CK|SS|FF|MP|[STW]H|GG|DD|GN|[CFKPT]S|W[LN]"
_SAID = (
    f"(?![IVX]+$)(?=[A-Z]*[B-DF-HJ-NP-TV-XZ])(?:{_BEGIN})?"
    f"[AEIOUY]{{1,3}}(?:(?:{_CODA})(?:[AEIOUY]{{1,2}}(?:{_CODA})?)?)?"
)
_WORDLIKE = re.compile(f"(?=[A-Z]{{2,4}}$){_SAID}")
_LONGER_WORDLIKE = re.compile(f"(?=[A-Z]{{5}}$){_SAID}")
# What keeps its case also within a name. Units: mPa is not MPa, nM not nm, Mb not MB, 5 Mg not 5 mg. A capital of Greek
# that stands in no word of Greek, with a letter beside it: Γ point, ΔG. And ß, which is not ss: Maße, Masse.
_CASED = re.compile(
    r"((?<![^\W\d_])(?:[fpnum\u03bc](?:Pa|eV|Hz|Sv|Gy|Bq|Wb|[AVWJNCFSTMGB])|[fnum\u03bc][HK]|kB|[MGT]b|M(?:bar|cal|mol|rad))"
    r"(?![^\W_])|(?:(?<=[0-9])|(?<=[0-9] ))[MGTPEZY][glms](?![^\W_])"
    r"|(?<![^\W\d_])(?:[A-Za-z][\u0391-\u03a9][A-Za-z]?|[\u0391-\u03a9][A-Za-z])(?![^\W\d_])"
    r"|(?<![\u0300-\u03ff\u1f00-\u1fff])[\u0391-\u03a9](?! ?[\u0300-\u03ff\u1f00-\u1fff])|\u00df)"
)
_ION = 5  # characters of a symbol with its charge
SHORT = 3  # gas, bus, lens: no plural is that short
_FEWEST_TITLED, _FEWEST_COMMON, _MOSTLY = 3, 2, 0.9  # names in Title Case, common nouns of them, share of all
_SINGULAR_ENDINGS = ("ss", "us", "is", "ous", "ics")
# Plurals of common nouns by how they end, and some more: where capitals say nothing, one with a capital is one too.
_COMMON = re.compile(
    r"(?:tubes|fib(?:er|re)s|composites|materials|structures|properties|systems|processes|methods|techniques|mechanisms"
    r"|applications|industries|proteins|molecules|polymers|particles|crystals|enzymes|genes|receptors|sensors|devices"
    r"|alloys|metals|ceramics|matrices|coatings|layers|surfaces|interfaces|networks|models|cytes|oxides|ides|ases|gens"
    r"|(?:a|i|e|c|p|lu|u)tions|[sx]ions|ments|ities|ances|ences|isms|ologies|graphies|meters|metres|scopes|ometries"
    r"|analyses|hypotheses|compounds|elements|vehicles|machines|products|resources|costs|effects|factors|conditions"
    r"|services|environments|technologies|strategies|algorithms|functions|agents|additives|membranes|tissues|organisms"
    r"|brains|organs|fibrils|sheets|films|strands|forces|stresses|strains|loads|cracks|defects|impacts|plants|animals|insects|minerals)$"
)
_COMMON_WORDS = frozenset(
    "cats dogs birds horses cows pigs rats bees ants spiders snakes frogs trees flowers seeds leaves roots crops"
    " fruits vegetables foods drinks drugs vaccines diseases cancers tumors tumours cells bones muscles tendons"
    " ligaments nerves neurons lungs kidneys hearts eyes hands legs hormones antibodies antigens peptides lipids"
    " sugars acids salts ions atoms electrons photons neutrons protons waves beams lasers mirrors lamps cables"
    " wires pipes pumps valves engines motors wheels tires brakes cars trucks trains ships boats planes helmets"
    " vests gloves boots shoes bags boxes bottles walls floors roofs roads buildings houses schools hospitals"
    " books journals users customers employees workers farmers patients doctors nurses students teachers"
    " scientists engineers countries cities rivers mountains oceans planets clays rubbers resins adhesives glues"
    " paints pigments dyes oils fuels liquids solids powders foams gels laminates textiles yarns threads ropes"
    " nanotubes fibrils numbers sets groups graphs edges nodes matrices vectors errors rules laws taxes prices"
    " markets banks companies ideas words languages sentences questions answers games sports songs dances"
    " paintings sculptures weapons armors armours shields bullets bombs tanks toxins poisons wounds injuries".split()
)


def clean(name: str) -> str:
    """Return a name fit to be shown: one line, no control or invisible characters, no lone surrogates."""
    if name.isascii() and name.isprintable():  # as nearly all are: nothing in it can be invisible
        return " ".join(name.split())
    text = visible(name.encode("utf-8", "ignore").decode())
    text = "".join(" " if c == _BLANK or unicodedata.category(c) == "Cc" else c for c in text)
    return " ".join(text.split())


def bare(name: str) -> str:
    """Return a clean name without a leading article; "A-frame" and "A phase" keep theirs, which is no article."""
    text = clean(name)
    return text if is_titled(text) else without_article(text)


def without_article(name: str) -> str:
    """Return a clean name without a leading article, also where that begins a title."""
    return _LEADING_ARTICLE.sub("", clean(name))


def is_titled(name: str) -> bool:
    """Tell whether a name has its article as a title has: "The Cure", "The Lord of the Rings".

    Not "The silk", "The DNA", nor common nouns, "The Carbon Fibers".
    """
    if not name.startswith("The "):
        return False
    words = name.split()[1:]
    own = [word for word in words if word not in _SMALL]
    if not own or (own[0], own[-1]) != (words[0], words[-1]):
        return False
    last = own[-1].lower()
    is_common = len(own) > 1 and is_common_noun(last)
    has_capitals = all(word[0].isupper() or not word[0].isalpha() for word in own)
    return has_capitals and own[0][0].isupper() and own[0][1:2].islower() and not is_common


@lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """Return the singular of one lower-case English word; a word that looks like none is returned as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= SHORT or not word.isascii() or not word.isalpha() or not word.endswith("s"):
        return word
    if word in _NO_PLURALS or (word.endswith(_SINGULAR_ENDINGS) and word not in _ICS_PLURALS):
        return word
    if word.endswith("ies") and len(word) > SHORT + 1:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def says_something(name: str) -> bool:
    """Tell whether a text holds a letter, digit or picture, so that it may name something."""
    return any(c.isalnum() or unicodedata.category(c) == "So" for c in clean(name))


@lru_cache(maxsize=200_000)
def canonical(name: str) -> str:
    """Return the canonical key of a concept's name; "" for a name of blanks and invisible characters alone.

    Idempotent: folding repeats until nothing changes (Unicode folding may need two rounds).
    """
    key: str | None = None
    while key != name:
        key, name = name, _folded(name)
    return name


def common(key: str) -> str:
    """Return the key that a name would have if it were a common noun: in lower case, and every word in the singular."""
    lower = canonical("ß".join(part.casefold() for part in key.split("ß")))
    return singular(lower) if lower in _OTHER_ALONE else lower


def is_same_topic(one: str, other: str) -> bool:
    """Tell whether two topics are one, in whichever capitals and number somebody typed them."""
    return common(canonical(one)) == common(canonical(other))


def is_common_noun(plural: str) -> bool:
    """Tell whether a plural in lower case is that of a common noun by its ending, or a usual one."""
    return plural in _COMMON_WORDS or _COMMON.search(plural) is not None


def plural_of(word: str) -> str:
    """Return the plural that English makes of a word in lower case by rule; a word in -s is taken for one."""
    return word[:-1] + "ies" if word.endswith("y") else word if word.endswith("s") else f"{word}s"


def are_capitals_mute(names: Iterable[str]) -> bool:
    """Tell whether capitals say nothing in names that came together, since common nouns have them like all others.

    That is so where several names of two words or more nearly all have a capital in every word, and some of these are
    plain common nouns ("Thermal Conductivity"): names of bands or cities have none.
    """
    several = [words for name in names if len(words := [w for w in clean(name).split() if w[0].isalpha()]) > 1]
    titled = [words for words in several if all(word[0].isupper() or len(word) <= SHORT for word in words)]
    lower = [words[-1].lower() for words in titled if words[-1][0].isupper() and words[-1][1:].islower()]
    return (
        len(titled) >= max(_FEWEST_TITLED, _MOSTLY * len(several))
        and sum(is_common_noun(plural_of(word)) for word in lower) >= _FEWEST_COMMON
    )


@lru_cache(maxsize=100_000)
def loose(name: str) -> str:
    """Return a name as it is searched for: its key in lower case and the singular, words alone, without any sign."""
    text = common(canonical(name))
    if not text.isascii():
        text = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)
    return " ".join(_SIGNS.sub(" ", text).split()) or text


def terms(text: str) -> list[str]:
    """Return what of a text is compared with another: its words; where no blanks part these, pairs of characters.

    Chinese, Japanese, Thai, Lao, Khmer and Burmese put no blanks between words.
    """
    found: list[str] = []
    for word in loose(text).split():
        for run in _RUNS.findall(word) if not word.isascii() else (word,):
            if not run.isascii() and _UNSPACED.match(run):
                found += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
            else:
                found.append(run)
    return found


def is_unspaced(text: str) -> bool:
    """Tell whether a text holds a script that puts no blanks between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def _folded(name: str) -> str:
    """Return a name after one round of folding."""
    if _PLAIN.fullmatch(name):  # as nearly every name is, and every key of one
        plain = _ARTICLE.sub("", name.strip()).split()
        return " ".join(plain if len(plain) == 1 and plain[0] in _OTHER_ALONE else map(singular, plain))
    text = clean(name)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _POWER.sub("^", text))
        text = "\u2212".join(part.translate(_DASHES) for part in _MINUS.split(text))
        text = without_variants(text).strip().replace("\u1e9e", "\u00df")
    if has_quotes := _HAS_QUOTES.search(text) is not None:
        text = _QUOTED.sub(r"\1", text)
    if _OPERATOR.search(text):
        text = _COMPARISON.sub(lambda sign: _COMPARISONS[sign[0]], _ARROW.sub("\u2192", text))
        text = _BETWEEN.sub(r" \1 ", text).strip()
    if has_quotes:
        text = _PRIME.sub(lambda quotes: "\u2032" * len(quotes[0]), text)
    if not (has_title := is_titled(text)):
        text = _ARTICLE.sub("", text)
    if has_quotes:
        text = _POSSESSIVE.sub("", text)

    # Hyphens that mean something stay, the others are blanks.
    if "-" in text:
        text = _SPACED_SIGN.sub(lambda place: f"{place[1] or place[2]}{place[3] or '-'}", _RANGE.sub("-", text))
        text = _HANGING.sub(" ", text)
        signs = {place.start() + at for place in _SIGN.finditer(text) for at in range(len(place[0]))}
        text = "".join(" " if c == "-" and place not in signs else c for place, c in enumerate(text))
    text = " ".join(_NOT_KEY.sub(" ", text).split())

    letters = "".join(filter(str.isalpha, text))
    is_mixed = not (letters.isupper() or letters.islower())
    # The case of a symbol has a meaning: H and h, Cp and CP, Co and CO, Co2+ and CO2+.
    unraised = text.replace("^", "")
    is_cased = is_mixed or _CASED.search(text) is not None
    is_symbol = has_title or (len(letters) == 1 and len(unraised) <= SHORT)
    is_symbol = is_symbol or (len(letters) < SHORT and is_cased and len(unraised) <= _ION and " " not in text[SHORT:])
    is_symbol = is_symbol or _WORDLIKE.fullmatch(text) is not None
    if not is_symbol:
        # One word in CamelCase does not count as a name in capitals.
        words = [_lower(_CAMEL.sub(" ", word)) if _CAMEL.search(word) else word for word in text.split()]
        text, end, parts = " ".join(words), 0, list[str]()
        cased = {place.start() for place in _CASED.finditer(text)}
        for word in _WORD.finditer(text):
            lower = word[0].lower()
            one = lower if word[0] == text and lower in _OTHER_ALONE else singular(lower)
            if _ACRONYMS.fullmatch(word[0]):  # PETs are PET
                one = word[0][:-1] if _WORDLIKE.fullmatch(word[0][:-1]) else one
            # In -s with a capital it may be a name or an acronym, which no spelling tells from a plural.
            elif (
                lower not in {one, word[0]}
                or (is_mixed and (_WORDLIKE.fullmatch(word[0]) or _LONGER_WORDLIKE.fullmatch(word[0])))
                or word.start() in cased
            ):
                one = word[0]
            parts += [_lower(text[end : word.start()]), one]
            end = word.end()
        text = "".join([*parts, _lower(text[end:])])
    return text or "".join(unicodedata.normalize("NFKC", clean(name)).casefold().split())


def _lower(text: str) -> str:
    """Return a text in small letters, but for those whose case bears a meaning."""
    return "".join(part if at % 2 else part.casefold() for at, part in enumerate(_CASED.split(text)))
