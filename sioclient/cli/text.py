"""Text for other programs and for terminals. What a peer sent may hold anything; what is made here is harmless."""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Any

_RISKY = re.compile(r"[^\x20-\x7e]")

_TOO_DEEP = {"$error": "this is nested too deeply to be shown"}


def printable(text: str) -> str:
    """Return a text without control characters and others that change how a terminal shows it: they are escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def encoded(value: Any, *, ascii_only: bool = False) -> str:
    """Return a value as JSON on one line, which is harmless for a terminal: bytes are ``{"$base64": ...}``."""
    try:
        text = _dumps(value, ascii_only)
    except ValueError:
        text = _dumps(_without_infinity(value), ascii_only)
    except RecursionError:
        text = _dumps(_TOO_DEEP, ascii_only)
    return text if text.isprintable() else _RISKY.sub(_escape, text)


def _dumps(value: Any, ascii_only: bool) -> str:
    return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, default=_as_base64)


def _as_base64(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$base64": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")


def _without_infinity(value: Any) -> Any:
    """Return a value with null where JSON has no number, as JavaScript writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _without_infinity(item) for name, item in value.items()}
    return [_without_infinity(item) for item in value] if isinstance(value, (list, tuple)) else value


def _escape(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1] if ord(found[0]) > 0x7F else "\\u007f"
