"""`ask`: a question answered from the graph, every sentence with what it follows from, and checked against it.

A reply cites the lines of its context by id (context.py), and each citation is checked against its line (citations.py);
a sentence that keeps none is no answer of the graph. `compare` asks the same without the graph, and lets that answer
take as many tokens as question, context and answer took with it.
"""

from dataclasses import dataclass
from typing import Unpack

from pydantic import BaseModel, Field, field_validator

from graphgrow.errors import BadInput
from graphgrow.graph.display import card, line, table
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Prompt, ReasoningStep
from graphgrow.graph.visible import check_length
from graphgrow.llm import LLM
from graphgrow.parse.forms import Unreadable, read, read_all, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.citations import CITES, SENTENCE, Claim, RemovedCitation, check_claim
from graphgrow.reason.context import Context, gather, token_count
from graphgrow.reason.tasks import Inquiry, Options, Reasoner, as_json, begin, find_task, from_json, outcome, request_of
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

CONTEXT = 600  # tokens of what the graph gives; a small model gains nothing by more
FEWEST, MOST = 60, 20_000
QUESTION = 600  # characters
CLAIMS = 5
MAX_TOKENS = 400
ANSWER, PLAIN = "answer", "plain"


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """An answer out of the graph: `claims` follow from it, `unsupported` are sentences that do not.

    `named` are the concepts of the question by name; `reason` says why there is no answer where there is none. `plain`
    is the answer without the graph where that was asked for; `tokens` are those of both. A reply that is `unread`,
    because it could not be used, says nothing of what the graph knows.
    """

    work: int
    question: str
    named: tuple[str, ...]
    claims: tuple[Claim, ...]
    unsupported: tuple[str, ...] = ()
    removed: tuple[RemovedCitation, ...] = ()
    reason: str = ""
    plain: tuple[str, ...] | None = None
    tokens: tuple[int, int] = (0, 0)
    unread: bool = False

    @property
    def known(self) -> bool:
        """True where the graph has an answer."""
        return bool(self.claims)

    @property
    def text(self) -> str:
        """The answer as sentences, without citations."""
        return " ".join(one.says for one in self.claims) or "The graph does not know."

    @property
    def why(self) -> str:
        """Why there is no answer, in sentences."""
        return self.reason if self.unread else f"{self.text} {self.reason}"

    def __repr__(self) -> str:
        return f"<GraphAnswer {self.work}: {line(self.question)!r}, {len(self.claims)} sentences with citations>"

    def _repr_html_(self) -> str:
        facts = {
            "why": self.reason,
            "not from the graph": " ".join(self.unsupported),
            "without the graph": " ".join(self.plain or ()),
            "tokens": self.tokens[0],
        }
        rows = [(one.says, " ".join(dict.fromkeys(cite.mark for cite in one.cites))) for one in self.claims]
        return card(self.question, facts, table(("answer", "based on"), rows) if rows else "")


class _CitedSentence(BaseModel):
    says: str
    cites: list[str] = Field(json_schema_extra={"maxItems": CITES})

    @field_validator("cites", mode="before")
    @classmethod
    def _listed(cls, cites: object) -> object:
        """Read `"r1, r2"` and `1` as the lists they are meant to be."""
        return cites if isinstance(cites, list) and all(isinstance(one, str) for one in cites) else [str(cites)]


class _AnswerReply(BaseModel):
    known: bool
    claims: list[_CitedSentence] = Field(json_schema_extra={"maxItems": CLAIMS})


class _PlainSentence(BaseModel):
    says: str


class _PlainReply(BaseModel):
    known: bool
    claims: list[_PlainSentence] = Field(json_schema_extra={"maxItems": CLAIMS})


def ask(
    store: GraphStore,
    llm: LLM,
    question: str,
    *,
    context: int = CONTEXT,
    compare: bool = False,
    meanings: Meanings | None = None,
    **how: Unpack[Options],
) -> GraphAnswer:
    """Answer a question out of a graph, with at most `context` tokens of it; every reply is an event.

    It reads what the graph trusts (trust.py). The same question continues one that was broken off. Raises BadInput for
    an empty question, for an invalid budget of context and where nothing is trusted, and what `Reasoner.ask_all`
    raises.
    """
    text = clean(check_length(question, "question"))
    if not text:
        raise BadInput("the question is empty: ask something, for example 'What makes nacre tough?'")
    if not FEWEST <= context <= MOST:
        raise BadInput(f"a context of {context} tokens: give {FEWEST} to {MOST:,}")
    request: Json = {"question": text[:QUESTION], "context": context, "compare": compare}
    with Reasoner(store, llm, **how) as reasoner:

        def read() -> Json:
            graph = reasoner.trusted.graph
            return {"topic": graph.topic, "context": as_json(gather(graph, text, meanings, context))}

        return _answer(reasoner, begin(reasoner, "ask", request | reasoner.trusted.request, read))


