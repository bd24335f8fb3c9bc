"""Request: what an application sees of the HTTP request that opened a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """The handshake of a session, or the join of one of its endpoints.

    Attributes:
        arguments: the values of each argument of the query, or of the endpoint's own query.
        headers: the headers of the handshake; their names are compared without case.
        cookies: the cookies of the handshake.
        ip: the client's address.
    """

    arguments: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    ip: str = ""

    def get_argument(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of an argument, or ``default``."""
        values = self.arguments.get(name)
        return values[-1] if values else default

    def with_query(self, query: str) -> Request:
        """Return the request for an endpoint that is joined with a query of its own."""
        return replace(self, arguments=read_query(query))


def read_query(query: str) -> dict[str, list[str]]:
    """Return the arguments of a query; one with more than a thousand is taken for an attack, and has none."""
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}
