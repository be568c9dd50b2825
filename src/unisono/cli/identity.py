"""``unisono thing``, the part about who gets in: secrets, claim codes, certificates, rules about topics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unisono.cli.hub import Hub, hub_command
from unisono.cli.lengths import read_seconds
from unisono.cli.screen import Screen, note
from unisono.errors import CallerError

__all__ = ["register"]

ThingId = Annotated[str, typer.Argument(metavar="ID", help="The thing's id.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``unisono thing``."""
    hub_command(app, "secret")(new_secret)
    hub_command(app, "revoke")(revoke)
    hub_command(app, "claim")(claim)
    hub_command(app, "claims")(claims)
    hub_command(app, "certificate")(certificate)
    hub_command(app, "access")(access)


def new_secret(
    hub: Hub,
    screen: Screen,
    id: ThingId,
    grace: Annotated[str | None, typer.Option(help="So long the old one counts too, such as 24h.")] = None,
) -> None:
    """Give a thing a new secret; the old one is refused from now on, or after --grace."""
    grace_s = None if grace is None else read_seconds(grace, "--grace")
    screen.fields(hub.post(f"/api/v1/things/{id}/secret", {}, grace_s=grace_s))


def revoke(hub: Hub, screen: Screen, id: ThingId) -> None:
    """Shut a thing out: it is disconnected, its secrets and certificates are worth nothing."""
    hub.post(f"/api/v1/things/{id}/revoke", {})
    screen.done(f"{id} is shut out. To let it in again: unisono thing secret {id}", {"id": id})


def claim(
    hub: Hub,
    screen: Screen,
    *,
    place: Annotated[str, typer.Option(help="The place the new device will stand in.")],
    model: Annotated[str | None, typer.Option(help="What it is; else the device says.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name; else the device says.")] = None,
    id: Annotated[str | None, typer.Option("--id", help="Its id; else the device says, or one is made.")] = None,
    valid: Annotated[str, typer.Option(help="How long the code can be used, such as 1h.")] = "1h",
) -> None:
    """Make a one-time code, as text and as a picture, with which a new device gets its place and its secret."""
    body = {"place": place, "model": model, "name": name, "id": id, "valid_s": read_seconds(valid, "--valid")}
    made = hub.post("/api/v1/claims", {key: value for key, value in body.items() if value is not None})
    if screen.as_json:
        screen.json(made)
        return
    import segno

    segno.make_qr(made["url"], error="m").terminal(compact=True)
    screen.fields({key: made[key] for key in ("code", "url", "place", "model", "name", "expires", "id")})
    note("The code is shown only now, and works once.")


def claims(
    hub: Hub,
    screen: Screen,
    place: Annotated[str | None, typer.Option(help="Only for this place and below.")] = None,
    revoke: Annotated[str | None, typer.Option(metavar="ID", help="Take one back that was not used.")] = None,
) -> None:
    """List claim codes and what became of them; --revoke takes one back."""
    if revoke is not None:
        hub.delete(f"/api/v1/claims/{revoke}")
        screen.done(f"the code of claim {revoke} is worth nothing any more", {"id": revoke})
        return
    columns = {"id": "ID", "state": "IS", "place": "PLACE", "model": "MODEL", "thing": "THING", "by": "MADE BY"}
    columns |= {"expires": "UNTIL", "used_at": "USED", "used_from": "FROM"}
    found = list(hub.items("/api/v1/claims", place=place))
    screen.rows(found, columns, empty="No claims. Make one: unisono thing claim --place PLACE")


def certificate(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    add: Annotated[Path | None, typer.Option(metavar="FILE", help="A certificate in PEM form that lets it in.")] = None,
    revoke: Annotated[str | None, typer.Option(metavar="FINGERPRINT", help="One that no longer does.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Make one, and print it with its key (PEM), once.")] = False,
) -> None:
    """List the client certificates that sign a thing in; --new, --add and --revoke change them."""
    path = f"/api/v1/things/{id}/certificates"
    if new:
        made = hub.post(f"/api/v1/things/{id}/certificate", {})
        if screen.as_json:
            screen.json(made)
        else:
            print(made["key"] + made["certificate"], end="")
            note("The key is shown only now. The device needs both, and the hub's own certificate: /ca.pem")
    elif add is not None:
        screen.fields(hub.post(path, {"pem": _read(add)}))
        if not screen.as_json:
            note("The doors take it within a few seconds.")
    elif revoke is not None:
        hub.delete(f"{path}/{revoke}")
        screen.done(f"{revoke} lets nobody in any more", {"fingerprint": revoke})
    else:
        columns = {"fingerprint": "FINGERPRINT", "subject": "SUBJECT", "not_after": "UNTIL", "revoked": "REVOKED"}
        screen.rows(hub.get(path)["items"], columns, empty="No certificates: it signs in with its secret.")


def access(
    hub: Hub,
    screen: Screen,
    *,
    id: ThingId,
    allow: Annotated[list[str] | None, typer.Option(help="publish:FILTER or subscribe:FILTER.")] = None,
    deny: Annotated[list[str] | None, typer.Option(help="publish:FILTER or subscribe:FILTER.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Begin without the rules there are.")] = False,
) -> None:
    """Show or change the rules about a thing's topics. The first that meets a topic decides; new ones go first, and
    of those given together the allowing ones.
    """
    path = f"/api/v1/things/{id}/access"
    rules: list[dict[str, Any]] = [] if clear else hub.get(path)["rules"]
    new = [_rule(text, True) for text in allow or []] + [_rule(text, False) for text in deny or []]
    if new or clear:
        rules = hub.send("PUT", path, body={"rules": [*new, *(rule for rule in rules if rule not in new)]})["rules"]
    if screen.as_json:
        screen.json(rules)
        return
    rows = [{**rule, "allow": "allow" if rule["allow"] else "deny"} for rule in rules]
    empty = "No rules: its own topics, its children's, and every ordinary one."
    screen.rows(rows, {"allow": "RULE", "access": "TO", "filter": "TOPICS"}, empty=empty)


def _rule(text: str, allow: bool) -> dict[str, Any]:
    access, colon, filter = text.partition(":")
    if not colon or access not in ("publish", "subscribe") or not filter:
        option = "--allow" if allow else "--deny"
        raise CallerError(f"{text!r} is no rule", code="bad_usage", field=option, expected="publish:garden/#")
    return {"allow": allow, "access": access, "filter": filter}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise CallerError(f"{path} cannot be read: {why}", code="bad_usage", field="--add") from error
