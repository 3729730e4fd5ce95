"""One driver per process and server, and what its errors mean in a sentence."""

import atexit
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import (
    AuthError,
    DriverError,
    Neo4jError,
    ResultFailedError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
    UnsupportedServerProduct,
)

from graphgrow.errors import StoreAway, StoreError
from graphgrow.stores import StoreURL

OLDEST = (5, 23)  # CALL () { ... }; uniqueness of relations came with 5.7, full-text indexes over lists with 5.21
CONNECT_SECONDS = 10.0
RETRY_SECONDS = 2.0  # for what ends soon, like a lock; waiting for a server that is away is left to the caller
_NEEDS = f"graphgrow needs Neo4j {'.'.join(map(str, OLDEST))} or newer"


@cache
def connect(server: str, user: str, password: str, process: int) -> Driver:  # noqa: ARG001  # a fork needs its own
    """Return the driver of a process for a server; it is made once and closed when the process ends."""
    driver = GraphDatabase.driver(
        server,
        auth=(user, password) if password else None,
        connection_timeout=CONNECT_SECONDS,
        connection_acquisition_timeout=3 * CONNECT_SECONDS,
        max_transaction_retry_time=RETRY_SECONDS,
        notifications_min_severity="OFF",
        user_agent="graphgrow",
    )
    atexit.register(driver.close)
    return driver


@contextmanager
def sentences(address: StoreURL) -> Iterator[None]:
    """Turn what the driver raises into StoreAway or StoreError with one sentence."""
    where = f"the Neo4j server at {address.server}"
    try:
        yield
    except (UnicodeError, OverflowError) as error:
        raise StoreError(f"{where} cannot be told that: {error}") from None
    except (Neo4jError, DriverError) as error:
        code = getattr(error, "code", None) or ""
        message = (error.message if isinstance(error, Neo4jError) else str(error)) or type(error).__name__
        line = message.strip().splitlines()[0].rstrip(".:")
        kind = StoreError
        if code.endswith("OutOfMemoryError"):
            text = f"{where} has too little memory for one transaction: {line}"
        elif isinstance(error, ServiceUnavailable | SessionExpired | TransientError | ResultFailedError):
            kind, text = StoreAway, f"{where} does not answer ({line}): is it started?"
        elif isinstance(error, UnsupportedServerProduct):
            text = f"{where} is too old, or no Neo4j: {_NEEDS}"
        elif code.endswith("CredentialsExpired"):
            text = f"{where} wants a new password for user {address.user!r}: log in once and change it"
        elif isinstance(error, AuthError) and not address.password:
            text = f"{where} asks for a password: set NEO4J_PASSWORD (and NEO4J_USERNAME)"
        elif isinstance(error, AuthError):
            text = f"{where} refuses user {address.user!r} with this password: check NEO4J_USERNAME and NEO4J_PASSWORD"
        elif code.endswith("DatabaseNotFound"):
            text = f"{where} has no database {address.database!r}: SHOW DATABASES lists those it has"
        else:
            text = f"{where}: {line}"
        raise kind(text) from None


def check_version(agent: str, address: StoreURL) -> None:
    """Refuse a server that is too old for what the store asks of it; `agent` is what it calls itself."""
    version = re.fullmatch(r"Neo4j/(\d+)\.(\d+).*", agent)
    if version and (int(version[1]), int(version[2])) < OLDEST:
        raise StoreError(f"the Neo4j server at {address.server} is too old ({agent}): {_NEEDS}")
