"""What a device's refused attempts mean, and what to change on the device.

Knows the shapes of the API's attempts, clients, things and dead letters. Asks nobody: a pure function over what was
found, so that each advice can be held by a test.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = ["Advice", "advise_device", "advise_hub", "advise_letters"]

#: The model of things through which others announce themselves.
BRIDGE = "gateway"
#: Characters of a secret that the hub makes: 24 random bytes in base64url.
SECRET_CHARACTERS = 32


class Advice(NamedTuple):
    """``found``: what the device does; ``change``: what to change on the device; ``verdict``: bad, odd or well."""

    verdict: str
    found: str
    change: str = ""


#: What is wrong whoever it is, by kind of attempt.
_CHANGES = {
    "tls_on_plain": "set its port to {tls_port}, or turn TLS (SSL) off in its settings",
    "plain_on_tls": "turn TLS (SSL) on in its settings, or set its port to {port}",
    "websocket_on_plain": "set its address to ws://HUB:{http_port}/mqtt, or its protocol to plain MQTT",
    "http": "HTTP devices report to http://HUB:{http_port}/api/v1/device/state; MQTT clients come to port {port}",
    "mqtt_on_http": "set its port to {port}, or with TLS (SSL) to {tls_port}; here MQTT is over WebSocket, at /mqtt",
    "tls_on_http": "write http:// instead of https:// in its address, or set its port to {https_port}; if it speaks "
    "MQTT, to {tls_port}",
    "http_on_https": "write https:// instead of http:// in its address, or set its port to {http_port}",
    "plain_on_https": "set its port to {port} if it speaks MQTT, with TLS (SSL) to {tls_port}; this port is for HTTPS",
    "not_http": "set its port to {port} if it speaks MQTT; this port is for HTTP",
    "proxy": "turn the PROXY protocol off in the load balancer before the hub",
    "not_mqtt": "set its protocol to MQTT 3.1.1 or 5; this is none",
    "not_connect": "it sends before it has connected: an MQTT client says CONNECT first",
    "protocol_error": "its MQTT library does not keep to the specification: update its firmware or the library",
    "protocol_version": "set its MQTT version to 3.1.1 or 5.0",
    "packet_size": "send smaller packets, or raise connection.packet_bytes (docs/limits.md)",
    "old_tls": "update its firmware, or use TLS 1.2 or newer",
    "no_cipher": "update its firmware: it knows only ciphers that are broken",
    "unknown_ca": "give it the hub's CA certificate, or turn its check off where you trust the network",
    "clock": "set its clock: without the time it cannot check a certificate",
    "client_certificate": "give it a certificate that the hub knows, or turn client certificates off in its settings",
    "tls": "look at its TLS settings",
    "unfinished": "its connection breaks in the middle of CONNECT: look at its network or at a proxy in between",
    "silent": "a program opens the port and says nothing, such as a port scan; if it is a device, look "
    "at its MQTT settings",
    "too_soon": "mend the password first; then wait a minute, or restart the device",
    "taken_over": "two devices share one identity: give the second a client id, or better a thing, of its own",
    "method": "turn enhanced authentication off, or choose a method that the hub knows",
    "proof": "give it the key that its authentication method knows, or sign it in with user name and password instead",
    "no_credentials": "fill in user name (the thing's id) and password (its secret)",
    "bad_will": "change its last will: a topic that does not begin with $, and UTF-8 where it says that it is text",
    "not_allowed": "sign it in with an identity that may do this",
    "sent_elsewhere": "set its server to that one; or, to serve it here, take mqtt.server_reference out of limits.toml "
    "and start the hub again",
    "registry_unavailable": "nothing on the device: the hub could not look it up at that moment",
}


def advise_hub(attempts: Sequence[dict[str, Any]], things: Iterable[str], doors: dict[str, int]) -> list[Advice]:
    """What the newest refused attempts of anybody mean."""
    known = list(things)
    return [_advise(each, known, doors) for each in attempts]


def advise_letters(letters: Sequence[dict[str, Any]]) -> list[Advice]:
    """What refused messages of anybody, newest first, mean: one for each thing and reason."""
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in letters:
        alike.setdefault((each["thing"], each["code"]), []).append(each)
    found = []
    for (thing, _code), same in alike.items():
        verdict, said, change = _letter(same[0])
        times = f", the newest of {len(same)}" if len(same) > 1 else ""
        change = re.sub(r"\bID\b", thing or "ID", change)
        found.append(Advice(verdict, f"{thing or 'somebody'}: {said}{times}", change))
    return found


def advise_device(
    thing: dict[str, Any],
    client: Sequence[dict[str, Any]],
    attempts: Sequence[dict[str, Any]],
    letters: Sequence[dict[str, Any]],
    doors: dict[str, int],
) -> list[Advice]:
    """What is known of one thing: ``client`` are its connections, ``attempts`` all that the hub remembers."""
    id = thing["id"]
    found: list[Advice] = []
    own = [each for each in attempts if each["user"] == id]
    found += [_advise(each, [id], doors) for each in own]
    addresses = {each["address"] for each in own}
    # a device that gets no further than its first bytes gives no name: what came from the same address may be its
    alike = [each for each in attempts if not each["user"] and each["address"] in addresses]
    wrong = [each for each in attempts if each["user"] and each["user"] != id and _means(each["user"], id)]
    found += [_advise(each, [id], doors) for each in (*wrong, *alike)]
    for each in client:
        found += _connected(each, thing)
    found += [_letter(each) for each in letters[:3]]
    if not client and not found:
        found.append(_nothing(thing, attempts, doors))
    return found


def _advise(attempt: dict[str, Any], things: list[str], doors: dict[str, int]) -> Advice:
    kind, user = attempt["kind"], attempt["user"]
    who = f"{user!r} at {attempt['address']}" if user else attempt["address"]
    times = f", {attempt['count']} times" if attempt["count"] > 1 else ""
    found = f"{who}: {attempt['detail']}{times}"
    if kind == "bad_password":
        return Advice("bad", f"{found} (password: {attempt['password']})", _password(attempt["password"], user))
    if kind == "unknown_user":
        return Advice("bad", found, _user(user, things))
    if kind == "client_id":
        return Advice("bad", found, _client_id(attempt["detail"]))
    if kind == "limit":
        return Advice("bad", found, _less(attempt["detail"]))
    change = _CHANGES.get(kind, "look at what it was refused for")
    return Advice("odd" if kind in ("silent", "unfinished") else "bad", found, change.format(**doors))


def _password(shape: str, user: str) -> str:
    odd = {
        "newline": "the password has a newline at its end: enter it again without",
        "space": "the password has a space at its end or beginning: enter it again without",
        "zero byte": "the password has a zero byte at its end: its firmware sends the length wrongly",
        "quotation": "the password stands in quotation marks: enter it without them",
        "colon": "enter the secret alone as the password; ID:SECRET is for HTTP",
        "none was given": "fill in the password: the thing's secret",
        "beyond ASCII": "the password has letters that no secret has: copy it again",
    }
    for sign, change in odd.items():
        if sign in shape:
            return change
    given = shape.split(" ", 1)[0]
    if given.isdigit() and int(given) != SECRET_CHARACTERS:
        return (
            f"a secret of the hub has {SECRET_CHARACTERS} characters, this one {given}: copy it whole, "
            f"or make a new one: unisono thing secret {user}"
        )
    return f"it is another secret than the hub's, maybe an older one; make a new one: unisono thing secret {user}"


def _less(detail: str) -> str:
    """What helps at a limit that is named in ``detail``, as it is called in the settings."""
    named = re.search(r"\b(connection|thing|place|address|sign_in)\.([a-z_]+) is reached", detail)
    limit = f"raise {named[1]}.{named[2]} in limits.toml (docs/limits.md)" if named else "see docs/limits.md"
    what = {
        "connections": "close connections it no longer needs",
        "strangers": "see who opens connections and does not sign in",
        "messages_per_s": "send less often",
        "bytes_per_s": "send less",
    }
    return f"{what.get(named[2] if named else '', 'send less, or read faster')}, or {limit}"


def _user(user: str, things: list[str]) -> str:
    if not user:
        return "the user name must be the thing's id"
    plain = user.strip().lower().replace(" ", "_")
    close = [plain] if plain in things else difflib.get_close_matches(plain, things, 1)
    if close == [user]:
        return f"it is there now: let it try again with its secret, or give it a new one: unisono thing secret {user}"
    if close:
        return f"the user name must be the thing's id: {close[0]}"
    return f"the user name must be the thing's id; is it added? unisono thing add {plain} --model M --place P"


def _means(user: str, id: str) -> bool:
    """Whether somebody who gave this name most likely meant that thing."""
    plain = user.strip().lower().replace(" ", "_")
    return plain == id or bool(difflib.get_close_matches(plain, [id], 1, 0.8))


def _client_id(detail: str) -> str:
    if "empty" in detail:
        return "set a client id, or turn clean session on: a session that lasts needs a name"
    return "set a shorter client id"


def _connected(client: dict[str, Any], thing: dict[str, Any]) -> list[Advice]:
    found = []
    state = f'publish {{"property": value}} to things/{thing["id"]}/state (docs/native-dialect.md)'
    settings = f"look at its settings again: unisono dialect list, unisono dialect show DIALECT {thing['id']}"
    if client["ordinary_topics"] and client["messages_in"]:
        topics = ", ".join(client["ordinary_topics"])
        found.append(
            Advice(
                "odd",
                f"it publishes to {topics}, which is ordinary publish/subscribe: the hub passes it on and takes no "
                "values from it",
                settings if thing["model"] == BRIDGE else state,
            )
        )
    if client["dropped"]:
        found.append(
            Advice(
                "odd",
                f"{client['dropped']} messages to it were dropped: it reads too slowly or stayed away too long",
                "subscribe to less, or raise connection.queue_messages (docs/limits.md)",
            )
        )
    if "rate" in client["held"]:
        found.append(Advice("odd", "it sends more than it may and is read more slowly", "send less often"))
    if not found:
        speaks = f"MQTT {client['protocol']} over {client['transport']}"
        found.append(Advice("well", f"connected from {client['address']}, {speaks}, since {client['since']}"))
    return found


def _letter(letter: dict[str, Any]) -> Advice:
    where = f" to {letter['topic']}" if letter["topic"] else ""
    said = f" (it said {letter['excerpt'][:60]!r})" if letter["excerpt"] else ""
    changes = {
        "unknown_property": "report the keys of its model: unisono thing show ID",
        "bad_value": "report values of the declared type and range: unisono model show MODEL",
        "bad_json": 'send JSON, such as {"temperature": 21.5}',
        "topic_not_allowed": "publish under things/me/ only; other things' topics are theirs",
        "too_many": _less(letter["detail"]),
        "too_large": "send smaller packets, or raise connection.packet_bytes (docs/limits.md)",
        "protocol_error": "its MQTT library does not keep to the specification: update its firmware or the library",
        "bad_credentials": "see above, or: unisono thing secret ID",
    }
    change = changes.get(letter["code"], "see docs/errors.md")
    return Advice("odd", f"refused{where}: {letter['detail']}{said}", change)


def _nothing(thing: dict[str, Any], attempts: Sequence[dict[str, Any]], doors: dict[str, int]) -> Advice:
    if thing.get("seen"):
        return Advice("odd", f"it was last seen {thing['seen']} and is not connected", "look at its power and network")
    strangers = sorted({each["address"] for each in attempts if not each["user"]})
    if strangers:
        shown = ", ".join(strangers[:3])
        return Advice(
            "bad",
            f"it never signed in; {shown} came without a name - if that is the device, see: unisono doctor",
            "then do what is said there of that address",
        )
    return Advice(
        "bad",
        "it never reached the hub",
        f"set its server to this machine's address and port {doors['port']}; beyond this machine the hub listens only "
        "with: unisono up --host 0.0.0.0",
    )
