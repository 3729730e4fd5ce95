"""Other ways of writing a name, as language models do: plural, hyphen, British or American spelling, an acronym."""

from collections.abc import Iterator

_PAIRS = (
    ("fiber", "fibre"), ("aluminum", "aluminium"), ("mold", "mould"), ("color", "colour"), ("vapor", "vapour"),
    ("sulfur", "sulphur"), ("behavior", "behaviour"), ("center", "centre"), ("armor", "armour"), ("gray", "grey"),
    ("ization", "isation"), ("modeling", "modelling"), ("liter", "litre"), ("hemo", "haemo"),
)  # fmt: skip
_HISSING = ("s", "x", "z", "ch", "sh")
_FEWEST = 3  # words of a name that gets an acronym


def spellings(name: str) -> tuple[str, ...]:
    """Return other spellings of a name, none of them the name itself."""
    return tuple(dict.fromkeys(spelled for spelled in _spellings(name) if spelled != name))


def _spellings(name: str) -> Iterator[str]:
    words = name.split()
    if not words or not words[-1].isalpha():
        return
    yield _plural(name)
    if len(words) > 1:
        yield f"{words[0]}-{' '.join(words[1:])}"
    for american, british in _PAIRS:
        yield name.replace(american, british)
        yield name.replace(british, american)
    if len(words) >= _FEWEST:
        acronym = "".join(word[0] for word in words).upper()
        yield f"{name} ({acronym})"
        yield acronym


def _plural(name: str) -> str:
    if name.endswith(_HISSING):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"
