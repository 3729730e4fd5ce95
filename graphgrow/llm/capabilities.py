"""What an OpenAI-compatible endpoint takes, learnt from what it refuses."""

import re
from dataclasses import dataclass, replace

from graphgrow.graph.model import Json, Prompt

# From the tightest output format to none; an endpoint that refuses one is asked with the next.
FORMATS = ("strict", "schema", "json", "text")
_SEED = re.compile(r"\bseed\b")
_SYSTEM = re.compile(r"system.{0,20}role|role.{0,20}system")
_FORMAT = re.compile(r"response_format|json_schema|json_object|json mode|schema|grammar|structured output")
_UNSUPPORTED = re.compile(r"unsupported|not support|unknown (field|parameter)|extra")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How to ask one endpoint; the defaults are what the best of them take."""

    format: int = 0
    tokens_field: str = "max_tokens"
    temperature: bool = True
    seed: bool = True
    system: bool = True

    def concede(self, complaint: str, prompt: Prompt) -> "Capabilities | None":
        """Return the capabilities to try after a refusal of this wording, or None where there is nothing to give up."""
        said = complaint.lower()
        if "max_completion_tokens" in said and self.tokens_field == "max_tokens":
            return replace(self, tokens_field="max_completion_tokens")
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        if _SEED.search(said) and self.seed:
            return replace(self, seed=False)
        if _SYSTEM.search(said) and self.system:
            return replace(self, system=False)
        if _FORMAT.search(said) or _UNSUPPORTED.search(said):
            return self._plainer(prompt)
        return None

    def _plainer(self, prompt: Prompt) -> "Capabilities | None":
        used = self.format_for(prompt)
        return replace(self, format=used + 1) if used + 1 < len(FORMATS) else None

    def format_for(self, prompt: Prompt) -> int:
        """Return which of FORMATS this prompt is asked with: plain text without a schema, strict where that fits."""
        if prompt.schema is None:
            return FORMATS.index("text")
        return self.format or int(not fits_strict(prompt.schema))

    def body(self, prompt: Prompt, model: str, temperature: float) -> dict[str, object]:
        """Return the JSON body of the request."""
        body: dict[str, object] = {"model": model, "messages": self._messages(prompt)}
        body[self.tokens_field] = prompt.max_tokens
        if self.temperature:
            body["temperature"] = temperature
        if self.seed:
            body["seed"] = prompt.seed % 2**31  # llama.cpp takes 32 bits
        wanted = self._response_format(prompt)
        return body | ({"response_format": wanted} if wanted else {})

    def _messages(self, prompt: Prompt) -> list[dict[str, str]]:
        if not prompt.system:
            return [{"role": "user", "content": prompt.user}]
        if not self.system:
            return [{"role": "user", "content": f"{prompt.system}\n\n{prompt.user}"}]
        return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]

    def _response_format(self, prompt: Prompt) -> Json | None:
        kind = FORMATS[self.format_for(prompt)]
        if kind == "text":
            return None
        if kind == "json":
            return {"type": "json_object"}
        return {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": prompt.schema, "strict": kind == "strict"},
        }


def fits_strict(schema: object) -> bool:
    """Return whether a schema meets OpenAI's strict mode: every object closed, every property of it required."""
    if isinstance(schema, list):
        return all(map(fits_strict, schema))
    if not isinstance(schema, dict):
        return True
    return _is_closed(schema) and all(map(fits_strict, schema.values()))


def _is_closed(schema: dict[str, object]) -> bool:
    properties = schema.get("properties")
    if schema.get("type") != "object" or not isinstance(properties, dict):
        return schema.get("type") != "object"
    required = schema.get("required")
    return (
        schema.get("additionalProperties") is False
        and isinstance(required, list)
        and set(properties) == set(map(str, required))
    )
