"""What `unisono doctor` looks at: the hub's answers, and the data directory beneath it.

Knows what healthy looks like and which command mends what is not. Changes nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from unisono.cli.client import ago
from unisono.cli.diagnosis import Advice, advise_device, advise_hub, advise_letters
from unisono.cli.hub import Hub
from unisono.errors import UnisonoError

__all__ = ["Finding", "examine", "examine_device"]

Verdict = Literal["well", "odd", "bad"]

# less free space than this and the log soon refuses
LOW_DISK_BYTES = 512 * 1024 * 1024
LITTLE_DISK_BYTES = 2 * 1024**3

# log messages; an owner folds thousands a second
BACKLOG = 1000

# clocks of the hub and of this machine may differ by a round trip
CLOCK_S = 5.0

# files that hold secrets, under the data directory
PRIVATE = ("token", "keys/pepper", "nats/token")

# how long a port check may take
PORT_S = 1.0

# refused attempts that are shown, and how old they may be
ATTEMPTS = 20
ATTEMPTS_S = 3600.0

# refused messages that are looked through, for the same time; things and reasons of them that are shown
LETTERS = 1000
SENDERS = 20

# where devices are told to go, unless the hub says otherwise
PORTS = {"mqtt": 1883, "mqtts": 8883, "http": 8080, "https": 8443}


class Finding(NamedTuple):
    """``mend``: the one command or step; "" when all is well. ``code``: of the error behind it."""

    check: str
    verdict: Verdict
    text: str
    mend: str = ""
    code: str = ""


def examine(hub: Hub) -> list[Finding]:
    """All findings, the hub's first."""
    return [*_hub(hub), *_directory(hub)]


def examine_device(hub: Hub, id: str) -> list[Finding]:
    """What is known of one thing's device, and what to change on it. Raises the hub's error when there is none."""
    thing = hub.get(f"/api/v1/things/{id}")
    clients = [each for each in hub.items("/api/v1/clients", q=id) if each["thing"] == id]
    attempts = hub.get("/api/v1/attempts", limit=500)["items"]
    letters = hub.get(f"/api/v1/things/{id}/dead-letters")["items"]
    return _as_findings(id, advise_device(thing, clients, attempts, letters, _ports(hub.get("/api/v1/status"))))


def _ports(status: dict[str, Any]) -> dict[str, int]:
    told = {name: int(address.rpartition(":")[2]) for name, address in (status.get("doors") or {}).items()}
    ports = {**PORTS, **told}
    return {
        "port": ports["mqtt"],
        "tls_port": ports["mqtts"],
        "http_port": ports["http"],
        "https_port": ports["https"],
    }


def _as_findings(check: str, advice: list[Advice]) -> list[Finding]:
    verdicts: dict[str, Verdict] = {"bad": "bad", "odd": "odd", "well": "well"}
    return [Finding(check, verdicts[each.verdict], each.found, each.change) for each in advice]


def _refused(hub: Hub, status: dict[str, Any]) -> Iterator[Finding]:
    """Devices that were refused lately: worth a look, though the hub is well."""
    found = hub.get("/api/v1/attempts", limit=ATTEMPTS)["items"]
    now = datetime.fromisoformat(status["now"]).timestamp()
    lately = [each for each in found if now - datetime.fromisoformat(each["at"]).timestamp() < ATTEMPTS_S]
    if not lately:
        yield Finding("devices", "well", "nobody was refused within the last hour")
        return
    things = [each["id"] for each in hub.items("/api/v1/things")] if any(a["user"] for a in lately) else []
    for attempt, advice in zip(lately, advise_hub(lately, things, _ports(status)), strict=True):
        yield Finding("device", "odd", f"{advice.found}; {ago(attempt['at'])}", advice.change)


def _letters(hub: Hub, status: dict[str, Any]) -> Iterator[Finding]:
    """Things whose messages were refused lately: what one of them would be told, for all."""
    try:
        found = hub.get("/api/v1/dead-letters", limit=LETTERS)["items"]
    except UnisonoError:
        return  # this token may not look at all of them
    now = datetime.fromisoformat(status["now"]).timestamp()
    lately = [each for each in found if now - datetime.fromisoformat(each["at"]).timestamp() < ATTEMPTS_S]
    if not lately:
        yield Finding("messages", "well", "none was refused within the last hour")
        return
    advice = advise_letters(lately)
    for each in advice[:SENDERS]:
        yield Finding("message", "odd", each.found, each.change)
    if len(advice) > SENDERS:
        yield Finding("message", "odd", f"and {len(advice) - SENDERS} more", "unisono thing letters ID")


def _hub(hub: Hub) -> Iterator[Finding]:
    try:
        reasons = hub.reach()
    except UnisonoError as error:
        yield Finding("hub", "bad", error.detail, _start(hub), error.code)
        yield from _port(hub)
        return
    if reasons:
        yield Finding("hub", "bad", "; ".join(reasons), "look at the output of: unisono up")
    else:
        yield Finding("hub", "well", f"answers at {hub.url}")
    try:
        status = hub.get("/api/v1/status")
    except UnisonoError as error:
        yield Finding("sign-in", "bad", error.detail, error.mend or "give --token or --data", error.code)
        return
    yield Finding("sign-in", "well", "the token is accepted")
    yield from _version(status)
    yield from _clock(status)
    yield from _backlog(status)
    yield from _doors(status)
    yield from _voice(hub)
    yield from _space("disk", status["disk"]["free_bytes"], status["data"])
    if status["outbox"]:
        yield Finding(
            "registry", "odd", f"{status['outbox']} changes wait to enter the log", "wait, then: unisono doctor"
        )
    else:
        yield Finding("registry", "well", "answers; nothing waits to enter the log")
    yield from _refused(hub, status)
    yield from _letters(hub, status)
    for text in status.get("troubles", []):
        yield Finding("processes", "bad", text, "look at the output of: unisono up")


