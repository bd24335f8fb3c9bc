"""Where a backplane may be."""

from __future__ import annotations

from typing import Any

SCHEMES = ("redis://", "rediss://", "unix://")


def check_url(name: str, value: Any) -> None:
    """Raise an error if a value is not a URL of Redis; the error does not show it, for it may have a password."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a URL of Redis, not {type(value).__name__}")
    if not value.startswith(SCHEMES):
        raise ValueError(f"{name} must be a URL that begins with one of {', '.join(SCHEMES)}")
