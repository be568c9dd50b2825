"""Who was not let in, and what it looked like: a bounded memory, so that a person can be told what to change.

Knows first bytes, CONNECT and TLS errors as far as they tell a mistake. Keeps no password, only its shape.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING

from unisono.gateway.clock import now_us
from unisono.twin.visitors import Attempt
from unisono.wire.mqtt import Connect, Version

if TYPE_CHECKING:
    import ssl

__all__ = ["PROTOCOLS", "Attempts", "describe_first", "describe_no_http", "describe_password", "describe_tls"]

#: Attempts remembered by a gateway, and of one address: enough to see a pattern, little enough to answer in one go.
KEEP = 1_000
KEEP_PER_ADDRESS = 100
#: Alike attempts are one entry with a count while they come within this.
ALIKE_US = 3_600_000_000
#: Characters shown of what a stranger said.
SHOWN = 64
#: Bytes of a connection's beginning that are looked at.
FIRST_BYTES = 64

PROTOCOLS = {Version.V31: "3.1", Version.V311: "3.1.1", Version.V5: "5.0"}

_HTTP = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"PATCH ", b"CONNECT ", b"PRI * ")


def describe_first(first: bytes) -> tuple[str, str]:
    """Kind and words for a connection whose first bytes are no MQTT that is served."""
    if first[:1] == b"\x16" and first[1:2] in (b"", b"\x03"):
        found = "tls_on_plain", "the first bytes are a TLS handshake, and this port is plain"
    elif first.startswith(_HTTP) and b"ebsocket" in first:
        found = "websocket_on_plain", "the first bytes ask for a WebSocket, and this port is plain MQTT"
    elif first.startswith(_HTTP):
        found = "http", "the first bytes are HTTP, and this port speaks MQTT"
    elif first.startswith(b"PROXY "):
        found = "proxy", "the first bytes are a proxy's header (PROXY protocol), which is not served here"
    elif first[:1] == b"\x10":
        found = "protocol_error", "CONNECT is not as the specification wants it"
    elif first[:1] and first[0] >= 0x20 and not first[:1].isalpha():
        found = "not_connect", f"the first packet is not CONNECT but type {first[0] >> 4}"
    else:
        found = "not_mqtt", f"the first bytes are no MQTT: {_shown(first)!r}"
    return found


def describe_no_http(first: bytes, *, tls: bool) -> tuple[str, str]:
    """Kind and words for a connection to a port of HTTP (inside TLS, where it has that) whose first bytes are none."""
    speaks = "HTTPS" if tls else "HTTP"
    if first[:1] == b"\x10":
        return "mqtt_on_http", f"the first bytes are MQTT, and this port speaks {speaks}"
    if first[:2] == b"\x16\x03":
        return "tls_on_http", "the first bytes are a TLS handshake, and this port speaks HTTP without TLS"
    return "not_http", f"the first bytes are no HTTP, and this port speaks {speaks}: {_shown(first)!r}"


def _shown(first: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in first[:16])


def describe_password(password: bytes | None) -> str:
    """The shape of a password: what is odd about it, without telling it."""
    if password is None:
        return "none was given"
    try:
        text = password.decode()
    except UnicodeDecodeError:
        return f"{len(password)} bytes that are no UTF-8"
    odd = [f"{len(text)} character{'s' * (len(text) != 1)}"]
    if text[-2:] == "\r\n":
        odd.append("ends with CR and newline")
    elif text[-1:] in ("\n", "\r"):
        odd.append("ends with a newline")
    elif text[-1:].isspace():
        odd.append("ends with a space")
    elif text[-1:] == "\0":
        odd.append("ends with a zero byte")
    if text[:1].isspace():
        odd.append("begins with a space")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        odd.append("stands in quotation marks")
    if not text.isascii():
        odd.append("has characters beyond ASCII")
    if ":" in text:
        odd.append("has a colon in it")
    return ", ".join(odd)


#: Reasons of OpenSSL (`ssl.SSLError.reason`) that a device's settings explain.
_TLS = {
    "WRONG_VERSION_NUMBER": ("plain_on_tls", "the first bytes are no TLS, and this port wants TLS"),
    "HTTP_REQUEST": ("http", "the first bytes are HTTP, and this port speaks MQTT with TLS"),
    "UNSUPPORTED_PROTOCOL": ("old_tls", "it offers only TLS older than 1.2"),
    "UNKNOWN_PROTOCOL": ("old_tls", "it offers only SSL or TLS older than 1.2"),
    "VERSION_TOO_LOW": ("old_tls", "it offers only TLS older than 1.2"),
    "NO_SHARED_CIPHER": ("no_cipher", "it offers no cipher that is still safe"),
    "TLSV1_ALERT_UNKNOWN_CA": ("unknown_ca", "it does not trust the hub's certificate authority"),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": ("unknown_ca", "it does not accept the hub's certificate"),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("unknown_ca", "it does not accept the hub's certificate"),
    "TLSV1_ALERT_DECRYPT_ERROR": ("unknown_ca", "it could not check the hub's certificate"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("clock", "it takes the hub's certificate for expired: look at its clock"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("old_tls", "it and the hub have no version of TLS in common"),
    "SSLV3_ALERT_HANDSHAKE_FAILURE": ("no_cipher", "it found nothing in common with what the hub offers"),
    "CERTIFICATE_VERIFY_FAILED": ("client_certificate", "its own certificate is not one that the hub knows"),
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("client_certificate", "it showed no certificate of its own"),
}


#: The same at the port of HTTPS, where it differs.
_HTTPS = {
    "WRONG_VERSION_NUMBER": ("plain_on_https", "the first bytes are no TLS, and this port speaks HTTPS"),
    "HTTP_REQUEST": ("http_on_https", "the first bytes are HTTP without TLS, and this port speaks HTTPS"),
}


def describe_tls(error: ssl.SSLError | OSError | None, *, https: bool = False) -> tuple[str, str]:
    """Kind and words for a TLS handshake that failed; ``https``: at the port of HTTPS, not that of MQTT."""
    reason = getattr(error, "reason", None) or ""
    found = (_HTTPS.get(reason) if https else None) or _TLS.get(reason)
    if found is not None:
        return found
    return "tls", f"the TLS handshake failed: {reason or error or 'it ended early'}"


class Attempts:
    """The newest refused attempts. One address has its own bound.

    Alike ones (address, kind, code, user) are one entry.
    """

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._known: OrderedDict[tuple[str, str, str, str, str], Attempt] = OrderedDict()
        self._by_address: Counter[str] = Counter()

    def note(
        self,
        address: str,
        kind: str,
        code: str,
        detail: str,
        *,
        connect: Connect | None = None,
        user: str = "",
        transport: str = "",
        password: str = "",
        about: str = "",
    ) -> None:
        """Remember one. ``address`` may have a port, which is not kept. ``about``: the limit that was reached; what is
        about different ones is not alike."""
        host = address.rpartition(":")[0] or address
        client_id = protocol = ""
        if connect is not None:
            user = user or connect.username or ""
            client_id = connect.client_id[:SHOWN]
            protocol = PROTOCOLS[connect.version]
            if kind in ("bad_password", "no_credentials"):
                password = describe_password(connect.password)
        user = user[:SHOWN]
        if self._by_address[host] >= KEEP_PER_ADDRESS and (host, kind, code, user, about) not in self._known:
            user = ""  # somebody tries names: one line for all of them
        key = (host, kind, code, user, about)
        at = now_us()
        had = self._known.pop(key, None)
        if had is None:
            self._by_address[host] += 1
        alike = had is not None and at - had.at < ALIKE_US
        self._known[key] = Attempt(
            at,
            self._gateway,
            host,
            kind,
            code,
            detail[:500],
            user,
            client_id,
            protocol,
            transport,
            password,
            had.first if had is not None and alike else at,
            had.count + 1 if had is not None and alike else 1,
        )
        if len(self._known) > KEEP:
            (gone, *_rest), _attempt = self._known.popitem(last=False)
            self._by_address[gone] -= 1
            if not self._by_address[gone]:
                del self._by_address[gone]

    def newest(self, limit: int, user: str = "", address: str = "") -> list[Attempt]:
        """Newest first."""
        found = []
        for attempt in reversed(self._known.values()):
            if user not in ("", attempt.user) or address not in ("", attempt.address):
                continue
            found.append(attempt)
            if len(found) >= limit:
                break
        return found
