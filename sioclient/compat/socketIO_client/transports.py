"""The names of this module of socketIO-client that programs use."""

from __future__ import annotations

TRANSPORTS = ("websocket", "xhr-polling", "jsonp-polling")
"""What is tried if a program names no transports, in this order."""

TIMEOUT_IN_SECONDS = 3
"""Seconds that a poll took in socketIO-client 0.5, for programs that compute with them."""
