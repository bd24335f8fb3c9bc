"""sioclient completion."""

from __future__ import annotations

import argparse

from .failures import OK, UsageError
from .parser import Parser
from .shells import SCRIPTS, completed

SYNOPSIS = "SHELL"

DESCRIPTION = """
Prints a script for bash, zsh or fish, with which these complete commands,
options and their values.
"""

EXAMPLES = """
source <(sioclient completion bash)        # in ~/.bashrc
source <(sioclient completion zsh)         # in ~/.zshrc, after compinit
sioclient completion fish | source         # in ~/.config/fish/config.fish
"""


def add_options(parser: Parser) -> None:
    """Declare no option."""


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    shell = options.words[0]
    if shell not in SCRIPTS:
        raise UsageError(f"SHELL must be one of {', '.join(SCRIPTS)}, not {shell!r}")
    commands = [
        completed(name, summary, options.parser_of(name), list(SCRIPTS) if name == "completion" else ())
        for name, summary in options.summaries.items()
    ]
    options.output.write(SCRIPTS[shell](commands))
    return OK
