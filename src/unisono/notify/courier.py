"""The courier: a process that carries messages out of the house, ``python -m unisono.notify.courier``.

Knows apprise and HTTP. It is started when there is something to carry and ends when there is not: apprise takes 40 MB
and a second to load. What it runs is code of many hands and what it is told comes from people, so it is guarded (see
`guard`) and knows nothing but its errands: lines of JSON on standard input, answered on standard output.
"""

from __future__ import annotations

import hashlib
import logging
import os
import resource
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from unisono.notify.errand import READY, Check, CourierSettings, Errand, Facts, Push, Report, Send
from unisono.notify.guard import Guard
from unisono.notify.verdict import Answer

__all__ = ["THREADS"]

#: So many errands at a time; they wait for others' servers.
THREADS = 8
#: A server that answers without end must not take the machine's memory.
MEMORY_BYTES = 1024**3
CONNECT_S, READ_S = 5.0, 10.0
BODY_CHARACTERS = 2000
#: Shorter words are no secrets, and would be blotted out of every sentence.
SECRET_CHARACTERS = 6

#: Addresses that mean this machine's own desktop or log, or that name a file.
LOCAL = frozenset({"dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog", "blink1", "vapid"})


class Courier:
    """Carries errands out, each in a thread of its own."""

    def __init__(self, settings: CourierSettings) -> None:
        self.guard = Guard(settings.reach)
        self._reroute = settings.reroute
        self._here = threading.local()
        self._writing = threading.Lock()

    def prepare(self) -> None:
        """Load what must be there before the guard stands."""
        import requests.adapters
        import urllib3.util.connection

        adapters: Any = requests.adapters.HTTPAdapter
        original = adapters.send
        courier = self

        def send(adapter: Any, request: Any, *args: Any, **options: Any) -> Any:
            return courier.observed(original, adapter, request, *args, **options)

        adapters.send = send
        # what this says is that IPv6 works here, and it binds a socket to find out
        _ = urllib3.util.connection.HAS_IPV6
        logging.getLogger("apprise").addHandler(_Complaints(self._here))
        logging.getLogger("apprise").propagate = False
        _notifier("json://localhost", {})  # loads all of it, which no errand's time is to be charged with

    def observed(self, original: Any, adapter: Any, request: Any, *args: Any, **options: Any) -> Any:
        """Send a request; what came back is kept for the report."""
        import requests

        parts = urlsplit(request.url)
        other = self._reroute.get(parts.hostname or "")
        if other is not None:
            request.url = other + request.url.partition(parts.netloc)[2]
        try:
            response = original(adapter, request, *args, **options)
        except requests.RequestException as error:
            self._here.trouble = _reason(error, parts.hostname or "")
            raise
        self._here.responses.append(response)
        return response

    def carry_out(self, errand: Errand) -> None:
        """Do it and report."""
        self.guard.begin()
        self._here.responses, self._here.trouble, self._here.complaints = [], "", []
        facts: Facts | None = None
        ok = False
        secrets: set[str] = set()
        try:
            if isinstance(errand, Push):
                ok = _push(errand)
            else:
                notifier = _notifier(errand.url, errand.parameters if isinstance(errand, Send) else {})
                secrets = _secrets(notifier)
                if isinstance(errand, Check):
                    facts, ok = _facts(notifier), True
                else:
                    ok = _send(notifier, errand)
        except Exception as error:  # noqa: BLE001 - code of many hands: whatever it raises is this errand's trouble
            self._here.trouble = self._here.trouble or f"{type(error).__name__}: {error}"
        self.report(Report(errand.number, self._answer(ok, secrets), facts))

    def _answer(self, ok: bool, secrets: set[str]) -> Answer:
        def clean(text: str) -> str:
            for secret in secrets:
                text = text.replace(secret, "****")
            return text

        responses = self._here.responses
        failed = [each for each in responses if each.status_code >= 400]
        trouble = self._here.trouble or "; ".join(self._here.complaints[-2:])
        if not responses:
            return Answer(ok, trouble="" if ok else clean(trouble or "it gave no reason"), forbidden=self._refusal(ok))
        shown = (failed or responses)[-1]
        return Answer(
            ok,
            status=shown.status_code,
            retry_after=shown.headers.get("Retry-After", ""),
            date=shown.headers.get("Date", ""),
            body=clean(shown.text[:BODY_CHARACTERS]),
            trouble=clean(trouble),
            forbidden=self._refusal(ok),
        )

    def _refusal(self, ok: bool) -> str:
        return "" if ok else self.guard.refusal

    def report(self, report: Report) -> None:
        """Say it to whoever sent us."""
        line = msgspec.json.encode(report) + b"\n"
        with self._writing:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()


