"""Request: what an application sees of the HTTP request that opened a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """The handshake of a session, or the join of one of its endpoints.

    Attributes:
        arguments: the values of each argument of the query, or of the endpoint's own query.
        headers: the headers of the handshake; their names are compared without case.
        cookies: the cookies of the handshake.
        ip: the client's address.
        port: the port from which the connection of the request came; 0: it has none.
        path: the path of the handshake.
        auth: the object that the client sent with its join, as those of socket.io 3.0 and later may; {} without.
    """

    arguments: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    ip: str = ""
    port: int = 0
    path: str = ""
    auth: Mapping[str, Any] = field(default_factory=dict)

    def get_argument(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of an argument, or ``default``."""
        values = self.arguments.get(name)
        return values[-1] if values else default

    def for_endpoint(self, endpoint: str, query: str, auth: Any = None) -> Request:
        """Return the request for an endpoint that is joined with a query of its own, or with an object.

        Clients of socket.io 3.0 and later have no query for an endpoint. So that an application need not know, texts
        in their object are arguments, too, and the query of the others is their object.
        """
        own = read_query(query)
        if auth is None:
            if not endpoint:
                return self
            return replace(self, arguments=own, auth={name: values[-1] for name, values in own.items()})
        texts = {name: [value] for name, value in auth.items() if isinstance(value, str)}
        return replace(self, arguments={**({} if endpoint else self.arguments), **texts}, auth=auth)


def read_query(query: str) -> dict[str, list[str]]:
    """Return the arguments of a query; one with more than a thousand is taken for an attack, and has none."""
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}
