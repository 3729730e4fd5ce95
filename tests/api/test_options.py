"""GrowthOptions: all that `graphgrow grow` can be told, by the same names, in one object."""

from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import get_type_hints

import pytest

import graphgrow
from graphgrow import GrowthOptions
from graphgrow.api.options import GrowthKeywords
from graphgrow.cli.growth import grow as grow_command
from graphgrow.errors import BadInput
from graphgrow.graph.model import DEFAULT_BUDGET, Budget
from graphgrow.policy import Knowledge, Mix
from graphgrow.stores.memory import MemoryStore
from tests.conftest import chatter

OF_THE_TERMINAL = {"topic", "store", "llm", "temperature", "patience", "dry_run", "as_json"}


def test_every_option_of_the_command_is_a_field_and_a_keyword() -> None:
    """What the command line takes beside store, model and terminal is in the object, and can be given by name."""
    names = {field.name for field in fields(GrowthOptions)}
    assert names == signature(grow_command).parameters.keys() - OF_THE_TERMINAL
    assert get_type_hints(GrowthKeywords) == get_type_hints(GrowthOptions)


def test_settings_hold_what_the_options_say(tmp_path: Path) -> None:
    """Names of policies, files and rules become what a run works with."""
    (tmp_path / "own.toml").write_text('[contains]\nsame = ["holds"]\n')
    options = GrowthOptions(
        policy="frontier=3,gap=1", tokens=500, width=2, seed=7, samples=3, intents=4, arbiter=True,
        predicates=tmp_path / "own.toml", strict_predicates=True, without_rule=["language"],
    )  # fmt: skip
    how = options.settings(MemoryStore())
    assert isinstance(how.policy, Mix)
    assert (how.width, how.seed, how.samples, how.intents, how.arbiter) == (2, 7, 3, 4, True)
    assert how.predicates == ("contains",)
    assert how.resolver.predicate("holds").predicate == "contains"
    assert how.budget == Budget(tokens=500, usd=1.0)
    assert isinstance(GrowthOptions().settings(MemoryStore()).policy, Knowledge)


@pytest.mark.parametrize(
    ("options", "budget"),
    [
        (GrowthOptions(), DEFAULT_BUDGET),
        (GrowthOptions(steps=3, usd=None), Budget(steps=3)),
        (GrowthOptions(minutes=2.0), Budget(minutes=2.0, usd=1.0)),
        (GrowthOptions(until="saturated"), Budget(until="saturated", usd=1.0)),
        (GrowthOptions(usd=5.0), Budget(steps=20, usd=5.0)),
    ],
)
def test_what_nothing_else_ends_does_twenty_steps(options: GrowthOptions, budget: Budget) -> None:
    """As on the command line: 20 steps without another limit than money, and 1 USD where no other sum is named."""
    assert options.budget == budget


@pytest.mark.parametrize("named", [{"width": 0}, {"width": 257}, {"samples": 0}, {"steps": 0}, {"usd": -1.0}])
def test_a_number_out_of_range_is_one_sentence(named: dict[str, int]) -> None:
    """The value, and what to give instead."""
    (name, value), *_ = named.items()
    with pytest.raises(BadInput, match=rf"{name}={value} is out of range: give \d"):
        GrowthOptions(**named)  # type: ignore[arg-type]  # any of them


@pytest.mark.parametrize("policy", ["nobody", "frontier=3,frontier=1"])
def test_a_policy_that_is_none_is_refused_before_a_question(policy: str) -> None:
    """Nothing is asked of the model."""
    with pytest.raises(BadInput), graphgrow.open("memory:", create=True) as graph:
        graph.grow("silk", graphgrow.Scripted([]), policy=policy)


def test_an_object_and_names_grow_the_same_graph() -> None:
    """Options by name stand before those of the object; a budget is another way to say the limits."""
    with graphgrow.open("memory:", create=True) as graph, graphgrow.open("memory:", create=True) as other:
        graph.grow("silk", graphgrow.Scripted(chatter(3)), GrowthOptions(steps=9, seed=5), steps=3).run()
        graphgrow.grow("silk", other, graphgrow.Scripted(chatter(3)), budget=Budget(steps=3), seed=5).run()
        assert [event.focus for event in graph.events()] == [event.focus for event in other.events()]  # type: ignore[union-attr]  # questions alone
        assert len(graph.steps) == 3
    with pytest.raises(BadInput, match=r"steps=2, tokens=9 and .*: give one of the two"):
        graphgrow.grow("x", MemoryStore(), graphgrow.Scripted([]), budget=Budget(), steps=2, tokens=9)
