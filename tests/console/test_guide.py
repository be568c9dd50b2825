"""The pictures of the user's guide, from a real hub; ``UNISONO_PICTURES=DIR`` (``make screenshots``) keeps them.

Without it they are test output: the guide's every picture can be made, and is small.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import address_of, signed_in
from tests.dialect.player import Player
from tests.dialect.test_firmwares import BULB, CONTACT, REMOTE, devices
from tests.hub.hub import Hub

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
#: A Chinese font that `make screenshots` puts there for machines without one; nothing of it is kept.
FONT = ROOT / "build" / "font" / "node_modules" / "@fontsource-variable" / "noto-sans-sc"
#: Ten frames in which no font is on its way: what is drawn first asks for parts of a font that come later.
SETTLED = """async () => {
  for (let quiet = 0; quiet < 10; quiet = document.fonts.status === 'loaded' ? quiet + 1 : 0) {
    await new Promise((drawn) => requestAnimationFrame(drawn));
  }
  const anew = document.createElement("style"); // letters drawn without the font are kept: ask for another kind of them
  const other = 10 + document.querySelectorAll("style").length % 10;
  anew.textContent = `:root * { font-feature-settings: "kern" 1, "ss${other}" 1 !important; }`;
  document.head.append(anew);
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""
LARGEST_BYTES = 80_000
LANGUAGES = {"en": "en-GB", "zh-CN": "zh-CN"}


async def write_chinese(page: Any, hub: Hub) -> None:
    """Give the page a Chinese font, where there is one for it, under the name that its style asks for."""
    if not FONT.is_dir():
        return
    where = f"{address_of(hub)}/font-of-the-test/"

    async def serve(route: Any) -> None:
        await route.fulfill(path=FONT / "files" / route.request.url.rpartition("/")[2])

    await page.route(f"{where}*", serve)
    style = (FONT / "index.css").read_text(encoding="utf-8")
    style = style.replace("'Noto Sans SC Variable'", "'Noto Sans CJK SC'").replace("./files/", where)
    await page.add_style_tag(content=style)
    await page.evaluate("Promise.all([...document.fonts].map(face => face.load())).then(() => true)")
    # another list than the page's own, for which the browser remembers that there was no such letter
    every = ':root * { font-family: "DejaVu Sans", "Noto Sans CJK SC", sans-serif !important; }'
    await page.add_style_tag(content=every)


async def picture(page: Any, folder: Path, name: str) -> None:
    """The page as it is, as WebP, which Playwright has not but DevTools has."""
    await page.evaluate(SETTLED)
    devtools = await page.context.new_cdp_session(page)
    taken = await devtools.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    body = base64.b64decode(taken["data"])
    assert body[8:12] == b"WEBP" and len(body) < LARGEST_BYTES, (name, len(body))
    (folder / name).write_bytes(body)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_guides_pictures(demo: Hub, browser: Any, tmp_path: Path, language: str) -> None:
    folder = Path(os.environ.get("UNISONO_PICTURES", tmp_path))
    complaints: list[str] = []
    context = await browser.new_context(
        locale=LANGUAGES[language], color_scheme="light", viewport={"width": 1080, "height": 720}, bypass_csp=True
    )  # the font of the test comes in a style of its own
    page = await signed_in(demo, context, complaints)
    await page.locator("[data-thing=bedroom_light] .mantine-Switch-track").wait_for()
    await write_chinese(page, demo)
    for name, wait in (("welcome", "[data-step=phone]"), ("add", "[data-how=claim]")):
        await page.goto(f"{address_of(demo)}/#/{name}")
        await page.locator(wait).wait_for()
        await picture(page, folder, f"{name}.{language}.webp")
    await page.goto(f"{address_of(demo)}/#/")
    await page.locator("[data-thing=bedroom_light]").wait_for()
    await picture(page, folder, f"overview.{language}.webp")
    await page.goto(f"{address_of(demo)}/#/add/zigbee2mqtt")
    await page.locator("form button[type=submit]").click()
    await page.locator("[data-guide]").wait_for()
    await picture(page, folder, f"settings.{language}.webp")
    cells = await page.locator("[data-guide] td code").all_inner_texts()
    server, base, user, secret, _on = (cell.strip() for cell in cells)
    assert base == "zigbee2mqtt" and server.endswith(f":{demo.mqtt_port}")
    player = await Player(user, secret, demo.mqtt_port).open("z/#")
    try:
        named = [(f"{language}1", "Reading lamp", BULB), (f"{language}2", "Front door", CONTACT)]
        player.say(f"z{language}/bridge/devices", devices(*named, (f"{language}3", "Remote", REMOTE)))
        await page.locator("[data-newcomer=Remote]").wait_for()
        await page.locator("[data-newcomer=Remote]").scroll_into_view_if_needed()
        await picture(page, folder, f"waiting.{language}.webp")
    finally:
        player.close()
    await demo.ask("DELETE", f"/api/v1/things/{user}")  # else the place is no demonstration any more
    assert complaints == []


def test_the_guides_show_only_pictures_that_there_are() -> None:
    for text in (*GUIDE.glob("*.md"), ROOT / "README.zh-CN.md"):
        named = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text.read_text(encoding="utf-8"))
        assert named, text
        for name in named:
            assert (text.parent / name).is_file(), (text, name)


def test_both_guides_say_the_same() -> None:
    """As many headings, pictures and steps in either language."""
    english, chinese = ((GUIDE / name).read_text(encoding="utf-8") for name in ("guide.md", "guide.zh-CN.md"))
    for pattern in (r"^#+ ", r"^!\[", r"^- ", r"^\d+\. "):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M)), pattern
