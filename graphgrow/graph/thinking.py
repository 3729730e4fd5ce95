"""Where a reply thinks and where it answers: one table of the marks that models put around their thinking."""

import re

# How a thinking begins and ends, by the families that write it so; an answer that is marked itself ends the thinking
# before it, and what comes after it is no answer either.
MARKS = (
    (r"<think(?:ing)?\b[^<>]{0,60}>", r"</think(?:ing)?>"),  # DeepSeek, Qwen, and most that were taught by them
    (r"<thoughts?>", r"</thoughts?>"),  # Gemini's and Gemma's kin
    (r"<(?:reasoning|reflection|scratchpad|antthinking)>", r"</(?:reasoning|reflection|scratchpad|antthinking)>"),
    (r"<seed:think>", r"</seed:think>"),
    (r"\[THINK\]", r"\[/THINK\]"),  # Mistral
    (r"<\|thinking\|>", r"<\|/thinking\|>"),  # Graph-PRefLexOR
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),  # Cohere
    (r"\u25c1think\u25b7", r"\u25c1/think\u25b7"),  # Kimi
    (r"<unused94>", r"<unused95>"),  # MedGemma
    (r"<\|channel>\s*thought\b", r"<channel\|>"),
    (r"<\|channel\|>(?!\s*final)[^<|]*<\|message\|>", r"<\|channel\|>\s*final[^<|]*<\|message\|>"),  # gpt-oss
    (r"</answer>|<\|end_of_solution\|>|<\|END_RESPONSE\|>", r"<answer>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>"),
)
_TAG = re.compile("|".join(f"({'|'.join(sides)})" for sides in zip(*MARKS, strict=True)), re.IGNORECASE)
_LEFT_OVER = re.compile(r"<\|(?:end|return|call|start)\|>(?:assistant)?", re.IGNORECASE)
# The channels of gpt-oss where a server has taken the marks away and left their names.
_BARE = re.compile(r"\A\s*analysis(?=[A-Z\s]).*?assistantfinal", re.DOTALL)


def split_thinking(text: str) -> tuple[str, str]:
    """Return the answer and the thinking of a reply.

    A closing mark without an opening one ends a thinking that began with the reply; one that is not closed reaches to
    the end. Where there are several answers the last one with JSON in it counts, for those before it were drafts.
    """
    if bare := _BARE.match(text):
        return text[bare.end() :], bare[0]
    answers: list[str] = []
    thinking: list[str] = []
    inside, end = False, 0
    for tag in _TAG.finditer(text):
        (thinking if inside else answers).append(text[end : tag.start()])
        if tag[2] and not inside:
            thinking.extend(answers)
            answers.clear()
        inside, end = bool(tag[1]), tag.end()
    (thinking if inside else answers).append(text[end:])
    final = next((one for one in reversed(answers) if "{" in one or "[" in one), None)
    answer = "\n".join(answers) if final is None else final
    return (_LEFT_OVER.sub("", answer) if end else answer), "\n".join(thinking)
