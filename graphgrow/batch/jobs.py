"""Jobs files: what they hold (graph, model, budgets, schedule, hooks; limits for all), and how one is read."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, WithJsonSchema, model_validator

from graphgrow.batch.schedule import Interval, Schedule, cron, time_zone
from graphgrow.errors import BadInput, without_passwords
from graphgrow.growth.fact_check import MOST_SHARE, SHARE
from graphgrow.growth.intents import MOST as MOST_INTENTS
from graphgrow.growth.settings import MOST_SAMPLES, Prompts
from graphgrow.growth.topic import check as check_topic
from graphgrow.llm.endpoint import checked as checked_address
from graphgrow.llm.options import LEAST_TOKENS, ModelOptions, read_model
from graphgrow.policy import DEFAULT, open_policy
from graphgrow.prompts.forms import MOST_ASKED_FOR
from graphgrow.prompts.render import FEWEST_CONTEXT, MOST_CONTEXT
from graphgrow.resolve.hygiene import Hygiene
from graphgrow.stores import store_url

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SPAN = r"^\s*\d+(\.\d+)?\s*[smhdw]\s*$"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=3660)
MOST_AT_ONCE = 1000  # runs

KeyPath = tuple[str | int, ...]  # keys of tables and places in arrays, from the top of a file


def _span(value: object) -> timedelta:
    """Return a span of time for text such as 90s, 15m, 6h, 2d or 1w."""
    if not isinstance(value, str) or not re.match(SPAN, value):
        raise ValueError(f"{value!r} is no span of time: write it like '90s', '15m', '6h' or '2d'")
    text = value.strip()
    seconds = float(text[:-1]) * timedelta(**{_UNITS[text[-1]]: 1}).total_seconds()
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{value!r} is too long a span of time: ten years are the most")
    return timedelta(seconds=seconds)


def _passes(check: Callable[[Any], object]) -> AfterValidator:
    """Return the validator of a field that `check` may refuse by BadInput."""

    def validate(value: object) -> object:
        try:
            check(value)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(validate)


def _fields(given: object) -> str:
    """Return further fields of a request as JSON text, so that a job can be told from others by its hash."""
    if not isinstance(given, dict | str):
        raise ValueError("llm_options is a table, such as { top_p = 0.9 }")  # noqa: TRY004  # pydantic takes no other
    try:
        return str(ModelOptions(llm_options=given).llm_options)
    except BadInput as error:
        raise ValueError(str(error)) from None


def _check_store(store: str) -> None:
    if not store.strip() or store_url(store).kind == "memory":
        raise BadInput(f"store {store!r} is gone when the run ends: name a .db file or a neo4j:// address")


def _check_command(words: tuple[str, ...]) -> None:
    if words and not words[0].strip():
        raise BadInput("the first word of command is the program to run: it is empty")


def _check_lease(lease: timedelta) -> None:
    if lease < timedelta(seconds=1):
        raise BadInput("lease must be a second or more: it is how long a graph stays taken after a crash")


Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": SPAN})]
Positive = Annotated[int, Field(ge=1)]
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
CronLine = Annotated[str, _passes(cron)]
ZoneName = Annotated[str, _passes(time_zone)]
Address = Annotated[str, AfterValidator(str.strip), _passes(checked_address)]
AddressOrNone = Annotated[str, AfterValidator(str.strip), _passes(lambda text: text and checked_address(text))]
Rules = Annotated[tuple[str, ...], _passes(lambda names: Hygiene(frozenset(names)))]
Command = Annotated[tuple[str, ...], _passes(_check_command)]


LLMFields = Annotated[str, BeforeValidator(_fields), WithJsonSchema({"type": "object"})]
ModelText = Annotated[str, _passes(read_model)]


class _Section(BaseModel):
    model_config = {"extra": "forbid", "frozen": True}


class Quota(_Section):
    """Most that may be used; what is left out is not limited. Tokens count prompts and replies."""

    steps: Positive | None = None
    tokens: Positive | None = None
    usd: Usd | None = None


class RunQuota(Quota):
    """Most that one run may use. `steps` are 20 where nothing else ends a run."""

    minutes: Annotated[float, Field(gt=0)] | None = None
    until: Literal["saturated"] | None = None


class JobSchedule(_Section):
    """When a job is due: a crontab line, or every so often; `missed` and `overlap` say what else may happen.

    A run is missed where it is begun later than `grace` after it was due (the machine was off): `once` runs the last of
    those missed, `all` each of them (the last 100), `skip` none. Overlap is a run that is due while its graph is taken:
    `skip` leaves it out, `wait` runs it afterwards.
    """

    cron: CronLine | None = Field(None, examples=["30 2 * * *", "0 8 * * mon-fri"])
    every: Span | None = Field(None, examples=["6h", "1d"])
    timezone: ZoneName | None = Field(None, examples=["Europe/Berlin"])
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

    def schedule(self, zone: str) -> Schedule:
        """Return the moments; `zone` is the time zone of a crontab line that names none."""
        return cron(self.cron, self.timezone or zone) if self.cron else Interval(self.every or timedelta(days=1))

    def __str__(self) -> str:
        return f"cron {self.cron}" if self.cron else f"every {self.every}"


class RoleModels(_Section):
    """The models of jobs by what they are for: NAME at the job's endpoint, URL#NAME, or what `--llm` takes.

    A role without a model is the growing one's. `check` is for fact checks, `arbitrate` for names that may be one (with
    `arbiter = true`), `embed` for what names mean (as `embeddings`). No job compares texts, so no job asks `judge`: see
    `Jobs.idle`.
    """

    grow: ModelText = ""
    check: ModelText = ""
    arbitrate: ModelText = ""
    judge: ModelText = ""
    embed: ModelText = ""


class Job(_Section):
    """A graph and what is asked about it each time the job is due; most names are those of `graphgrow grow`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    topic: Annotated[str | None, _passes(check_topic)] = None
    store: Annotated[str, _passes(_check_store)] = Field(
        description="A path to a .db file (from where the jobs file is), or a store URL."
    )
    llm: ModelText = ""
    base_url: AddressOrNone = ""
    key_env: Annotated[str, _passes(lambda name: ModelOptions(key_env=name))] = Field(
        "", description="The environment variable with the API key (default OPENAI_API_KEY)."
    )
    reasoning_effort: Annotated[str, _passes(lambda effort: ModelOptions(reasoning_effort=effort))] = ""
    reply_tokens: Annotated[int, Field(ge=LEAST_TOKENS)] | None = None
    llm_options: LLMFields = Field("", description="Extra parameters of each request.", repr=False)
    models: RoleModels = RoleModels()
    policy: Annotated[str, _passes(open_policy)] = DEFAULT
    width: Annotated[int, Field(ge=1, le=256)] = 1
    samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 1
    intents: Annotated[int, Field(ge=0, le=MOST_INTENTS)] = 0
    fact_check: Annotated[float, Field(ge=0, le=MOST_SHARE)] = Field(SHARE, description="Share of the tokens.")
    arbiter: bool = False
    prompts: Prompts = Field("auto", description="Prompts for a small or a strong model; auto decides by its name.")
    relations: Annotated[int, Field(ge=1, le=MOST_ASKED_FOR)] | None = Field(
        None,
        description="Relations that a question asks for (6; 30 of a strong model, 12 of one that thinks).",
    )
    context: Annotated[int, Field(ge=FEWEST_CONTEXT, le=MOST_CONTEXT)] | None = Field(
        None, description="Graph context that is sent with each question, in tokens."
    )
    batch: bool = Field(False, description="Use the batch API, where the endpoint has one.")
    without_rule: Rules = Field((), description="Hygiene rules to leave out.")
    predicates: str = Field("", description="A vocabulary of your own, in the form of predicates.toml.")
    strict_predicates: bool = Field(False, description="Hold the model to the vocabulary by the reply's schema.")
    embeddings: str = Field("", description="Compare names by meaning too: local, or an endpoint's embedding model.")
    prompt_variants: str = Field("", description="A folder of further wordings, KIND.NAME.txt.")
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    timeout: Annotated[float, Field(ge=1)] | None = None
    retries: Annotated[int, Field(ge=0, le=20)] = Field(4, description="How often a run goes on after an error.")
    run: RunQuota = RunQuota()
    day: Quota = Quota()
    week: Quota = Quota()
    schedule: JobSchedule | None = None
    report: str | None = Field(None, description="A Markdown file that holds the newest report, with JSON beside it.")
    command: Command = Field((), description="A program and its arguments, run after each run, by no shell.")
    command_env: tuple[str, ...] = Field((), description="Variables of the environment that the command is given too.")
    command_seconds: Annotated[float, Field(gt=0, le=3600)] = 60


