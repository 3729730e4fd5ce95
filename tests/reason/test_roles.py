"""A judge of its own: which stages it is asked, what it costs apart, and the sentence where it fails."""

import pytest

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, ReasoningStep
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.judge import CRITERIA, comparison
from graphgrow.reason.tasks import Inquiry, Reasoner
from graphgrow.stores.memory import MemoryStore

VERDICT = "{" + ",".join(f'"{name}":"1"' for name in CRITERIA) + "}"
STAGES = (
    Inquiry("idea", Prompt("s", "think"), lambda text: {"text": text}),
    comparison("compare 1 with 2, as given", "which?", ("one", "other")),
)


def test_a_judge_of_its_own_compares_and_does_nothing_else() -> None:
    """The model thinks, the judge compares; the parts of the bill are theirs."""
    store = MemoryStore()
    thinker, judge = Scripted(["a thought"], name="thinker"), Scripted([VERDICT], name="judge")
    with Reasoner(store, thinker, judge=judge) as reasoner:
        steps = list(reasoner.ask_all(reasoner.plan("ideas", {}), STAGES))
    assert [step.reply and step.reply.model for step in steps] == ["thinker", "judge"]
    assert set(store.graph().bills) == {("reason", "thinker"), ("judge", "judge")}
    assert sum(one.tokens for one in store.graph().bills.values()) == store.graph().bill.tokens


def test_a_judge_that_fails_is_named_and_what_was_paid_is_kept() -> None:
    """The same call goes on from there; without a judge of its own the model is asked as ever."""
    store = MemoryStore()
    with (
        Reasoner(store, Scripted(["a thought"], name="thinker"), judge=Scripted([], name="judge")) as reasoner,
        pytest.raises(LLMError, match="the judge model failed: the script has 0 replies"),
    ):
        list(reasoner.ask_all(plan := reasoner.plan("ideas", {}), STAGES))
    assert [event.stage for event in store.events() if isinstance(event, ReasoningStep)] == ["plan", "idea"]
    with Reasoner(store, Scripted([VERDICT], name="thinker")) as reasoner:
        steps = list(reasoner.ask_all(plan, STAGES))
    assert [step.reply and step.reply.model for step in steps] == ["thinker", "thinker"]
