"""Write docs/reference from docstrings, types and the options of every command; `make docs` runs it.

It reads what the code says, so the pages cannot tell another story; a test fails where they are stale.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from inspect import cleandoc, signature
from pathlib import Path
from typing import Any, get_type_hints

import typer
from typer.models import ArgumentInfo, ParameterInfo

import graphgrow
from graphgrow import errors
from graphgrow.api.frames import COLUMNS
from graphgrow.cli import command_line
from graphgrow.measure.history import COLUMNS as HISTORY
from graphgrow.measure.panel import METRICS, NAMES

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
ARCHITECTURE = ROOT / "docs" / "architecture.md"  # the tree in it is made
MADE = "<!-- Made by docs/generate.py out of the code; change that, and run `make docs`. -->\n"
MODULES = {
    "Budget": "graph/model.py",
    "GraphgrowError": "errors.py",
    "Growth": "growth/loop.py",
    "GrowthOptions": "api/options.py",
    "GraphEdits": "api/graph_edits.py",
    "GraphReasoning": "api/reasoning.py",
    "KnowledgeGraph": "api/knowledge_graph.py",
    "Prompt": "graph/values.py",
    "Reply": "graph/values.py",
    "Scripted": "llm/scripted.py",
    "Usage": "graph/values.py",
}
DIRECTIVES = "api/directives.py"
EDITS = "api/edits.py"
SPACES = {"GraphEdits": "graph.edits", "GraphReasoning": "graph.think"}  # what a KnowledgeGraph has its methods in
Function = ast.FunctionDef | ast.AsyncFunctionDef


def pages() -> dict[Path, str]:
    """Return what every page of the reference should say."""
    texts = {"commands": commands(), "python": python(), "tables": tables(), "errors": error_page()}
    made = {REFERENCE / f"{name}.md": MADE + "\n" + "\n\n".join(parts) + "\n" for name, parts in texts.items()}
    before, _, rest = ARCHITECTURE.read_text(encoding="utf-8").partition("<!-- tree -->\n")
    after = rest.partition("<!-- /tree -->\n")[2]
    made[ARCHITECTURE] = f"{before}<!-- tree -->\n{tree()}\n<!-- /tree -->\n{after}"
    return made


def tree() -> str:
    """Return every module of the package and the explorer in a tree, with the first sentence of its docstring."""
    lines = ["```text"]
    for package in (ROOT / "graphgrow", ROOT / "ui" / "graphgrow_explorer"):
        for path in sorted(
            package.rglob("*.py"), key=lambda path: (path.parent, path.name != "__init__.py", path.name)
        ):
            about = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
            depth = len(path.relative_to(package).parts) - 1
            is_room = path.name == "__init__.py"
            name = f"{path.parent.name}/" if is_room else path.name
            indent = "  " * (depth if is_room else depth + 1)
            lines.append(f"{indent}{name:<{22 - len(indent)}} {' '.join(about.split())}".rstrip())
    return "\n".join([*lines, "```"])


def commands() -> Iterator[str]:
    """Yield the parts of the page of commands."""
    where = "[where a graph is kept](../howto/neo4j.md)"
    yield f"# Commands\n\n`graphgrow COMMAND --help` says the same. A store is a path or a URL: {where}."
    yield from _commands(command_line(), "graphgrow")


def _commands(group: typer.Typer, owner: str) -> Iterator[str]:
    for command in group.registered_commands:
        if command.callback and not command.hidden:
            name = command.name or command.callback.__name__
            yield f"## {owner} {name}\n\n{cleandoc(command.help or command.callback.__doc__ or '')}"
            yield table(("", "default", ""), list(_options(command.callback)))
    for inner in group.registered_groups:
        if inner.typer_instance:
            yield from _commands(inner.typer_instance, f"{owner} {inner.name}")


def _options(callback: Callable[..., Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, default and help of every argument and option; a bare parameter is an argument."""
    hints = get_type_hints(callback, include_extras=True)
    for name, one in signature(callback).parameters.items():
        about = next(
            (each for each in getattr(hints[name], "__metadata__", ()) if isinstance(each, ParameterInfo)), None
        )
        if about is None or isinstance(about, ArgumentInfo):
            spelled = (about and about.metavar) or name.upper()
        else:
            named = [each for each in map(str, (about.default, *(about.param_decls or ()))) if each.startswith("-")]
            spelled = ", ".join(named) or f"--{name.replace('_', '-')}"
        yield f"`{spelled}`", _default(one.default), (about and about.help) or ""


