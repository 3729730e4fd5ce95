"""What an OpenAI-compatible endpoint takes, learnt from what it refuses."""

import re
from dataclasses import dataclass, replace

from graphgrow.graph.model import Prompt

# From the tightest output format to none; an endpoint that refuses one is asked with the next.
FORMATS = ("strict", "schema", "json", "text")
RIVALS = 5  # tokens whose log-probabilities are asked for; more are refused by some
_SEED = re.compile(r"\bseed\b")
_SYSTEM = re.compile(r"system.{0,20}role|role.{0,20}system")
_LOGPROBS = re.compile(r"log_?prob|log.?probabilit")
_FORMAT = re.compile(
    r"response_format|json_schema|json_object|json mode|schema|grammar|structured output"
    r"|unsupported|not support|unknown (field|parameter)|extra"
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How to ask one endpoint; the defaults are what the best of them take."""

    format: int = 0
    tokens_field: str = "max_tokens"
    temperature: bool = True
    seed: bool = True
    system: bool = True
    logprobs: bool = True

    def concede(self, complaint: str, prompt: Prompt) -> "Capabilities | None":
        """Return the capabilities to try after a refusal of this wording, or None where there is nothing to give up."""
        words = complaint.lower()
        if "max_completion_tokens" in words and self.tokens_field == "max_tokens":
            return replace(self, tokens_field="max_completion_tokens")
        if self.logprobs and _LOGPROBS.search(words):
            return replace(self, logprobs=False)
        if "temperature" in words and self.temperature:
            return replace(self, temperature=False)
        if _SEED.search(words) and self.seed:
            return replace(self, seed=False)
        if _SYSTEM.search(words) and self.system:
            return replace(self, system=False)
        plainer = self.format_for(prompt) + 1
        if _FORMAT.search(words) and plainer < len(FORMATS):
            return replace(self, format=plainer)
        # Where nobody says what is refused it is what the fewest take.
        return replace(self, logprobs=False) if self.logprobs and prompt.logprobs else None

    def format_for(self, prompt: Prompt) -> int:
        """Return which of FORMATS this prompt is asked with: plain text without a schema, strict where that fits."""
        if prompt.schema is None:
            return FORMATS.index("text")
        return self.format or int(not fits_strict(prompt.schema))

    def body(self, prompt: Prompt, model: str, temperature: float) -> dict[str, object]:
        """Return the JSON body of the request."""
        if prompt.system and self.system:
            messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        else:
            question = f"{prompt.system}\n\n{prompt.user}" if prompt.system else prompt.user
            messages = [{"role": "user", "content": question}]
        body: dict[str, object] = {"model": model, "messages": messages, self.tokens_field: prompt.max_tokens}
        if self.temperature:
            body["temperature"] = temperature if prompt.temperature is None else min(temperature, prompt.temperature)
        if prompt.logprobs and self.logprobs:
            body |= {"logprobs": True, "top_logprobs": RIVALS}
        if self.seed:
            body["seed"] = prompt.seed % 2**31  # llama.cpp takes 32 bits
        output = FORMATS[self.format_for(prompt)]
        if output == "json":
            body["response_format"] = {"type": "json_object"}
        elif output != "text":
            schema = {"name": "reply", "schema": prompt.schema, "strict": output == "strict"}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body


def fits_strict(schema: object) -> bool:
    """Return whether a schema meets OpenAI's strict mode: every object closed, every property of it required."""
    if isinstance(schema, list):
        return all(map(fits_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        properties, required = schema.get("properties"), schema.get("required")
        is_closed = schema.get("additionalProperties") is False
        if not (is_closed and isinstance(properties, dict) and isinstance(required, list)):
            return False
        if set(properties) != set(map(str, required)):
            return False
    return all(map(fits_strict, schema.values()))
