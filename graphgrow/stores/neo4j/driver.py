"""One driver a process and server, and what its errors mean in a sentence."""

import atexit
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NoReturn

from neo4j import Driver, GraphDatabase
from neo4j.exceptions import (
    AuthError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
    UnsupportedServerProduct,
)

from graphgrow.errors import StoreAway, StoreError
from graphgrow.stores.neo4j.address import Address

OLDEST = (5, 23)  # CALL () { ... }; uniqueness of relations came with 5.7, full-text indexes over lists with 5.21
CONNECT_SECONDS = 10.0
RETRY_SECONDS = 2.0  # for what ends soon, like a lock; a server that is away is the caller's patience


def connect(address: Address) -> Driver:
    """Return this process' driver for a server; it is made once and closed when the process ends."""
    return _driver(address.server, address.user, address.password, os.getpid())


@cache
def _driver(server: str, user: str, password: str, _process: int) -> Driver:
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
def sentences(address: Address) -> Iterator[None]:
    """Turn what the driver raises into StoreAway or StoreError with one sentence."""
    try:
        yield
    except (Neo4jError, DriverError) as error:
        _explain(error, address)
    except (UnicodeError, OverflowError) as error:
        raise StoreError(f"the Neo4j server at {address.server} cannot be told that: {error}") from None


def _explain(error: Neo4jError | DriverError, address: Address) -> NoReturn:
    code = getattr(error, "code", None) or ""
    where = f"the Neo4j server at {address.server}"
    if code.endswith("OutOfMemoryError"):
        raise StoreError(f"{where} has too little memory for one transaction: {_first_line(error)}") from None
    if isinstance(error, ServiceUnavailable | SessionExpired | TransientError):
        raise StoreAway(f"{where} does not answer ({_first_line(error)}): is it started?") from None
    if isinstance(error, UnsupportedServerProduct):
        raise StoreError(f"{where} is too old, or no Neo4j: {_needs()}") from None
    if code.endswith("CredentialsExpired"):
        raise StoreError(f"{where} wants a new password for user {address.user!r}: log in once and change it") from None
    if isinstance(error, AuthError) and not address.password:
        raise StoreError(f"{where} asks for a password: set NEO4J_PASSWORD (and NEO4J_USERNAME)") from None
    if isinstance(error, AuthError):
        raise StoreError(
            f"{where} refuses user {address.user!r} with this password: check NEO4J_USERNAME and NEO4J_PASSWORD"
        ) from None
    if code.endswith("DatabaseNotFound"):
        raise StoreError(f"{where} has no database {address.database!r}: SHOW DATABASES lists those it has") from None
    raise StoreError(f"{where}: {_first_line(error)}") from None


def check_version(agent: str, address: Address) -> None:
    """Refuse a server that is too old for what the store asks of it; `agent` is what it calls itself."""
    found = re.fullmatch(r"Neo4j/(\d+)\.(\d+).*", agent)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        raise StoreError(f"the Neo4j server at {address.server} is too old ({agent}): {_needs()}")


def _needs() -> str:
    return f"graphgrow needs Neo4j {'.'.join(map(str, OLDEST))} or newer"


def _first_line(error: Neo4jError | DriverError) -> str:
    text = (error.message if isinstance(error, Neo4jError) else str(error)) or type(error).__name__
    return text.strip().splitlines()[0].rstrip(".:")
