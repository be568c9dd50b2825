"""The page that says how to trust the hub, and what it offers to take away, read by a real browser too."""

from __future__ import annotations

import hashlib
import plistlib
import random
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from unisono.access.authority import make_authority, read_certificate
from unisono.api.door.server import HttpServer, serve
from unisono.api.door.trust import TrustPages

CHROMIUM = Path("/usr/bin/chromium")
AUTHORITY = make_authority("attic", datetime(2026, 11, 26, tzinfo=UTC), random.Random(5).randbytes).certificate
NAME = read_certificate(AUTHORITY).subject
DIGITS = read_certificate(AUTHORITY).fingerprint.upper()
FINGERPRINT = ":".join(DIGITS[at : at + 2] for at in range(0, 64, 2))


@pytest.fixture
async def pages() -> AsyncIterator[HttpServer]:
    running = await serve(TrustPages(lambda: AUTHORITY, lambda: NAME), "127.0.0.1", 0)
    yield running
    await running.stop()


@pytest.fixture
async def http(pages: HttpServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{pages.port}") as client:
        yield client


async def test_the_certificate_in_each_form(http: httpx.AsyncClient) -> None:
    der = ssl.PEM_cert_to_DER_cert(AUTHORITY.decode())
    crt = await http.get("/ca.crt")
    assert (crt.headers["content-type"], crt.content) == ("application/x-x509-ca-cert", der)
    assert hashlib.sha256(crt.content).hexdigest().upper() == DIGITS
    for path in ("/ca.pem", "/ca.crt?pem"):
        assert (await http.get(path)).content == AUTHORITY
    profile = await http.get("/ca.mobileconfig")
    assert profile.headers["content-type"] == "application/x-apple-aspen-config"
    assert plistlib.loads(profile.content)["PayloadContent"][0]["PayloadContent"] == der


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/trust", "", "en"),
        ("/trust", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("/trust", "de-DE,en;q=0.5", "en"),
        ("/trust?lang=zh", "en", "zh"),
        ("/trust?lang=en", "zh-CN", "en"),
        ("/trust?lang=../../x", "fr", "en"),
    ],
)
async def test_the_page_in_the_readers_language(
    http: httpx.AsyncClient, path: str, accepted: str, language: str
) -> None:
    answer = await http.get(path, headers={"Accept-Language": accepted})
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text
    assert FINGERPRINT in answer.text and NAME in answer.text
    assert "{" not in answer.text.partition("</style>")[2]


async def test_nothing_active_is_on_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/trust")
    assert "<script" not in answer.text and " on" + "click" not in answer.text and "style=" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy


async def test_what_is_not_there(http: httpx.AsyncClient) -> None:
    assert (await http.get("/trust/x")).status_code == 404
    assert (await http.post("/ca.crt")).status_code == 405
    head = await http.head("/ca.crt")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (Debian: apt-get install chromium)")
@pytest.mark.parametrize(("language", "heading"), [("en", "Trust this hub"), ("zh", "信任这台中枢")])
async def test_a_browser_shows_it_without_a_complaint(pages: HttpServer, language: str, heading: str) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = await browser.new_page(locale={"en": "en-GB", "zh": "zh-CN"}[language])
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"http://127.0.0.1:{pages.port}/trust")
        assert await page.text_content("h1") == heading
        assert await page.text_content("#fingerprint") == FINGERPRINT
        border = await page.evaluate("getComputedStyle(document.querySelector('.fingerprint')).borderTopStyle")
        assert border == "solid"  # the style was let in
        other = {"en": "中文", "zh": "English"}[language]
        await page.click(f"text={other}")
        assert await page.text_content("h1") != heading
        async with page.expect_download() as download:
            await page.click('a[href="/ca.crt"]')
        assert (await download.value).suggested_filename == "unisono-ca.crt"
        assert [each for each in complaints if "favicon" not in each] == []
        await browser.close()
