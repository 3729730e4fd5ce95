"""`judge`: which of two answers is better, by a model that is tried first and does not know whose they are.

Every comparison is asked in both orders, several times, by criteria that an answer with and one without a graph can
score alike. First come the probes (probes.py); the verdict of a judge that fails them is refused, and not asked for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any, Literal, Unpack, cast

from pydantic import BaseModel, create_model

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Prompt, ReasoningStep
from graphgrow.llm import LLM
from graphgrow.parse.forms import read, schema
from graphgrow.prompts.render import fill, quoted
from graphgrow.reason.probes import Probe, Verdict, fault, probes
from graphgrow.reason.thinking import Inquiry, Thinking
from graphgrow.reason.works import END, Options, as_json, begin, find, is_done, outcome
from graphgrow.stores import GraphStore

CRITERIA = ("right", "specific", "complete", "clear")
SAMPLES, MOST = 3, 50
COMPARED = 1_500  # characters of an answer that are compared
MAX_TOKENS = 80
Z = 1.959964  # of a normal distribution, for 95 %
ORDERS = ("as given", "swapped")


@dataclass(frozen=True, slots=True)
class Tried:
    """How a judge did in a probe, of so many times that it was asked."""

    name: str
    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of two answers.

    `share` is the share of verdicts for the first, a tie counted half, with its Wilson interval of 95 % (Wilson 1927);
    the verdicts of both orders and all samples count as independent. `agreement` is the share of samples in which both
    orders say the same, `criteria` are such shares by criterion. Where the probes failed `verdict` is "refused",
    `fault` says why, and the rest is None.
    """

    work: int
    question: str
    names: tuple[str, str]
    verdict: Literal["one", "other", "undecided", "refused"]
    probes: tuple[Tried, ...]
    fault: str = ""
    share: float | None = None
    interval: tuple[float, float] | None = None
    agreement: float | None = None
    criteria: dict[str, float] | None = None
    verdicts: int = 0
    unusable: int = 0

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        if self.verdict == "refused":
            return f"The verdict is refused. {self.fault}"
        share = f"{self.share or 0.0:.0%} of {self.verdicts} verdicts are for {self.names[0]!r}"
        if self.verdict == "undecided":
            return f"Undecided: {share}."
        return f"{self.names[self.verdict == 'other']!r} is the better answer: {share}."


def judge(
    store: GraphStore,
    llm: LLM,
    question: str,
    one: str,
    other: str,
    *,
    names: tuple[str, str] = ("one", "other"),
    samples: int = SAMPLES,
    **how: Unpack[Options],
) -> Judgement:
    """Return which of two answers to a question is better; every reply is an event.

    The same judgement that was broken off is gone on with. Raises BadInput for an empty question or answer, and what
    `Thinking.ask_all` raises.
    """
    texts = clean(question), clean(one), clean(other)
    for text, what in zip(texts, ("question", "first answer", "second answer"), strict=True):
        if not text:
            raise BadInput(f"the {what} is empty: a judge needs a question and two answers")
    if not 1 <= samples <= MOST:
        raise BadInput(f"{samples} samples: ask for 1 to {MOST}")
    wanted: Json = dict(zip(("question", "one", "other"), texts, strict=True)) | {"samples": samples, "by": llm.name}
    with Thinking(store, llm, **how) as thinking:
        plan = begin(thinking, "judge", wanted, lambda: {"names": list(names)})
        return _judged(thinking, plan)


def go_on(store: GraphStore, llm: LLM, work: int, **how: Unpack[Options]) -> Judgement:
    """Go on with a judgement that was broken off, by the event that began it; one that is done is not asked again.

    Raises BadInput where that event began no judgement, and where the probes were answered by another model.
    """
    with Thinking(store, llm, **how) as thinking:
        plan = find(thinking.graph, work, "judge")
        begun = cast("dict[str, Any]", plan.result["wanted"]).get("by", llm.name)
        if begun != llm.name and not is_done(thinking.graph, plan):
            raise BadInput(f"judgement {work} was begun by {begun!r}: the judge that was tried goes on, give --llm")
        return _judged(thinking, plan)


def judged(graph: Graph, work: int) -> Judgement | None:
    """Return what a judgement came to, None where it is not done; raises BadInput where the event began none."""
    return outcome(graph, find(graph, work, "judge"), Judgement)


def comparison(
    stage: str, question: str, pair: tuple[str, str], *, criteria: Sequence[str] = CRITERIA, seed: int = 0
) -> Inquiry:
    """Return the question which of two answers is better by each criterion."""
    kind = _form(tuple(criteria))
    form = "{" + ",".join(f'"{name}":"1 or 2 or same"' for name in criteria) + "}"
    words = dict(zip(("one", "other"), (quoted(text, COMPARED) for text in pair), strict=True))
    user = fill("judge", question=quoted(question, COMPARED), criteria=", ".join(criteria), **words)
    prompt = Prompt(fill("judge_system", form=form), user, schema(kind), MAX_TOKENS, seed)
    return Inquiry(stage, prompt, lambda text: read(text, kind).model_dump())


