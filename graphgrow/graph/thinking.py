"""Where a reply thinks and where it answers: one table of the marks that models put around their thinking."""

import re

# How thinking begins and ends, by the model families that write it so; an answer with marks of its own ends the
# thinking before it, and what comes after it is no answer either. Some send the brackets escaped as in HTML.
_L, _R = r"(?:<|&lt;)", r"(?:>|&gt;)"
_THOUGHT = (
    r"(?:[\w.:-]{1,20}[_:.-])?(?:think(?:ing)?|thoughts?(?:_process)?|reasoning|reflection|scratchpad|rationale|draft"
    r"|monologue|cot|chain_of_thought|antthinking)"
)
_INNER = r"(?:think(?:ing)?|thought|reasoning)"
_FINAL = r"(?:final\b|commentary\b(?=[^<]{0,80}(?:\bto=|\bjson\b|<\|constrain\|>)))"
_FORMAT = r"(?:<\|constrain\|>[^<|]*)?"
MARKS = (
    # DeepSeek, Qwen, LongCat, Gemini's kin, ByteDance, and most that were taught by them
    (rf"{_L}{_THOUGHT}\b[^<>&]{{0,60}}{_R}", rf"{_L}/{_THOUGHT}{_R}"),
    (r"\[(?:THINK(?:ING)?|REASONING)\]", r"\[/(?:THINK(?:ING)?|REASONING)\]"),  # Mistral
    # Graph-PRefLexOR, Cohere, Solar
    (
        rf"<\|(?:(?:begin|start)_)?(?:of_)?{_INNER}(?:_(?:start|begin))?\|>",
        rf"<\|(?:/|end_)(?:of_)?{_INNER}\|>|<\|{_INNER}_end\|>|<\|content\|>",
    ),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),  # Apertus
    (r"\u25c1think\u25b7", r"\u25c1/think\u25b7"),  # Kimi
    (r"<unused94>", r"<unused95>"),  # MedGemma
    (r"<\|channel>\s*thought\b", r"<channel\|>"),
    # gpt-oss, whose call of a function is an answer too
    (rf"<\|channel\|>(?!\s*{_FINAL})[^<|]*<\|message\|>", rf"<\|channel\|>\s*{_FINAL}[^<|]*{_FORMAT}<\|message\|>"),
    (
        r"</answer>|</final(?:_answer)?>|<\|end_of_solution\|>|<\|END_RESPONSE\|>",
        r"<answer>|<final(?:_answer)?>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>",
    ),
)
# End marks that are common elsewhere end thinking only where their own opening began it.
_WORD = r"(?:thinking|thoughts?|thought process|reasoning|analysis|scratchpad)"
PAIRS = (
    (  # Open WebUI
        (
            rf"<details\b[^<>]{{0,80}}\b{_WORD}\b[^<>]{{0,80}}>"
            rf"|<details>\s*<summary>[^<>]{{0,40}}\b{_WORD}\b[^<>]{{0,40}}</summary>"
        ),
        r"</details>",
    ),
    (r"<analysis>", r"</analysis>"),
    (rf"^```{_WORD}\s*$", r"^```\s*$"),
)
_ROWS = (*MARKS, *PAIRS)
_TAG = re.compile("|".join(f"({start})|({end})" for start, end in _ROWS), re.IGNORECASE | re.MULTILINE)
# What a chat template puts around a message, where a server leaves it in: <|im_end|>, <|eot_id|>, <|begin_of_box|>.
_LEFT_OVER = re.compile(
    r"<\|(?:im_)?(?:start|begin)\|>(?:(?:assistant|user|system)\b)?|<\|start_header_id\|>\w{0,20}<\|end_header_id\|>"
    r"|<[|\uff5c]/?[\w\u2581]{1,30}[|\uff5c]>|<(?:start|end)_of_turn>(?:model\b)?|\A\s{0,9}<s>|\[/INST\]"
    r"|(?:</s>|<eos>|<EOT>)\s{0,9}\Z",
    re.IGNORECASE,
)
# Where a model says in words that its answer begins; Granite does so.
_HEADING = re.compile(
    r"^\s{0,3}(?:(?:final|(?:\*\*|#{1,4}\s)\s?(?:final)?) ?(?:answer|response|output)(?::|\*\*:?|\s*$)(?:\*\*)?"
    r"|\.\.\.done thinking\.$"  # Ollama on a terminal
    r"|(?:\*\*)?here(?: is|['\u2019]s) my (?:final )?(?:response|answer):)",
    re.IGNORECASE | re.MULTILINE,
)
# The channels of gpt-oss where a server has taken the marks away and left their names.
_BARE = re.compile(r"\A\s*analysis(?=[A-Z\s]).*?assistantfinal", re.DOTALL)


def split_thinking(text: str) -> tuple[str, str]:
    """Return the answer and the thinking of a reply.

    A closing mark without an opening one ends thinking that began with the reply; thinking that is not closed reaches
    to the end. Where there are several answers the last one with JSON in it counts, for those before it were drafts.
    """
    if bare := _BARE.match(text):
        return _LEFT_OVER.sub("", text[bare.end() :]), bare[0]
    answers: list[str] = []
    thinking: list[str] = []
    if headings := list(_HEADING.finditer(text)):
        before, after = text[: headings[-1].start()], text[headings[-1].end() :]
        is_draft = _has_json(after) or (after.strip() and not _has_json(before))
        if is_draft and not _TAG.search(before):
            thinking, text = [before], after
    inside, end, pair = False, 0, -1
    for tag in _TAG.finditer(text):
        row, is_end = divmod((tag.lastindex or 1) - 1, 2)
        if row >= len(MARKS) and (row != pair if is_end else inside):
            continue
        (thinking if inside else answers).append(text[end : tag.start()])
        if is_end and not inside:
            thinking.extend(answers)
            answers.clear()
        inside, end, pair = not is_end, tag.end(), -1 if is_end else row
    (thinking if inside else answers).append(text[end:])
    final = next(filter(_has_json, reversed(answers)), None)
    answer = "\n".join(answers) if final is None else final
    return _LEFT_OVER.sub("", answer), "\n".join(thinking)


def _has_json(text: str) -> bool:
    return "{" in text or "[" in text
