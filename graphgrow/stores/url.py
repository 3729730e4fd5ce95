"""Which store a URL or a plain path names: a file, a graph on a Neo4j server, or memory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from graphgrow.errors import BadInput

DEFAULT_URL = "sqlite:graph.db"
NEO4J = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
DEFAULT_GRAPH = "graph"
DEFAULT_USER = "neo4j"
LONGEST_NAME = 200
_EXAMPLE = (
    "write neo4j://localhost:7687?graph=NAME&database=DB (graph and database may be left out),"
    " and put a password with / ? # or @ in it into NEO4J_PASSWORD"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A Neo4j server, who asks, and one graph in one of its databases ("" is the user's home database)."""

    server: str
    user: str
    password: str = field(repr=False)
    graph: str = DEFAULT_GRAPH
    database: str = ""

    @property
    def url(self) -> str:
        """The URL without user and password: fit for logs and screens."""
        named = {"graph": self.graph} | ({"database": self.database} if self.database else {})
        return f"{self.server}?{urlencode(named)}"


@dataclass(frozen=True, slots=True)
class StoreURL:
    """What a store URL names: the `path` of a file, or the `address` of a graph on a server, or neither in memory."""

    kind: Literal["sqlite", "neo4j", "memory"]
    path: Path | None = None
    address: Address | None = None

    @property
    def url(self) -> str:
        """The URL in one spelling, without user and password."""
        return self.address.url if self.address else f"{self.kind}:{self.path or ''}"

    @property
    def short(self) -> str:
        """What a person would type: the path of a file, else the URL."""
        return str(self.path) if self.path else self.url


def store_url(url: str) -> StoreURL:
    """Return what `sqlite:PATH`, `neo4j://HOST?graph=NAME`, `memory:` or a plain path names; else raises BadInput."""
    scheme, colon, rest = url.partition(":")
    if not colon or "/" in scheme or "." in scheme:
        return StoreURL("sqlite", Path(url))
    if scheme == "sqlite":
        return StoreURL("sqlite", Path(rest))
    if scheme in NEO4J:
        return StoreURL("neo4j", address=address(url))
    if scheme != "memory":
        raise BadInput(
            f"unknown store {scheme}:… : use a path to a .db file, sqlite:PATH, memory: or neo4j://HOST?graph=NAME"
        )
    if rest:
        raise BadInput(f"{url} is always a new, empty store: use sqlite:PATH to keep a graph")
    return StoreURL("memory")


def address(url: str, env: Mapping[str, str] = os.environ) -> Address:
    """Return what a URL like `neo4j://localhost:7687?graph=NAME&database=DB` names.

    User and password come from the URL, else from NEO4J_USERNAME and NEO4J_PASSWORD. Raises BadInput for a URL that
    names no server, has options that do not exist, or a graph name that is none.
    """
    try:
        url.encode()
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:  # what it says may quote a password
        raise BadInput(f"this Neo4j store URL cannot be read: {_EXAMPLE}") from None
    if not host:
        raise BadInput(f"a Neo4j store URL names its server: {_EXAMPLE}")
    if parts.path not in {"", "/"} or parts.fragment:
        raise BadInput(f"nothing but ?graph= and ?database= may follow the server in a Neo4j store URL: {_EXAMPLE}")
    if options.keys() - {"graph", "database"}:
        raise BadInput(f"a Neo4j store URL has the options graph and database alone: {_EXAMPLE}")
    graph = options.get("graph", DEFAULT_GRAPH)
    if not graph.strip() or not graph.isprintable() or len(graph) > LONGEST_NAME:
        raise BadInput(f"{graph[:40]!r} is no name for a graph: up to {LONGEST_NAME} printable characters")
    return Address(
        f"{parts.scheme}://{f'[{host}]' if ':' in host else host}" + (f":{port}" if port is not None else ""),
        unquote(parts.username or "") or env.get("NEO4J_USERNAME", "") or DEFAULT_USER,
        unquote(parts.password or "") or env.get("NEO4J_PASSWORD", ""),
        graph,
        options.get("database", ""),
    )