def _default(value: object) -> str:
    return f"`{value}`" if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "" else ""


def python() -> Iterator[str]:
    """Yield the parts of the page of the public API: all of `graphgrow.__all__`."""
    yield "# Python\n\n```python\n" + cleandoc(graphgrow.__doc__ or "").partition("\n\n")[2] + "\n```"
    known = {node.name: node for node in _parsed("__init__.py").body if isinstance(node, Function)}
    for name in graphgrow.__all__:
        if name in known:
            yield _function(known[name], "graphgrow.", "##")
        else:
            yield from _class(name)
        if name == "KnowledgeGraph":
            yield from (part for space in SPACES for part in _class(space))


def _class(name: str) -> Iterator[str]:
    module = _parsed(MODULES[name])
    (own,) = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name]
    owner = SPACES.get(name, f"graphgrow.{name}")
    yield f"## {owner}\n\n{_paragraphs(own)}"
    fields = [node for node in own.body if isinstance(node, ast.AnnAssign)]
    if fields:
        yield table(("field", "type", "default"), [_field(one) for one in fields])
    functions = {node.name: node for file in (_parsed(EDITS), _parsed(DIRECTIVES)) for node in file.body
                 if isinstance(node, Function)}  # fmt: skip
    for one in own.body:
        if isinstance(one, Function) and not one.name.startswith("_"):
            yield _function(one, f"{SPACES.get(name, name)}.", "###")
        elif isinstance(one, ast.Assign) and isinstance(one.value, ast.Call):  # merge = _method(edits.merge)
            method = functions[ast.unparse(one.value.args[0]).rpartition(".")[2]]
            method.args.args = method.args.args[1:]  # the graph
            yield _function(method, f"{owner}.", "###")


def _field(one: ast.AnnAssign) -> tuple[str, str, str]:
    default = f"`{ast.unparse(one.value)}`" if one.value else ""
    return f"`{ast.unparse(one.target)}`", f"`{ast.unparse(one.annotation)}`", default


def _parsed(file: str) -> ast.Module:
    return ast.parse((ROOT / "graphgrow" / file).read_text(encoding="utf-8"))


def _function(node: Function, owner: str, mark: str) -> str:
    is_property = any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)
    node.args.args = [one for one in node.args.args if one.arg != "self"]
    result = _type(node.returns) if node.returns else "None"
    signature = f"{node.name}: {result}" if is_property else f"{node.name}({_arguments(node.args)}) -> {result}"
    return f"{mark} {owner}{node.name}\n\n```python\n{signature}\n```\n\n{_paragraphs(node)}"


def _arguments(args: ast.arguments) -> str:
    for one in (*args.args, *args.kwonlyargs):
        if isinstance(one.annotation, ast.Constant):
            one.annotation = ast.parse(str(one.annotation.value), mode="eval").body
    return ast.unparse(args)


def _type(node: ast.expr) -> str:
    """Return a type as it reads, also where it is quoted because its import would cost time."""
    return re.sub(r"'([\w.\[\]| ]+)'", r"\1", ast.unparse(node))


def _paragraphs(node: ast.ClassDef | Function) -> str:
    return ast.get_docstring(node) or ""


def tables() -> Iterator[str]:
    """Yield the parts of the page of tables: every column, every metric."""
    yield "# Tables and metrics\n\nWhat stands in the DataFrames of a `KnowledgeGraph`; the first column is the index."
    for name, columns in COLUMNS.items():
        yield f"## {name}"
        yield table(("column", "what it holds"), [(f"`{one}`", words) for one, words in columns.items()])
    yield "## history\n\nOne row an event; with these columns, and every metric of the panel below."
    own = [(f"`{one}`", words) for one, words in HISTORY.items() if one not in NAMES]
    yield table(("column", "what it holds"), own)
    yield "## measure\n\nThe panel, as `graphgrow measure` prints it. Paths are counted in relations."
    yield table(("metric", "what it is"), [(f"`{name}`", METRICS[name]) for name in NAMES])


def error_page() -> Iterator[str]:
    """Yield the parts of the page of errors."""
    head, _, tree = cleandoc(errors.__doc__ or "").partition("\n\n")
    yield f"# Errors\n\n{head} All are in `graphgrow.errors`."
    yield f"```text\n{tree}\n```"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table of Markdown; a bar within a cell is written so that it parts nothing."""
    lines = [
        head,
        ("---",) * len(head),
        *([re.sub(r"\s*\n\s*", " ", cell).replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