class Rate(_Section):
    """Most that an endpoint is asked by all jobs together."""

    requests_a_minute: Positive | None = None
    tokens_a_minute: Positive | None = None
    at_once: Positive | None = None


class EndpointRate(Rate):
    """The limits of one endpoint, in place of those for every endpoint."""

    base_url: Address


class Limits(_Section):
    """What holds for all jobs together; `endpoint` is for each endpoint that has no limits of its own."""

    concurrency: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 2
    usd_a_day: Usd | None = None
    endpoint: Rate = Rate()
    timezone: ZoneName = "UTC"
    lease: Annotated[Span, _passes(_check_lease)] = timedelta(seconds=60)
    patience: Span = timedelta(minutes=10)
    reports: Annotated[str, Field(description="The folder of reports, from where the jobs file is.")] = "reports"
    state: Annotated[str, Field(description="The file that keeps what was run (default: beside the jobs file).")] = ""


class Jobs(_Section):
    """A jobs file."""

    limits: Limits = Limits()
    endpoint: tuple[EndpointRate, ...] = ()
    models: RoleModels = RoleModels()
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
        job = next((job for job in self.job if job.name == name), None)
        if job is None:
            raise BadInput(f"there is no job {name!r} in the file: it has {', '.join(job.name for job in self.job)}")
        return job

    def model(self, job: Job, role: Literal["grow", "check", "arbitrate", "embed"]) -> str:
        """Return the model of a job for a role, as the job names it, else as named for all jobs; "" for none."""
        own = {"grow": job.llm, "embed": job.embeddings}.get(role) or getattr(job.models, role)
        is_elsewhere = role == "grow" and bool(job.base_url)  # with its own address it does not want the others' model
        return own or ("" if is_elsewhere else getattr(self.models, role))

    def idle(self, job: Job) -> str:
        """Return a sentence about a model that is given for a job but never asked, "" where there is none."""
        return IDLE if job.models.judge or self.models.judge else ""

    def zone(self, job: Job) -> ZoneInfo:
        """Return the time zone of a job, whose days and weeks its quotas are for."""
        return time_zone((job.schedule and job.schedule.timezone) or self.limits.timezone)

    def rate(self, base_url: str) -> Rate:
        """Return the limits of an endpoint."""
        own = (rate for rate in self.endpoint if rate.base_url.rstrip("/") == base_url.rstrip("/"))
        return next(own, self.limits.endpoint)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a jobs file cannot say, and the line that says it (0: the whole file)."""

    line: int
    text: str


IDLE = "A job compares no texts (ideas and judge do, with --judge-with), so its judge model is not asked."
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_SECTIONS = (Jobs, Job, RoleModels, Limits, Rate, EndpointRate, Quota, RunQuota, JobSchedule)
_SETTINGS = sorted({name for section in _SECTIONS for name in section.model_fields})


def load(path: Path, text: str | None = None) -> Jobs:
    """Return the jobs of a file; raises BadInput with the first line that cannot be used, and how many more.

    `text` is its content, where that was read already.
    """
    jobs, problems = parse(read(path) if text is None else text)
    if jobs is None:
        first, *more = problems
        rest = f" (and {len(more)} more: see  graphgrow batch check {path})" if more else ""
        raise BadInput(f"{path}:{first.line}: {first.text}{rest}")
    return jobs


def read(path: Path) -> str:
    """Return the text of a jobs file; raises BadInput where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None


