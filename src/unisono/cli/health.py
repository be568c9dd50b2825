"""``unisono status`` and ``unisono doctor``: is it well, and if not, the one command that mends it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.screen import Screen

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    hub_command(app, "status")(_status)
    hub_command(app, "doctor")(_doctor)


def _status(hub: Hub, screen: Screen) -> None:
    """Show positions, counts and trouble."""
    found = hub.get("/api/v1/status")
    if screen.as_json:
        screen.json(found)
    else:
        _show(screen, found)
    if not found["ready"]:
        raise typer.Exit(1)


def _show(screen: Screen, found: dict[str, Any]) -> None:
    free = found["disk"]["free_bytes"] / 2**30
    screen.fields(
        {
            "hub": found["hub"],
            "version": found["version"],
            "started": found["started"],
            "ready": found["ready"],
            "things": f"{found['things']}, {found['online']} online",
            "data": f"{found['data']} ({free:.1f} GB free)",
            **_doors(found),
        }
    )
    print()
    owners = [
        {
            **each,
            "behind": each["twin_position"] - each["last_seq"],
            "history_behind": each["history_position"] - each["last_seq"],
            "log_mb": f"{each['log_bytes'] / 2**20:.1f}",
        }
        for each in found["partitions"]
    ]
    columns = {
        "partition": "PART",
        "things": "THINGS",
        "online": "ONLINE",
        "messages": "MESSAGES",
        "values": "VALUES",
        "dead_letters": "DEAD",
        "last_seq": "LOG AT",
        "behind": "TWINS",
        "history_behind": "HISTORY",
        "log_mb": "LOG MB",
    }
    screen.rows(owners, columns, empty="No owner answers.")
    print()
    columns = {
        "gateway": "GATEWAY",
        "connections": "CONNECTIONS",
        "messages_in": "IN",
        "messages_out": "OUT",
        "refused": "REFUSED",
        "pending": "PENDING",
    }
    screen.rows(found["gateways"], columns, empty="No gateway answers.")
    if found["trouble"]:
        print()
        for each in found["trouble"]:
            print(f"! {each}")
        print("  Run: unisono doctor")


def _doors(found: dict[str, Any]) -> dict[str, Any]:
    """Where it listens, and by what it is recognised."""
    certificate = found.get("certificate")
    if certificate is None:
        return {}
    digits = certificate["ca"]["fingerprint"].upper()
    return {
        "doors": "  ".join(f"{name}://{address}" for name, address in found["doors"].items()),
        "certificate": f"by {certificate['issuer']}, until {certificate['not_after']}",
        "trust": "SHA-256 " + ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
    }


def _doctor(
    hub: Hub,
    screen: Screen,
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A thing: what to change on its device.")] = None,
) -> None:
    """Say what is wrong, and the one command that mends it; with a thing's id, what to change on the device."""
    from unisono.cli.doctor import examine, examine_device

    findings = examine(hub) if id is None else examine_device(hub, id)
    rows = [{"check": each.check, "is": each.verdict, "finding": each.text, "mend": each.mend} for each in findings]
    change = "MEND IT WITH" if id is None else "CHANGE ON THE DEVICE"
    columns = {"check": "CHECK", "is": "IS", "finding": "FINDING", "mend": change}
    screen.rows(rows, columns, empty="Nothing was checked.")
    if any(each.code == "hub_unreachable" for each in findings):
        raise typer.Exit(3)
    if any(each.verdict == "bad" for each in findings):
        raise typer.Exit(1)
