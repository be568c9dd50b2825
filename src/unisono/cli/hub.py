"""How a command reaches a hub: where it is, who asks, and what its answers mean.

Knows HTTP from the standard library (httpx would cost every command a tenth of a second) and problem documents.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import inspect
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
import typer

from unisono.cli.screen import Screen
from unisono.errors import CODES, CallerError, HostError, UnisonoError, with_others

__all__ = ["DEFAULT_URL", "Hub", "hub_command"]

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_DATA = Path("data")

# one page of a list
PAGE = 500

# a hub answers in milliseconds; a bulk request of ten thousand things takes a few seconds
TIMEOUT_S = 60.0

UrlOption = Annotated[
    str,
    typer.Option(
        "--url", envvar="UNISONO_URL", help="The hub's address; else DIR/run/address is read.", show_default=False
    ),
]
TokenOption = Annotated[
    str, typer.Option("--token", envvar="UNISONO_TOKEN", help="A token; else DIR/token is read.", show_default=False)
]
DataOption = Annotated[
    Path, typer.Option("--data", envvar="UNISONO_DATA", help="The data directory of a hub on this machine.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _address_in(data: Path) -> str:
    """Where the hub that uses this data directory says it is (`unisono.app` writes it); empty when none does."""
    try:
        return (data / "run" / "address").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


class Hub:
    """A hub as a command sees it."""

    def __init__(self, url: str = "", token: str = "", data: Path = DEFAULT_DATA) -> None:
        self.url = (url or _address_in(data) or DEFAULT_URL).rstrip("/")
        self.data = data
        self._token = token
        if not url and data != DEFAULT_DATA and not data.is_dir():
            # to go on at the default address would be to ask another hub than was meant
            expected = "the data directory of a hub on this machine, or --url"
            raise CallerError(f"There is no folder {data}", code="bad_usage", field="--data", expected=expected)
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise CallerError(
                f"{url!r} is no address of a hub", code="bad_usage", field="--url", expected="http://host:port"
            )

    @property
    def token(self) -> str:
        """The token given, else the one in DIR/token. Raises CallerError ``not_signed_in``."""
        if self._token:
            return self._token
        path = self.data / "token"
        try:
            self._token = path.read_text().strip()
        except FileNotFoundError:
            self.reach()  # no hub at all is the more useful thing to say
            raise CallerError(
                f"There is no token: none was given and there is no file {path}",
                code="not_signed_in",
                mend="Give --token or set UNISONO_TOKEN, or say with --data where the hub's data directory is",
            ) from None
        except OSError as error:
            raise CallerError(
                f"{path} cannot be read: {error.strerror}",
                code="not_signed_in",
                mend="Run this as the user who runs the hub, or give --token",
            ) from None
        return self._token

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of a GET; a query member that is None is left out."""
        return self.send("GET", path, query=query)

    def post(self, path: str, body: Any, **query: Any) -> Any:
        """The JSON answer of a POST."""
        return self.send("POST", path, body=body, query=query)

    def delete(self, path: str, **query: Any) -> None:
        """A DELETE."""
        self.send("DELETE", path, query=query)

    def items(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        after: str | None = None
        while True:
            page = self.get(path, **{"limit": PAGE, **query, "after": after})
            yield from page["items"]
            after = page.get("next")
            if after is None:
                return

    def send(
        self, method: str, path: str, *, body: Any = None, query: dict[str, Any] | None = None, signed: bool = True
    ) -> Any:
        """Ask the hub. Raises HostError ``hub_unreachable``, or the error with which it answered."""
        data = None if body is None else msgspec.json.encode(body)
        with self.open(method, path, data=data, query=query, signed=signed) as answer:
            content = answer.read()
        return msgspec.json.decode(content) if content else None

    def open(
        self,
        method: str,
        path: str,
        *,
        data: Any = None,
        query: dict[str, Any] | None = None,
        signed: bool = True,
        timeout_s: float = TIMEOUT_S,
        kind: str = "application/json",
    ) -> IO[bytes]:
        """As `send`, giving the answer's body to read piece by piece. ``kind``: the media type of ``data``."""
        given = {key: value for key, value in (query or {}).items() if value is not None}
        address = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = kind
        if signed:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(address, data=data, headers=headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=timeout_s, context=self._trust())  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(error.code, error.read(), self.url) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise self.unreachable(error) from error

    def _trust(self) -> ssl.SSLContext | None:
        """Over HTTPS also the authority of a hub whose data directory is at hand."""
        if not self.url.startswith("https:"):
            return None
        context = ssl.create_default_context()
        with contextlib.suppress(OSError, ssl.SSLError):
            context.load_verify_locations(self.data / "tls" / "ca.pem")
        return context

    def reach(self) -> list[str]:
        """Why the hub is not ready; empty when it is. Raises HostError ``hub_unreachable``."""
        try:
            self.send("GET", "/healthz", signed=False)
        except UnisonoError as error:
            if error.code == "hub_unreachable":
                raise
            return [error.detail]
        return []

    def unreachable(self, error: BaseException) -> HostError:
        """The error that says why the hub does not answer."""
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            why = f"its certificate is not trusted ({reason.verify_message})"
            return HostError(
                f"The hub at {self.url} cannot be reached: {why}",
                code="hub_unreachable",
                mend="Trust its authority as its page /trust says, or say with --data where its directory is",
            )
        why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return HostError(
            f"The hub at {self.url} cannot be reached: {why}",
            code="hub_unreachable",
            mend="Start it: unisono up   (or say where it is: --url)",
        )


def _problem(status: int, content: bytes, url: str) -> UnisonoError:
    try:
        found = msgspec.json.decode(content)
        if "reasons" in found:  # /healthz
            return HostError("; ".join(found["reasons"]), code="owner_unavailable", mend="unisono doctor")
        code = found["code"] if found["code"] in CODES else "internal"
        kind = HostError if CODES[code].http >= 500 else CallerError
        error = kind(
            str(found.get("detail") or found.get("title")),
            code=code,
            field=found.get("field"),
            expected=found.get("expected"),
            mend=found.get("mend"),
        )
        return with_others(error, found)
    except (msgspec.DecodeError, KeyError, TypeError):
        return HostError(f"{url} answered {status}, and not as a hub does", code="hub_unreachable", mend="Check --url")


_EXTRA = (
    inspect.Parameter("url", inspect.Parameter.KEYWORD_ONLY, default="", annotation=UrlOption),
    inspect.Parameter("token", inspect.Parameter.KEYWORD_ONLY, default="", annotation=TokenOption),
    inspect.Parameter("data", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT_DATA, annotation=DataOption),
    inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption),
)


def hub_command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function ``(hub, screen, ...)`` as a command that also takes --url, --token, --data and --json."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(**given: Any) -> None:
            hub = Hub(given.pop("url"), given.pop("token"), given.pop("data"))
            function(hub, Screen(as_json=given.pop("json")), **given)

        signature = inspect.signature(function, eval_str=True)
        own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in list(signature.parameters.values())[2:]]
        parameters = [*own, *_EXTRA]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        del run.__wrapped__  # else typer reads the signature beneath
        app.command(name)(run)
        return function

    return decorate
