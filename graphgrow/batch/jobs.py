"""What a jobs file holds: jobs, each with its graph, model, budgets, schedule and hooks, and the limits of all."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from graphgrow.batch.schedule import Every, Schedule, cron, time_zone
from graphgrow.errors import BadInput
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.samples import MOST as MOST_SAMPLES
from graphgrow.growth.topic import check
from graphgrow.llm.endpoint import checked
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.resolve.hygiene import Hygiene

SPAN = r"^\s*\d+(\.\d+)?\s*[smhdw]\s*$"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=3660)
MOST_AT_ONCE = 1000  # runs
T = TypeVar("T")


def _span(value: object) -> object:
    """Return a span of time for text such as 90s, 15m, 6h, 2d or 1w; anything else as it is."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no span of time: write it like '90s', '15m', '6h' or '2d'")  # noqa: TRY004  # pydantic's
    if not re.match(SPAN, value):
        raise ValueError(f"{value!r} is no span of time: write it like '90s', '15m', '6h' or '2d'")
    text = value.strip()
    seconds = float(text[:-1]) * timedelta(**{_UNITS[text[-1]]: 1}).total_seconds()
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{value!r} is too long a span of time: ten years are the most")
    return timedelta(seconds=seconds)


Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": SPAN})]
Whole = Annotated[int, Field(ge=1)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _usable(call: Callable[[], T]) -> T:
    """Return what a call returns; what it refuses is an error of the field."""
    try:
        return call()
    except BadInput as error:
        raise ValueError(str(error)) from None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Quota(_Part):
    """Most that may be used; what is left out is not limited. Tokens count prompts and replies."""

    steps: Whole | None = None
    tokens: Whole | None = None
    usd: Money | None = None


class RunQuota(Quota):
    """Most that one run may use. `steps` are 20 where nothing else ends a run."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    until: Literal["saturated"] | None = None


class When(_Part):
    """When a job is due: a crontab line, or every so often; `missed` and `overlap` say what else may happen.

    A run is missed where it is begun later than `grace` after it was due (the machine was off): `once` runs the last of
    those missed, `all` each of them (the last 100), `skip` none. Overlap is a run that is due while its graph is taken:
    `skip` leaves it out, `wait` runs it afterwards.
    """

    cron: str | None = Field(None, examples=["30 2 * * *", "0 8 * * mon-fri"])
    every: Span | None = Field(None, examples=["6h", "1d"])
    timezone: str | None = Field(None, examples=["Europe/Berlin"])
    missed: Literal["once", "all", "skip"] = "once"
    grace: Span = timedelta(minutes=5)
    overlap: Literal["skip", "wait"] = "skip"

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.cron is None) == (self.every is None):
            raise ValueError("a schedule is either  cron = '30 2 * * *'  or  every = '6h'")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError("every must be a second or more")
        return self

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        return _usable(lambda: time_zone(name).key) if name is not None else None

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, line: str | None) -> str | None:
        if line is not None:
            _usable(lambda: cron(line))
        return line

    def schedule(self, zone: str) -> Schedule:
        """Return the moments; `zone` is the time zone of a crontab line that names none."""
        return cron(self.cron, self.timezone or zone) if self.cron else Every(self.every or timedelta(days=1))

    @property
    def words(self) -> str:
        """The schedule in a few words."""
        return f"cron {self.cron}" if self.cron else f"every {self.every}"


class Job(_Part):
    """A graph and what is asked about it each time the job is due; most names are those of `graphgrow grow`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    topic: str | None = None
    store: str = Field(description="A path to a .db file (from where the jobs file is), or a store URL.")
    llm: str = ""
    base_url: str = ""
    policy: str = DEFAULT
    width: Annotated[int, Field(ge=1, le=256)] = 1
    samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 1
    intents: Annotated[int, Field(ge=0, le=MOST_INTENTS)] = 0
    arbiter: bool = False
    without_rule: tuple[str, ...] = Field((), description="Hygiene rules to leave out.")
    predicates: str = Field("", description="A vocabulary of your own, in the form of predicates.toml.")
    strict_predicates: bool = Field(False, description="Hold the model to the vocabulary by the reply's schema.")
    embeddings: str = Field("", description="Compare names by meaning too: local, or an endpoint's embedding model.")
    prompt_variants: str = Field("", description="A folder of further wordings, KIND.NAME.txt.")
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    retries: Annotated[int, Field(ge=0, le=20)] = Field(4, description="How often a run goes on after an error.")
    run: RunQuota = RunQuota()
    day: Quota = Quota()
    week: Quota = Quota()
    schedule: When | None = None
    report: str | None = Field(None, description="A Markdown file that holds the newest report, with JSON beside it.")
    command: tuple[str, ...] = Field((), description="A program and its arguments, run after each run, by no shell.")
    command_env: tuple[str, ...] = Field((), description="Variables of the environment that the command is given too.")
    command_seconds: Annotated[float, Field(gt=0, le=3600)] = 60

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: str | None) -> str | None:
        _usable(lambda: check(topic))
        return topic

    @field_validator("without_rule")
    @classmethod
    def _are_rules(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        _usable(lambda: Hygiene(frozenset(names)))
        return names

    @field_validator("policy")
    @classmethod
    def _is_policy(cls, name: str) -> str:
        _usable(lambda: open_policy(name))
        return name

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, address: str) -> str:
        return _usable(lambda: checked(address)) if address else ""

    @field_validator("store")
    @classmethod
    def _is_kept(cls, store: str) -> str:
        if store.startswith("memory:") or not store.strip():
            raise ValueError(f"store {store!r} is gone when the run ends: name a .db file or a neo4j:// address")
        return store

    @field_validator("command")
    @classmethod
    def _has_program(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if words and not words[0].strip():
            raise ValueError("the first word of command is the program to run: it is empty")
        return words


class Rate(_Part):
    """Most that an endpoint is asked by all jobs together."""

    requests_a_minute: Whole | None = None
    tokens_a_minute: Whole | None = None
    at_once: Whole | None = None


class EndpointRate(Rate):
    """The limits of one endpoint, in place of those for every endpoint."""

    base_url: str

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, address: str) -> str:
        return _usable(lambda: checked(address))


