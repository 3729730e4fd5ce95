"""Any OpenAI-compatible chat endpoint: OpenAI itself, vLLM, Ollama, llama.cpp, LM Studio and their like."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import copy
from dataclasses import replace
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Self

from graphgrow.errors import ContextOverflow, LLMError, RunOver
from graphgrow.graph.model import BROKEN, CUT, REFUSED, THINKING, Prompt, Reply, Usage
from graphgrow.llm import memory, waiting
from graphgrow.llm.capabilities import FORMATS, Capabilities
from graphgrow.llm.clients import Clients, Failed, Received
from graphgrow.llm.completion import Completion, read_completion
from graphgrow.llm.endpoint import KEY_ENV, Endpoint, checked, is_loopback, shown, usable_key
from graphgrow.llm.faults import Fault, Kind, fault_of
from graphgrow.llm.options import NO_OPTIONS, ModelOptions
from graphgrow.llm.streaming import stream_file
from graphgrow.llm.usage import estimate_usage, storable, usd
from graphgrow.llm.waiting import Pace, Patience, Tell

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.llm.batch_api import BatchAPI

TIMEOUT = 180.0  # seconds; a 7B model on a slow machine takes 100 for one reply
PATIENCE = 10.0  # minutes
_LISTING_TIMEOUT = 5.0
_MAX_RETRIES = 4
_LONGEST_WORD = 80  # of an endpoint on how a reply ended
_CONCESSIONS = 24  # more than there are things to give up
_QUOTED = 500  # characters of a body that is no reply
_REFUSALS = frozenset((400, 404, 413, 422))
_UNPAID, _FORBIDDEN = 402, frozenset((403, 405))
_NEWER = 0.2  # weight of the last reply in the average of how much a model thinks
_ENOUGH = 1.5  # times what a model thought, as room for the next question


class OpenAIChat:
    """One model at one endpoint. Threads may share it; what the endpoint refuses is learnt once and remembered.

    A reply has `timeout` seconds, or those of the `options`. Where the endpoint has no room a question waits as it is
    told, up to `patience` minutes, and `tell` hears of it; where it fails it is asked again `max_retries` times.
    `provider` is whose interface it speaks, for traces.
    """

    provider = "openai"

    def __init__(  # noqa: PLR0913  # most have a default, by name only
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        temperature: float = 0.7,
        timeout: float = TIMEOUT,
        max_retries: int = _MAX_RETRIES,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        gate: "Gate | None" = None,
        tell: Tell | None = None,
        options: ModelOptions = NO_OPTIONS,
    ) -> None:
        base_url = checked(base_url)
        self.name = storable(model)
        key_env = options.key_env or KEY_ENV
        key, seconds = usable_key(api_key, key_env), options.timeout or timeout
        self._endpoint = Endpoint(model, base_url, key, seconds, max_retries, key_env, options.secrets)
        self._options = options
        self.identity = f"{self.name} at {self._endpoint.url}"
        self._temperature = temperature
        self._clock = clock
        self._patience, self._retries = patience, max_retries
        self._pace = Pace(tell)
        self._clients = Clients(self._endpoint, gate, self._pace)
        self._learnt = memory.recall(self._endpoint.url, model) if model else memory.Learnt()
        # Whoever sets the limit of replies has included the thinking.
        room = 0 if options.limit else self._learnt.room
        self._capabilities = Capabilities(room=room, stream=stream_file() is not None)
        self._proven = set[frozenset[str]]()  # fields of requests that were answered
        self._was_refused = False  # the question before, and nobody has looked into it
        self._proven_limit = 0  # tokens; the largest limit of one that was answered
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"OpenAIChat({self.name!r}, {self._endpoint.url!r})"

    @property
    def reply_tokens(self) -> int | None:
        """The limit of a reply in tokens that somebody set, None for that of the question."""
        return self._options.limit

    def with_options(self, options: ModelOptions) -> Self:
        """Return this model as it is asked with further options, over the same connections."""
        other, added = copy(self), options.over(self._options)
        other._options, other._endpoint = added, replace(self._endpoint, secrets=added.secrets)  # noqa: SLF001  # its copy
        if added.limit:
            other._capabilities = replace(self._capabilities, room=0)  # noqa: SLF001  # as above
        return other

    def named_by(self, option: str) -> Self:
        """Return this model as one that another option than --llm names, over the same connections."""
        other = copy(self)
        other._endpoint = replace(self._endpoint, option=option)  # noqa: SLF001  # its copy
        return other

    @property
    def thinking(self) -> float:
        """How many tokens a reply takes on average to think, as far as was learnt, in earlier runs too."""
        return self._learnt.thinking

    @property
    def room(self) -> int:
        """How many tokens a reply may take beside those for its answer, to think."""
        return self._capabilities.room

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; `seconds` includes waits and retries. Raises ContextOverflow, RunOver, else LLMError.

        A refusal is a reply too, with the endpoint's words as text and finish_reason REFUSED, and so is what broke off
        twice (BROKEN); what broke off before is on the bill, by an estimate where nobody says what it cost. One that
        ended while the model was thinking is THINKING: the next question has more room.
        """
        start = self._clock()
        patience = Patience(self._pace, self._patience, self._retries)
        try:
            received, used = self._send(prompt, patience, start)
        except LLMError as error:
            if not patience.begun or isinstance(error, (ContextOverflow, RunOver)):
                raise
            found = Completion(storable(patience.begun[-1][:_QUOTED]), BROKEN, Usage())
            return self._reply(self._with_begun(found, prompt, patience), self._clock() - start)
        found = self._read(received, prompt, used)
        while found.finish == BROKEN and patience.tries_again(1):
            lost = found
            try:
                received, used = self._send(prompt, patience, start)
            except LLMError:  # what broke off was paid for all the same
                if lost.usage == Usage():
                    raise
                break
            found = self._read(received, prompt, used)
            costs = [one.cost for one in (lost, found) if one.cost is not None]
            found = replace(found, usage=_sum(lost.usage, found.usage), cost=sum(costs) if costs else None)
        if found.finish != BROKEN:
            self._clients.has_answered = True
        found = self._learn(found, used, prompt)
        if found.cost is None and isinstance(received, Received):
            found = replace(found, cost=_stated(received))
        return self._reply(self._with_begun(found, prompt, patience), self._clock() - start)

    def _with_begun(self, found: Completion, prompt: Prompt, patience: Patience) -> Completion:
        """Return a reply with what the answers cost that broke off before it, about as much as had come of them."""
        for begun in patience.begun:
            is_stream = begun.lstrip().startswith(("data:", "event:", ":"))
            read = read_completion(begun, prompt) if is_stream else None
            bill = read.usage if read else estimate_usage(prompt, begun)
            cost = None if found.cost is None else found.cost + (self.price(bill) or 0.0)
            found = replace(found, usage=_sum(found.usage, bill), cost=cost)
        return found

    def _reply(self, found: Completion, seconds: float) -> Reply:
        text = self._endpoint.blotted(found.text, is_reply=True)
        if found.finish == BROKEN:
            error = fault_of(0, {}, json.dumps({"error": found.error})).words if found.error else ""
            text = self._endpoint.clean(text or error or "an answer without a choice")
        money = self.price(found.usage) if found.cost is None else found.cost
        model = found.model or self.name
        asked = "" if self.identity == model else self.identity
        added, model = self._options.record((self._endpoint.key,)), self._endpoint.blotted(model)
        finish = self._endpoint.blotted(found.finish[:_LONGEST_WORD])
        return Reply(text, found.usage, finish, seconds, model, money, found.logprobs, asked, added)

    def body(self, prompt: Prompt) -> dict[str, object]:
        """Return the body of a request as the endpoint is known to take it."""
        return self._options.put_into(self._capabilities.body(prompt, self._endpoint.model, self._temperature))

    def read(self, content: str, prompt: Prompt) -> Reply:
        """Return the reply that a chat completion in JSON is; raises LLMError where it is none that was paid for."""
        found = read_completion(content, prompt)
        if found is None or (found.finish == BROKEN and found.usage == Usage()):
            raise self._endpoint.not_a_reply(content)
        return self._reply(self._learn(found, self._capabilities, prompt), 0.0)

    def batch_api(self) -> "BatchAPI":
        """Return the batch API of this endpoint, which may have none: using it tells."""
        from graphgrow.llm.batch_api import BatchAPI

        return BatchAPI(self, self._endpoint)

    def _send(self, prompt: Prompt, patience: Patience, start: float) -> tuple[Received | Fault, Capabilities]:
        """Ask until the endpoint takes the form of the question; each refusal gives up one field or format.

        Returns the answer, or a fault that is a reply of its kind, and how it was asked.
        """
        used = seen = self._capabilities
        first: tuple[Fault, Capabilities] | None = None
        guesses: Iterator[Capabilities] | None = None
        roomy: Capabilities | None = None  # as it was before room was given up
        is_for_once = False

        def arrived(received: Received) -> None:
            """Hand on a whole reply before any other thread has its turn; anything else is left to `_send`."""
            keep = waiting.arrived.get()
            if keep and received.fault(0) is None:
                found = read_completion(received.content, prompt, used.limit(prompt))
                if found and found.finish != BROKEN:
                    keep(prompt, self._reply(found, self._clock() - start))

        for _ in range(_CONCESSIONS):
            body = self._options.put_into(used.body(prompt, self._endpoint.model, self._temperature))
            try:
                received = self._clients.request("/chat/completions", body, patience, arrived)
            except Failed as failed:
                fault = failed.fault
            else:
                with self._lock:
                    self._was_refused = False
                    self._proven.add(frozenset(body))
                    self._proven_limit = max(self._proven_limit, used.limit(prompt))
                    if (guesses is not None or roomy is not None) and not is_for_once:  # what was guessed is right
                        self._capabilities = used
                return received, used
            if fault.kind in {"refused", "generation"}:
                return fault, used
            if fault.kind == "parameter" and (refused := self._options.refused(fault)):
                words = self._endpoint.clean(fault.words)
                raise LLMError(
                    f"{self._endpoint.url} refuses {refused} ({fault.status}: {words}):"
                    " leave it out, or give it another value"
                )
            is_known = frozenset(body) in self._proven
            if fault.kind == "broken" and fault.status and prompt.logprobs and used.logprobs:
                # Some fail where they should refuse, and some at a number that JSON does not have: for that question
                # alone.
                guesses, used, is_for_once = iter(()), replace(used, logprobs=False), is_known
                continue
            # After all retries it may be the format, or this question alone, that it fails at.
            if fault.kind == "broken" and fault.status and patience.failures and fault.is_again is not False:
                if used.format_for(prompt) < len(FORMATS) - 1:
                    is_for_once = is_for_once or is_known
                    guesses, used = iter(()), replace(used, format=len(FORMATS) - 1)
                    continue
                usage = self._harmless(prompt, used, patience) if self._clients.has_answered else None
                if usage is not None:
                    return replace(fault, kind="generation", usage=usage), used
            # No question with so high a limit was answered yet: it may be the room for thinking that does not fit.
            is_unproven = guesses is None and used != roomy and used.limit(prompt) > self._proven_limit
            if fault.kind == "overflow" and is_unproven and (smaller := used.without_room(prompt)):
                roomy, used = roomy or used, smaller
                continue
            if fault.kind not in {"parameter", "limit"}:
                raise self._endpoint.explain(fault, self.chats, patience) from None
            with self._lock:
                now = self._capabilities
                fewer = used.concede(fault, prompt)
                if guesses is None and now != seen:  # another thread learnt meanwhile: ask as it found out
                    used = seen = now
                    continue
                if fewer and guesses is None:
                    self._capabilities = used = seen = fewer
                    continue
            if fault.most:  # what is left of the context, or of the money, is too little for an answer
                kind: Kind = "quota" if fault.status == _UNPAID else "overflow"
                raise self._endpoint.explain(replace(fault, kind=kind), self.chats) from None
            if fault.kind == "parameter" and is_unproven and (smaller := used.without_room(prompt) or roomy):
                roomy, used = roomy or used, smaller  # where none is left it was not the room
                continue
            if fault.kind == "parameter" and fault.status not in _REFUSALS:  # it names what was not asked for
                if fault.status not in _FORBIDDEN and patience.tries_again():
                    continue
                kind = "forbidden" if fault.status in _FORBIDDEN else "broken"
                raise self._endpoint.explain(replace(fault, kind=kind), self.chats, patience) from None
            if guesses is None and is_known and fault.kind == "parameter":  # it took others of this form
                with self._lock:
                    is_second, self._was_refused = self._was_refused, not self._was_refused
                usage = self._harmless(prompt, used, patience) if is_second else Usage()
                if usage is None:  # it was not about the question before either
                    raise self._endpoint.explain(fault, self.chats, patience) from None
                return replace(fault, kind="refused", usage=usage), used
            first, guesses = first or (fault, used), guesses or used.guesses(prompt)
            guess = next(guesses, None) if first[0].kind == "parameter" else None
            if guess is None:
                fault, used = first
                usage = self._harmless(prompt, used, patience) if fault.kind == "parameter" else None
                if usage is None:
                    raise self._endpoint.explain(fault, self.chats, patience) from None
                return replace(fault, kind="refused", usage=usage), used
            used = guess
        raise LLMError(f"{self._endpoint.url} refuses every form of the question: try another model or endpoint")

    def _harmless(self, prompt: Prompt, used: Capabilities, patience: Patience) -> Usage | None:
        """Return the bill of a harmless question in the same form, None where the endpoint refuses that too.

        Where it answers, it was the words of the other question that it refused, whatever reason it gave.
        """
        system = "Answer in JSON." if prompt.system else ""
        other = replace(prompt, system=system, user="Which colours has a rainbow? Answer in JSON.")
        body = self._options.put_into(used.body(other, self._endpoint.model, self._temperature))
        try:
            received = self._clients.request("/chat/completions", body, patience)
        except Failed:
            return None
        found = read_completion(received.content, other)
        if found is None or found.finish == BROKEN:
            return None
        with self._lock:
            self._proven.add(frozenset(body))
        return found.usage

    def _read(self, received: Received | Fault, prompt: Prompt, used: Capabilities) -> Completion:
        """Return what came as a reply: one of a model, or what the endpoint says in its place."""
        if isinstance(received, Received):
            found = read_completion(received.content, prompt, used.limit(prompt))
            return found or self._broken(received, prompt)
        if received.kind == "generation":  # it did not fit the format, but may be whole
            text = received.generation
            if _is_whole(text):
                return Completion(storable(text), "stop", estimate_usage(prompt, text))
            return Completion(storable(text or received.words), BROKEN, received.usage)
        return Completion(storable(received.words), REFUSED, received.usage)

    def _broken(self, received: Received, prompt: Prompt) -> Completion:
        """Return what is no completion as the beginning of something; raises LLMError where it is no chat's at all."""
        begun = received.content.strip()
        is_page = begun.startswith("<") or not begun.startswith(("{", "data:", "event:", ":"))
        if begun and not self._clients.has_answered and (is_page or _is_whole(begun)):
            raise self._endpoint.not_a_reply(received.content)
        is_reply = not is_page and not _is_whole(begun) and '"choices"' in begun
        bill = estimate_usage(prompt, begun) if is_reply else Usage()
        return Completion(storable(begun[:_QUOTED]) or "an empty body", BROKEN, bill)

    def _learn(self, found: Completion, used: Capabilities, prompt: Prompt) -> Completion:
        """Take in how much was thought, and give the next question more room where this reply had too little."""
        is_cut = found.finish in {CUT, THINKING}
        is_thinking = is_cut and not found.has_answer and not found.logprobs  # one token may be blank, and say enough
        with self._lock:
            learnt, known = self._learnt, self._capabilities
            if found.thought or learnt.thinking:
                share = _NEWER if learnt.thinking else 1.0
                learnt = replace(learnt, thinking=round((1 - share) * learnt.thinking + share * found.thought, 1))
            if not self._options.limit and (is_thinking or (is_cut and found.thought > prompt.max_tokens // 4)):
                least = int(_ENOUGH * found.thought) if found.thought else 0
                while known.room == used.room or known.room < least:
                    if known.next_room == known.room:
                        break
                    known = known.with_room(known.next_room)
                self._capabilities = known
            elif used.room and found.has_answer and not is_cut:  # it is enough, and the endpoint takes it
                learnt = replace(learnt, room=max(learnt.room, used.limit(prompt) - prompt.max_tokens))
            if learnt.room != self._learnt.room or (learnt.thinking > 0) != (self._learnt.thinking > 0):
                self._remember(learnt)
            self._learnt = learnt
            has_more = known.limit(prompt) > used.limit(prompt)
        if is_thinking and has_more:
            return replace(found, finish=THINKING)
        return replace(found, finish="stop") if found.finish == THINKING else found

    def _remember(self, learnt: memory.Learnt) -> None:
        self._learnt = learnt
        memory.remember(self._endpoint.url, self._endpoint.model, learnt)

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD at this endpoint, None where no price is known."""
        return usd(self.name, self._endpoint.base_url, usage)

    def models(self) -> tuple[str, ...]:
        """Return the models the endpoint lists; raises LLMError where it does not list them."""
        answer = self._clients.listing(min(self._endpoint.timeout, _LISTING_TIMEOUT))
        fault = answer if isinstance(answer, Fault) else answer.fault(0)
        if fault is not None or isinstance(answer, Fault):
            raise self._endpoint.explain(fault or Fault("broken"), tuple)
        rows = _rows(answer.content)
        if rows is None:
            raise self._endpoint.not_a_reply(answer.content)
        return tuple(self._endpoint.blotted(storable(name)) for name in rows)

    def chats(self) -> tuple[str, ...]:
        """Return the models that the endpoint lists and that may chat, by their names; raises LLMError as `models`."""
        return tuple(name for name in self.models() if not _NO_CHAT.search(name))

    def close(self) -> None:
        """Keep what was learnt, and close the connections."""
        if self._learnt.thinking:
            self._remember(self._learnt)
        self._clients.close()


def _is_whole(text: str) -> bool:
    """Return whether a text is a JSON value that does not break off."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
    )


def _stated(received: Received) -> float | None:
    """Return the cost in USD that a proxy states beside a reply."""
    try:
        cost = float(received.headers.get("x-litellm-response-cost", ""))
    except ValueError:
        return None
    return cost if isfinite(cost) and cost >= 0 else None


def _rows(content: str) -> list[str] | None:
    """Return the names in a list of models, in whichever of its shapes; None where it is none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    rows = body.get("data", body.get("models")) if isinstance(body, dict) else body
    if not isinstance(rows, list):
        return None
    found = (row if isinstance(row, str) else _name(row) for row in rows)
    return [name for name in found if name]


def _name(row: object) -> str:
    """Return the name of a listed model; "" for one that says itself that it does not chat."""
    if not isinstance(row, dict):
        return ""
    able = row.get("capabilities")
    is_other = str(row.get("type") or "").startswith(("embed", "image", "audio", "rerank", "transcri", "moderat"))
    if is_other or (isinstance(able, dict) and able.get("completion_chat") is False):
        return ""
    return next((row[key] for key in ("id", "name", "model") if isinstance(row.get(key), str)), "")


# Names of models that do something other than chat.
_NO_CHAT = re.compile(
    r"embed|minilm|mpnet|paraphrase|colbert|siglip|splade|labse|sentence-|-bert|\baqa\b|kokoro|[ti]2[vi]\b|\bwan\d"
    r"|whisper|\btts|tts-|dall-e|gpt-image|image-|moderation|rerank|transcri|realtime|audio|speech|\bocr|\bbge-"
    r"|\be5-|\bgte-|stable-diffusion|sdxl|\bsd3|seedream|seedance|kandinsky|musicgen|wav2vec|nllb|opus-mt|-video\b"
    r"|-image\b|\bflux|\bsora|\bveo|imagen|babbage|davinci|guard|-instruct-0914|clip-|parakeet",
    re.IGNORECASE,
)
_NAMED = 8


def first_model(base_url: str, api_key: str) -> str:
    """Return the model to ask where nobody names one: the first an endpoint lists that can chat.

    Raises LLMError where there is none, or where there are several and the first is no better than the others: on a
    provider's list, or one that begins with what cannot chat.
    """
    with closing(OpenAIChat("", base_url, api_key)) as chat:
        listed = chat.models()
    able = [name for name in listed if not _NO_CHAT.search(name)]
    if not able:
        raise LLMError(f"{shown(base_url)} lists no model that chats: load one there, or name it with --llm")
    if len(able) > 1 and (able[0] != listed[0] or not is_loopback(base_url)):
        some = ", ".join(able[:_NAMED]) + (", ..." if len(able) > _NAMED else "")
        raise LLMError(f"{shown(base_url)} has {len(able)} models that may chat: name one with --llm: {some}")
    return able[0]
