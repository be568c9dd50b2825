"""Alink's sign-in: an HMAC over who the device is, with a secret of its own or of its product.

Source: "Establish MQTT connections over TCP" and "Unique-certificate-per-product verification" of Alibaba's IoT
Platform. The client id is ``<id>|key=value,...|``; the user name ``<device name>&<product key>``; the password the HMAC
in hex of ``clientId<id>deviceName<dn>productKey<pk>[timestamp<t>]``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from unisono.dialect.seam import Caller

__all__ = [
    "METHODS",
    "NAME",
    "join_name",
    "proves",
    "read_params",
    "read_sub_caller",
    "read_user",
    "sign",
    "split_name",
]

NAME = "alink"

#: Names of the methods, in whatever case devices write them.
METHODS = {"hmacsha1": hashlib.sha1, "hmacsha256": hashlib.sha256, "hmacmd5": hashlib.md5}
DEFAULT_METHOD = "hmacmd5"

#: The longest that Alibaba gives out: a product key has 11 characters, a device name 32.
LONGEST = 64


def join_name(product: str, device: str) -> str:
    """The name of a device on the whole platform."""
    return f"{product}&{device}"


def split_name(name: str) -> tuple[str, str]:
    """Product key and device name."""
    product, _, device = name.partition("&")
    return product, device


def read_params(client_id: str) -> tuple[str, dict[str, str]]:
    """The plain client id and the parameters behind it; keys in lower case."""
    bare, bar, rest = client_id.partition("|")
    if not bar:
        return client_id, {}
    pairs = (each.partition("=") for each in rest.strip("|").split(","))
    return bare, {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}


def read_user(user: str, client_id: str, password: str) -> Caller | None:
    """Who signs in; None where this is no Alink client."""
    device, ampersand, product = user.partition("&")
    bare, params = read_params(client_id)
    if not ampersand or not _sound(product) or not _sound(device) or "|" not in client_id:
        return None
    proof = {
        "id": bare,
        "product": product,
        "device": device,
        "timestamp": params.get("timestamp", ""),
        "method": params.get("signmethod", DEFAULT_METHOD).lower(),
        "random": params.get("random", ""),
        "auth": params.get("authtype", "").lower(),
        "ext": params.get("ext", ""),
    }
    auth = proof["auth"]
    way = "register" if auth == "register" else "register_open" if auth == "regnwl" else "device"
    return Caller(NAME, join_name(product, device), product, way, proof)  # type: ignore[arg-type]  # one of the three


def read_sub_caller(item: Mapping[str, Any], method: str = "") -> tuple[Caller, str] | None:
    """A sub-device that its gateway signs in, and its signature; None for what is not that."""
    product, device = item.get("productKey"), item.get("deviceName")
    if not (isinstance(product, str) and isinstance(device, str) and _sound(product) and _sound(device)):
        return None
    way = "register" if "random" in item else "device"
    proof = {
        "id": str(item.get("clientId", "")),
        "product": product,
        "device": device,
        "timestamp": str(item.get("timestamp", "")),
        "method": str(item.get("signmethod") or item.get("signMethod") or method or DEFAULT_METHOD).lower(),
        "random": str(item.get("random", "")),
        "auth": "",
        "ext": "",
    }
    caller = Caller(NAME, join_name(product, device), product, way, proof)  # type: ignore[arg-type]  # as above
    return caller, str(item.get("sign", ""))


def proves(caller: Caller, password: str, secret: str) -> bool:
    """Whether the password was made with the secret: the device's own, or its product's where it asks for one."""
    proof = caller.proof
    if proof["auth"] == "connwl":  # the token that it was given is shown as it is
        return hmac.compare_digest(password.encode("utf-8", "replace"), secret.encode())
    expected = [sign(proof, secret, bare=bare) for bare in dict.fromkeys((proof["id"], read_params(proof["id"])[0]))]
    given = password.lower().encode("utf-8", "replace")
    return any(each and hmac.compare_digest(each.encode(), given) for each in expected)


def sign(proof: Mapping[str, str], secret: str, *, bare: str) -> str:
    """The signature in hex; "" for a method that there is not. ``bare``: the client id that is signed."""
    method = METHODS.get(proof["method"])
    if method is None:
        return ""
    if proof["random"]:
        content = f"deviceName{proof['device']}productKey{proof['product']}random{proof['random']}"
    else:
        content = f"clientId{bare}deviceName{proof['device']}productKey{proof['product']}"
        content += f"timestamp{proof['timestamp']}" if proof["timestamp"] else ""
    return hmac.new(secret.encode(), content.encode(), method).hexdigest()


def _sound(part: str) -> bool:
    return 0 < len(part) <= LONGEST and part.isascii() and part.isprintable() and not set(part) & set("/+#&|")