class Limits(_Part):
    """What holds for all jobs together; `endpoint` is for each endpoint that has no limits of its own."""

    concurrency: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 2
    usd_a_day: Money | None = None
    endpoint: Rate = Rate()
    timezone: str = "UTC"
    lease: Span = timedelta(seconds=60)
    patience: Span = timedelta(minutes=10)
    reports: Annotated[str, Field(description="The folder of reports, from where the jobs file is.")] = "reports"
    state: Annotated[str, Field(description="The file that keeps what was run (default: beside the jobs file).")] = ""

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        return _usable(lambda: time_zone(name).key)

    @field_validator("lease")
    @classmethod
    def _is_long_enough(cls, lease: timedelta) -> timedelta:
        if lease < timedelta(seconds=1):
            raise ValueError("lease must be a second or more: it is how long a graph stays taken after a crash")
        return lease


class Jobs(_Part):
    """A jobs file."""

    limits: Limits = Limits()
    endpoint: tuple[EndpointRate, ...] = ()
    job: Annotated[tuple[Job, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [job.name for job in self.job]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two jobs are called {twice!r}: every job has a name of its own")
        return self

    def named(self, name: str) -> Job:
        """Return a job by its name; raises BadInput where there is none."""
        found = next((job for job in self.job if job.name == name), None)
        if found is None:
            raise BadInput(f"there is no job {name!r} in the file: it has {', '.join(job.name for job in self.job)}")
        return found

    def zone(self, job: Job) -> ZoneInfo:
        """Return the time zone of a job, whose days and weeks its quotas are for."""
        return time_zone((job.schedule and job.schedule.timezone) or self.limits.timezone)

    def rate(self, base_url: str) -> Rate:
        """Return the limits of an endpoint."""
        own = (one for one in self.endpoint if one.base_url.rstrip("/") == base_url.rstrip("/"))
        return next(own, self.limits.endpoint)
