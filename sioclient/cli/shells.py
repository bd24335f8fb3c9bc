"""Scripts for shells, with which they complete the words of sioclient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .parser import Parser


class Choice(NamedTuple):
    """An option.

    Attributes:
        flags: its names.
        help: what it does.
        takes_value: whether a word follows it.
        values: the words that may follow it, if they are known.
        takes_file: whether the word that follows it may be the name of a file.
    """

    flags: Sequence[str]
    help: str
    takes_value: bool
    values: Sequence[str]
    takes_file: bool


class Completed(NamedTuple):
    """A command with its options; ``words`` are those that may follow it, if they are known."""

    name: str
    summary: str
    choices: Sequence[Choice]
    words: Sequence[str] = ()

    @property
    def flags(self) -> list[str]:
        """The names of all options."""
        return [flag for choice in self.choices for flag in choice.flags]


def completed(name: str, summary: str, parser: Parser, words: Sequence[str] = ()) -> Completed:
    """Return what can be completed behind the name of a command."""
    return Completed(name, summary, list(_choices(parser)), words)


def _choices(parser: Parser) -> Iterator[Choice]:
    for action in (action for actions in parser.sections.values() for action in actions):
        is_optional = action.option_strings[-1] in parser.optional
        values = parser.values.get(action.dest) or [str(value) for value in action.choices or ()]
        takes_file = action.metavar in ("FILE", "@FILE")
        yield Choice(
            action.option_strings, action.help or "", action.nargs != 0 and not is_optional, values, takes_file
        )


def bash(commands: Sequence[Completed]) -> str:
    """Return a script for bash."""
    names = " ".join(command.name for command in commands)
    return f"""\
# sioclient: completion for bash
_sioclient() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command="" words="" i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
        {names.replace(" ", "|")}) command=${{COMP_WORDS[i]}}; break ;;
        esac
    done
    case $command:$prev in
{_bash_values(commands)}
    esac
    case $command in
    "") words="{names} --help --version" ;;
{_lines(commands, lambda command: f'    {command.name}) words="{" ".join([*command.flags, *command.words])}" ;;')}
    esac
    if [[ -z $command || $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    elif [[ $command == completion ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "${{cur#@}}"))
    fi
}}
complete -F _sioclient sioclient
"""


def _bash_values(commands: Sequence[Completed]) -> str:
    lines = []
    for command in commands:
        for choice in (choice for choice in command.choices if choice.takes_value):
            patterns = "|".join(f"{command.name}:{flag}" for flag in choice.flags)
            if choice.values:
                lines.append(
                    f'    {patterns}) COMPREPLY=($(compgen -W "{" ".join(choice.values)}" -- "$cur")); return ;;'
                )
            elif not choice.takes_file:
                lines.append(f"    {patterns}) return ;;")
    return "\n".join(lines)


def zsh(commands: Sequence[Completed]) -> str:
    """Return a script for zsh."""
    names = " ".join(command.name for command in commands)
    return f"""\
#compdef sioclient
# sioclient: completion for zsh
_sioclient() {{
    local command i
    local -a commands options
    commands=({" ".join(_described(command.name, command.summary) for command in commands)})
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
        {names.replace(" ", "|")}) command=$words[i]; break ;;
        esac
    done
    if [[ -z $command ]]; then
        _describe command commands
        return
    fi
    case $command:$words[CURRENT-1] in
{_zsh_values(commands)}
    esac
    case $command in
{_lines(commands, _zsh_options)}
    esac
    if [[ $PREFIX == -* ]]; then
        _describe option options
    elif [[ $command == completion ]]; then
        compadd {" ".join(SCRIPTS)}
    else
        compset -P @
        _files
    fi
}}
if [[ $funcstack[1] == _sioclient ]]; then _sioclient "$@"; else compdef _sioclient sioclient; fi
"""


def _zsh_values(commands: Sequence[Completed]) -> str:
    lines = []
    for command in commands:
        for choice in (choice for choice in command.choices if choice.takes_value):
            patterns = "|".join(f"{command.name}:{flag}" for flag in choice.flags)
            if choice.values:
                lines.append(f"    {patterns}) compadd {' '.join(choice.values)}; return ;;")
            elif not choice.takes_file:
                lines.append(f"    {patterns}) return ;;")
    return "\n".join(lines)


def _zsh_options(command: Completed) -> str:
    found = " ".join(_described(flag, choice.help) for choice in command.choices for flag in choice.flags)
    return f"    {command.name}) options=({found}) ;;"


def _described(name: str, text: str) -> str:
    return _quoted(f"{name}:{text}")


def fish(commands: Sequence[Completed]) -> str:
    """Return a script for fish."""
    lines = ["# sioclient: completion for fish", "complete -c sioclient -n __fish_use_subcommand -f"]
    for command in commands:
        about = _quoted(command.summary)
        lines.append(f"complete -c sioclient -n __fish_use_subcommand -a {command.name} -d {about}")
    for command in commands:
        is_seen = _quoted(f"__fish_seen_subcommand_from {command.name}")
        if command.words:
            lines.append(f"complete -c sioclient -n {is_seen} -f -a {_quoted(' '.join(command.words))}")
        lines += [f"complete -c sioclient -n {is_seen} {_fish_option(choice)}" for choice in command.choices]
    return "\n".join(lines) + "\n"


def _fish_option(choice: Choice) -> str:
    flags = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in choice.flags]
    kind = ["-r"] if choice.takes_file else ["-x"] if choice.takes_value else []
    values = ["-a", _quoted(" ".join(choice.values))] if choice.values else []
    return " ".join([*flags, *kind, *values, "-d", _quoted(choice.help)])


def _lines(commands: Sequence[Completed], line: Callable[[Completed], str]) -> str:
    return "\n".join(map(line, commands))


def _quoted(text: str) -> str:
    """Return a text in single quotes, in which bash, zsh and fish read it alike."""
    return "'" + text.replace("'", "'\\''") + "'"


SCRIPTS: dict[str, Callable[[Sequence[Completed]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""What makes the script, by the name of the shell."""
