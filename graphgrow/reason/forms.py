"""What a model answers at the stages of a discovery, and what is kept of it: statements with ids and citations."""

from functools import partial
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from graphgrow.graph.keys import clean

TEXT = 400  # characters of a statement
PHRASE = 160  # characters of a property
LABEL = 90  # characters of a principle, theme or title


class Statement(BaseModel):
    """A statement of a discovery; `more` is its property, principle, theme or kind, by its stage."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[A-D]\d{1,4}$")
    text: str
    more: str = ""
    cites: tuple[str, ...] = ()


class Said(BaseModel):
    """What a stage brought: statements and a title.

    `unknown` are citations that do not resolve, `dropped` what cited nothing that exists or only repeated something.
    """

    model_config = ConfigDict(frozen=True)

    statements: tuple[Statement, ...] = ()
    title: str = ""
    unknown: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def prose(value: object, most: int = TEXT) -> str:
    """Return text of an answer as one line of bounded length: whole sentences where it has them, none twice."""
    if not isinstance(value, str) or not any(map(str.isalpha, value)):
        raise ValueError("give words")
    line = clean(value).strip(" \"'")
    if len(line) <= most:
        return line
    kept = ""
    for sentence in dict.fromkeys(line.replace("? ", "?\0").replace("! ", "!\0").replace(". ", ".\0").split("\0")):
        if len(kept) + len(sentence) >= most:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or f"{line[: most - 1].rpartition(' ')[0] or line[: most - 1]}…"


def usable(form: type[BaseModel], value: object) -> object:
    """Return the entries of a list that fit a form: one that does not spoils no other."""
    return [one for one in value if _fits(form, one)] if isinstance(value, list) else value


def _fits(form: type[BaseModel], value: object) -> bool:
    try:
        form.model_validate(value)
    except ValidationError:
        return False
    return True


def _ids(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


Kind = Literal["hypothesis", "mechanism", "prediction", "test"]
KINDS = get_args(Kind)
Part = Literal[
    "hypothesis", "outcome", "mechanism", "design principles", "unexpected properties", "comparison", "novelty"
]
PARTS = get_args(Part)
Text = Annotated[str, BeforeValidator(prose)]
Label = Annotated[str, BeforeValidator(partial(prose, most=LABEL))]
Phrase = Annotated[str, BeforeValidator(partial(prose, most=PHRASE))]
Ids = Annotated[list[str], BeforeValidator(_ids)]
_CLOSED = ConfigDict(json_schema_extra={"additionalProperties": False})


class Defined(BaseModel):
    """The answer of stage A."""

    model_config = _CLOSED

    definition: Text
    property: Phrase


class Joined(BaseModel):
    """The answer of stage B."""

    model_config = _CLOSED

    synergy: Text
    principle: Label


class Theme(BaseModel):
    """The answer of stage C: one theme."""

    model_config = _CLOSED

    cites: Ids
    name: Label
    statement: Text


class Claim(BaseModel):
    """One claim of stage D."""

    model_config = _CLOSED

    kind: Kind
    cites: Ids
    text: Text


class Found(BaseModel):
    """The answer of stage D."""

    model_config = _CLOSED

    title: Label
    claims: Annotated[list[Claim], BeforeValidator(partial(usable, Claim))] = Field(min_length=1, max_length=8)


class Passage(BaseModel):
    """One part of a proposal."""

    model_config = _CLOSED

    kind: Part
    cites: Ids
    text: Text


class Proposed(BaseModel):
    """The answer of stage D where a proposal is wanted."""

    model_config = _CLOSED

    title: Label
    claims: Annotated[list[Passage], BeforeValidator(partial(usable, Passage))] = Field(min_length=1, max_length=14)
