"""What makes two spellings one concept: the canonical key, so that exact merging is set arithmetic.

The key folds Unicode (NFKC), case, punctuation, hyphens, CamelCase, a leading article and English plurals; symbols
whose case has a meaning (Co and CO) keep it. It knows no meaning: "CNT" and "carbon nanotube" stay two keys. Plural
rules cover common English; other scripts pass unchanged.
"""

import re
import unicodedata
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])")
_ARTICLE = re.compile(r"^(?:the|an)\s+(?=\S)", re.IGNORECASE)
_LEADING_ARTICLE = re.compile(r"^(?:the|an|a|The|An)\s+(?=\S)")
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019](?=s\b)|(?<=s)['\u2019](?=\s|$)", re.IGNORECASE)
_NOT_KEY = re.compile(r"[^\w+#%°]+|_+")
_INVISIBLE = re.compile(r"[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")

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
    "series": "series",
    "species": "species",
    "syntheses": "synthesis",
    "vertices": "vertex",
    "viruses": "virus",
}
_ICS_PLURALS = {"ceramics", "composites", "fabrics", "elastics", "metrics", "plastics", "thermoplastics", "topics"}
SHORT = 3  # gas, bus, lens: no plural is that short
_SINGULAR_ENDINGS = ("ss", "us", "is", "ous", "ics")


def clean(name: str) -> str:
    """Return a name fit to be shown: one line, no control or invisible characters, no lone surrogates."""
    if name.isascii() and name.isprintable():  # as nearly all are: nothing in it can be invisible
        return " ".join(name.split())
    text = _INVISIBLE.sub("", name.encode("utf-8", "ignore").decode())
    text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    return " ".join(text.split())


def bare(name: str) -> str:
    """Return a clean name without a leading article; "A-frame" and "A phase" keep theirs, which is no article."""
    return _LEADING_ARTICLE.sub("", clean(name))


def singular(word: str) -> str:
    """Return the singular of one lower-case English word; a word that looks like none is returned as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= SHORT or not word.isascii() or not word.isalpha() or not word.endswith("s"):
        return word
    if word.endswith(_SINGULAR_ENDINGS) and word not in _ICS_PLURALS:
        return word
    if word.endswith("ies") and len(word) > SHORT + 1:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=200_000)
def canonical(name: str) -> str:
    """Return the canonical key of a concept's name; "" where the name holds no letter, digit or sign of its own.

    Idempotent: folding repeats until nothing changes (Unicode folding may need two rounds).
    """
    key: str | None = None
    while key != name:
        key, text = name, unicodedata.normalize("NFKC", clean(name))
        letters = "".join(filter(str.isalpha, text))
        is_mixed = not (letters.isupper() or letters.islower())
        # The case of a symbol has a meaning: H and h, Cp and CP, Co and CO.
        if len(text) > SHORT or (len(letters) != 1 and not (len(letters) < SHORT and is_mixed)):
            text = _CAMEL.sub(" ", text).casefold()
        text = _POSSESSIVE.sub("", _ARTICLE.sub("", text))
        name = " ".join(singular(word) for word in _NOT_KEY.sub(" ", text).split())
    return name
