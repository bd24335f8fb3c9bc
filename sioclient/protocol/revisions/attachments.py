"""Bytes anywhere in the arguments of a packet: taken out before JSON is written, put back after it is read.

In the JSON, ``{"_placeholder": true, "num": 0}`` stands for the first bytes.
"""

from __future__ import annotations

from typing import Any

from ...errors import LocalProtocolError

BYTES = (bytes, bytearray, memoryview)


def take_apart(value: Any) -> tuple[Any, list[bytes]]:
    """Return ``value`` with placeholders for its bytes, and the bytes.

    Raises:
        LocalProtocolError: it is nested too deep, or contains itself.
    """
    found: list[bytes] = []
    try:
        return _without_bytes(value, found), found
    except RecursionError as error:
        raise LocalProtocolError("this value is nested too deep, or contains itself") from error


def _without_bytes(value: Any, found: list[bytes]) -> Any:
    if isinstance(value, BYTES):
        found.append(bytes(value))
        return {"_placeholder": True, "num": len(found) - 1}
    if isinstance(value, dict):
        return {key: _without_bytes(item, found) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(item, found) for item in value]
    return value


def put_together(value: Any, attachments: list[bytes]) -> Any:
    """Return ``value`` with its bytes in the place of their placeholders; it is changed in place.

    Raises:
        ValueError: a placeholder has no attachment.
    """
    holders: list[Any] = [[value]]
    whole = holders[0]
    while holders:  # without recursion: the server decides how deep it is nested
        holder = holders.pop()
        for key, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(item, dict) and item.get("_placeholder") is True:
                holder[key] = _attachment(item.get("num"), attachments)
            elif isinstance(item, (dict, list)):
                holders.append(item)
    return whole[0]


def _attachment(number: Any, attachments: list[bytes]) -> bytes:
    if type(number) is not int or not 0 <= number < len(attachments):
        raise ValueError("a placeholder without its attachment")
    return attachments[number]
