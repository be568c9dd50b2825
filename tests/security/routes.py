"""Every route of the API: who may, and a request by which it is tried.

A route that is not here fails the tests: whoever adds one says here whom it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

__all__ = ["EVERYBODY", "MAY", "ROLES", "ROUTES", "Route"]

#: By rising power; each is a person of its own. ``neighbour`` owns another root place, ``chief`` is owner of the hub.
ROLES = ("nobody", "stranger", "neighbour", "viewer", "guest", "member", "operator", "owner", "chief", "administrator")
EVERYBODY = frozenset(ROLES)
_HOME = ("viewer", "guest", "member", "operator", "owner", "chief", "administrator")

#: Who may, by what a route asks for. At home, unless it says hub.
MAY: dict[str, frozenset[str]] = {
    "open": EVERYBODY,
    # whoever is signed in; lists show what one may see, lines of bulk requests are decided one by one
    "signed": EVERYBODY - {"nobody"},
    "read": frozenset(_HOME),
    "control": frozenset(_HOME) - {"viewer"},
    "sensitive": frozenset(_HOME) - {"viewer", "guest"},
    "automate": frozenset({"member", "owner", "chief", "administrator"}),
    "configure": frozenset({"owner", "chief", "administrator"}),
    "administer": frozenset({"owner", "chief", "administrator"}),
    "somewhere": frozenset({"neighbour", "owner", "chief", "administrator"}),
    "hub_read": frozenset({"chief", "administrator"}),
    "hub_configure": frozenset({"chief", "administrator"}),
    "hub_administer": frozenset({"chief", "administrator"}),
    "hub": frozenset({"administrator"}),
}


class Route(NamedTuple):
    """``fill``: of the path. ``make``: asked by the administrator before each try (method, path, body). ``also``: what
    who may is answered beside 2xx, where a true success needs what this hub has not; ``unseen``: what who may not is
    answered besides, since what they name is not there for them. ``slow``: it waits for a device that is not there."""

    may: str
    body: Any = None
    fill: Mapping[str, str] = MappingProxyType({})
    make: tuple[tuple[str, str, Any], ...] = ()
    also: tuple[int, ...] = ()
    query: str = ""
    unseen: tuple[int, ...] = ()
    slow: bool = False


V = "/api/v1"
LAMP = {"thing_id": "lamp"}
SPARE_THING = ("POST", f"{V}/things", {"id": "spare", "model": "light", "place": "home"})
SPARE_PLACE = ("POST", f"{V}/places", {"id": "spare_room", "name": "Spare", "parent": "home"})
SPARE_USER = ("POST", f"{V}/users", {"id": "spare", "name": "Spare"})
SCENE = {
    "id": "evening",
    "name": "Evening",
    "place": "home",
    "when": [{"change": {"things": ["lamp"], "property": "on_off", "is": True}}],
    "then": [{"set": {"things": ["lamp"], "state": {"brightness": 10}}}],
}
SPARE_SCENE = ("POST", f"{V}/scenes", {**SCENE, "id": "spare", "name": "Spare"})
ALARM = {
    "id": "warm",
    "name": "Warm",
    "place": "home",
    "kind": "sensor.temperature",
    "raise": {"change": {"property": "temperature", "above": 8}},
    "severity": "high",
    "text": "{name} is at {value}",
}
SPARE_ALARM = ("POST", f"{V}/alarms/definitions", {**ALARM, "id": "spare"})
OUTLET = {"id": "out", "place": "home", "to": {"kind": "webhook", "url": "https://127.0.0.1:9/x"}}
SPARE_OUTLET = ("POST", f"{V}/outlets", {**OUTLET, "id": "spare"})
MODEL = {
    "id": "acme.valve",
    "titles": {"en": "Valve"},
    "services": [
        {
            "properties": [{"key": "flow", "schema": {"kind": "float"}, "unit": "m3/h"}],
            "actions": [{"key": "flush"}],
        }
    ],
}
SHARED = ("POST", f"{V}/dashboards", {"id": "common", "name": "Common", "place": "home"})
SPARE_GROUP = ("PUT", f"{V}/groups/crew", {"people": ["spare"]})
SPARE_MODEL = ("POST", f"{V}/models", {**MODEL, "id": "acme.spare"})
MEMBER = {"place_id": "home", "user_id": "spare"}
OTHER = {"user_id": "spare"}
OWN = {"user_id": "me_self"}  # whoever asks
NONE = "01jxxxxxxxxxxxxxxxxxxxxxxx"
CHANNEL = {"channel_id": NONE}

ROUTES: dict[str, tuple[Route, ...]] = {
    # things
    f"POST {V}/things/bulk": (Route("signed", [{"id": "lamp", "model": "light", "place": "home"}]),),
    f"GET {V}/things": (Route("signed"),),
    f"POST {V}/things": (Route("configure", {"name": "Lamp", "model": "light", "place": "home"}),),
    f"GET {V}/things/{{thing_id}}": (Route("read", fill=LAMP),),
    f"POST {V}/things/{{thing_id}}": (
        Route("configure", {"model": "light", "place": "home"}, {"thing_id": "lamp"}, also=(409,)),
    ),
    f"DELETE {V}/things/{{thing_id}}": (Route("configure", fill={"thing_id": "spare"}, make=(SPARE_THING,)),),
    f"PATCH {V}/things/{{thing_id}}": (Route("configure", {"name": "Lamp"}, LAMP),),
    f"GET {V}/things/{{thing_id}}/dead-letters": (Route("read", fill=LAMP),),
    f"POST {V}/things/{{thing_id}}/secret": (Route("administer", fill=LAMP),),
    f"POST {V}/things/{{thing_id}}/revoke": (Route("administer", fill={"thing_id": "spare"}, make=(SPARE_THING,)),),
    f"GET {V}/things/{{thing_id}}/certificates": (Route("administer", fill=LAMP),),
    f"POST {V}/things/{{thing_id}}/certificates": (Route("administer", {}, LAMP, also=(400, 422)),),
    f"DELETE {V}/things/{{thing_id}}/certificates/{{fingerprint}}": (
        Route("administer", fill={**LAMP, "fingerprint": "ab"}, also=(404, 422)),
    ),
    f"GET {V}/things/{{thing_id}}/access": (Route("administer", fill=LAMP),),
    f"PUT {V}/things/{{thing_id}}/access": (Route("administer", {"rules": []}, LAMP),),
    f"POST {V}/things/{{thing_id}}/certificate": (Route("administer", fill=LAMP),),
    f"GET {V}/things/{{thing_id}}/history": (Route("read", fill=LAMP, query="property=on_off"),),
    f"GET {V}/things/{{thing_id}}/commands": (Route("read", fill=LAMP),),
    f"POST {V}/things/{{thing_id}}/commands": (Route("control", {"set": {"on_off": True}}, LAMP),),
    f"GET {V}/things/{{thing_id}}/wot": (Route("read", fill=LAMP),),
    f"GET {V}/things/{{thing_id}}/properties/{{key}}": (Route("read", fill={**LAMP, "key": "on_off"}, also=(404,)),),
    f"PUT {V}/things/{{thing_id}}/properties/{{key}}": (
        Route("control", True, {"thing_id": "hush", "key": "on_off"}, slow=True),
    ),
    f"POST {V}/things/{{thing_id}}/actions/{{key}}": (
        Route("control", {}, {"thing_id": "valve", "key": "flush"}, slow=True),
    ),
    f"GET {V}/things/{{thing_id}}/messages": (Route("configure", fill=LAMP),),
    f"PUT {V}/things/{{thing_id}}/firmware": (Route("configure", {"any": "bytes"}, fill=LAMP),),
    f"GET {V}/things/{{thing_id}}/firmware": (Route("configure", fill=LAMP, also=(404,)),),
    f"GET {V}/firmware/{{thing_id}}/{{ticket}}": (Route("open", fill={**LAMP, "ticket": "wrong"}, also=(404,)),),
    f"PUT {V}/things/{{thing_id}}/configuration": (Route("configure", {"any": "bytes"}, fill=LAMP),),
    f"GET {V}/things/{{thing_id}}/configuration": (Route("configure", fill=LAMP, also=(404,)),),
    f"GET {V}/configuration/{{thing_id}}/{{ticket}}": (Route("open", fill={**LAMP, "ticket": "wrong"}, also=(404,)),),
    f"DELETE {V}/things/{{thing_id}}/configuration": (Route("configure", fill=LAMP, also=(404,)),),
    f"DELETE {V}/things/{{thing_id}}/firmware": (Route("configure", fill=LAMP, also=(404,)),),
    f"GET {V}/dead-letters": (Route("hub_read"),),
    f"GET {V}/commands": (Route("signed"),),
    f"POST {V}/commands": (Route("signed", {"things": ["lamp"], "set": {"on_off": True}}),),
    f"GET {V}/commands.csv": (Route("signed"),),
    f"GET {V}/commands/{{command_id}}": (Route("read", fill={"command_id": "known_command"}),),
    f"DELETE {V}/commands/{{command_id}}": (Route("control", fill={"command_id": "known_command"}, also=(409,)),),
    # what speaks, and who may come
    f"GET {V}/dialects": (Route("signed"),),
    f"GET {V}/dialects/{{dialect}}/guide/{{thing_id}}": (
        Route("configure", fill={**LAMP, "dialect": "tasmota"}, also=(404, 409, 422)),
    ),
    f"GET {V}/dialects/{{dialect}}/products": (Route("signed", fill={"dialect": "alink"}),),
    f"POST {V}/dialects/{{dialect}}/products": (
        Route("configure", {"product": "a1", "place": "home", "model": "light"}, {"dialect": "alink"}),
    ),
    f"DELETE {V}/dialects/{{dialect}}/products/{{product}}": (
        Route(
            "configure",
            fill={"dialect": "alink", "product": "a2"},
            make=(("POST", f"{V}/dialects/alink/products", {"product": "a2", "place": "home", "model": "light"}),),
        ),
    ),
    f"GET {V}/discovered": (Route("hub_configure", also=(404,)),),
    f"PATCH {V}/discovered/{{id}}": (Route("hub_configure", {"ignored": True}, {"id": "x"}, also=(404,)),),
    f"GET {V}/newcomers": (Route("signed"),),
    f"POST {V}/newcomers/accept": (Route("signed", {"items": [{"id": "x"}]}, also=(404,)),),
    f"POST {V}/newcomers/ignore": (Route("signed", {"ids": ["x"]}, also=(404,)),),
    f"GET {V}/newcomers/bridges/{{thing_id}}": (Route("configure", fill=LAMP),),
    f"PUT {V}/newcomers/bridges/{{thing_id}}": (Route("configure", {"waits": True}, LAMP),),
    f"GET {V}/claims": (Route("signed"), Route("configure", query="place=home")),
    f"POST {V}/claims": (Route("configure", {"place": "home"}),),
    f"DELETE {V}/claims/{{claim_id}}": (Route("configure", fill={"claim_id": "known_claim"}),),
    f"GET {V}/clients": (Route("signed"),),
    f"GET {V}/clients/{{client_id}}": (Route("read", fill={"client_id": "x"}, also=(404,)),),
    f"DELETE {V}/clients/{{client_id}}": (Route("configure", fill={"client_id": "x"}, also=(404,)),),
    f"GET {V}/attempts": (Route("signed"),),
    # the assistant
    f"POST {V}/assist": (Route("signed", {"text": "is the lamp on?", "dry_run": True}, also=(403,)),),
    f"GET {V}/assist/model": (Route("hub", also=(404,)),),
    f"PUT {V}/assist/model": (Route("hub", {"url": "http://127.0.0.1:9/v1", "model": "m"}),),
    f"DELETE {V}/assist/model": (Route("hub", also=(404,)),),
    f"POST {V}/assist/audio": (Route("signed", also=(400, 404, 409, 422, 503)),),
    f"GET {V}/assist/speech": (Route("signed", query="text=yes", also=(404, 409, 503)),),
    f"GET {V}/assist/voice": (Route("hub"),),
    f"PUT {V}/assist/voice": (Route("hub", {}, also=(422,)),),
    f"DELETE {V}/assist/voice": (Route("hub", also=(404,)),),
    f"GET {V}/assist/suggestions": (Route("signed"),),
    f"POST {V}/assist/suggestions/{{suggestion_id}}/accept": (
        Route("signed", fill={"suggestion_id": "x"}, also=(404,)),
    ),
    f"POST {V}/assist/suggestions/{{suggestion_id}}/refuse": (
        Route("signed", fill={"suggestion_id": "x"}, also=(404,)),
    ),
    # alarms
    f"GET {V}/alarms": (Route("signed"),),
    f"GET {V}/alarms/schema": (Route("signed"),),
    f"GET {V}/alarms/definitions": (Route("signed"),),
    f"POST {V}/alarms/definitions": (Route("automate", {**ALARM, "id": "other"}, also=(409,)),),
    f"GET {V}/alarms/definitions/{{definition_id}}": (Route("read", fill={"definition_id": "warm"}),),
    f"PUT {V}/alarms/definitions/{{definition_id}}": (Route("automate", ALARM, {"definition_id": "warm"}),),
    f"DELETE {V}/alarms/definitions/{{definition_id}}": (
        Route("automate", fill={"definition_id": "spare"}, make=(SPARE_ALARM,)),
    ),
    f"GET {V}/alarms/history": (Route("signed"),),
    f"GET {V}/alarms/history.csv": (Route("signed"),),
    f"GET {V}/alarms/figures": (Route("signed"),),
    f"GET {V}/alarms/{{alarm_id}}": (Route("read", fill={"alarm_id": "warm.lamp"}, also=(404,)),),
    **{
        f"POST {V}/alarms/{{alarm_id}}/{act}": (
            Route("sensitive", {"for_s": 60.0} if act == "shelve" else {}, {"alarm_id": "warm.lamp"}, also=(404,)),
        )
        for act in ("acknowledge", "reset", "shelve", "unshelve", "out-of-service", "return-to-service")
    },
    # models
    f"GET {V}/models": (Route("signed"),),
    f"POST {V}/models": (Route("hub_configure", MODEL, also=(409,)),),
    f"GET {V}/models/{{model_id}}": (Route("signed", fill={"model_id": "light"}),),
    f"DELETE {V}/models/{{model_id}}": (Route("hub_configure", fill={"model_id": "acme.spare"}, make=(SPARE_MODEL,)),),
    f"PATCH {V}/models/{{model_id}}": (
        Route("hub_configure", {"titles": {"en": "Better"}}, {"model_id": "acme.kept"}),
    ),
    f"POST {V}/models/bulk": (Route("hub_configure", {"models": []}),),
    f"POST {V}/models/import": (Route("hub_configure", MODEL, also=(409, 422)),),
    # places
    f"GET {V}/places": (Route("signed"),),
    f"POST {V}/places": (
        Route("configure", {"name": "Attic", "parent": "home"}),
        Route("hub_configure", {"name": "Castle", "kind": "home"}),
    ),
    f"GET {V}/places/{{place_id}}": (Route("read", fill={"place_id": "home"}),),
    f"POST {V}/places/{{place_id}}": (
        Route("configure", {"name": "Room", "parent": "home"}, {"place_id": "kitchen"}, also=(409,)),
    ),
    f"DELETE {V}/places/{{place_id}}": (Route("configure", fill={"place_id": "spare_room"}, make=(SPARE_PLACE,)),),
    f"PATCH {V}/places/{{place_id}}": (Route("configure", {"name": "Home"}, {"place_id": "home"}),),
    f"PUT {V}/places/{{place_id}}/mode": (Route("control", {"mode": "home"}, {"place_id": "home"}),),
    f"GET {V}/places/{{place_id}}/policy": (Route("read", fill={"place_id": "home"}, also=(404,)),),
    f"PUT {V}/places/{{place_id}}/policy": (Route("administer", {"rules": []}, {"place_id": "home"}, also=(422,)),),
    f"DELETE {V}/places/{{place_id}}/policy": (Route("administer", fill={"place_id": "home"}, also=(404,)),),
    f"POST {V}/places/{{place_id}}/policy/check": (Route("read", {}, {"place_id": "home"}, also=(422,)),),
    # scenes
    f"GET {V}/scenes": (Route("signed"),),
    f"POST {V}/scenes": (Route("automate", {**SCENE, "id": "other"}, also=(409,)),),
    f"GET {V}/scenes/schema": (Route("open"),),
    f"GET {V}/scenes/{{scene_id}}": (Route("read", fill={"scene_id": "evening"}),),
    f"PUT {V}/scenes/{{scene_id}}": (Route("automate", SCENE, {"scene_id": "evening"}),),
    f"POST {V}/scenes/{{scene_id}}": (Route("automate", SCENE, {"scene_id": "evening"}, also=(409,)),),
    f"DELETE {V}/scenes/{{scene_id}}": (Route("automate", fill={"scene_id": "spare"}, make=(SPARE_SCENE,)),),
    f"PATCH {V}/scenes/{{scene_id}}": (Route("automate", {"name": "Evening"}, {"scene_id": "evening"}),),
    f"POST {V}/scenes/backtest": (Route("automate", SCENE, also=(404, 422, 503)),),
    f"POST {V}/scenes/bulk": (Route("signed", [SCENE]),),
    f"GET {V}/scenes/{{scene_id}}/versions": (Route("read", fill={"scene_id": "evening"}),),
    f"GET {V}/scenes/{{scene_id}}/versions/{{number}}": (Route("read", fill={"scene_id": "evening", "number": "1"}),),
    **{
        f"POST {V}/scenes/{{scene_id}}/{act}": (Route("automate", fill={"scene_id": "evening"}),)
        for act in ("disable", "enable")
    },
    **{
        f"POST {V}/scenes/{{scene_id}}/{act}": (Route("control", fill={"scene_id": "evening"}, also=(409,)),)
        for act in ("run", "stop")
    },
    f"GET {V}/scenes/{{scene_id}}/trace": (Route("read", fill={"scene_id": "evening"}),),
    f"GET {V}/blueprints": (Route("signed"),),
    f"GET {V}/blueprints/{{blueprint_id}}": (Route("signed", fill={"blueprint_id": "good_night"}),),
    f"POST {V}/blueprints/{{blueprint_id}}/scenes": (
        Route(
            "automate",
            {"id": "washed", "place": "home", "inputs": {"plug": "plug"}},
            {"blueprint_id": "washing_done"},
            also=(409,),
            unseen=(422,),
        ),
    ),
    # people
    f"GET {V}/me": (Route("signed"),),
    f"GET {V}/users": (Route("hub_administer"),),
    f"POST {V}/users": (
        Route("hub_administer", {"id": "spare2"}, also=(409,)),
        Route("hub", {"id": "spare3", "role": "administrator"}, also=(409,)),
    ),
    f"GET {V}/users/{{user_id}}": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"DELETE {V}/users/{{user_id}}": (
        Route("hub_administer", fill={"user_id": "spare4"}, make=(("POST", f"{V}/users", {"id": "spare4"}),)),
        Route("hub", fill={"user_id": "chef"}, make=(("POST", f"{V}/users", {"id": "chef", "role": "administrator"}),)),
    ),
    f"PATCH {V}/users/{{user_id}}": (
        Route("hub_administer", {"name": "Spare"}, OTHER),
        Route("signed", {"name": "Me"}, OWN),
        Route("hub", {"password": "a good long one"}, {"user_id": "root"}),
        Route("hub_administer", {"grants": {}}, {"user_id": "me_stranger"}),
    ),
    f"GET {V}/audit": (Route("signed"), Route("hub_administer", query="user=spare")),
    f"GET {V}/login": (Route("open"),),
    f"POST {V}/login": (Route("open", {"user": "x", "password": "x"}, also=(401, 429)),),
    f"DELETE {V}/login": (Route("signed"),),
    f"POST {V}/login/passkey/options": (Route("open"),),
    f"POST {V}/login/passkey": (Route("open", {"id": "x", "credential": {}}, also=(401, 429)),),
    f"GET {V}/oidc": (Route("hub", also=(404,)),),
    f"PUT {V}/oidc": (Route("hub", {"issuer": "https://127.0.0.1:9", "client_id": "x"}, also=(422,)),),
    f"DELETE {V}/oidc": (Route("hub", also=(404,)),),
    f"POST {V}/login/oidc/start": (Route("open", also=(404,)),),
    f"POST {V}/login/oidc": (Route("open", {"code": "x", "state": "x", "key": "x"}, also=(401, 429)),),
    f"GET {V}/users/{{user_id}}/oidc": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"POST {V}/users/{{user_id}}/oidc/start": (Route("signed", fill=OWN, also=(404,)),),
    f"POST {V}/users/{{user_id}}/oidc": (Route("signed", {"code": "x", "state": "x", "key": "x"}, OWN, also=(401,)),),
    f"DELETE {V}/users/{{user_id}}/oidc": (
        Route("hub_administer", fill=OTHER, also=(404,)),
        Route("hub", fill={"user_id": "root"}, also=(404,)),
    ),
    f"POST {V}/setup": (Route("open", {"code": "x", "user": "eve", "password": "a good long one"}, also=(401, 429)),),
    f"GET {V}/users/{{user_id}}/tokens": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"POST {V}/users/{{user_id}}/tokens": (
        Route("hub_administer", {}, OTHER),
        Route("signed", {}, OWN),
        Route("hub", {}, {"user_id": "root"}),
    ),
    f"DELETE {V}/users/{{user_id}}/tokens/{{token_id}}": (
        Route("hub_administer", fill={**OTHER, "token_id": "known_token"}),
    ),
    f"GET {V}/users/{{user_id}}/sessions": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"DELETE {V}/users/{{user_id}}/sessions": (
        Route("hub_administer", fill=OTHER),
        Route("hub", fill={"user_id": "root"}),
    ),
    f"DELETE {V}/users/{{user_id}}/sessions/{{session_id}}": (
        Route("hub_administer", fill={**OTHER, "session_id": NONE}, also=(404,)),
    ),
    f"GET {V}/users/{{user_id}}/factors": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"POST {V}/users/{{user_id}}/totp": (Route("signed", fill=OWN),),
    f"POST {V}/users/{{user_id}}/totp/confirm": (Route("signed", {"code": "1"}, OWN, also=(401, 404)),),
    f"POST {V}/users/{{user_id}}/totp/off": (
        Route("hub_administer", {}, OTHER, also=(404,)),
        Route("hub", {}, {"user_id": "root"}, also=(404,)),
    ),
    f"POST {V}/users/{{user_id}}/recovery": (Route("signed", {}, OWN, also=(404,)),),
    f"GET {V}/users/{{user_id}}/passkeys": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"POST {V}/users/{{user_id}}/passkeys": (Route("signed", {"id": "x", "credential": {}}, OWN, also=(401,)),),
    f"POST {V}/users/{{user_id}}/passkeys/options": (Route("signed", fill=OWN),),
    f"DELETE {V}/users/{{user_id}}/passkeys/{{passkey_id}}": (
        Route("hub_administer", fill={**OTHER, "passkey_id": "x"}, also=(404,)),
    ),
    f"GET {V}/places/{{place_id}}/people": (Route("administer", fill={"place_id": "home"}),),
    f"PUT {V}/places/{{place_id}}/people/{{user_id}}": (Route("administer", {"role": "guest"}, MEMBER),),
    f"DELETE {V}/places/{{place_id}}/people/{{user_id}}": (
        Route("administer", fill=MEMBER, make=(("PUT", f"{V}/places/home/people/spare", {"role": "guest"}),)),
    ),
    f"GET {V}/invitations": (Route("somewhere"),),
    f"POST {V}/invitations": (
        Route("administer", {"grants": {"home": "guest"}}),
        Route("hub_administer", {"role": "viewer"}),
        Route("hub", {"role": "administrator"}),
    ),
    f"DELETE {V}/invitations/{{invitation_id}}": (Route("administer", fill={"invitation_id": "known_invitation"}),),
    f"POST {V}/invitations/look": (Route("open", {"code": "x"}, also=(401, 429)),),
    f"POST {V}/invitations/accept": (Route("signed", {"code": "x"}, also=(401, 429)),),
    f"POST {V}/join": (Route("open", {"code": "x", "user": "eve", "password": "a good long one"}, also=(401, 429)),),
    # being told
    f"GET {V}/users/{{user_id}}/channels": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"POST {V}/users/{{user_id}}/channels": (Route("hub_administer", {"url": "json://x"}, OTHER, also=(422, 503)),),
    f"GET {V}/me/channels": (Route("signed"),),
    f"POST {V}/me/channels": (Route("signed", {"url": "nonsense"}, also=(422, 503)),),
    f"DELETE {V}/users/{{user_id}}/channels/{{channel_id}}": (
        Route("hub_administer", fill={**OTHER, **CHANNEL}, also=(404,)),
    ),
    f"PATCH {V}/users/{{user_id}}/channels/{{channel_id}}": (
        Route("hub_administer", {}, {**OTHER, **CHANNEL}, also=(404,)),
    ),
    f"DELETE {V}/me/channels/{{channel_id}}": (Route("signed", fill=CHANNEL, also=(404,)),),
    f"PATCH {V}/me/channels/{{channel_id}}": (Route("signed", {}, CHANNEL, also=(404,)),),
    f"POST {V}/users/{{user_id}}/channels/{{channel_id}}/test": (
        Route("hub_administer", fill={**OTHER, **CHANNEL}, also=(404,)),
    ),
    f"POST {V}/me/channels/{{channel_id}}/test": (Route("signed", fill=CHANNEL, also=(404,)),),
    f"GET {V}/push/key": (Route("signed"),),
    f"POST {V}/me/push": (
        Route("signed", {"endpoint": "nonsense", "keys": {"p256dh": "x", "auth": "x"}}, also=(422,)),
    ),
    f"GET {V}/me/quiet": (Route("signed"),),
    f"PUT {V}/me/quiet": (Route("signed", {}),),
    f"GET {V}/users/{{user_id}}/quiet": (Route("hub_administer", fill=OTHER), Route("signed", fill=OWN)),
    f"PUT {V}/users/{{user_id}}/quiet": (Route("hub_administer", {}, OTHER),),
    f"GET {V}/groups": (Route("signed"),),
    f"PUT {V}/groups/{{group_id}}": (Route("hub_administer", {"people": []}, {"group_id": "family"}),),
    f"DELETE {V}/groups/{{group_id}}": (Route("hub_administer", fill={"group_id": "crew"}, make=(SPARE_GROUP,)),),
    f"GET {V}/notifications": (Route("signed"),),
    f"POST {V}/notifications": (
        Route("sensitive", {"text": "Hello", "to": ["spare"], "place": "home"}, also=(422, 503)),
    ),
    f"GET {V}/notifications/allowed": (Route("hub"),),
    f"PUT {V}/notifications/allowed": (Route("hub", {"hosts": []}),),
    f"GET {V}/notifications/{{notification_id}}": (Route("signed", fill={"notification_id": "x"}, also=(404,)),),
    # the hub
    f"GET {V}/outlets": (Route("signed"),),
    f"POST {V}/outlets": (Route("configure", {**OUTLET, "id": "other"}, also=(409, 422)),),
    f"GET {V}/outlets/{{outlet_id}}": (Route("configure", fill={"outlet_id": "out"}),),
    f"DELETE {V}/outlets/{{outlet_id}}": (Route("configure", fill={"outlet_id": "spare"}, make=(SPARE_OUTLET,)),),
    f"PATCH {V}/outlets/{{outlet_id}}": (Route("configure", {"batch": 2}, {"outlet_id": "out"}),),
    f"GET {V}/dashboards": (Route("signed"),),
    f"POST {V}/dashboards": (
        Route("signed", {"name": "Mine"}, also=(409,)),
        Route("automate", {"name": "Ours", "place": "home"}, also=(409,)),
    ),
    f"GET {V}/dashboards/{{dashboard_id}}": (Route("read", fill={"dashboard_id": "common"}, make=(SHARED,)),),
    f"PATCH {V}/dashboards/{{dashboard_id}}": (
        Route("configure", {"name": "Ours"}, {"dashboard_id": "common"}, make=(SHARED,)),
    ),
    f"DELETE {V}/dashboards/{{dashboard_id}}": (Route("configure", fill={"dashboard_id": "common"}, make=(SHARED,)),),
    f"GET {V}/status": (Route("signed"),),
    f"POST {V}/backup": (Route("hub"),),
    "GET /healthz": (Route("open", also=(503,)),),  # or what of the hub does not answer at the moment
    "GET /metrics": (Route("open"),),  # from this machine; from another it needs a token
}