def resume(store: GraphStore, llm: LLM, work: int, **how: Unpack[Options]) -> GraphAnswer:
    """Go on with a question that was broken off, by the event that began it; one that is answered is not asked again.

    Raises BadInput where that event began no question.
    """
    with Reasoner(store, llm, **how) as reasoner:
        return _answer(reasoner, find_task(reasoner.graph, work, "ask"))


def load(graph: Graph, work: int) -> GraphAnswer | None:
    """Return the answer that a task came to, None where it is not done; raises BadInput where it is no question."""
    return outcome(graph, find_task(graph, work, "ask"), GraphAnswer)


def _answer(reasoner: Reasoner, plan: ReasoningStep) -> GraphAnswer:
    done = outcome(reasoner.graph, plan, GraphAnswer)
    if done:
        return done
    request, context = request_of(plan), from_json(plan.result["context"], Context)
    words = {"topic": quoted(str(plan.result["topic"])), "question": quoted(request["question"], QUESTION)}

    reply: ReasoningStep | None = None
    if context.concepts:
        user = fill("answer", lines=context.text, **words)
        prompt = Prompt(template("answer_system"), user, schema(_AnswerReply), MAX_TOKENS, plan.seed)
        reply = reasoner.ask(plan, Inquiry(ANSWER, prompt, _read))
    spent = _tokens(reasoner.graph, plan, ANSWER)
    plain: tuple[str, ...] | None = None
    if request["compare"]:  # the same without the graph may take as many tokens in all as it took with it
        system, user = template("plain_system"), fill("plain", **words)
        room = max(MAX_TOKENS, spent - token_count(system + user))
        prompt = Prompt(system, user, schema(_PlainReply), room, plan.seed)
        other = reasoner.ask(plan, Inquiry(PLAIN, prompt, lambda text: read(text, _PlainReply).model_dump()))
        sentences = _PlainReply.model_validate(other.result).claims[:CLAIMS] if other.outcome == "ok" else []
        plain = tuple(clean(one.says)[:SENTENCE] for one in sentences if clean(one.says))

    claims, removed = list[Claim](), list[RemovedCitation]()
    if reply and reply.outcome == "ok":
        for sentence in _AnswerReply.model_validate(reply.result).claims[:CLAIMS]:
            claim, wrong = check_claim(sentence.says, sentence.cites, context)
            claims.append(claim)
            removed += wrong
    supported = tuple(one for one in claims if one.cites)
    reason = ""
    if reply is None:
        verb = "trusts" if request.get("confidence") else "holds"
        reason = f"It {verb} nothing near to the question, so nothing was asked."
    elif reply.outcome != "ok":
        reason = f"The model's reply could not be used: {reply.reason.rstrip('.')}. Ask again, or another model."
    elif not claims:
        reason = "The model found no answer in what the graph holds near to the question."
    elif not supported:
        reason = "What the model said follows from nothing in the graph."
    names = {one.key: one.name for one in context.concepts}
    answer = GraphAnswer(
        plan.seq,
        request["question"],
        tuple(names.get(key, key) for key in context.named),
        supported,
        tuple(one.says for one in claims if not one.cites and one.says),
        tuple(dict.fromkeys(removed)),
        reason,
        plain,
        (spent, _tokens(reasoner.graph, plan, PLAIN)),
        unread=reply is not None and reply.outcome != "ok",
    )
    reasoner.end(plan, answer)
    return answer


def _read(text: str) -> Json:
    """Return what a reply says; the whole claims of one that was cut off."""
    try:
        return read(text, _AnswerReply).model_dump()
    except Unreadable:
        whole = read_all(text, _CitedSentence)
        if not whole:
            raise
        return _AnswerReply(known=True, claims=whole).model_dump()


def _tokens(graph: Graph, plan: ReasoningStep, stage: str) -> int:
    """Return how many tokens the replies of a stage took, those that could not be used included."""
    return sum(one.reply.usage.tokens for one in graph.thoughts[plan.plan] if one.reply and one.stage == stage)
