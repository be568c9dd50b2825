"""Alink's messages: JSON requests and replies, as small as can be.

Replies carry id, code, data and message: devices index all four. Some firmwares drop JSON with spaces in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["OK", "UNREADABLE", "Request", "encode", "encode_reply", "encode_request", "read_request"]

OK = 200
#: What `read_request` raises.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

encode = msgspec.json.encode


class Request(msgspec.Struct):
    """A request or a reply of a device, as far as anybody needs it; ids are texts or numbers on the wire."""

    id: str | int = ""
    version: str = ""
    params: Any = None
    method: str = ""
    sys: dict[str, Any] = {}
    code: int | None = None
    data: Any = None
    message: str | None = None

    @property
    def wants_reply(self) -> bool:
        """``sys.ack`` 0: it does not."""
        return self.sys.get("ack", 1) not in (0, "0")


_decoder = msgspec.json.Decoder(Request, strict=False)


def read_request(payload: bytes) -> Request:
    """Raises ``msgspec.DecodeError`` or UnicodeDecodeError or RecursionError for what is no Alink message."""
    return _decoder.decode(payload)


def encode_reply(request: Request, method: str, data: Any = None, code: int = OK, message: str = "success") -> bytes:
    body = {
        "code": code,
        "data": {} if data is None else data,
        "id": str(request.id),
        "message": message,
        "method": method,
        "version": "1.0",
    }
    return encode(body)


def encode_request(id: str, method: str, params: Any) -> bytes:
    return encode({"id": id, "version": "1.0", "params": params, "method": method})
