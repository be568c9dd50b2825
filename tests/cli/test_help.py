"""The help of every command, in both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import rich._wrap
from rich.cells import cell_len
from typer.main import get_command

from unisono.cli.help import FRAME, USAGE, language, pieces, words_of
from unisono.cli.root import COMMANDS, app_of

#: What is typed as it stands: options, commands, variables, words in the place of values.
TYPED = re.compile(r"--[a-z-]+|unisono [a-z]+(?: [a-z]+)?|\b[A-Z]{2,}(?:[_/:.@=][A-Z]+)*\b|https?://\S+")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def texts(command: Any, path: str = "unisono") -> Iterator[tuple[str, str]]:
    """What each command and each of its options say of themselves."""
    for said in (command, *command.params):
        found = getattr(said, "help", None)
        if found:
            yield f"{path} {said.name}", found
    for name, below in getattr(command, "commands", {}).items():
        yield from texts(below, f"{path} {name}")


def test_every_command_and_option_says_something_of_itself() -> None:
    def silent(command: Any, path: str) -> Iterator[str]:
        if not command.help:
            yield path
        for name, below in getattr(command, "commands", {}).items():
            yield from silent(below, f"{path} {name}")

    assert not list(silent(get_command(app_of()), "unisono"))


def test_one_command_alone_is_what_it_is_among_all() -> None:
    whole: Any = get_command(app_of())
    assert set(whole.commands) == set(COMMANDS)
    for name in COMMANDS:
        alone: Any = get_command(app_of(name))
        assert dict(texts(alone.commands[name])) == dict(texts(whole.commands[name]))


def test_all_of_it_is_there_in_chinese_and_nothing_more() -> None:
    words = words_of("zh")
    english = {text: where for where, text in texts(get_command(app_of()))}
    assert not {where: text for text, where in english.items() if text not in words}
    frame = set(list(words)[: list(words).index(str(app_of().info.help))])
    assert len(frame) == len(FRAME) + 2 and USAGE in frame
    assert set(words) - frame <= set(english), "texts that nobody says any more"


def test_what_is_typed_is_the_same_in_both() -> None:
    for text, chinese in words_of("zh").items():
        for typed in TYPED.findall(text):
            assert typed.rstrip(".,;)") in chinese, (text, typed)
        assert text.count("\n") == chinese.count("\n"), text
        assert CHINESE.search(chinese) or re.fullmatch(r"(\w+, )+\w+\.\.\.", text), text  # a list of words to type


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:zh_CN:en"}, "zh"),
        ({"LANG": "C", "LANGUAGE": "zh_CN"}, "en"),
    ],
)
def test_the_environment_tells_the_language(environment: dict[str, str], wanted: str) -> None:
    assert language(environment) == wanted
    assert words_of("en") == {}


def shown(*words: str, lang: str = "zh_CN.UTF-8", fails: bool = False) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    environment |= {"LANG": lang, "COLUMNS": "80", "TERM": "dumb"}
    command = [sys.executable, "-m", "unisono.cli", *words]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode != 0) is fails
    return (done.stdout + done.stderr).decode("utf-8")


def test_it_is_said_in_chinese_and_none_of_it_is_cut() -> None:
    for words in (["--help"], ["up", "-h"], ["thing", "add", "--help"]):
        found = shown(*words)
        assert "用法：unisono" in found and "显示本帮助" in found and "选项" in found
        assert "Usage" not in found and "Options" not in found
        assert not re.search("(?<!…)…(?!…)", found), "cut"
        assert not re.search(r"^[ │]*[，。；：！？、）]", found, re.MULTILINE), "a line that begins with what closes"
    assert "帮助见 unisono thing -h" in shown("thing", "ad", fails=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("添加位置。", "添|加|位|置。"),
        ("它的 ID；不给则由名称生成", "它|的 |ID；|不|给|则|由|名|称|生|成"),
        ("仅：waiting、held", "仅：|waiting、|held"),
        ("（见 unisono thing -h）……", "（见 |unisono |thing |-h）……"),
        ("家(home)，[默认值: a(b)]", "家|(home)，|[默|认|值: |a(b)]"),
        ("foo(中)", "foo|(中)"),
        ("Two words", "Two |words"),
        (" （", " （"),
        ("", ""),
    ],
)
def test_where_a_line_may_be_broken(text: str, found: str) -> None:
    assert "|".join(piece for _begin, _end, piece in pieces(text)) == found


def test_no_line_of_chinese_begins_with_what_closes_nor_breaks_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rich._wrap, "words", pieces)
    for text in words_of("zh").values():
        for width in (30, 37, 44, 61):
            for paragraph in text.split("\n"):
                offsets = rich._wrap.divide_line(paragraph, width)
                for at in offsets:
                    before, after = paragraph[at - 1], paragraph[at]
                    assert after not in "，。；：！？、）》”…—,.;:!?)]", (paragraph, width)
                    within = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
                    assert not within or cell_len(max(re.findall(r"[!-~]+", paragraph), key=len)) > width, paragraph


def test_without_chinese_it_is_english() -> None:
    found = shown("thing", "add", "--help", lang="C.UTF-8")
    assert "Usage: unisono thing add" in found and not CHINESE.search(found.replace("沙发灯", ""))