class _Complaints(logging.Handler):
    """What apprise says of a message that did not leave, for the thread that it is said in."""

    def __init__(self, here: Any) -> None:
        super().__init__(logging.WARNING)
        self._here = here

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(self._here, "complaints"):
            self._here.complaints.append(record.getMessage())


def _notifier(url: str, parameters: Mapping[str, str]) -> Any:
    """apprise's object for an address. Raises ValueError when there is none."""
    from apprise import Apprise, AppriseAsset
    from apprise.common import PersistentStoreMode

    scheme = url.partition(":")[0].lower()
    if scheme in LOCAL:
        raise ValueError(f"{scheme}: is for programs on a desktop")
    # no icons from the Internet, no files of its own, no threads
    asset = AppriseAsset(
        app_id="Unisono",
        app_desc="Unisono",
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        storage_mode=PersistentStoreMode.MEMORY,
    )
    notifier = Apprise.instantiate(_with(url, parameters), asset=asset)
    if notifier is None:
        raise ValueError("that is no address of a service; https://appriseit.com/services/ has their forms")
    return notifier


def _with(url: str, parameters: Mapping[str, str]) -> str:
    """The address with our parameters, unless its owner chose others."""
    chosen = parse_qs(url.partition("?")[2], keep_blank_values=True)
    ours = {key: value for key, value in parameters.items() if key not in chosen}
    if not ours:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(ours)}"


def _secrets(notifier: Any) -> set[str]:
    """Whatever in an address tells it from others: tokens, passwords, names."""
    parts = [*_flat(getattr(notifier, "url_identifier", ())), notifier.password]
    return {part for part in parts if isinstance(part, str) and len(part) >= SECRET_CHARACTERS} - {notifier.host}


def _flat(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [part for each in value for part in _flat(each)]
    return [value]


def _facts(notifier: Any) -> Facts:
    shown = notifier.url(privacy=True)
    exact = notifier.url(privacy=False)
    return Facts(
        service=urlsplit(shown).scheme,
        name=str(notifier.service_name),
        shown=shown.partition("?")[0],
        identity=hashlib.sha256(exact.encode()).hexdigest(),
        requests=max(1, len(notifier)),
        title_max=int(notifier.title_maxlen),
        text_max=int(notifier.body_maxlen),
    )


def _send(notifier: Any, errand: Send) -> bool:
    from apprise import NotifyFormat, NotifyType

    # how fast and how often is decided in the hub, for all who write there
    notifier.request_rate_per_sec = 0
    notifier.retry = 0
    notifier.socket_connect_timeout = min(notifier.socket_connect_timeout, CONNECT_S)
    notifier.socket_read_timeout = min(notifier.socket_read_timeout, READ_S)
    said = notifier.notify(
        title=errand.title,
        body=errand.text,
        notify_type=NotifyType(errand.weight),
        body_format=NotifyFormat.TEXT,
    )
    return bool(said)


def _push(errand: Push) -> bool:
    import requests
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from unisono.notify.webpush import SALT_BYTES, Subscription, authorization, encrypt, new_key

    hub: Any = load_pem_private_key(errand.key.encode(), None)
    subscription = Subscription(errand.endpoint, errand.p256dh, errand.auth)
    headers = {
        "Content-Encoding": "aes128gcm",
        "TTL": str(errand.ttl_s),
        "Urgency": errand.urgency,
        "Authorization": authorization(errand.endpoint, hub, errand.contact, int(time.time())),
    }
    if errand.topic:
        headers["Topic"] = errand.topic
    body = encrypt(errand.content.encode(), subscription, new_key(), os.urandom(SALT_BYTES))
    response = requests.post(
        errand.endpoint, data=body, headers=headers, timeout=(CONNECT_S, READ_S), allow_redirects=False
    )
    return response.status_code < 300


def _reason(error: BaseException, host: str) -> str:
    """The innermost reason of a failed request. Its own text would quote the address with its secrets."""
    inner: BaseException = error
    for _ in range(8):
        below = getattr(inner, "reason", None) or inner.__cause__ or inner.__context__
        if not isinstance(below, BaseException):
            break
        inner = below
    words = getattr(inner, "strerror", None) or type(inner).__name__
    return f"{host}: {words}"


def main() -> None:
    """Carry out what standard input says until it ends; settings come first."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=CourierSettings)
    courier = Courier(settings)
    courier.prepare()
    courier.guard.install()
    courier.report(Report(READY, Answer(True)))
    decode = msgspec.json.Decoder(Errand).decode
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin.buffer:
            pool.submit(courier.carry_out, decode(line))
        os._exit(0)  # whoever sent us is gone or has had enough: nobody reads what is still on its way


if __name__ == "__main__":
    main()
