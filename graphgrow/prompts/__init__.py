"""Questions as text: templates are files beside this one; what goes into them is bounded, however large the graph."""

import tomllib
from functools import cache
from importlib.resources import files
from string import Template

from graphgrow.graph import Graph
from graphgrow.model import Focus, Json, Prompt
from graphgrow.names import canonical, clean

SEED = "seed"
KNOWN_CONCEPTS = 12
UNWANTED = 6
NAME_CHARACTERS = 80
COMPARED = 8  # neighbours of a concept in doubt
MAX_TOKENS = 480
VERDICT_TOKENS = 80
# The names of the worked example in system.txt: a small model likes to copy them into the graph.
EXAMPLE = frozenset(
    map(
        canonical,
        ("sourdough", "lactic acid bacteria", "acetic acid", "bread mould", "wild yeast", "carbon dioxide",
         "gluten network"),
    )
)  # fmt: skip


@cache
def template(name: str) -> str:
    """Return the text of one template file."""
    return (files("graphgrow.prompts") / f"{name}.txt").read_text(encoding="utf-8").strip()


@cache
def angles() -> dict[str, str]:
    """Return angle -> the words that go into the question."""
    return tomllib.loads((files("graphgrow.prompts") / "angles.toml").read_text(encoding="utf-8"))


def quoted(name: str) -> str:
    """Return a name as it may stand inside quotation marks: one line, bounded, without quotation marks of its own."""
    return clean(name).replace('"', "'")[:NAME_CHARACTERS]


def render(focus: Focus, graph: Graph, topic: str, *, schema: Json, seed: int = 0, room: float = 1.0) -> Prompt:
    """Return the prompt for a focus. `room` < 1 shrinks the list of what is known, for a model with a small context."""
    words = {
        "topic": quoted(topic),
        "focus": '" and "'.join(quoted(graph.name(key)) for key in focus.concepts),
        "reason": clean(focus.reason),
        "angle": angles()[focus.angle],
        "known": _known(focus, graph, room),
    }
    user = Template(template(SEED if focus.strategy == SEED else "expand")).substitute(words)
    return Prompt(template("system"), user, schema, MAX_TOKENS, seed)


def compare(one: str, other: str, graph: Graph, topic: str, *, schema: Json, seed: int = 0) -> Prompt:
    """Return the prompt that asks whether two concepts are one."""
    words = {
        "topic": quoted(topic),
        "one": quoted(graph.name(one)),
        "other": quoted(graph.name(other)),
        "one_near": _beside(one, graph),
        "other_near": _beside(other, graph),
    }
    return Prompt("", Template(template("arbiter")).substitute(words), schema, VERDICT_TOKENS, seed)


def _beside(key: str, graph: Graph) -> str:
    near = ", ".join(quoted(graph.name(other)) for other in list(graph.neighbours[key])[:COMPARED])
    return f" (related to: {near})" if near else ""


def repair(prompt: Prompt, reply: str, problem: str) -> Prompt:
    """Return the prompt that asks once more, with what was wrong with the reply."""
    words = {"problem": clean(problem), "beginning": quoted(reply), "question": prompt.user}
    user = Template(template("repair")).substitute(words)
    return Prompt(prompt.system, user, prompt.schema, prompt.max_tokens, prompt.seed + 1)


def _known(focus: Focus, graph: Graph, room: float) -> str:
    return " ".join(filter(None, (_near(focus, graph, room), _unwanted(focus, graph, room))))


def _unwanted(focus: Focus, graph: Graph, room: float) -> str:
    names = list({name: None for key in focus.concepts for name in graph.unwanted.get(key, ())})
    recent = names[-max(1, int(UNWANTED * room)) :]
    return "Not wanted: " + ", ".join(f'"{quoted(name)}"' for name in recent) + "." if recent else ""


def _near(focus: Focus, graph: Graph, room: float) -> str:
    near = list({other: None for key in focus.concepts for other in graph.neighbours.get(key, ())})
    if not near:
        return ""
    recent = near[-max(1, int(KNOWN_CONCEPTS * room)) :]
    return "Known already, name others: " + ", ".join(f'"{quoted(graph.name(key))}"' for key in recent) + "."
