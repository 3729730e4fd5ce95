"""How a graph grows, by named options: one object for Python, the command line and batch jobs."""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, get_args
from weakref import finalize

from graphgrow.api.models import ModelOptions, open_named, open_role
from graphgrow.api.models import named as named_model
from graphgrow.errors import BadInput
from graphgrow.graph.model import DEFAULT_STEPS, DEFAULT_USD, Budget, Role
from graphgrow.growth.fact_check import MOST_SHARE, SHARE
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.loop import MOST_AT_ONCE, Growth
from graphgrow.growth.settings import MOST_SAMPLES, Prompts, Settings
from graphgrow.llm import LLM, with_options
from graphgrow.llm.options import NAMES as MODEL_OPTIONS
from graphgrow.llm.waiting import Tell
from graphgrow.policy import DEFAULT, Knowledge, Policy, open_policy
from graphgrow.prompts.facets import facets
from graphgrow.prompts.forms import MOST_ASKED_FOR
from graphgrow.prompts.render import FEWEST_CONTEXT, MOST_CONTEXT, Variants
from graphgrow.prompts.variants import load_variants
from graphgrow.resolve.options import open_meanings, open_resolver, open_vocabulary
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.resolve.identity import Meanings

LIMITS = frozenset(one.name for one in fields(Budget))
RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, inf), "tokens": (1, inf), "usd": (0, inf), "minutes": (0, inf),
    "width": (1, MOST_AT_ONCE), "samples": (1, MOST_SAMPLES), "intents": (0, MOST_INTENTS), "seed": (0, 2**31),
    "fact_check": (0, MOST_SHARE), "relations": (1, MOST_ASKED_FOR), "context": (FEWEST_CONTEXT, MOST_CONTEXT),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthOptions:
    """What `graphgrow grow` can be told, by the same names; raises BadInput for a number out of its range.

    `policy` is knowledge, bandit, lookahead, mix, one strategy, or shares such as "frontier=3,gap=1". `steps`,
    `tokens`, `usd`, `minutes` and `until` are the budget: 20 steps where nothing else ends it, and 1 USD where a price
    is known. `width` questions are asked at once, each `samples` times; the model names `intents` questions about a
    concept first; the share `fact_check` of the tokens goes to asking whether what was said is true; `arbiter` asks
    about names that may be one concept. `prompts` are "small", "strong", or "auto", which goes by the model's name;
    `relations` is how many one question asks for (None: 6, 30 for a strong model, 12 for one that thinks long),
    `context` how many tokens of the graph it shows. `prompt_variants` is a folder of further wordings, `predicates` a
    vocabulary file, which `strict_predicates` holds the model to; `without_rule` are hygiene rules to leave out.
    `embeddings`, "local" or a model at `base_url`, compares names by meaning too. `check_with` and `arbitrate_with` are
    models of their own for fact checks and for names that may be one: an object, a name at the same address,
    "URL#NAME", or what else `graphgrow.open_llm` takes; where one of them fails the run goes on without it. With
    `batch` the questions of a round go as one file to the endpoint's batch API where it has one: answered within a day,
    usually at half the price. With `unprotected` a run goes on where replies cannot be kept on disk on their way into
    the store.

    The rest is about a model that is opened by its name, see `graphgrow.open_llm`: `reasoning_effort`, `reply_tokens`
    (of a long reply; it holds for every model), `key_env`, `llm_options`, and `timeout`, the seconds that a reply may
    take.
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
    prompts: Prompts = "auto"
    relations: int | None = None
    context: int | None = None
    prompt_variants: str | Path | None = None
    without_rule: Collection[str] = ()
    predicates: str | Path | None = None
    strict_predicates: bool = False
    embeddings: str = ""
    base_url: str = ""
    unprotected: bool = False
    batch: bool = False
    check_with: str | LLM = ""
    arbitrate_with: str | LLM = ""
    reasoning_effort: str = ""
    reply_tokens: int | None = None
    key_env: str = ""
    llm_options: str | Mapping[str, Any] = field(default="", repr=False)  # it may hold a secret
    timeout: float | None = None

    def __post_init__(self) -> None:
        _ = self.model_options  # what cannot be used is reported here
        if self.check_with and not self.fact_check:
            raise BadInput("check_with is a model for fact checks, and fact_check=0 asks none: leave one of them out")
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                bounds = f"{least:g} or more" if most == inf else f"{least:g} to {most:g}"
                raise BadInput(f"{name}={value} is out of range: give {bounds}")
        if self.prompts not in get_args(Prompts):
            raise BadInput(f"prompts={self.prompts!r} are none: give {', '.join(get_args(Prompts))}")

    @property
    def model_options(self) -> ModelOptions:
        """How a model that is opened by its name is asked."""
        return ModelOptions(**{name: getattr(self, name) for name in MODEL_OPTIONS})

    @property
    def roles(self) -> dict[Role, str | LLM]:
        """The models with a role of their own, by role."""
        given: dict[Role, str | LLM] = {"check": self.check_with, "arbitrate": self.arbitrate_with}
        return {role: model for role, model in given.items() if model}

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
        """Return the policy that asks; raises BadInput for an invalid policy or folder, or an option without effect."""
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

    def meanings(self, store: GraphStore, patience: float | None = None, tell: Tell | None = None) -> "Meanings | None":
        """Return what compares names by meaning, with `store` for their vectors; close it. None where nothing does.

        An endpoint that is busy or at its rate limit is waited for `patience` minutes. Raises BadInput where it cannot
        be had.
        """
        options = self.model_options
        return open_meanings(self.embeddings, store, self.base_url, options=options, patience=patience, tell=tell)

    def settings(self, store: GraphStore, opened: "Meanings | None" = None) -> Settings:
        """Return what a run works with; `store` keeps the vectors of names, unless what compares them is `opened`.

        Raises BadInput for an invalid policy, rule or file, LLMError where no embedder can be had.
        """
        variants = self.variants()
        predicates = Path(self.predicates) if self.predicates else None
        opened = self.meanings(store) if opened is None else opened
        return Settings(
            policy=self.policy_of_run(),
            budget=self.budget,
            width=self.width,
            seed=self.seed,
            resolver=open_resolver(self.without_rule, predicates, opened, goes_on=True),
            predicates=open_vocabulary(predicates).names if self.strict_predicates else (),
            variants=variants,
            arbiter=self.arbiter or bool(self.arbitrate_with),
            reply_tokens=self.reply_tokens,
            samples=self.samples,
            intents=self.intents,
            fact_check=self.fact_check,
            prompts=self.prompts,
            relations=self.relations,
            context=self.context,
            batch=self.batch,
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
    prompts: Prompts
    relations: int | None
    context: int | None
    prompt_variants: str | Path | None
    without_rule: Collection[str]
    predicates: str | Path | None
    strict_predicates: bool
    embeddings: str
    base_url: str
    unprotected: bool
    batch: bool
    check_with: str | LLM
    arbitrate_with: str | LLM
    reasoning_effort: str
    reply_tokens: int | None
    key_env: str
    llm_options: str | Mapping[str, Any]
    timeout: float | None


Opened = Callable[[object, Callable[[], LLM]], LLM]  # a model by what tells it from others, and how to open it


def open_models(llm: LLM | str | None, options: GrowthOptions, opened: Opened) -> tuple[LLM, dict[Role, LLM]]:
    """Return the model of a growth and those with a role of their own; `opened` opens those that are named.

    Raises BadInput for an option without effect, LLMError where a model cannot be had.
    """
    env = os.environ
    model = named_model(llm if isinstance(llm, str) else "", options.base_url, options.model_options)
    if llm is None or isinstance(llm, str):
        main = opened(model, partial(open_named, model, env=env))
    else:
        main = with_options(llm, options.model_options)
    roles = {
        role: opened((one, model), partial(open_role, role, one, model, env=env)) if isinstance(one, str) else one
        for role, one in options.roles.items()
    }
    return main, roles


def grow(
    topic: str | None,
    store: GraphStore,
    llm: LLM | str | None,
    options: GrowthOptions | None = None,
    *,
    budget: Budget | None = None,
    opened: Opened | None = None,
    stop: Callable[[], bool] | None = None,
    **named: Unpack[GrowthKeywords],
) -> Growth:
    """Return the growth of a store's graph by options; those given by name override those of the object.

    It ends, with what is under way saved, once `stop` says so.
    Models that are given by name are opened by `opened`, or here, and closed when the growth is gone. Raises BadInput
    for an invalid topic or option, and where limits are named beside a budget.
    """
    limits = [f"{name}={named[name]}" for name in named if name in LIMITS and named[name] is not None]  # type: ignore[literal-required]
    if budget is not None and limits:
        raise BadInput(f"{', '.join(limits)} and {budget}: give one of the two")
    chosen, own = replace(options or GrowthOptions(), **named), list[LLM]()

    def open_here(_key: object, opening: Callable[[], LLM]) -> LLM:
        own.append(opening())
        return own[-1]

    meanings = chosen.meanings(store)
    settings = chosen.settings(store, meanings)  # what cannot be done is said before a model is opened
    main, roles = open_models(llm, chosen, opened or open_here)
    settings = replace(settings, models=roles, stop=stop)
    growth = Growth(topic, store, main, replace(settings, budget=budget) if budget else settings)
    for close in (*(one.close for one in own), *([meanings.close] if meanings is not None else [])):
        finalize(growth, close)
    return growth
