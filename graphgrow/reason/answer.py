"""`ask`: a question answered out of the graph, every sentence with what it follows from, and checked against it.

A reply cites the lines of its context by id. A citation of what is not there, or of what shares no word with the
sentence, is taken off and said so, and all of them where together they hold less than a third of its words; a sentence
that keeps none is no answer of the graph. `compare` asks the same
without the graph, and lets that answer take as many tokens as question, context and answer took with it.
"""

from dataclasses import dataclass
from typing import Unpack

from pydantic import BaseModel, Field, field_validator

from graphgrow.errors import BadInput
from graphgrow.graph.display import card, line, table
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Prompt, ReasoningStep
from graphgrow.llm import LLM
from graphgrow.parse.forms import Unreadable, read, read_all, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.context import Context, gather, measure
from graphgrow.reason.grounds import CITES, SENTENCE, Claim, Removed, check
from graphgrow.reason.likeness import Likeness
from graphgrow.reason.thinking import Inquiry, Thinking
from graphgrow.reason.works import END, Options, as_json, begin, find, outcome, tokens, value
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

CONTEXT = 600  # tokens of what the graph gives; a small model reads no more with profit
FEWEST, MOST = 60, 20_000
QUESTION = 600  # characters
CLAIMS = 5
MAX_TOKENS = 400
ANSWER, PLAIN = "answer", "plain"


@dataclass(frozen=True, slots=True)
class Informed:
    """An answer out of the graph: `claims` follow from it, `unsupported` are sentences that do not.

    `named` are the concepts of the question by name; `reason` says why there is no answer where there is none. `plain`
    is the answer without the graph where that was asked for; `tokens` are those of both.
    """

    work: int
    question: str
    named: tuple[str, ...]
    claims: tuple[Claim, ...]
    unsupported: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()
    reason: str = ""
    plain: tuple[str, ...] | None = None
    tokens: tuple[int, int] = (0, 0)

    @property
    def known(self) -> bool:
        """True where the graph has an answer."""
        return bool(self.claims)

    @property
    def text(self) -> str:
        """The answer as sentences, without citations."""
        return " ".join(one.says for one in self.claims) or "The graph does not know."

    def __repr__(self) -> str:
        return f"<Informed {self.work}: {line(self.question)!r}, {len(self.claims)} sentences with citations>"

    def _repr_html_(self) -> str:
        facts = {
            "why": self.reason,
            "follows from nothing in the graph": " ".join(self.unsupported),
            "without the graph": " ".join(self.plain or ()),
            "tokens": self.tokens[0],
        }
        rows = [(one.says, " ".join(dict.fromkeys(cite.mark for cite in one.cites))) for one in self.claims]
        return card(self.question, facts, table(("answer", "follows from"), rows) if rows else "")


class _Claim(BaseModel):
    says: str
    cites: list[str] = Field(json_schema_extra={"maxItems": CITES})

    @field_validator("cites", mode="before")
    @classmethod
    def _listed(cls, cites: object) -> object:
        """Take `"r1, r2"` and `1` for what they are meant to be."""
        return cites if isinstance(cites, list) and all(isinstance(one, str) for one in cites) else [str(cites)]


class _Answer(BaseModel):
    known: bool
    claims: list[_Claim] = Field(json_schema_extra={"maxItems": CLAIMS})


class _Sentence(BaseModel):
    says: str


class _Plain(BaseModel):
    known: bool
    claims: list[_Sentence] = Field(json_schema_extra={"maxItems": CLAIMS})


def ask(
    store: GraphStore,
    llm: LLM,
    question: str,
    *,
    context: int = CONTEXT,
    compare: bool = False,
    meanings: Meanings | None = None,
    **how: Unpack[Options],
) -> Informed:
    """Answer a question out of a graph, with at most `context` tokens of it; every reply is an event.

    The same question that was broken off is gone on with. Raises BadInput for no question and for a budget of context
    that is none, and what `Thinking.ask_all` raises.
    """
    if not clean(question):
        raise BadInput("the question is empty: ask something, for example 'What makes nacre tough?'")
    if not FEWEST <= context <= MOST:
        raise BadInput(f"a context of {context} tokens: give {FEWEST} to {MOST:,}")
    wanted: Json = {"question": clean(question)[:QUESTION], "context": context, "compare": compare}
    with Thinking(store, llm, **how) as thinking:
        plan = begin(thinking, "ask", wanted, lambda: _given(thinking.graph, question, context, meanings))
        return _answered(thinking, plan)


