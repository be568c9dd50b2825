"""What the hub refuses is told in the language of the page, and its exact words stand below."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import address_of, signed_in
from tests.hub.hub import Hub
from unisono.cli import diagnosis
from unisono.errors import CODES
from unisono.gateway.door import attempts, doorman
from unisono.scene.checking.finding import RULES

CONSOLE = Path(__file__).parents[2] / "console" / "src"
CHINESE = re.compile("[\u4e00-\u9fff]")
#: What somebody at the door looks like, where no table says so.
SEEN = {"limit", "client_id", "bad_password", "unknown_user", *doorman._KINDS.values()}
SEEN |= {kind for kind, _words in [*attempts._TLS.values(), *attempts._HTTPS.values()]}


def words(path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((CONSOLE / path).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("words/refusals.json", set(CODES)),
        ("scene/rules.json", set(RULES)),
        ("adding/door.json", SEEN | set(diagnosis._CHANGES)),
    ],
)
def test_each_has_words_in_both_languages(path: str, known: set[str]) -> None:
    found = words(path)
    assert set(found) == known
    assert [code for code, text in found.items() if not CHINESE.search(text)] == []
    assert len(set(found.values())) == len(found)


def test_each_code_and_rule_has_english() -> None:
    assert all(code.title for code in CODES.values())
    assert all(RULES.values())


async def test_a_scene_that_cannot_be_is_refused_in_chinese(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="zh-CN"), complaints)
    await page.goto(f"{address_of(demo)}/#/scenes/new")
    text = page.get_by_role("textbox", name="文本（YAML）")
    await text.fill(
        "id: odd\nname: Odd\nplace: home\nwhen:\n  - change: {things: [bedroom_lite], property: on_off, is: true}\n"
        "then:\n  - set: {things: [bedroom_light], state: {on_off: true}}\n"
    )
    odd = page.locator("[data-checked=odd]")
    await odd.get_by_text(words("words/refusals.json")["unknown_thing"]).wait_for()
    assert "there is no thing 'bedroom_lite'" in await odd.locator(".exact").first.inner_text()
    await page.get_by_role("button", name="保存").click()
    note = page.locator("[data-note=refused]")
    await note.get_by_text(words("words/refusals.json")["bad_scene"]).wait_for()
    assert "there is no thing 'bedroom_lite'" in await note.locator(".exact").inner_text()


async def test_in_english_the_hub_speaks_for_itself(demo: Hub, browser: Any) -> None:
    complaints: list[str] = []
    page = await signed_in(demo, await browser.new_context(locale="en-GB"), complaints)
    await page.goto(f"{address_of(demo)}/#/things/no_such_thing")
    await page.goto(f"{address_of(demo)}/#/scenes/no_such_scene")
    alert = page.get_by_role("alert")
    await alert.get_by_text("no_such_scene").wait_for()
    assert await alert.locator(".exact").count() == 0