def preferred(thought: ReasoningStep) -> Verdict | None:
    """Return which of two a reply prefers, by most of its criteria; None where it could not be used."""
    if thought.outcome != "ok":
        return None
    said = list(thought.result.values())
    first, second = said.count("1"), said.count("2")
    return "1" if first > second else "2" if second > first else "same"


@cache
def _form(criteria: tuple[str, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = dict.fromkeys(criteria, (Verdict, ...))
    return create_model("Preferences", **fields)


def _judged(thinking: Thinking, plan: ReasoningStep) -> Judgement:
    done = outcome(thinking.graph, plan, Judgement)
    if done:
        return done
    wanted = cast("dict[str, Any]", plan.result["wanted"])
    one, other = wanted["one"], wanted["other"]
    asked = probes(wanted["question"], max(one, other, key=len))
    tried = list(thinking.ask_all(plan, [_probe(place, probe, plan.seed) for place, probe in enumerate(asked, 1)]))
    verdicts = [preferred(one) for one in tried]
    why = fault(asked, verdicts)
    said = [] if why else list(thinking.ask_all(plan, _samples(wanted, plan.seed)))
    found = _summed(plan, wanted, (_results(asked, verdicts), why), said)
    thinking.note(plan, END, as_json(found))
    return found


def _probe(place: int, probe: Probe, seed: int) -> Inquiry:
    return comparison(f"probe {place}: {probe.name}", probe.question, (probe.one, probe.other), seed=seed + place)


def _samples(wanted: dict[str, Any], seed: int) -> list[Inquiry]:
    pair = wanted["one"], wanted["other"]
    return [
        comparison(f"sample {number}, {order}", wanted["question"], both, seed=seed + number)
        for number in range(1, wanted["samples"] + 1)
        for order, both in zip(ORDERS, (pair, pair[::-1]), strict=True)
    ]


def _results(asked: Sequence[Probe], verdicts: Sequence[Verdict | None]) -> tuple[Tried, ...]:
    both = list(zip(asked, verdicts, strict=True))
    names = dict.fromkeys(probe.name for probe in asked)
    rows = ((name, [probe.is_right(said) for probe, said in both if probe.name == name]) for name in names)
    return tuple(Tried(name, sum(right), len(right)) for name, right in rows)


def _summed(
    plan: ReasoningStep, wanted: dict[str, Any], tried: tuple[tuple[Tried, ...], str], said: Sequence[ReasoningStep]
) -> Judgement:
    names = cast("list[str]", plan.result["names"])
    about = plan.seq, wanted["question"], (names[0], names[1])
    if tried[1]:
        return Judgement(*about, "refused", *tried)
    turned = list(zip(said, [False, True] * (len(said) // 2), strict=True))
    points = [_points(preferred(one), turned=is_turned) for one, is_turned in turned]
    usable = [point for point in points if point is not None]
    if not usable:
        return Judgement(
            *about, "refused", tried[0], "None of the judge's replies could be used.", unusable=len(points)
        )
    share, interval = fmean(usable), wilson(math.fsum(usable), len(usable))
    pairs = list(zip(points[::2], points[1::2], strict=True))
    return Judgement(
        *about,
        "one" if interval[0] > 1 / 2 else "other" if interval[1] < 1 / 2 else "undecided",
        tried[0],
        share=share,
        interval=interval,
        agreement=fmean(a == b and a is not None for a, b in pairs),
        criteria={name: _by(name, turned) for name in CRITERIA},
        verdicts=len(usable),
        unusable=len(points) - len(usable),
    )


def _points(verdict: object, *, turned: bool) -> float | None:
    """Return 1 for a verdict for the answer that was given first, 0 for the other, a half for neither."""
    points = {"1": 1.0, "2": 0.0, "same": 0.5}.get(str(verdict))
    return points if points is None or not turned else 1.0 - points


def _by(criterion: str, turned: Sequence[tuple[ReasoningStep, bool]]) -> float:
    points = [_points(one.result.get(criterion), turned=is_turned) for one, is_turned in turned]
    return fmean(point for point in points if point is not None)


def wilson(successes: float, count: int) -> tuple[float, float]:
    """Return the interval of 95 % for a share of so many successes in `count` trials; (0, 1) for none.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if not count:
        return 0.0, 1.0
    share, square = successes / count, Z * Z / count
    middle, width = share + square / 2, Z * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, (middle - width) / (1 + square)), min(1.0, (middle + width) / (1 + square))
