"""Which server, database and graph a Neo4j store URL names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from graphgrow.errors import BadInput

DEFAULT_GRAPH = "graph"
DEFAULT_USER = "neo4j"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Address:
    """A server, who asks, and one graph in one of its databases ("" is the user's home database)."""

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
    return Address(
        f"{parts.scheme}://{f'[{host}]' if ':' in host else host}" + (f":{port}" if port is not None else ""),
        unquote(parts.username or "") or env.get("NEO4J_USERNAME", "") or DEFAULT_USER,
        unquote(parts.password or "") or env.get("NEO4J_PASSWORD", ""),
        _name(options.get("graph", DEFAULT_GRAPH)),
        options.get("database", ""),
    )


_EXAMPLE = (
    "write neo4j://localhost:7687?graph=NAME&database=DB (graph and database may be left out),"
    " and put a password with / ? # or @ in it into NEO4J_PASSWORD"
)


def _name(graph: str) -> str:
    if not graph.strip() or not graph.isprintable() or len(graph) > LONGEST_NAME:
        raise BadInput(f"{graph[:40]!r} is no name for a graph: up to {LONGEST_NAME} printable characters")
    return graph