def go_on(store: GraphStore, llm: LLM, work: int, **how: Unpack[Options]) -> Informed:
    """Go on with a question that was broken off, by the event that began it; one that is answered is not asked again.

    Raises BadInput where that event began no question.
    """
    with Thinking(store, llm, **how) as thinking:
        return _answered(thinking, find(thinking.graph, work, "ask"))


def told(graph: Graph, work: int) -> Informed | None:
    """Return the answer that a work came to, None where it is not done; raises BadInput where it is no question."""
    return outcome(graph, find(graph, work, "ask"), Informed)


def _given(graph: Graph, question: str, budget: int, meanings: Meanings | None) -> Json:
    found = gather(graph, clean(question), Likeness(meanings), budget)
    return {"topic": graph.topic, "context": as_json(found)}


def _answered(thinking: Thinking, plan: ReasoningStep) -> Informed:
    done = outcome(thinking.graph, plan, Informed)
    if done:
        return done
    wanted, context = _wanted(plan), value(_json(plan.result["context"]), Context)
    answer = thinking.ask(plan, _inquiry(plan, context)) if context.concepts else None
    spent = tokens(thinking.graph, plan, ANSWER)
    plain = thinking.ask(plan, _without(plan, spent)) if wanted["compare"] else None
    found = _checked(plan, context, answer, plain, (spent, tokens(thinking.graph, plan, PLAIN)))
    thinking.note(plan, END, as_json(found))
    return found


def _inquiry(plan: ReasoningStep, context: Context) -> Inquiry:
    names = {"topic": quoted(str(plan.result["topic"])), "question": _question(plan)}
    user = fill("answer", lines=context.text, **names)
    prompt = Prompt(template("answer_system"), user, schema(_Answer), MAX_TOKENS, plan.seed)
    return Inquiry(ANSWER, prompt, _read)


def _read(text: str) -> Json:
    """Return what a reply says; the whole claims of one that was cut off."""
    try:
        return read(text, _Answer).model_dump()
    except Unreadable:
        whole = read_all(text, _Claim)
        if not whole:
            raise
        return _Answer(known=True, claims=whole).model_dump()


def _without(plan: ReasoningStep, spent: int) -> Inquiry:
    """Return the same question without the graph, which may take as many tokens in all as it took with it."""
    system = template("plain_system")
    user = fill("plain", topic=quoted(str(plan.result["topic"])), question=_question(plan))
    room = max(MAX_TOKENS, spent - measure(system + user))
    return Inquiry(
        PLAIN, Prompt(system, user, schema(_Plain), room, plan.seed), lambda text: read(text, _Plain).model_dump()
    )


def _question(plan: ReasoningStep) -> str:
    return quoted(str(_wanted(plan)["question"]), QUESTION)


def _wanted(plan: ReasoningStep) -> Json:
    return _json(plan.result["wanted"])


def _json(part: object) -> Json:
    return part if isinstance(part, dict) else {}


def _checked(
    plan: ReasoningStep,
    context: Context,
    answer: ReasoningStep | None,
    plain: ReasoningStep | None,
    spent: tuple[int, int],
) -> Informed:
    """Return what a work came to, with every citation held against its context."""
    names = {one.key: one.name for one in context.concepts}
    said = _Answer.model_validate(answer.result).claims if answer and answer.outcome == "ok" else []
    claims, removed = list[Claim](), list[Removed]()
    for one in said[:CLAIMS]:
        claim, wrong = check(one.says, one.cites, context)
        claims.append(claim)
        removed += wrong
    kept = tuple(one for one in claims if one.cites)
    return Informed(
        plan.seq,
        str(_wanted(plan)["question"]),
        tuple(names.get(key, key) for key in context.named),
        kept,
        tuple(one.says for one in claims if not one.cites and one.says),
        tuple(dict.fromkeys(removed)),
        "" if kept else _why(answer, claims),
        _sentences(plain) if plain else None,
        spent,
    )


def _why(answer: ReasoningStep | None, claims: list[Claim]) -> str:
    if answer is None:
        return "It holds nothing near to the question, so nothing was asked."
    if answer.outcome != "ok":
        return f"The model's reply could not be used: {answer.reason}"
    if claims:
        return "What the model said follows from nothing in the graph."
    return "The model found no answer in what the graph holds near to the question."


def _sentences(plain: ReasoningStep) -> tuple[str, ...]:
    found = _Plain.model_validate(plain.result).claims if plain.outcome == "ok" else []
    return tuple(clean(one.says)[:SENTENCE] for one in found[:CLAIMS] if clean(one.says))
