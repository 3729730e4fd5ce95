"""Models with a role of their own that fail: a run goes on without them, says so once, and asks again later."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graphgrow.errors import LLMError
from graphgrow.graph.display import line
from graphgrow.graph.model import Role
from graphgrow.llm import LLM

LONGEST = 16  # steps until a model that failed is asked again
LEFT_UNDONE: dict[Role, str] = {
    "check": "relations stay unchecked",
    "arbitrate": "names that may be one concept stay undecided",
}


@dataclass(frozen=True, slots=True)
class Rest:
    """A model that failed is not asked before so many steps are done; it rests twice as long when it fails again."""

    until: int
    pause: int


@dataclass(slots=True)
class Outages:
    """Which of the `models` with a role of their own fail now; `say` takes a sentence about it, as it comes."""

    models: Mapping[Role, LLM]
    say: Callable[[str], None]
    _resting: dict[Role, Rest] = field(default_factory=dict)
    _unpaid: set[Role] = field(default_factory=set)  # for which it was said
    _is_silent: bool = False  # as was said of the model that checks

    def rests(self, role: Role, steps: int) -> bool:
        """Tell whether the model of a role is not asked for now, after so many steps."""
        return role in self._resting and steps < self._resting[role].until

    def take(self, error: LLMError, steps: int) -> bool:
        """Take in what went wrong after so many steps; tell whether a run goes on without the model that failed."""
        role = next((one for one in LEFT_UNDONE if one == error.role and one in self.models), None)
        if role is None:
            return False
        before = self._resting.get(role)
        pause = 1 if before is None else min(2 * before.pause, LONGEST)
        self._resting[role] = Rest(steps + pause, pause)
        if before is None:
            name = line(self.models[role].name)
            self.say(f"The {role} model {name} failed, so {LEFT_UNDONE[role]} until it answers: {error}")
        return True

    def answered(self, role: Role) -> None:
        """Take in that the model of a role answered."""
        if self._resting.pop(role, None):
            self.say(f"The {role} model answers again.")

    def gives_no_verdicts(self, model: LLM) -> None:
        """Take in that a model is not asked for fact checks, since its answers are none; it is said once."""
        if not self._is_silent:
            self._is_silent = True
            self.say(
                f"{line(model.name)} was asked whether relations are true, and its answers are no verdicts:"
                f" {LEFT_UNDONE['check']}. Name another model for that with --check-with"
            )

    def unpaid(self, role: Role) -> None:
        """Take in that the money that is left does not pay for the next question to a role; it is said once."""
        if role in self.models and role not in self._unpaid:
            self._unpaid.add(role)
            self.say(
                f"The next question to the {role} model could cost more than the money that is left: it is not asked."
            )
