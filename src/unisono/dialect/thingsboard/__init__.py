"""ThingsBoard's device API over MQTT: for firmware and gateways written against it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpRequest
from unisono.dialect.said import Say
from unisono.dialect.seam import Caller, Field, Guide, Hub, Line, Setting
from unisono.dialect.thingsboard.http import asked, told
from unisono.dialect.thingsboard.line import ThingsBoardLine
from unisono.errors import CallerError

__all__ = ["THINGSBOARD", "ThingsBoard"]

NAME = "thingsboard"
#: As whom a device signs in that has nothing but its product's key and secret.
PROVISION = "provision"
BASIC = "basic:"


class ThingsBoard:
    """The dialect ``thingsboard``."""

    name = NAME
    title = "ThingsBoard device API"
    fields = (
        Field(
            "username",
            "User name, for sign-in by user name and password",
            r"[^\s/+#]{1,100}",
            "1 to 100 characters, none of them a blank, /, + or #",
        ),
    )
    model = ""
    seals = True
    learns = True
    can = (
        "sign-in by access token (the secret is the token), user name and password (`--with username=`), X.509",
        "telemetry with and without times, client attributes; shared attributes pushed and asked for",
        "the short topics (`v2/t`, `v2/a`, `v2/r/req/...`): what is said in them is answered in them",
        "RPC both ways; the limits of the session are told",
        "the HTTP device API: telemetry, attributes, their updates and RPC by long poll, claiming, provisioning",
        "firmware: `unisono thing firmware ID FILE`; its attributes, and chunks over MQTT and HTTP",
        "provisioning of access tokens: `unisono dialect product thingsboard KEY --secret SECRET --open`",
        "the gateway API: devices appear as things of the model that their type names, and go when it says so; RPC",
        "a thing added without a model: what it can say is learned from what it says",
    )
    cannot = (
        "the CoAP door and protobuf payloads; user name and password over HTTP; software updates (`v2/sw`)",
        "claiming: it is taken and means nothing, since whoever signs in here belongs to somebody already",
        "provisioning of user names and certificates",
    )

    def caller(self, user: str, client_id: str, password: str) -> Caller | None:
        if not user or "&" in user:
            return None
        if password:
            return Caller(NAME, BASIC + user, vague=True)
        if user == PROVISION:
            return Caller(NAME, PROVISION, way="register_open")
        return Caller(NAME, user, secret=True)

    def proves(self, caller: Caller, password: str, secret: str) -> bool:
        return hmac.compare_digest(password.encode("utf-8", "replace"), secret.encode())

    def called(self, given: Mapping[str, str], thing: str, secret: str) -> Caller:
        user = given.get("username")
        if not user:
            return Caller(NAME, secret, secret=True)
        if not re.fullmatch(self.fields[0].pattern, user):
            expected = self.fields[0].words
            raise CallerError(f"{user[:80]!r} is no user name", code="bad_value", field="username", expected=expected)
        return Caller(NAME, BASIC + user, vague=True)

    def given(self, name: str) -> dict[str, str]:
        return {"username": name.removeprefix(BASIC)} if name.startswith(BASIC) else {}

    def line(self, caller: Caller) -> Line:
        return ThingsBoardLine(caller)

    def asked(self, request: HttpRequest) -> HttpAsk | None:
        return asked(request)

    def told(self, request: HttpRequest, said: Say | None) -> HttpAnswer:
        return told(request, said)

    def guide(self, hub: Hub) -> Guide:
        user = hub.given.get("username")
        signs_in = (
            (Setting("User name", user), Setting("Password", hub.secret))
            if user
            else (Setting("Access token (the MQTT user name; no password)", hub.secret),)
        )
        settings = (
            Setting("Host", hub.host),
            Setting("Port", str(hub.mqtt_port or 1883)),
            Setting("Port with TLS", str(hub.mqtts_port or 8883)),
            *signs_in,
        )
        if not user:
            settings += (
                Setting("Over HTTP", f"http://{hub.host}:{hub.http_port or 8080}/api/v1/{hub.secret}/telemetry"),
            )
        paste = (
            ""
            if user
            else f'client = TBDeviceMqttClient("{hub.host}", {hub.mqtt_port or 1883}, username="{hub.secret}")'
        )
        return Guide(NAME, self.title, settings, paste)


THINGSBOARD = ThingsBoard()
