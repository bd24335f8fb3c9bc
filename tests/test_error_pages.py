"""docs/errors.md has every message of an error that a user may meet, and none that does not exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sioclient import errors

ROOT = Path(__file__).resolve().parent.parent
PAGE = " ".join((ROOT / "docs" / "errors.md").read_text(encoding="utf-8").split())
SECTIONS = re.split(r"^## ", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"RuntimeError"}
OTHERS = {"cli", "server", "compat"}
"""Packages whose messages have pages of their own."""

_SHORT = 6


def modules() -> list[Path]:
    package = ROOT / "sioclient"
    return [path for path in sorted(package.rglob("*.py")) if path.relative_to(package).parts[0] not in OTHERS]


def literal(node: ast.AST) -> str:
    """Return the text of a message, with ``...`` for what is put in; nothing if it is made elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
    return ""


def raised() -> Iterator[str]:
    """Yield the messages that stand where an error is made."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
                yield literal(node.args[0])


def pieces(message: str) -> list[str]:
    """Return what a message always says."""
    found = (piece.strip(" .,:'\"()") for piece in message.split("..."))
    return [piece for piece in found if len(piece) >= _SHORT]


def test_every_message_is_on_the_page():
    messages = sorted(set(raised()))
    assert len(messages) > 80
    missing = [message for message in messages if any(piece not in PAGE for piece in pieces(message))]
    assert missing == []


def is_there(section: str) -> bool:
    """Return whether a section is of a part of sioclient that this version has."""
    named = re.match(r".*\(`sioclient\.(\w+)`\)\n", section)
    return named is None or any((ROOT / "sioclient").glob(f"{named[1]}*"))


def listed() -> list[str]:
    """Return the messages that the page has."""
    found = [re.findall(r"^- (`.+?)\n\n", part, re.DOTALL | re.MULTILINE) for part in SECTIONS if is_there(part)]
    entries = [" ".join(entry.split()) for part in found for entry in part]
    return [message for entry in entries for message in re.findall(r"`([^`]+)`", entry)]


def test_every_message_of_the_page_exists():
    assert len(listed()) > 80
    texts = [literal(node) for path in modules() for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    source = "\n".join(texts)
    assert [message for message in listed() if any(piece not in source for piece in pieces(message))] == []
