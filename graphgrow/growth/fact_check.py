"""Fact checks: is what was said true? Each is an event of its own, after the question that brought the relation.

A share of the tokens goes to them at most, to what is uncertain and central first. The names of one answer are right or
wrong together, so one of them is asked about, and more only where that leaves the others in doubt.

Where an endpoint gives log-probabilities, one token tells: the log-odds of yes over no. Where it gives none the model
states a probability in per cent.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import nlargest
from itertools import islice
from operator import itemgetter

from graphgrow.graph.confidence import TRUSTED, confidence, is_said_already
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import (
    BROKEN,
    CUT,
    REFUSED,
    THINKING,
    CheckedRelation,
    CheckMethod,
    FactCheck,
    Focus,
    Question,
    Relation,
)
from graphgrow.graph.thinking import split_thinking
from graphgrow.parse.reply import refusal_in
from graphgrow.prompts import render
from graphgrow.stores.outbox import PendingReply

SHARE = 0.75  # of the tokens, where nobody names another
MOST_SHARE = 0.95
USUAL = 40  # tokens of a fact check, before there was any
NEWEST = 400  # relations that are looked at for what to ask about
AT_ONCE = 4  # relations in a round, times its width; their results say which of the rest are worth asking about
HOPELESS = 0.2  # confidence: what is this unlikely is not worth a question
# Names of one answer are asked about one after the other as long as the confidence of those left is in this range, at
# least so many are left, and fewer than so many were asked about.
IN_DOUBT, FEWEST_LEFT, ENOUGH = (0.45, TRUSTED), 2, 3
STATED = "stated"  # the wording that asks for a probability in per cent
WORD = 1.1  # log-odds of a bare yes: three times in four
SUREST = 8.0  # log-odds; no reply is surer
LEAST = 0.05  # the probability that yes and no must have together, to be the answer
EPSILON = 1e-6
LARGEST = 0.01  # log-probability: some are a little above 0, for they are rounded
LONGEST_QUOTE = 300
TOGETHER = 24  # statements in one question to a model that thinks before it answers: it thinks once for two answers
_NUMBER = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)(?!\d)\s*(%?)")
# A line that begins with the number of a statement, or an entry of a JSON object that has it as key.
_NUMBERED = re.compile(
    r"""(?:^|[{,;|])[\s"'*#(\[-]*(?:statement|no\.)?\s*\#?(\d{1,2})[\s"'*)\]]*[.):=|-][\s"'*]*([^\n,;|}]*)""",
    re.MULTILINE | re.IGNORECASE,
)
_OBJECT = re.compile(r"\{[^{}]*\}")  # {"statement": 1, "probability": 90}
# A yes and a no in other words and languages, where a model says neither.
_YES = frozenset(
    "true correct \u662f \u662f\u7684 \u5bf9 \u6b63\u786e \u306f\u3044 \uc608 oui ja s\xed \u0434\u0430".split()
)
_NO = frozenset(
    "false incorrect wrong non nein"
    " \u5426 \u4e0d \u4e0d\u662f \u9519 \u9519\u8bef \u3044\u3044\u3048 \uc544\ub2c8\uc694 \u043d\u0435\u0442".split()
)
_FIRST = re.compile(r"\W*(?:(?:answer|verdict|result|is_true)\W{1,4})?([^\W\d_]+)(?![-\w])", re.IGNORECASE)
_MARKED = re.compile(r"^[\W_\u0120\u010a]+|[\W_]+$")  # how a tokenizer writes a blank before a word, and a new line
_BARE = re.compile(r"[\s\d.,;%\[\]]+")  # a list of numbers and nothing else
MOST_MISSES = 5  # answers in a row that were no verdict, after which a model is not asked for now
REST = 50  # steps until it is asked again, at least; else as many as there were before
NO_VERDICTS = "These answers are no verdicts: from now on the model is not asked, and relations stay unchecked."
NO_LOGPROBS = "The endpoint gives no log-probabilities: from now on a probability is asked for in per cent."


def due(
    graph: Graph, share: float, width: int, together: int = 1, is_taken: Callable[[Relation], bool] = lambda _one: False
) -> list[Relation]:
    """Return the relations that are asked about next: none where fact checks have had their share of the tokens.

    One question asks about `together` of them. One that `is_taken` is being asked about elsewhere.

    They are a few of the newest that nobody asked about; first come those that are uncertain, that join concepts with
    many neighbours and that tell something about others in the same answer; none only relates two concepts once more.
    Where a question asks about one relation, there is only one from each answer.
    """
    spent = graph.checking.tokens
    of = graph.bill.tokens - graph.before_checking
    if not graph.unchecked or spent >= share * of:
        return []

    answers = defaultdict[int, list[Relation]](list)  # seq -> what it said first and nobody asked about, newest first
    for relation in islice(reversed(graph.unchecked), NEWEST):
        answers[graph.relations[relation][0].seq].append(relation)
    weights: dict[Relation, float] = {}
    for seq, left in answers.items():
        answer = graph.past[seq - 1]
        is_list = bool(answer.focus and answer.focus.form == "facet")
        asked = sum(bool(graph.checks.get(one.relation)) for one in graph.corrections.divide(answer.delta).relations)
        taken = set(filter(is_taken, left))
        if is_list and (taken or (asked and (len(left) < FEWEST_LEFT or asked >= ENOUGH))):
            continue
        own: dict[Relation, float] = {}
        for relation in reversed(left):
            sure = confidence(graph, relation)
            if is_list and asked and not IN_DOUBT[0] <= sure < IN_DOUBT[1]:
                break  # those beside it are equally sure
            if sure < HOPELESS or relation in taken or is_said_already(graph, relation):
                continue
            ends = math.sqrt(graph.degree(relation.source) + graph.degree(relation.target))
            own[relation] = sure * (1 - sure) * ends * (math.sqrt(len(left)) if is_list else 1.0)
        weights |= dict(nlargest(1, own.items(), key=itemgetter(1))) if is_list and together == 1 else own
    each = max(1.0, spent / graph.checking.replies) if graph.checking.replies else USUAL  # refusals may cost nothing
    count = math.ceil((share * of - spent) / (each * (1 - share)))
    open_ones = [one for one, weight in weights.items() if weight > 0]
    return nlargest(together * min(AT_ONCE * width, max(1, count)), open_ones, key=weights.__getitem__)


def rests(graph: Graph, model: str) -> bool:
    """Tell whether a model, as `Reply.source` has it, is not asked now, since its last answers were no verdicts.

    It is asked again when the graph has twice the steps, and rests as soon as that brings none either.
    """
    missed_at = graph.missed_at.get(model, 0)
    return graph.misses.get(model, 0) >= MOST_MISSES and graph.steps < max(2 * missed_at, missed_at + REST)


def grouped(relations: Sequence[Relation], together: int) -> Iterator[tuple[Relation, ...]]:
    """Yield relations as they are asked about in one question."""
    for start in range(0, len(relations), together):
        yield tuple(relations[start : start + together])


def focus(relation: Relation, method: CheckMethod | None = None) -> Focus:
    """Return what a fact check is about, and in which wording, by how the last answer of the model was read.

    It is STATED where no log-probabilities are to be had.
    """
    wording = STATED if method in {"word", "stated"} else ""
    return Focus("fact_check", relation.ends, "is it true?", angle="fact_check", variant=wording, form="fact_check")


def question(graph: Graph, relations: Sequence[Relation], seed: int, method: CheckMethod | None = None) -> Question:
    """Return the question whether relations of a graph are true, in the words in which they were said; see `focus`.

    Several are asked for stated probabilities, whatever the method.
    """
    said = [graph.relations[relation][0] for relation in relations]
    about = focus(relations[0], method if len(relations) == 1 else "stated")
    prompt = render.fact_check([one.raw for one in said], stated=about.variant == STATED, seed=seed)
    return Question(about, prompt, claims=tuple(one.said or key for one, key in zip(said, relations, strict=True)))


def make_event(graph: Graph, pending: PendingReply, *, seed: int, at: str) -> FactCheck:
    """Return the event that a reply to such a question is."""
    prompt, reply = pending.answer.prompt, pending.answer.reply
    method: CheckMethod = "logprobs"
    claims = pending.question.claims
    each: list[float | None] = []
    log_odds, reason = log_odds_of(reply.logprobs) if len(claims) == 1 else None, ""
    is_thinking, is_stated = reply.finish_reason == THINKING, pending.question.focus.variant == STATED
    known, is_second = graph.check_methods.get(reply.source), graph.misses.get(reply.source, 0) > 0
    answer = "" if reply.finish_reason in {THINKING, REFUSED, BROKEN} else split_thinking(reply.text)[0]
    if log_odds is None:
        each = stated_each(answer, len(claims)) if is_stated else [word_in(answer)]
        log_odds = next((one for one in each if one is not None), None)
        # A model whose log-probabilities tell nothing twice in a row is asked otherwise, also after a lost reply.
        is_lost = not answer.strip() and reply.finish_reason != CUT
        if is_stated:
            method = "stated"
        elif log_odds is not None or is_second or not (reply.logprobs or is_lost):
            method = "word"
        is_news = known in {None, "logprobs"} and method == "word" and not reply.logprobs
        reason = NO_LOGPROBS if is_news else ""  # said once for each model
    if is_thinking:  # it is asked again
        method = known or "logprobs"
        reason = (
            f"The model spent its {reply.usage.completion_tokens:,} tokens on thinking, and none was left to answer."
        )
    elif reply.finish_reason == REFUSED:
        reason = f"The model refuses: {clean(reply.text)[:LONGEST_QUOTE]}"
    elif reply.finish_reason == BROKEN:
        reason = f"What came is no reply of a model: {clean(reply.text)[:LONGEST_QUOTE]}"
    elif log_odds is None and (refusal := refusal_in(reply.text)):
        reason = refusal
    elif log_odds is None:
        reason = " ".join(
            filter(None, (reason, "The reply is no number." if method == "stated" else "It says neither yes nor no."))
        )
    event = FactCheck(
        seq=graph.seq + 1,
        topic=pending.topic,
        claims=tuple(map(CheckedRelation, claims, each or [log_odds] * len(claims))),
        prompt=prompt,
        reply=replace(reply, logprobs=()),
        method=method,
        logprobs=reply.logprobs,
        outcome="thinking" if is_thinking else "unusable" if log_odds is None else "ok",
        reason=reason,
        seed=seed,
        at=at,
        run=pending.run,
    )
    before = graph.misses.get(reply.source, 0)
    if before < MOST_MISSES <= before + event.misses:  # said once, too
        event = replace(event, reason=f"{event.reason} {NO_VERDICTS}")
    return event


def stated_each(text: str, count: int) -> list[float | None]:
    """Return what a reply states of each of `count` numbered statements, None of those that it leaves out."""
    if count == 1:
        return [stated_in(text)]
    found: list[float | None] = [None] * count
    pairs = [(number, rest) for number, rest in _NUMBERED.findall(text) if 0 < int(number) <= count]
    if not pairs:
        objects = [[one[0] for one in _NUMBER.finditer(inner)] for inner in _OBJECT.findall(text)]
        pairs = [(row[0], row[1]) for row in objects if len(row) == 2 and row[0].isdigit()]  # noqa: PLR2004  # which, how likely
    listed = [one[0] for one in _NUMBER.finditer(text)] if not pairs and _BARE.fullmatch(text) else []
    if len(listed) == count and listed != [str(number) for number in range(1, count + 1)]:  # else which are true
        pairs = [(str(number), one) for number, one in enumerate(listed, 1)]
    for number, rest in pairs:
        if 0 < int(number) <= count:
            found[int(number) - 1] = stated_in(rest)
    return found


def log_odds_of(logprobs: Iterable[tuple[str, float]]) -> float | None:
    """Return the log-odds of yes over no among the rivals for the first token; None where neither is likely.

    None too where one is above 0, and is the logarithm of no probability.
    """
    mass, other = {"yes": 0.0, "no": 0.0}, {"yes": 0.0, "no": 0.0}
    said = list(logprobs)
    for token, logprob in said:
        if logprob > LARGEST:
            return None
        word = _MARKED.sub("", token).casefold()
        if word in mass:
            mass[word] += math.exp(logprob)
        elif word in _YES or word in _NO:
            other["yes" if word in _YES else "no"] += math.exp(logprob)
    mass = mass if sum(mass.values()) >= LEAST else other
    if sum(mass.values()) < LEAST:
        return None
    # Where one word comes without rivals, its opposite has at most the rest of the probability, and is no likelier.
    total = sum(mass.values())
    rest = min(total, max(0.0, 1 - total)) if len(said) == 1 else 0.0
    odds = math.log((mass["yes"] or rest) + EPSILON) - math.log((mass["no"] or rest) + EPSILON)
    return round(max(-SUREST, min(SUREST, odds)), 4)


def word_in(text: str) -> float | None:
    """Return the log-odds of a bare yes or no at the beginning of a reply, or in JSON; None for any other."""
    first = _FIRST.match(text)
    word = first[1].casefold() if first else ""
    return WORD if word == "yes" or word in _YES else -WORD if word == "no" or word in _NO else None


def stated_in(text: str) -> float | None:
    """Return the log-odds of the probability in per cent that a reply states; None for no number up to 100.

    Of several numbers it is the first with a per cent sign, or the last after a colon, or the first: others belong to
    the statement. "0.85" is 85 per cent, which is what models mean by it.
    """
    numbers = [one for one in _NUMBER.finditer(text) if float(one[1]) <= 100]  # noqa: PLR2004  # per cent
    if not numbers:
        return None
    is_last = text[: numbers[-1].start()].rstrip("\"'* ~").endswith((":", "="))
    found = next((one for one in numbers if one[2]), numbers[-1 if is_last else 0])
    is_share = "." in found[1] and float(found[1]) <= 1 and not found[2]
    share = min(0.99, max(0.01, float(found[1]) / (1 if is_share else 100)))
    return round(math.log(share / (1 - share)), 4)
