"""One HTTP call for a scene: only to hosts that are named, never to an internal address by way of a name.

Knows httpx (loaded on the first call) and the decision of `unisono.access.outside`. The name is resolved here and the
call goes to the address that was checked: whoever owns the name cannot send it elsewhere in between.
"""

from __future__ import annotations

import asyncio
import socket
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

import msgspec

from unisono.access import Outside
from unisono.errors import CallerError

if TYPE_CHECKING:
    import httpx

__all__ = ["OUTSIDE_FILE", "Called", "Fetcher", "read_outside"]

OUTSIDE_FILE = "outside.toml"
#: Of an answer, so much is read: its status is what counts, and a tap left open must not fill memory.
MAX_ANSWER = 64 * 1024
MAX_REDIRECTS = 5
#: Answers that may be another one a little later (RFC 9110; 425 is RFC 8470, 429 RFC 6585).
PASSING = {408, 425, 429, 500, 502, 503, 504}
REDIRECTS = {301, 302, 303, 307, 308}
#: What is for one host only.
SECRETS = ("authorization", "cookie", "proxy-authorization")


class Called(NamedTuple):
    """What became of a call. ``left``: it may have been taken; ``passing``: another try may do better."""

    ok: bool
    why: str | None = None
    left: bool = False
    passing: bool = False


def read_outside(path: Path) -> Outside:
    """The list of hosts in a file; an empty one when there is none. Raises CallerError ``bad_value``."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Outside)
    except FileNotFoundError:
        return Outside()
    except (OSError, ValueError) as error:  # of which TOML, UTF-8 and validation errors are kinds
        raise CallerError(
            f"{path}: {error}",
            code="bad_value",
            field=OUTSIDE_FILE,
            mend="See docs/outside.md for what may stand there",
        ) from error


class Fetcher:
    """Calls what ``outside`` names."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._client: httpx.AsyncClient | None = None

    async def call(self, body: dict[str, Any]) -> Called:
        """What the step ``http`` of a scene says: ``url``, ``method``, ``headers``, ``timeout_s`` and ``body``."""
        import httpx

        left = False

        async def traced(event: str, _facts: dict[str, Any]) -> None:
            nonlocal left
            left = left or event.endswith(".send_request_headers.started")

        try:
            async with asyncio.timeout(body["timeout_s"]):
                return await self._call(body, traced)
        except CallerError as error:
            return Called(False, str(error), left)
        except TimeoutError:
            return Called(False, f"no answer within {body['timeout_s']:g} s", left, True)
        except (httpx.ConnectError, httpx.ConnectTimeout, socket.gaierror) as error:
            return Called(False, f"it could not be reached: {_said(error)}", False, True)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
            unfit = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)  # what was to be sent is at fault
            passing = isinstance(error, httpx.TransportError) and not isinstance(error, unfit)
            what = "the call broke off" if passing else "it cannot be called"
            return Called(False, f"{what}: {_said(error)}", left, passing)

    async def _call(self, body: dict[str, Any], traced: Any) -> Called:
        import httpx

        if self._client is None:
            # No proxy and no .netrc of the environment: what is called is what the list says. No connection is kept: by
            # its address it would be taken for that of another name, whose certificate nobody has seen.
            none_kept = httpx.Limits(max_keepalive_connections=0)
            self._client = httpx.AsyncClient(trust_env=False, timeout=None, limits=none_kept)
        client = self._client
        method, url = body["method"], body["url"]
        headers = httpx.Headers(body["headers"])
        content = _content(body, headers)
        for _ in range(MAX_REDIRECTS + 1):
            request = client.build_request(method, url, headers=headers, content=content)
            request.extensions["trace"] = traced  # of the socket's events, as httpcore names them
            await self._aim(request)
            response = await client.send(request, stream=True)
            try:
                await _drain(response)
            finally:
                await response.aclose()
            status = response.status_code
            if status not in REDIRECTS or "location" not in response.headers:
                return _said_by(status)
            before, url = httpx.URL(url), urljoin(url, response.headers["location"])
            if status == 303 or (status in (301, 302) and method == "POST"):
                method, content = "GET", None
                headers.pop("content-type", None)
            after = httpx.URL(url)
            if (before.scheme, before.host, before.port) != (after.scheme, after.host, after.port):
                for name in SECRETS:
                    headers.pop(name, None)
        return Called(False, f"it was sent on more than {MAX_REDIRECTS} times", True)

    async def _aim(self, request: httpx.Request) -> None:
        """Check the host, resolve it, check where it is, and let the request go there. Raises CallerError."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        if url.scheme not in ("http", "https") or not self._outside.names(url.host, port):
            raise CallerError(
                f"{url.host}:{port} is not on the list of hosts that may be called",
                code="not_allowed",
                field="url",
                mend=f'Add it to "hosts" in {OUTSIDE_FILE} in the data directory and start the hub again',
            )
        found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        for address in addresses:
            if not self._outside.admits(url.host, address):
                raise CallerError(
                    f"{url.host} leads to {address}, which is inside",
                    code="not_allowed",
                    field="url",
                    mend=f'If that is meant, add it to "internal" in {OUTSIDE_FILE} and start the hub again',
                )
        # httpx keeps the header "Host" that it made of the name; TLS is told the name, the socket the address
        request.extensions["sni_hostname"] = url.host
        request.url = url.copy_with(host=addresses[0])

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()


def _content(body: dict[str, Any], headers: Any) -> bytes | None:
    """Text as it is, anything else as JSON."""
    if "body" not in body:
        return None
    content = body["body"]
    if isinstance(content, str):
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return content.encode()
    headers.setdefault("content-type", "application/json")
    return msgspec.json.encode(content)


async def _drain(response: httpx.Response) -> None:
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        if read > MAX_ANSWER:
            return


def _said_by(status: int) -> Called:
    if status < 400:
        return Called(True, None, True)
    return Called(False, f"it answered {status}", True, status in PASSING)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
