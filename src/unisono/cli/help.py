"""The help of the command line in the language of who asks, as the environment tells it (POSIX ``LC_ALL``,
``LC_MESSAGES``, ``LANG``; gettext's ``LANGUAGE`` before them).

English stands in the code; ``help.zh.yaml`` has the Chinese of each text. What is to be typed is the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["language", "pieces", "put_into", "words_of"]

#: Where Typer keeps the words of its frame.
FRAME = (
    "ARGUMENTS_PANEL_TITLE",
    "OPTIONS_PANEL_TITLE",
    "COMMANDS_PANEL_TITLE",
    "ERRORS_PANEL_TITLE",
    "DEFAULT_STRING",
    "ENVVAR_STRING",
    "REQUIRED_LONG_STRING",
    "ABORTED_TEXT",
    "RICH_HELP",
)
USAGE = "Usage: "

#: Characters of which each may begin a line of Chinese, save those that belong to what stands before or behind them.
WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
OPENING = "（《〈“‘「『【〔({\\["
CLOSING = "，。；：！？、）》〉”’」』】〕…—·,.;:!?)}\\]"
PIECE = re.compile(
    rf"\s*[{OPENING}]*(?:[{WIDE}]|[^\s{WIDE}]+?(?=[{OPENING}]*(?:[\s{WIDE}]|$)))?[{CLOSING}]*\s*", re.DOTALL
)


def pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """What a line is not broken within, in the place of Rich's words: one character of Chinese or one word of another
    script, with the punctuation that belongs to it; begin, end and text."""
    for found in PIECE.finditer(text):
        if found[0]:
            yield found.start(), found.end(), found[0]


def language(environment: Mapping[str, str]) -> str:
    """``zh`` or ``en``: the first language wanted that there is."""
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    if locale in ("", "C", "POSIX"):
        return "en"  # gettext does not look at LANGUAGE then either
    for wanted in [*environment.get("LANGUAGE", "").split(":"), locale]:
        if wanted[:2] in ("zh", "en"):
            return wanted[:2]
    return "en"


def words_of(language: str) -> dict[str, str]:
    """English texts and what they are in another language; none for English."""
    file = Path(__file__).with_name(f"help.{language}.yaml")
    if not file.exists():
        return {}
    import yaml  # only who reads another language pays for it

    found: dict[str, str] = yaml.load(file.read_bytes(), yaml.CSafeLoader)
    return found


def put_into(command: Any, words: Mapping[str, str]) -> None:
    """Say the help of ``command``, and of all below it, in ``words``. Without any it stays as it is."""
    if not words:
        return
    import rich._wrap  # a tenth of a second that who reads English pays when he asks for help, and only then
    from typer import rich_utils

    class Folding(rich_utils.OptionHighlighter):
        """Without this, Typer's table cuts what is longer than its line and cannot be broken (an address)."""

        def __call__(self, text: str | Text) -> Text:
            highlighted = super().__call__(text)
            highlighted.overflow = "fold"
            return highlighted

    for name in FRAME:
        english = getattr(rich_utils, name)
        setattr(rich_utils, name, words.get(english, english))
    rich_utils.highlighter = Folding()
    rich._wrap.words = pieces  # Rich knows no breaks but at spaces, and offers no other way to say them
    _put(command, words)


def _put(command: Any, words: Mapping[str, str]) -> None:
    # Typer's classes of commands and options are its own copy of Click's, without public names
    for said in (command, *command.params):
        english = getattr(said, "help", None)
        if english:
            said.help = words.get(english, english)
    usage, help_option = command.get_usage, command.get_help_option

    def say_usage(context: Any) -> str:
        return str(usage(context)).replace(USAGE, words[USAGE], 1)

    def say_help_option(context: Any) -> Any:
        option = help_option(context)
        if option is not None:
            option.help = words.get(option.help, option.help)
        return option

    command.get_usage, command.get_help_option = say_usage, say_help_option
    for below in getattr(command, "commands", {}).values():
        _put(below, words)
