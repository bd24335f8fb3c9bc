"""Parser: what argparse is made to do here.

Words and options may come in any order. ``-b``, ``--text`` and ``--json`` say something about the words behind them, so
they are taken for words (see ``arguments``). ``--retry`` and ``--retry=5`` are both possible, and ``--retry URL`` does
not swallow the URL. An error is one line. The help looks like a page of a manual.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .failures import STATUSES, UsageError
from .marks import BYTES, JSON, PLAIN, TEXT, unmarked

_NUMBER = re.compile(r"-(?:\d|\.\d)")

_MARKED = {"--text": TEXT, "--json": JSON}


class Parser(argparse.ArgumentParser):
    """The options of one command.

    Args:
        name: that of the command.
        summary: what it does, in some words.
        synopsis: the words behind its name, those in brackets may be left out.
        description: what it does, for its help.
        examples: lines for its help.

    Attributes:
        takes_arguments: whether words may be arguments of an event: ``-b``, ``--text`` and ``--json`` are theirs then.
        sections: the options by the sections of the help.
        optional: what options mean that have no value, by their names, if they may have one.
        values: the values that are known of an option, by the name that argparse gives it.
    """

    def __init__(self, name: str, summary: str, synopsis: str, description: str, examples: str) -> None:
        super().__init__(prog=f"sioclient {name}", add_help=False, allow_abbrev=False)
        self.sections: dict[str, list[argparse.Action]] = {}
        self.takes_arguments = False
        self._summary, self._synopsis, self._description, self._examples = summary, synopsis, description, examples
        self.optional: dict[str, str] = {}
        self.values: dict[str, Sequence[str]] = {}
        self.add_argument("words", nargs="*", default=[], help=argparse.SUPPRESS)

    def option(
        self, section: str, *flags: str, if_bare: str | None = None, values: Sequence[str] = (), **how: Any
    ) -> None:
        """Declare an option.

        Args:
            section: of the help.
            flags: its names.
            if_bare: what it means without a value, if it may have one behind an equals sign.
            values: some that it may have, for completion.
            how: as for ``add_argument`` of argparse.
        """
        action = self.add_argument(*flags, **how)
        self.sections.setdefault(section, []).append(action)
        self.values[action.dest] = values
        if if_bare is not None:
            self.optional.update(dict.fromkeys(flags, if_bare))

    def parse(self, typed: list[str]) -> argparse.Namespace:
        """Return what was typed behind the command's name.

        Raises:
            UsageError: it is not what the command takes.
        """
        options = self.parse_intermixed_args(self._mark(typed))
        least = len(re.sub(r"\[.*?\]", "", self._synopsis).split())
        names = self._synopsis.replace("[", "").replace("]", "").split()
        given = [word for word in options.words if not word.startswith((TEXT, JSON, BYTES))]
        if len(given) < least:
            self.error(f"{names[len(given)]} is missing: {self._how()}")
        if "..." not in self._synopsis and len(given) > len(names):
            self.error(f"{unmarked(given[len(names)])!r} is one word too many: {self._how()}")
        return options

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        text = unmarked(message)
        text = re.sub(r"^argument (?:\S+/)?([^\s/]+): ", r"\1: ", text)
        unknown = re.match(r"unrecognized arguments: (\S+)", text)
        if unknown:
            text = f"there is no option {unknown[1]}{self._guess(unknown[1])}"
        raise UsageError(text if "sioclient " in text else f"{text} (see {self.prog} --help)")

    def _guess(self, flag: str) -> str:
        """Return the option that was probably meant."""
        from difflib import get_close_matches

        known = [name for actions in self.sections.values() for action in actions for name in action.option_strings]
        begun = [name for name in known if len(flag) > 2 and name.startswith(flag)]
        found = begun or get_close_matches(flag.partition("=")[0], known, 1)
        return f": did you mean {found[0]}?" if found else ""

    def _how(self) -> str:
        return f"{self.prog} {self._synopsis}".rstrip()

    def _mark(self, typed: list[str]) -> list[str]:
        """Return what was typed with marks at what argparse would understand in another way."""
        marked: list[str] = []
        words = iter(typed)
        for word in words:
            if word == "--":
                marked += [PLAIN + rest for rest in words]
            elif word in self.optional:
                marked.append(f"{word}={self.optional[word]}")
            elif not self.takes_arguments:
                marked.append(word)
            elif word in _MARKED:
                marked.append(_MARKED[word])
            elif word in ("-b", "--bytes"):
                value = next(words, None)
                if value is None:
                    self.error("-b must be followed by @FILE or a text")
                marked.append(BYTES + value)
            elif word.startswith(("-b", "--bytes=")):
                marked.append(BYTES + word.removeprefix("--bytes=").removeprefix("-b"))
            else:
                marked.append(PLAIN + word if _NUMBER.match(word) else word)
        return marked

    def format_help(self) -> str:
        """Return the help, as a page of a manual has it."""
        formatter = argparse.HelpFormatter(self.prog, max_help_position=30)
        for title, actions in self.sections.items():
            formatter.start_section(f"{title} options")
            formatter.add_arguments(actions)
            formatter.end_section()
        return page(
            name=f"{self.prog} - {self._summary}",
            synopsis=f"{self._how()} [OPTION...]",
            description=self._description,
            options=formatter.format_help(),
            examples=self._examples,
            exit_status=STATUSES,
        )


def page(**sections: str) -> str:
    """Return a page of a manual."""
    parts = (f"{title.replace('_', ' ').upper()}\n{_indented(text)}" for title, text in sections.items())
    return "\n\n".join(parts) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip("\n").splitlines())


def at_least(least: float, kind: Callable[[str], Any] = int) -> Callable[[str], Any]:
    """Return what makes a number of a word, for the ``type`` of an option."""
    what = "a whole number" if kind is int else "a number"

    def number(word: str) -> Any:
        try:
            value = kind(unmarked(word))
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {what}, not {unmarked(word)!r}") from None
        if not least <= value < math.inf:
            raise argparse.ArgumentTypeError(f"must be {what} from {least:g}, not {value:g}")
        return value

    return number


def seconds(word: str) -> float:
    """Return a number of seconds above 0, for the ``type`` of an option; ``1m`` and ``2h`` are such numbers, too."""
    plain = unmarked(word)
    factor = {"s": 1, "m": 60, "h": 3600}.get(plain[-1:], 0)
    try:
        value = float(plain[:-1]) * factor if factor else float(plain)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {plain!r}") from None
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {plain}")
    return value
