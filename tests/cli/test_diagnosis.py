"""What the doctor says of a device: each advice for the attempt that it is meant for."""

from __future__ import annotations

from typing import Any

import pytest

from unisono.cli.diagnosis import advise_device, advise_hub, advise_letters

DOORS = {"port": 1883, "tls_port": 8883, "http_port": 8080, "https_port": 8443}
LAMP = {"id": "lamp", "seen": None, "model": "light"}


def attempt(kind: str, **more: Any) -> dict[str, Any]:
    given = {"kind": kind, "user": "", "address": "10.0.0.7", "detail": "as it was", "count": 1, "password": ""}
    return {**given, **more}


def client(**more: Any) -> dict[str, Any]:
    given = {"ordinary_topics": [], "messages_in": 1, "dropped": 0, "held": [], "protocol": "5.0", "transport": "tcp"}
    return {**given, "address": "10.0.0.7:1", "since": "2026-11-26T10:00:00.000Z", **more}


def letter(code: str, **more: Any) -> dict[str, Any]:
    return {"topic": "state", "code": code, "detail": "as it was", "excerpt": "", **more}


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (attempt("tls_on_plain"), "set its port to 8883, or turn TLS"),
        (attempt("plain_on_tls"), "or set its port to 1883"),
        (attempt("http"), "http://HUB:8080/api/v1/device/state"),
        (attempt("websocket_on_plain"), "ws://HUB:8080/mqtt"),
        (attempt("mqtt_on_http"), "set its port to 1883, or with TLS (SSL) to 8883"),
        (attempt("proof"), "the key that its authentication method knows"),
        (attempt("method"), "choose a method that the hub knows"),
        (attempt("plain_on_https"), "set its port to 1883 if it speaks MQTT, with TLS (SSL) to 8883"),
        (attempt("http_on_https"), "write https:// instead of http:// in its address, or set its port to 8080"),
        (attempt("tls_on_http"), "set its port to 8443; if it speaks MQTT, to 8883"),
        (attempt("sent_elsewhere", detail="served by there:1883"), "take mqtt.server_reference out of limits.toml"),
        (attempt("not_http"), "set its port to 1883 if it speaks MQTT"),
        (attempt("unknown_ca"), "CA certificate"),
        (attempt("protocol_version"), "3.1.1 or 5.0"),
        (attempt("client_id", detail="empty client id without clean session [MQTT-3.1.3-8]"), "clean session on"),
        (attempt("client_id", detail="a client id has at most 256 characters"), "shorter client id"),
        (attempt("taken_over", user="lamp"), "two devices share one identity"),
        (attempt("no_credentials"), "fill in user name"),
        (attempt("bad_password", user="lamp", password="33 characters, ends with a newline"), "newline at its end"),
        (attempt("bad_password", user="lamp", password="48 characters, has a colon in it"), "the secret alone"),
        (attempt("bad_password", user="lamp", password="20 characters"), "32 characters, this one 20"),
        (attempt("bad_password", user="lamp", password="32 characters"), "unisono thing secret lamp"),
        (attempt("unknown_user", user="Lamp"), "must be the thing's id: lamp"),
        (attempt("unknown_user", user="lamp"), "it is there now: let it try again"),
        (attempt("unknown_user", user="lmap"), "must be the thing's id: lamp"),
        (attempt("unknown_user", user="heater 9"), "unisono thing add heater_9"),
        (attempt("unknown_user", user=""), "must be the thing's id"),
        (attempt("of a later version"), "look at what it was refused for"),
    ],
)
def test_each_kind_of_attempt_has_its_advice(found: dict[str, Any], change: str) -> None:
    (advice,) = advise_hub([found], ["lamp", "probe"], DOORS)
    assert change in advice.change and found["address"] in advice.found


def test_how_often_is_said() -> None:
    (advice,) = advise_hub([attempt("http", count=7)], [], DOORS)
    assert "7 times" in advice.found


