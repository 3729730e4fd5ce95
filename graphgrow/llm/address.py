"""Base URLs: which of them are this machine, and how they may be shown."""

import ipaddress
from urllib.parse import urlsplit, urlunsplit

from graphgrow.errors import BadInput

_LONGEST = 2000


def is_loopback(base_url: str) -> bool:
    """Return whether the address is this machine: nobody bills for that, and no proxy leads there."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def shown(base_url: str) -> str:
    """Return the address without user, password or query, which may hold a secret."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return _bare(base_url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def checked(base_url: str) -> str:
    """Return the address as given, without blanks around it; raises BadInput where it is no http address."""
    stripped = base_url.strip()
    try:
        parts = urlsplit(stripped)
        (parts.hostname or "").encode("idna")
        usable = (
            stripped.isascii()
            and stripped.isprintable()
            and len(stripped) < _LONGEST
            and parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        raise BadInput(f"{_bare(stripped)!r} is no address of an endpoint: write it like http://127.0.0.1:11434/v1")
    return stripped


def _bare(address: str) -> str:
    return address.rpartition("@")[2]
