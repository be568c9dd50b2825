"""Alink: what devices of Alibaba's IoT Platform speak, so that they need no new firmware when it is switched off."""

from __future__ import annotations

import re
from collections.abc import Mapping

from unisono.dialect.alink.http import asked, told
from unisono.dialect.alink.line import AlinkLine
from unisono.dialect.alink.signin import NAME, join_name, proves, read_user, split_name
from unisono.dialect.over_http import HttpAnswer, HttpAsk, HttpRequest
from unisono.dialect.said import Say
from unisono.dialect.seam import Caller, Field, Guide, Hub, Line, Setting
from unisono.errors import CallerError

__all__ = ["ALINK", "Alink"]

FIELDS = (
    Field("product_key", "Product key", r"[A-Za-z0-9]{1,32}", "1 to 32 letters and digits", "unisono"),
    Field("device_name", "Device name", r"[A-Za-z0-9_.:@-]{1,64}", "1 to 64 letters, digits, _, ., :, @ and -"),
)


class Alink:
    """The dialect ``alink``."""

    name = NAME
    title = "Alibaba Cloud IoT (Alink)"
    fields = FIELDS
    model = ""
    seals = True
    learns = False
    can = (
        "sign-in with a secret of the device (HMAC-SHA1, -SHA256, -MD5; both spellings of the client id)",
        "a secret of the product: registering with it over MQTT (`register`, `regnwl`) and HTTPS",
        "properties: post, batch, history and pack posts with the device's own times; set; wanted values asked for",
        "events; services, synchronous (over RRPC where the client id says `ext=1`) and asynchronous",
        "sub-devices: topology, login and logout, registering, products of sub-devices",
        "device shadow, time (NTP); tags are taken, and mean nothing here",
        "firmware: `unisono thing firmware ID FILE`; told when the device tells another version, or asks",
        "remote configuration: `unisono thing config ID FILE`; told when it is put there, or the device asks",
    )
    cannot = (
        "raw data (`up_raw`, `down_raw`): what the bytes mean says a script of the maker's, which a hub does not run",
        "remote configuration of a whole product at once; firmware over MQTT, and as differences",
        "thing specification templates (`dsltemplate/get`): the answer is empty",
        "CoAP, HTTP/2 and HTTP doors, but for registering",
    )

    def caller(self, user: str, client_id: str, password: str) -> Caller | None:
        return read_user(user, client_id, password)

    def proves(self, caller: Caller, password: str, secret: str) -> bool:
        return proves(caller, password, secret)

    def called(self, given: Mapping[str, str], thing: str, secret: str) -> Caller:
        values = {
            "product_key": given.get("product_key") or "unisono",
            "device_name": given.get("device_name") or thing,
        }
        for field in FIELDS:
            if not re.fullmatch(field.pattern, values[field.name]):
                raise CallerError(
                    f"{values[field.name][:80]!r} is no {field.title.lower()}",
                    code="bad_value",
                    field=field.name,
                    expected=field.words,
                )
        return Caller(NAME, join_name(values["product_key"], values["device_name"]), values["product_key"])

    def given(self, name: str) -> dict[str, str]:
        product, device = split_name(name)
        return {"product_key": product, "device_name": device}

    def line(self, caller: Caller) -> Line:
        return AlinkLine(caller)

    def asked(self, request: HttpRequest) -> HttpAsk | None:
        return asked(request)

    def told(self, request: HttpRequest, said: Say | None) -> HttpAnswer:
        return told(request, said)

    def guide(self, hub: Hub) -> Guide:
        caller = self.called(hub.given, hub.thing, hub.secret)
        product, _, device = caller.name.partition("&")
        settings = (
            Setting("Host (the MQTT endpoint, in place of PRODUCT.iot-as-mqtt.REGION.aliyuncs.com)", hub.host),
            Setting("Port", str(hub.mqtt_port or 1883)),
            Setting("Port with TLS", str(hub.mqtts_port or 8883)),
            Setting("ProductKey", product),
            Setting("DeviceName", device),
            Setting("DeviceSecret", hub.secret),
        )
        paste = (
            f'lk = linkkit.LinkKit(host_name="127.0.0.1", product_key="{product}", device_name="{device}",\n'
            f'                     device_secret="{hub.secret}")\n'
            f'lk.config_mqtt(endpoint="{hub.host}", port={hub.mqtt_port or 1883}, secure="")'
        )
        return Guide(
            NAME,
            self.title,
            settings,
            paste,
            (
                "A device keeps its own ProductKey, DeviceName and DeviceSecret: give them when the thing is added.",
                "Only the host is another. Firmware with a fixed host needs its name to lead here (your own DNS).",
            ),
        )


ALINK = Alink()