def test_of_a_thing_also_what_came_nameless_from_its_address_or_under_a_name_much_like_it() -> None:
    attempts = [
        attempt("bad_password", user="lamp", password="32 characters"),
        attempt("tls_on_plain"),
        attempt("http", address="10.0.0.8"),
        attempt("unknown_user", user="LAMP", address="10.0.0.9"),
        attempt("unknown_user", user="heater", address="10.0.0.9"),
    ]
    found = advise_device(LAMP, [], attempts, [], DOORS)
    assert [advice.found.split(":")[0] for advice in found] == ["'lamp' at 10.0.0.7", "'LAMP' at 10.0.0.9", "10.0.0.7"]


def test_topics_that_are_no_reports() -> None:
    (advice,) = advise_device(LAMP, [client(ordinary_topics=["homie/5/lamp/power"])], [], [], DOORS)
    assert "homie/5/lamp/power" in advice.found and "things/lamp/state" in advice.change
    bridge = {**LAMP, "model": "gateway"}
    (advice,) = advise_device(bridge, [client(ordinary_topics=["shelly/typo"])], [], [], DOORS)
    assert "shelly/typo" in advice.found and "unisono dialect show DIALECT lamp" in advice.change


def test_what_is_odd_about_a_connected_client() -> None:
    dropped, held = advise_device(LAMP, [client(dropped=3, held=["rate"])], [], [], DOORS)
    assert "3 messages" in dropped.found and "less often" in held.change


@pytest.mark.parametrize(
    "code", ["unknown_property", "bad_value", "bad_json", "topic_not_allowed", "too_many", "rejected"]
)
def test_what_was_refused_of_what_it_said(code: str) -> None:
    _well, advice = advise_device(LAMP, [client()], [], [letter(code, excerpt='{"temp": 1}')], DOORS)
    assert "as it was" in advice.found and '{"temp": 1}' in advice.found and advice.change


@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ("place.connections", "close connections"),
        ("address.strangers", "does not sign in"),
        ("thing.messages_per_s", "less often"),
        ("address.bytes_per_s", "send less"),
    ],
)
def test_a_limit_is_named_as_in_the_settings(limit: str, what: str) -> None:
    reached = f"{limit} is reached (3)"
    (attempted,) = advise_hub([attempt("limit", detail=reached)], [], DOORS)
    _well, shown = advise_device(LAMP, [client()], [], [letter("too_many", detail=reached)], DOORS)
    for advice in (attempted, shown):
        assert what in advice.change and f"raise {limit} in limits.toml" in advice.change


def test_refused_messages_of_anybody_are_told_once_for_each_thing_and_reason() -> None:
    found = [
        letter("too_large", thing="lamp", detail="a packet of 9 MB"),
        letter("unknown_property", thing="lamp"),
        letter("too_large", thing="lamp", detail="an older one"),
        letter("bad_credentials", thing="", topic=""),
    ]
    large, unknown, stranger = advise_letters(found)
    assert large.found == "lamp: refused to state: a packet of 9 MB, the newest of 2"
    assert "connection.packet_bytes" in large.change
    assert unknown.change.endswith("unisono thing show lamp")
    assert stranger.found == "somebody: refused: as it was" and stranger.change.endswith("thing secret ID")


def test_when_all_is_well() -> None:
    (advice,) = advise_device(LAMP, [client()], [], [], DOORS)
    assert advice.verdict == "well" and "10.0.0.7" in advice.found


def test_when_nothing_is_known() -> None:
    (never,) = advise_device(LAMP, [], [], [], DOORS)
    assert "never reached the hub" in never.found and "1883" in never.change
    (gone,) = advise_device({"id": "lamp", "seen": "2026-11-26T10:00:00.000Z"}, [], [], [], DOORS)
    assert "last seen" in gone.found
    (maybe,) = advise_device(LAMP, [], [attempt("tls_on_plain")], [], DOORS)
    assert "10.0.0.7" in maybe.found
