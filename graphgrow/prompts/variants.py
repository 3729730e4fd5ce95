"""Further wordings of the questions, from a folder of the user's: files that compete with ours on what they bring.

A file is called KIND.NAME.txt, for instance expand.terse.txt, and holds what the template KIND.txt holds, in other
words, with the same placeholders or fewer.
"""

import re
from pathlib import Path
from string import Template

from graphgrow.errors import BadInput
from graphgrow.prompts.forms import TEMPLATED
from graphgrow.prompts.render import Variants, template

LONGEST = 4000  # characters of a template
_NAME = re.compile(r"(?P<kind>\w+)\.(?P<name>[\w-]{1,40})\.txt")


def load_variants(folder: Path) -> Variants:
    """Return the variants that a folder holds.

    Raises:
        BadInput: no such folder, nothing in it, a name that is no KIND.NAME.txt, a text without placeholders, or with
            one that our own template of that kind does not have, or a text that is empty or longer than LONGEST.
    """
    if not folder.is_dir():
        raise BadInput(f"there is no folder {folder}: --prompt-variants takes one with files such as expand.terse.txt")
    kinds = {"expand", "survey", *TEMPLATED}
    variants: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.txt")):
        parts = _NAME.fullmatch(path.name)
        if not parts or parts["kind"] not in kinds:
            known = ", ".join(sorted(kinds))
            raise BadInput(f"{path.name} is no variant: call it KIND.NAME.txt, where KIND is {known}")
        variants.setdefault(parts["kind"], {})[parts["name"]] = _read(path, parts["kind"])
    if not variants:
        raise BadInput(f"{folder} holds no variant: call a file KIND.NAME.txt, for instance expand.terse.txt")
    return variants


def _read(path: Path, kind: str) -> str:
    """Return the text of a variant, if the words of a question fit into it."""
    if not path.is_file():
        raise BadInput(f"{path} is no file: a variant is one, with the text of a question")
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(4 * LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as UTF-8 text: {error}") from None
    if not text or len(text) > LONGEST:
        more = " or more" if len(text) > LONGEST else ""
        raise BadInput(f"{path} has {len(text):,} characters{more}: a variant has 1 to {LONGEST:,}")
    theirs, ours = Template(text), set(Template(template(kind)).get_identifiers())
    placeholders = ", ".join(f"${one}" for one in sorted(ours))
    if not theirs.is_valid():
        raise BadInput(f"{path}: a dollar sign that is no placeholder is written $$")
    if not theirs.get_identifiers():
        raise BadInput(f"{path} has no placeholder, so it would ask about nothing: use some of {placeholders}")
    if unknown := sorted(set(theirs.get_identifiers()) - ours):
        raise BadInput(f"{path} has ${unknown[0]}, which a question of kind {kind} does not have: use {placeholders}")
    return text