def parse(text: str) -> tuple[Jobs | None, list[Problem]]:
    """Return what a text says, or None and what is wrong with it, in the order of its lines."""
    try:
        return Jobs.model_validate(tomllib.loads(text)), []
    except tomllib.TOMLDecodeError as error:
        match = _AT_LINE.search(str(error))
        line = int(match[1]) if match else text.count("\n") + 1
        return None, [Problem(line, f"this is no TOML: {_AT_LINE.sub('', str(error)).strip().lower()}")]
    except ValidationError as error:
        errors, line_of = error.errors(include_url=False), lines(text)
        if len(errors) > 1:  # jobs with errors are not counted, so pydantic may also say that there are none
            errors = [one for one in errors if one["type"] != "too_short"] or errors
        return None, sorted((_problem(one, line_of) for one in errors), key=lambda problem: problem.line)
    except (RecursionError, ValueError):
        return None, [Problem(1, "this is no jobs file: its brackets are too deep, or a number in it is too long")]


def _problem(error: "ErrorDetails", line_of: Mapping[KeyPath, int]) -> Problem:
    """Return an error of pydantic in our own words, with the line of its value or the nearest table around it."""
    path, kind, message, value = error["loc"], error["type"], error["msg"], error.get("input")
    if kind == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _SETTINGS, 1)
        text = f"there is no such setting{f', did you mean {near[0]}?' if near else ''}"
    elif kind == "missing":
        text = "this is missing"
    elif kind == "value_error":
        text = message.removeprefix("Value error, ")
    elif kind == "string_pattern_mismatch":
        text = f"{value!r} cannot be used: a name has letters, digits, dots, hyphens and underscores, at most 64"
    else:
        shown = "" if isinstance(value, dict | list) else f" (it is {value!r})"
        text = message[:1].lower() + message[1:] + shown
    name = ".".join(str(key) for key in path if isinstance(key, str) and key != "job")
    around = (path[:end] for end in range(len(path), 0, -1))
    line = next((line_of[table] for table in around if table in line_of), 1)
    return Problem(line, f"{name or ('job' if path else 'the file')}: {without_passwords(text)}")


def lines(text: str) -> dict[KeyPath, int]:
    """Return the line of every table and key of a TOML text, by its path; entries of arrays of tables are numbered."""
    line_of: dict[KeyPath, int] = {}
    newest: dict[KeyPath, int] = {}  # the place of the last entry of each array of tables
    table: KeyPath = ()
    statement, first = "", 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        statement, first = statement + line, first or number
        try:
            content = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # a value that goes on in the next line
        if statement.lstrip().startswith("["):
            table = ()
            while content:
                ((name, inner),) = content.items()
                table = (*table, name)
                if isinstance(inner, list):
                    newest[table] = newest.get(table, -1) + 1
                content = inner[0] if isinstance(inner, list) else inner
                if table in newest:
                    table = (*table, newest[table])
            line_of.setdefault(table, first)
        else:
            for path in _paths(content):
                line_of.setdefault((*table, *path), first)
        statement, first = "", 0
    return line_of


def _paths(table: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Yield the path of every key of a table and of the tables in it."""
    for name, value in table.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *rest) for rest in _paths(value))