def _start(hub: Hub) -> str:
    return f"unisono up --data {hub.data}"


def _port(hub: Hub) -> Iterator[Finding]:
    parts = urlsplit(hub.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), PORT_S):
            yield Finding(
                "port",
                "bad",
                f"something listens on port {port}, and it is no hub",
                f"unisono up --http-port {port + 1}, or see who it is: ss -ltnp 'sport = :{port}'",
            )
    except OSError:
        yield Finding("port", "well", f"port {port} is free for a hub")


def _version(status: dict[str, Any]) -> Iterator[Finding]:
    from importlib.metadata import version

    ours = version("unisono")
    if status["version"] == ours:
        yield Finding("version", "well", f"hub and command line are {ours}")
    else:
        yield Finding(
            "version",
            "odd",
            f"the hub is {status['version']}, this command line {ours}",
            "start the hub again with the newer one: unisono up",
        )


def _clock(status: dict[str, Any]) -> Iterator[Finding]:
    apart = datetime.fromisoformat(status["now"]).timestamp() - time.time()
    if abs(apart) <= CLOCK_S:
        yield Finding("clock", "well", "the hub's clock agrees with this machine's")
    else:
        yield Finding(
            "clock", "odd", f"the hub's clock is {apart:+.0f} s from this machine's", "timedatectl set-ntp true"
        )


def _backlog(status: dict[str, Any]) -> Iterator[Finding]:
    for owner in status["partitions"]:
        name = f"partition {owner['partition']}"
        if not owner["ready"]:
            left = owner["last_seq"] - owner["twin_position"]
            yield Finding(name, "odd", f"replays its log, {left} messages to go", "wait, then: unisono status")
        for field, what in (("twin_position", "twins"), ("history_position", "history")):
            behind = owner["last_seq"] - owner[field]
            if behind > BACKLOG:
                yield Finding(name, "odd", f"{what} are {behind} log messages behind", "wait, then: unisono status")
        for text in owner["trouble"]:
            yield Finding(name, "odd", text, "look at the output of: unisono up")
        if owner["ready"]:
            yield Finding(name, "well", f"{owner['things']} things, {owner['online']} online, no backlog")
    if not status["partitions"]:
        yield Finding("owners", "bad", "no owner answers", "restart the hub: unisono up")


def _voice(hub: Hub) -> Iterator[Finding]:
    """What hears and speaks, as far as anything is set up; what is optional and missing is not odd."""
    try:
        voice = hub.get("/api/v1/assist/voice")
    except UnisonoError:
        return  # this token may not look at it
    for name, trouble in voice["parts"].items():
        verdict: Verdict = "odd" if trouble else "well"
        mend = "start it, or say where it is: unisono assist voice --help" if trouble else ""
        yield Finding(f"voice: {name}", verdict, trouble or "answers", mend)
    settings = voice["settings"]
    if settings["speak"] is None and not voice["espeak"] and (settings["hear"] or settings["satellites"]):
        detail = "answers are not spoken: no text-to-speech service, and no espeak-ng"
        yield Finding(
            "voice", "odd", detail, "apt-get install espeak-ng, or: unisono assist voice --speak tcp://HOST:PORT"
        )


def _doors(status: dict[str, Any]) -> Iterator[Finding]:
    for gateway in status["gateways"]:
        name = f"gateway {gateway['gateway']}"
        for text in gateway["trouble"]:
            yield Finding(name, "bad", text, "look at the output of: unisono up")
        if not gateway["trouble"]:
            yield Finding(name, "well", f"{gateway['connections']} connections")
    for text in status["trouble"]:
        if "does not answer" in text:
            yield Finding("processes", "bad", text, "restart the hub: unisono up")


def _space(name: str, free: int, where: str) -> Iterator[Finding]:
    text = f"{free / 2**30:.1f} GB free at {where}"
    if free < LOW_DISK_BYTES:
        yield Finding(name, "bad", text, f"free some: du -xh {where} | sort -h | tail")
    elif free < LITTLE_DISK_BYTES:
        yield Finding(name, "odd", text, f"free some: du -xh {where} | sort -h | tail")
    else:
        yield Finding(name, "well", text)


def _directory(hub: Hub) -> Iterator[Finding]:
    data = hub.data
    if not data.is_dir():
        if urlsplit(hub.url).hostname in {"127.0.0.1", "localhost", "::1"}:
            yield Finding("data", "odd", f"there is no directory {data}", "say where it is: --data DIR")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield Finding("data", "bad", f"{data} cannot be written by this user", f"chown -R $(id -u) {data}")
    else:
        yield Finding("data", "well", f"{data} can be written")
    yield from _space("data disk", shutil.disk_usage(data).free, str(data))
    yield from _permissions(data)


def _permissions(data: Path) -> Iterator[Finding]:
    for name in PRIVATE:
        path = data / name
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Finding("secrets", "bad", f"others can read {path}", f"chmod 600 {path}")
