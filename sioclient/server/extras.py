"""What to install for a part of the server that needs a package of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(what: str, extra: str) -> Iterator[None]:
    """Say what to install if an import in the block fails.

    Args:
        what: what cannot be had without, in the plural.
        extra: the extra that brings it.

    Raises:
        ModuleNotFoundError: a package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{what} need the package {error.name}: pip install 'sioclient[{extra}]'", name=error.name
        ) from error
