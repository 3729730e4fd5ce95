"""How a graph grows, by named options: one object for Python, the command line and batch jobs."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from graphgrow.errors import BadInput
from graphgrow.graph.model import DEFAULT_STEPS, DEFAULT_USD, Budget
from graphgrow.growth.fact_check import MOST_SHARE, SHARE
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.loop import MOST_AT_ONCE, Growth
from graphgrow.growth.samples import MOST as MOST_SAMPLES
from graphgrow.growth.settings import Settings
from graphgrow.llm import LLM
from graphgrow.policy import DEFAULT, Knowledge, Policy, open_policy
from graphgrow.prompts.facets import facets
from graphgrow.prompts.render import Variants
from graphgrow.prompts.variants import load_variants
from graphgrow.resolve.options import open_meanings, open_resolver, open_vocabulary
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.resolve.identity import Meanings

LIMITS = frozenset(field.name for field in fields(Budget))
RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, inf), "tokens": (1, inf), "usd": (0, inf), "minutes": (0, inf),
    "width": (1, MOST_AT_ONCE), "samples": (1, MOST_SAMPLES), "intents": (0, MOST_INTENTS), "seed": (0, 2**31),
    "fact_check": (0, MOST_SHARE),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthOptions:
    """What `graphgrow grow` can be told, by the same names; raises BadInput for a number out of its range.

    `policy` is knowledge, bandit, lookahead, mix, one strategy, or shares such as "frontier=3,gap=1". `steps`,
    `tokens`, `usd`, `minutes` and `until` are the budget: 20 steps where nothing else ends it, and 1 USD where a price
    is known. `width` questions are asked at once, each `samples` times; the model names `intents` questions about a
    concept first; the share `fact_check` of the tokens goes to asking whether what was said is true; `arbiter` asks
    about names that may be one concept. `prompt_variants` is a folder of further wordings, `predicates` a vocabulary
    file, which `strict_predicates` holds the model to; `without_rule` are hygiene rules to leave out.
    `embeddings`, "local" or a model at `base_url`, compares names by meaning too. With `unprotected` a run goes on
    where replies cannot be kept on disk on their way into the store.
    """

    policy: str = DEFAULT
    steps: int | None = None
    tokens: int | None = None
    usd: float | None = DEFAULT_USD
    minutes: float | None = None
    until: Literal["saturated"] | None = None
    width: int = 1
    seed: int = 0
    samples: int = 1
    intents: int = 0
    fact_check: float = SHARE
    arbiter: bool = False
    prompt_variants: str | Path | None = None
    without_rule: Collection[str] = ()
    predicates: str | Path | None = None
    strict_predicates: bool = False
    embeddings: str = ""
    base_url: str = ""
    unprotected: bool = False

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                bounds = f"{least:g} or more" if most == inf else f"{least:g} to {most:g}"
                raise BadInput(f"{name}={value} is out of range: give {bounds}")

    @property
    def budget(self) -> Budget:
        """The limits; where nothing ends a run but money, it ends after 20 steps."""
        is_endless = self.steps is None and self.tokens is None and self.minutes is None and self.until is None
        steps = DEFAULT_STEPS if is_endless else self.steps
        return Budget(steps, self.tokens, self.usd, self.minutes, self.until)

    def variants(self) -> Variants:
        """Return the further wordings that compete; raises BadInput for a folder that holds none."""
        return load_variants(Path(self.prompt_variants)) if self.prompt_variants else {}

    def policy_of_run(self) -> Policy:
        """Return who asks next; raises BadInput for a policy or a folder that is none, or an idle option."""
        policy = open_policy(self.policy, {kind: tuple(names) for kind, names in self.variants().items()})
        if not isinstance(policy, Knowledge):
            return policy
        if self.intents:
            raise BadInput(
                f"intents={self.intents} are for free questions, and the policy {self.policy!r} asks for names:"
                " use --policy bandit with them"
            )
        if not self.strict_predicates:
            return policy
        vocabulary = open_vocabulary(Path(self.predicates) if self.predicates else None)
        listed = frozenset(facet.says for facet in facets().values() if vocabulary.look_up(facet.says))
        return replace(policy, predicates=listed)

    def settings(self, store: GraphStore, opened: "Meanings | None" = None) -> Settings:
        """Return what a run works with; `store` keeps the vectors of names, unless what compares them is `opened`.

        Raises BadInput for a policy, a rule or a file that is none, LLMError where no embedder can be had.
        """
        variants = self.variants()
        predicates = Path(self.predicates) if self.predicates else None
        if opened is None:
            opened = open_meanings(self.embeddings, store, self.base_url)
        return Settings(
            policy=self.policy_of_run(),
            budget=self.budget,
            width=self.width,
            seed=self.seed,
            resolver=open_resolver(self.without_rule, predicates, opened),
            predicates=open_vocabulary(predicates).names if self.strict_predicates else (),
            variants=variants,
            arbiter=self.arbiter,
            samples=self.samples,
            intents=self.intents,
            fact_check=self.fact_check,
            unprotected=self.unprotected,
        )


class GrowthKeywords(TypedDict, total=False):
    """The fields of `GrowthOptions`, for functions that take them by name."""

    policy: str
    steps: int | None
    tokens: int | None
    usd: float | None
    minutes: float | None
    until: Literal["saturated"] | None
    width: int
    seed: int
    samples: int
    intents: int
    fact_check: float
    arbiter: bool
    prompt_variants: str | Path | None
    without_rule: Collection[str]
    predicates: str | Path | None
    strict_predicates: bool
    embeddings: str
    base_url: str
    unprotected: bool


def grow(
    topic: str | None,
    store: GraphStore,
    llm: LLM,
    options: GrowthOptions | None = None,
    *,
    budget: Budget | None = None,
    **named: Unpack[GrowthKeywords],
) -> Growth:
    """Return the growth of a store's graph by options, those given by name before those of the object.

    Raises BadInput for a topic or an option that is none, and where limits are named beside a budget.
    """
    limits = [f"{name}={named[name]}" for name in named if name in LIMITS and named[name] is not None]  # type: ignore[literal-required]
    if budget is not None and limits:
        raise BadInput(f"{', '.join(limits)} and {budget}: give one of the two")
    settings = replace(options or GrowthOptions(), **named).settings(store)
    return Growth(topic, store, llm, replace(settings, budget=budget) if budget else settings)
