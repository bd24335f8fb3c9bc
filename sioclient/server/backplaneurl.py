"""Where a backplane may be, and what it takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMES = ("redis://", "rediss://", "unix://")


def check_url(name: str, value: Any) -> None:
    """Raise an error if a value is not a URL of Redis; the error does not show it, for it may have a password."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a URL of Redis, not {type(value).__name__}")
    if not value.startswith(SCHEMES):
        raise ValueError(f"{name} must be a URL that begins with one of {', '.join(SCHEMES)}")


@contextmanager
def needs_redis() -> Iterator[None]:
    """Say what to install if redis is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"several processes need the package {error.name}: pip install 'sioclient[redis]'", name=error.name
        ) from error
