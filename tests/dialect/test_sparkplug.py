"""Sparkplug B, by the clauses of its specification 3.0: births, data, deaths, commands, order, templates."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.dialect import Odd, Reported, Say
from unisono.dialect.sparkplug import SPARKPLUG
from unisono.dialect.sparkplug.birth import REBIRTH, model_id
from unisono.dialect.sparkplug.bridge import REBIRTH_EVERY_MS, STATE, STATE_22
from unisono.dialect.sparkplug.payload import (
    BOOLEAN,
    BYTES,
    DATASET,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    MAX_CELLS,
    MAX_METRICS,
    MAX_UNPACKED,
    STRING,
    TEMPLATE,
    DataSet,
    Metric,
    Parameter,
    Payload,
    Raw,
    Template,
    decode_payload,
    encode_payload,
)
from unisono.dialect.sparkplug.protobuf import FIXED32, FIXED64, LENGTH, VARINT, read_fields, write_field
from unisono.dialect.sparkplug.values import raw_of, schema_of, value_of
from unisono.errors import CallerError
from unisono.testing.dialect import Bench, Message, PlaceConformance

NODE, DEVICE = "sparkplug:plant/line1", "sparkplug:plant/line1/oven"
NOW = 1_700_000_000_000
BOOL, INT32, FLOAT_TYPE, TEXT = 11, 3, 9, 12


def topic(type: str, device: str = "") -> str:
    return f"spBv1.0/plant/{type}/line1" + (f"/{device}" if device else "")


def metric(name: str, datatype: int, value: Any, alias: int | None = None, **more: Any) -> Metric:
    return Metric(name, alias, more.pop("timestamp", NOW), datatype, value=raw_of(datatype, value), **more)


def by_alias(alias: int, datatype: int, value: Any) -> Metric:
    return Metric("", alias, NOW, value=raw_of(datatype, value))


class Edge:
    """An edge node: it counts its messages."""

    def __init__(self, session: int = 0) -> None:
        self.session, self.seq = session, 0

    def birth(self, *metrics: Metric, seq: int = 0) -> Message:
        self.seq = seq
        known = (metric("bdSeq", 4, self.session), metric(REBIRTH, BOOL, False), *metrics)
        return self._message("NBIRTH", "", known)

    def device(self, *metrics: Metric, device: str = "oven") -> Message:
        return self._message("DBIRTH", device, metrics)

    def data(self, *metrics: Metric, device: str = "") -> Message:
        return self._message("DDATA" if device else "NDATA", device, metrics)

    def gone(self, device: str = "oven") -> Message:
        return self._message("DDEATH", device, ())

    def death(self, session: int | None = None) -> Message:
        body = Payload((metric("bdSeq", 4, self.session if session is None else session),), NOW)
        return Message(topic("NDEATH"), encode_payload(body))

    def _message(self, type: str, device: str, metrics: Sequence[Metric]) -> Message:
        body = encode_payload(Payload(tuple(metrics), NOW, self.seq))
        self.seq = (self.seq + 1) % 256
        return Message(topic(type, device), body)


OVEN = (
    metric("Temperature", FLOAT_TYPE, 21.5, 1, properties={"engUnit": Raw(STRING, "°C")}),
    metric("Setpoint", FLOAT_TYPE, 180.0, 2),
    metric("Running", BOOL, False, 3, properties={"readOnly": Raw(BOOLEAN, True)}),
    metric("Properties/Hardware Make", TEXT, "Acme", 4),
    metric("Serial", TEXT, "42", 6, properties={"writable": Raw(BOOLEAN, False)}),
)


def plant(*metrics: Metric) -> tuple[Bench, Edge]:
    bench, edge = Bench(), Edge()
    bench.connect(SPARKPLUG.bridge())
    bench.say(edge.birth(), edge.device(*(metrics or OVEN)))
    return bench, edge


def told(bench: Bench) -> list[tuple[str, Payload]]:
    return [(each.topic, decode_payload(each.payload)) for each in bench.take_told()]


def rebirths(bench: Bench) -> int:
    found = told(bench)
    assert all(where == topic("NCMD") and body.metrics[0].name == REBIRTH for where, body in found), found
    return len(found)


class TestConformance(PlaceConformance):
    DIALECT = SPARKPLUG

    def setup_method(self) -> None:
        self.edge = Edge()

    def ready(self) -> tuple[Bench, str]:
        bench, _key = super().ready()
        return bench, NODE

    def announce(self) -> Sequence[Message]:
        return [self.edge.birth(metric("on_off", BOOL, False, 7))]

    def report(self, values: Mapping[str, Any]) -> Sequence[Message]:
        return [self.edge.data(by_alias(7, BOOL, values["on_off"]))]

    def away(self) -> Sequence[Message]:
        return [self.edge.death()]


# --- births -------------------------------------------------------------------------------------------------------


def test_a_node_and_its_device() -> None:
    bench, _edge = plant()
    assert bench.odd == [] and set(bench.things) == {NODE, DEVICE}
    assert bench.online(NODE) and bench.online(DEVICE)
    node, oven = bench.models[NODE], bench.models[DEVICE]
    assert (node.kind, list(node.properties), list(node.actions)) == ("gateway", [], ["rebirth"])
    about = {key: (each.trait, each.unit, each.writable, each.role) for key, each in oven.properties.items()}
    assert about == {
        "Temperature": ("temperature", "Cel", True, "actuator"),
        "Setpoint": ("setpoint", None, True, "actuator"),
        "Running": ("running", None, False, "sensor"),
        "Properties_Hardware_Make": (None, None, False, "attribute"),
        "Serial": (None, None, False, "sensor"),
    }
    assert [bench.value(DEVICE, key) for key in about] == [21.5, 180.0, False, "Acme", "42"]


def test_a_device_is_a_part_of_its_node() -> None:
    translator, edge = SPARKPLUG.bridge(), Edge()
    translator.heard(*edge.birth(), NOW)
    said = translator.heard(*edge.device(*OVEN), NOW)
    assert said is not None and said[0].parent == NODE  # type: ignore[union-attr]


def test_a_birth_again_brings_what_is_new() -> None:
    bench, edge = plant()
    bench.say(edge.birth(metric("Line Speed", 10, 3.25)), edge.device(*OVEN, metric("Door", BOOL, True)))
    assert bench.value(NODE, "Line_Speed") == 3.25 and bench.value(DEVICE, "Door") is True
    assert rebirths(bench) == 0


def test_what_births_may_say_and_is_no_value() -> None:
    definition = Raw(TEMPLATE, Template((Metric("RPM", datatype=3),), is_definition=True))
    bench, edge = Bench(), Edge()
    bench.connect(SPARKPLUG.bridge())
    strange = (
        Metric("_types_/Motor", datatype=19, value=definition),
        Metric("", 9, NOW, 3, value=Raw(INT, 1)),
        metric("Twice", INT32, 1),
        metric("Twice", INT32, 2),
        Metric("Nothing", datatype=77),
        Metric("Empty", datatype=3, is_null=True),
        metric("Node Control/Scan Rate", 4, 1000),
        metric("Node Control/Reboot", BOOL, False, 12),
    )
    bench.say(edge.birth(*strange))
    assert list(bench.models[NODE].properties) == ["Twice", "Empty", "Node_Control_Scan_Rate"]
    assert list(bench.models[NODE].actions) == ["rebirth", "reboot"]
    assert [each.detail for each in bench.odd] == [
        "the metric 'Twice' comes twice; the first counts",
        "the metric 'Nothing' is of the unknown data type 77",
    ]
    assert bench.value(NODE, "Empty") is None


def test_names_that_ids_have_no_letters_for() -> None:
    assert model_id("plant", "line1") == "sparkplug:plant:line1"
    one, other = model_id("Werk Süd", "ofen"), model_id("Werk Sød", "ofen")
    assert one != other and one.startswith("sparkplug:werk_s_d:ofen-")


# --- data types ---------------------------------------------------------------------------------------------------

#: A number of 32 bits that has nine digits.
FULL = -0.00010663368448149413
VALUES: list[tuple[int, Any]] = [
    *((1, each) for each in (-128, -1, 0, 127)),
    *((2, each) for each in (-32768, 32767)),
    *((3, each) for each in (-(2**31), 2**31 - 1)),
    *((4, each) for each in (-(2**63), 2**63 - 1)),
    (5, 255),
    (6, 65535),
    (7, 2**32 - 1),
    (8, 2**64 - 1),
    (9, 21.3),
    (9, 1e-7),
    (9, 3.4028235e38),
    (9, FULL),
    (10, 0.1),
    (11, True),
    (12, "Grüße 你好"),
    (13, "2026-11-26T17:00:00.125+00:00"),
    (14, "x" * 1000),
    (15, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    (16, [{"a": 1, "b": 2.5, "c": "x", "d": True}, {"a": -2, "b": 0.0, "c": "", "d": None}]),
    (16, []),
    (17, "AAEC/w=="),
    (18, ""),
    (22, [-128, 127]),
    (23, [-1]),
    (24, [2**31 - 1]),
    (25, [-(2**63)]),
    (26, [255]),
    (27, []),
    (28, [2**32 - 1]),
    (29, [2**64 - 1]),
    (30, [21.3, -0.5]),
    (31, [0.1]),
    (32, [True, False, False, True, True, False, False, True, True]),
    (33, ["ABC", "", "hé"]),
    (34, ["2009-10-21T05:27:55.335+00:00"]),
]


@pytest.mark.parametrize(("datatype", "value"), VALUES)
def test_a_value_of_each_type_is_written_and_read_again(datatype: int, value: Any) -> None:
    body = encode_payload(Payload((Metric("m", datatype=datatype, value=raw_of(datatype, value)),)))
    raw = decode_payload(body).metrics[0].value
    assert raw is not None and value_of(datatype, raw) == value
    schema = schema_of(datatype)
    assert schema is not None and schema.check(value) == value


def test_an_array_of_booleans_as_the_specification_writes_it() -> None:
    assert raw_of(32, [False, False, True, True, False, True, False, False, True, True, False, True]) == Raw(
        BYTES, bytes([0x0C, 0, 0, 0, 0x34, 0xD0])
    )
    assert raw_of(33, ["ABC", "hello"]) == Raw(BYTES, b"ABC\0hello\0")
    assert raw_of(22, [-23, 123]) == Raw(BYTES, bytes([0xE9, 0x7B]))


def test_numbers_as_other_implementations_write_them() -> None:
    assert value_of(1, Raw(INT, 0xFF)) == value_of(1, Raw(INT, 0xFFFFFFFF)) == value_of(1, Raw(LONG, 2**64 - 1)) == -1
    assert value_of(7, Raw(LONG, 5)) == 5 and value_of(9, Raw(DOUBLE, 0.1)) == 0.1 and value_of(10, Raw(INT, 3)) == 3.0
    assert value_of(11, Raw(INT, 1)) is True
    assert value_of(9, Raw(FLOAT, math.nan)) is None and value_of(30, Raw(BYTES, b"\0\0\xc0\x7f")) == [None]


@pytest.mark.parametrize(
    ("datatype", "raw"),
    [
        (1, Raw(INT, 0x1FF)),
        (1, Raw(LONG, 2**40)),
        (5, Raw(INT, 256)),
        (3, Raw(STRING, "1")),
        (12, Raw(INT, 1)),
        (12, Raw(STRING, "x" * 20_000)),
        (13, Raw(LONG, 2**63)),
        (16, Raw(DATASET, DataSet(("a",), (), ()))),
        (16, Raw(DATASET, DataSet(("a",), (3,), ((),)))),
        (16, Raw(DATASET, DataSet((), (), ((),) * 1001))),
        (17, Raw(BYTES, b"x" * 70_000)),
        (32, Raw(BYTES, b"\xff\0\0\0\0")),
        (99, Raw(INT, 1)),
    ],
)
def test_values_that_are_none_of_their_type(datatype: int, raw: Raw) -> None:
    with pytest.raises(CallerError) as refused:
        value_of(datatype, raw)
    assert refused.value.code == "bad_value"


@pytest.mark.parametrize(
    ("datatype", "value"),
    [(3, 1.5), (3, "x"), (9, 1e300), (13, "yesterday"), (17, "!"), (22, [200]), (19, {}), (16, [1])],
)
def test_values_that_cannot_be_written(datatype: int, value: Any) -> None:
    with pytest.raises(CallerError):
        raw_of(datatype, value)


def test_an_empty_array_of_booleans_and_texts() -> None:
    assert value_of(32, Raw(BYTES, b"")) == [] and value_of(33, Raw(BYTES, b"")) == []


# --- data ---------------------------------------------------------------------------------------------------------


def test_data_by_alias_and_by_name() -> None:
    bench, edge = plant()
    bench.say(edge.data(by_alias(1, FLOAT_TYPE, 22.25), device="oven"))
    bench.say(edge.data(metric("Running", BOOL, True), device="oven"))
    assert bench.value(DEVICE, "Temperature") == 22.25 and bench.value(DEVICE, "Running") is True
    assert bench.letters == [] and rebirths(bench) == 0


def test_units_become_those_of_the_trait() -> None:
    fahrenheit = metric("Temperature", 10, 212.0, properties={"engUnit": Raw(STRING, "°F")})
    bench, _edge = plant(fahrenheit, metric("Power", 10, 1.5, properties={"engUnit": Raw(STRING, "kW")}))
    assert bench.value(DEVICE, "Temperature") == pytest.approx(100) and bench.value(DEVICE, "Power") == 1500


def test_each_value_has_the_time_that_it_says() -> None:
    translator, edge = SPARKPLUG.bridge(), Edge()
    translator.heard(*edge.birth(), NOW)
    translator.heard(*edge.device(*OVEN), NOW)
    later = metric("Setpoint", FLOAT_TYPE, 2.0, timestamp=NOW + 5)
    before = metric("Temperature", FLOAT_TYPE, 1.0, timestamp=NOW - 60_000, is_historical=True)
    none = Metric("Running", value=raw_of(BOOL, True))
    said = translator.heard(*edge.data(later, before, none, device="oven"), NOW)
    assert said == [
        Reported(DEVICE, {"Running": True}, NOW),
        Reported(DEVICE, {"Temperature": 1.0}, NOW - 60_000),
        Reported(DEVICE, {"Setpoint": 2.0}, NOW + 5),
    ]


def test_values_that_are_none() -> None:
    bench, edge = plant()
    bad = {"Quality": Raw(INT, 0)}
    bench.say(
        edge.data(
            Metric("Setpoint", is_null=True),
            Metric("Running", value=raw_of(BOOL, True), properties={"Quality": Raw(INT, 500)}),
            Metric("Temperature", value=raw_of(FLOAT_TYPE, 99), properties=bad),
            device="oven",
        ),
        edge.data(Metric("Temperature", value=Raw(FLOAT, math.inf)), device="oven"),
    )
    assert [bench.value(DEVICE, key) for key in ("Temperature", "Setpoint", "Running")] == [21.5, 180.0, False]
    good = Metric("Temperature", value=raw_of(FLOAT_TYPE, 23), properties={"Quality": Raw(INT, 192)})
    bench.say(edge.data(good, Metric("Setpoint", value=Raw(STRING, "hot")), device="oven"))
    assert bench.value(DEVICE, "Temperature") == 23.0
    assert [each.detail for each in bench.odd] == ["Setpoint: its value is not one of its data type 9"]


COIL = Template((metric("Temperature", 10, 40.0),), ref="Coil")
MOTOR = Template(
    (
        metric("RPM", INT32, 1500),
        Metric("", datatype=3),
        Metric("Coil", datatype=19, value=Raw(TEMPLATE, COIL)),
        Metric("Odd", datatype=88),
    ),
    (Parameter("Index", 3, Raw(INT, 1)),),
    "Motor",
)


def test_a_template_is_told_and_written_member_by_member() -> None:
    bench, edge = plant(Metric("Motor 1", 5, NOW, 19, value=Raw(TEMPLATE, MOTOR)))
    assert bench.value(DEVICE, "Motor_1_RPM") == 1500 and bench.value(DEVICE, "Motor_1_Coil_Temperature") == 40.0
    partly = Template((metric("RPM", INT32, 900), metric("New", INT32, 1)), ref="Motor")
    bench.say(edge.data(Metric("", 5, NOW, value=Raw(TEMPLATE, partly)), device="oven"))
    assert bench.value(DEVICE, "Motor_1_RPM") == 900
    bench.say(edge.data(Metric("", 5, NOW, value=Raw(INT, 3)), device="oven"))
    bench.take_told()
    bench.ask(DEVICE, {"Motor_1_RPM": 1000, "Motor_1_Coil_Temperature": 50.0})
    ((where, body),) = told(bench)
    assert where == topic("DCMD", "oven") and len(body.metrics) == 1
    instance = body.metrics[0].value
    assert (body.metrics[0].alias, body.metrics[0].name, instance is not None) == (5, "", True)
    assert instance is not None and instance.value.ref == "Motor"
    assert [each.name for each in instance.value.metrics] == ["RPM", "Coil"]
    assert instance.value.metrics[1].value.value.ref == "Coil"


# --- commands -----------------------------------------------------------------------------------------------------


def test_a_command_is_said_by_alias_and_confirmed_by_data_alone() -> None:
    bench, edge = plant()
    bench.take_told()
    id = bench.ask(DEVICE, {"Setpoint": 21.3})
    ((where, body),) = told(bench)
    (wanted,) = body.metrics
    assert (where, body.seq, wanted.name, wanted.alias) == (topic("DCMD", "oven"), None, "", 2)
    assert wanted.value is not None and value_of(FLOAT_TYPE, wanted.value) == 21.3
    assert bench.state(id) == "sent"
    bench.say(edge.data(Metric("", 2, NOW, value=wanted.value), device="oven"))
    assert bench.state(id) == "confirmed"


def test_a_value_that_has_no_room_is_refused() -> None:
    bench, _edge = plant(metric("Level Limit", 1, 5))
    born = bench.translator
    with pytest.raises(CallerError):
        born.wanted(DEVICE, "set", {"id": "c", "state": {"Gone": 1}}, NOW)
    with pytest.raises(CallerError):
        born.wanted(DEVICE, "call/nothing", {"id": "c"}, NOW)


def test_a_rebirth_is_called_and_done_by_the_birth_that_follows() -> None:
    bench, edge = plant()
    id = bench.ask(NODE, call="rebirth")
    ((where, body),) = told(bench)
    assert (where, body.metrics[0].name, body.metrics[0].value) == (topic("NCMD"), REBIRTH, Raw(BOOLEAN, True))
    assert bench.state(id) == "sent"
    bench.say(edge.birth())
    assert bench.state(id) == "confirmed"


def test_a_device_s_control_is_done_by_its_own_birth() -> None:
    bench, edge = plant(metric("Device Control/Reset", BOOL, False, 8))
    id = bench.ask(DEVICE, call="reset")
    ((where, body),) = told(bench)
    assert (where, body.metrics[0].alias, body.metrics[0].name) == (topic("DCMD", "oven"), 8, "")
    bench.say(edge.data(metric("Device Control/Reset", BOOL, False), device="oven"))
    assert bench.state(id) == "sent" and bench.odd == []
    bench.say(edge.device(metric("Device Control/Reset", BOOL, False, 8)))
    assert bench.state(id) == "confirmed"


# --- order --------------------------------------------------------------------------------------------------------


def test_a_number_that_is_missing_asks_for_a_birth_once_in_a_while() -> None:
    bench, edge = plant()
    edge.seq += 1
    bench.say(edge.data(by_alias(1, FLOAT_TYPE, 30.0), device="oven"))
    assert rebirths(bench) == 1 and bench.value(DEVICE, "Temperature") == 30.0
    edge.seq += 1
    bench.say(edge.data(device="oven"))
    assert rebirths(bench) == 0
    bench.tick(REBIRTH_EVERY_MS / 1000)
    edge.seq += 1
    bench.say(edge.data(device="oven"))
    assert rebirths(bench) == 1
    bench.say(edge.birth(), edge.device(*OVEN))
    edge.seq += 1
    bench.say(edge.data(device="oven"))
    assert rebirths(bench) == 1, "a birth that came ends the waiting"


def test_numbers_begin_again_after_255() -> None:
    bench, edge = plant()
    for _ in range(600):
        bench.say(edge.data())
    assert rebirths(bench) == 0


def test_a_node_that_does_not_count() -> None:
    bench, _edge = plant()
    bench.say(Message(topic("DDATA", "oven"), encode_payload(Payload((by_alias(1, FLOAT_TYPE, 1.0),), NOW))))
    assert bench.value(DEVICE, "Temperature") == 1.0 and rebirths(bench) == 0


def test_data_of_nobody_asks_for_a_birth() -> None:
    bench = Bench()
    bench.connect(SPARKPLUG.bridge())
    bench.say(Edge().data(metric("x", INT32, 1)))
    assert rebirths(bench) == 1 and bench.things == {}
    bench, edge = plant()
    bench.say(edge.data(metric("x", INT32, 1), device="mixer"))
    assert rebirths(bench) == 1


def test_a_metric_that_the_birth_did_not_name_asks_for_a_birth() -> None:
    bench, edge = plant()
    bench.say(edge.data(metric("New", INT32, 1), device="oven"))
    assert rebirths(bench) == 1 and [each.code for each in bench.odd] == ["unknown_property"]
    bench.say(edge.birth(), edge.device(*OVEN), edge.data(Metric("", None), device="oven"))
    assert rebirths(bench) == 1


# --- deaths -------------------------------------------------------------------------------------------------------


def test_with_a_node_its_devices_go_and_they_come_with_their_own_births() -> None:
    bench, edge = plant()
    bench.say(edge.death())
    assert not bench.online(NODE) and not bench.online(DEVICE)
    bench.say(edge.death(), edge.data(by_alias(1, FLOAT_TYPE, 1.0), device="oven"))
    assert bench.value(DEVICE, "Temperature") == 21.5 and rebirths(bench) == 1
    bench.say(edge.birth())
    assert bench.online(NODE) and not bench.online(DEVICE)
    bench.say(edge.device(*OVEN))
    assert bench.online(DEVICE)


def test_a_birth_without_a_death_before_it() -> None:
    bench, edge = plant()
    bench.say(edge.birth())
    assert bench.online(NODE) and not bench.online(DEVICE)


def test_a_device_goes_alone() -> None:
    bench, edge = plant()
    bench.say(edge.gone(), edge.gone())
    assert bench.online(NODE) and not bench.online(DEVICE)
    bench.say(edge.data(by_alias(1, FLOAT_TYPE, 1.0), device="oven"))
    assert rebirths(bench) == 1


def test_a_death_of_an_earlier_session_counts_for_nothing() -> None:
    bench, edge = plant()
    edge.session = 1
    bench.say(edge.birth(), edge.death(session=0))
    assert bench.online(NODE)
    bench.say(edge.death(session=2))
    assert not bench.online(NODE), "pysparkplug says goodbye with the number of its next session"
    bench.say(edge.birth(), Message(topic("NDEATH"), b""))
    assert not bench.online(NODE), "a death that names no session is one"
    bench.say(Message("spBv1.0/plant/NDEATH/other", b""))


# --- the host's state ---------------------------------------------------------------------------------------------


def test_who_waits_for_the_host_is_told_that_it_is_here() -> None:
    bench = Bench()
    bench.connect(SPARKPLUG.bridge())
    bench.translator.subscribed(["spBv1.0/plant/NCMD/line1/#"])
    bench.tick(1)
    assert bench.take_told() == []
    bench.translator.subscribed(["STATE/unisono", "spBv1.0/STATE/+"])
    bench.tick(1)
    since = b'{"online":true,"timestamp":1700000001000}'
    assert bench.take_told() == [Message(STATE_22, b"ONLINE"), Message(STATE, since)]
    bench.translator.subscribed(["spBv1.0/STATE/unisono"])
    bench.tick(1)
    assert bench.take_told() == [Message(STATE, since)], "the time is that of its beginning, however often it is told"


# --- bounds -------------------------------------------------------------------------------------------------------


def test_topics_that_are_none() -> None:
    host = SPARKPLUG.bridge()
    for each in ("spBv1.0/STATE/unisono", "spBv1.0/a/NCMD/b", "spBv1.0/a/XBIRTH/b", "spBv1.0/a//b", "spBv1.0"):
        assert host.heard(each, b"", NOW) is None
    for each in ("spBv1.0/a/NDATA/b/c", "spBv1.0/a/DBIRTH/b", "spBv1.0/a/DDATA/b"):
        said = host.heard(each, b"", NOW)
        assert said is not None and isinstance(said[0], Odd)


def test_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CallerError, match="metrics"):
        decode_payload(write_field(2, LENGTH, b"") * (MAX_METRICS + 1))
    row = write_field(4, LENGTH, write_field(1, LENGTH, b"") * (MAX_CELLS + 1))
    with pytest.raises(CallerError, match="cells"):
        decode_payload(write_field(2, LENGTH, write_field(17, LENGTH, row)))
    deep = b""
    for _ in range(10):
        deep = write_field(2, LENGTH, write_field(18, LENGTH, deep))
    with pytest.raises(CallerError, match="deeper"):
        decode_payload(deep)
    host = SPARKPLUG.bridge()
    metrics = tuple(metric(f"m{number}", INT32, number) for number in range(2_001))
    said = host.heard(topic("NBIRTH"), encode_payload(Payload(metrics, NOW, 0)), NOW)
    assert said is not None and any(isinstance(each, Odd) and "more than 2000" in each.detail for each in said)


def packed(inner: bytes, *outer: tuple[int, int, int | bytes]) -> bytes:
    """A payload that holds another one, as sparkplug-client packs it."""
    algorithm = encode_payload(Payload((metric("algorithm", TEXT, "DEFLATE"),)))
    fields = ((4, LENGTH, b"SPBV1.0_COMPRESSED"), (5, LENGTH, inner), *outer)
    return algorithm + b"".join(write_field(*each) for each in fields)


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_a_packed_payload(pack: Callable[[bytes], bytes]) -> None:
    inner = Payload((metric("speed", INT32, 7),), 17, 3)
    assert decode_payload(packed(pack(encode_payload(inner)))) == inner
    # the number may stand outside, and what is packed once is not packed again
    unnumbered = pack(encode_payload(inner._replace(seq=None)))
    assert decode_payload(packed(unnumbered, (3, VARINT, 9))).seq == 9
    assert [each.name for each in decode_payload(packed(pack(packed(pack(b""))))).metrics] == ["algorithm"]


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (b"", "bad_value"),
        (b"plain", "bad_value"),
        (zlib.compress(bytes(range(200)))[:-9], "bad_value"),
        (zlib.compress(bytes(2 * MAX_UNPACKED)), "too_large"),
        (zlib.compress(write_field(2, LENGTH, b"") * (MAX_METRICS + 1)), "too_large"),
    ],
)
def test_a_payload_that_does_not_unpack_is_refused(inner: bytes, code: str) -> None:
    with pytest.raises(CallerError) as caught:
        decode_payload(packed(inner))
    assert caught.value.code == code


def test_more_nodes_than_there_is_room_for() -> None:
    host = SPARKPLUG.bridge()
    body = encode_payload(Payload((), NOW, 0))
    for number in range(2_000):
        host.heard(f"spBv1.0/g/NBIRTH/n{number}", body, NOW)
    (said,) = host.heard("spBv1.0/g/NBIRTH/more", body, NOW) or []
    assert isinstance(said, Odd) and said.code == "too_many"
    for number in range(1_500):
        (asked,) = host.heard(f"spBv1.0/g/NDATA/x{number}", body, NOW) or []
        assert isinstance(asked, Say)
    assert host.heard("spBv1.0/g/DBIRTH/n1/d", encode_payload(Payload((), NOW, 1)), NOW) == [said]
    assert host.mine("spBv1.0/g/NDATA/n1") and not host.mine("things/n1/state") and host.answered(None, None, 0) == []


def test_names_of_any_length_and_none() -> None:
    bench, _edge = plant(metric("x" * 5000, INT32, 1), metric("Device Control/", BOOL, False), metric("😀", INT32, 2))
    assert list(bench.models[DEVICE].actions) == ["control"] and len(bench.models[DEVICE].properties) == 2


# --- the codec ----------------------------------------------------------------------------------------------------

numbers = st.integers(0, 2**64 - 1)
texts = st.text(max_size=8)
raws = st.one_of(
    st.builds(Raw, st.just(INT), st.integers(0, 2**32 - 1)),
    st.builds(Raw, st.just(LONG), numbers),
    st.builds(Raw, st.just(FLOAT), st.floats(width=32, allow_nan=False)),
    st.builds(Raw, st.just(DOUBLE), st.floats(allow_nan=False)),
    st.builds(Raw, st.just(BOOLEAN), st.booleans()),
    st.builds(Raw, st.just(STRING), texts),
)
tables = st.builds(
    DataSet,
    st.lists(texts, max_size=3).map(tuple),
    st.lists(st.integers(0, 40), max_size=3).map(tuple),
    st.lists(st.lists(st.none() | raws, max_size=3).map(tuple), max_size=3).map(tuple),
)


def metrics_of(values: st.SearchStrategy[Raw]) -> st.SearchStrategy[Metric]:
    return st.builds(
        Metric,
        texts,
        st.none() | numbers,
        st.none() | numbers,
        st.integers(0, 40),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.dictionaries(texts, raws, max_size=2),
        st.none() | values,
    )


plain = raws | st.builds(Raw, st.just(BYTES), st.binary(max_size=8)) | st.builds(Raw, st.just(DATASET), tables)
templates = st.builds(
    Template,
    st.lists(metrics_of(plain), max_size=2).map(tuple),
    st.lists(st.builds(Parameter, texts, st.integers(0, 40), st.none() | raws), max_size=2).map(tuple),
    texts,
    texts,
    st.booleans(),
)
payloads = st.builds(
    Payload,
    st.lists(metrics_of(plain | st.builds(Raw, st.just(TEMPLATE), templates)), max_size=3).map(tuple),
    st.none() | numbers,
    st.none() | numbers,
)


@given(payloads)
def test_what_is_written_is_read_again(payload: Payload) -> None:
    assert decode_payload(encode_payload(payload)) == payload


@given(payloads, st.data())
def test_a_payload_that_is_damaged_is_read_or_refused(payload: Payload, data: st.DataObject) -> None:
    written = bytearray(encode_payload(payload))
    for _ in range(data.draw(st.integers(1, 4))):
        if written:
            written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refused(bytes(written[: data.draw(st.integers(0, len(written)))]))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refused(data)


def _read_or_refused(data: bytes) -> None:
    """Nothing but a refusal is raised, by the codec or by a host that hears it in any place."""
    try:
        decode_payload(data)
    except CallerError as error:
        assert error.code in ("bad_value", "too_large")
    bench, edge = plant(Metric("Motor 1", 5, NOW, 19, value=Raw(TEMPLATE, MOTOR)), *OVEN)
    for where in (topic("DDATA", "oven"), topic("DBIRTH", "oven"), topic("NDATA"), topic("NBIRTH"), topic("NDEATH")):
        bench.translator.heard(where, data, NOW)
    bench.say(edge.birth())
    assert bench.online(NODE)


def test_wire_types_that_do_not_belong() -> None:
    wrong = [
        b"\x00\x01",
        b"\x0b",
        b"\x0a\x05ab",
        b"\xff" * 11,
        write_field(1, LENGTH, b"x"),
        write_field(2, VARINT, 1),
        *(write_field(2, LENGTH, write_field(number, VARINT, 1)) for number in (1, 12, 13, 15, 16)),
        *(write_field(2, LENGTH, write_field(number, FIXED64, b"12345678")) for number in (10, 12)),
        write_field(2, LENGTH, write_field(1, LENGTH, b"\xff")),
    ]
    for each in wrong:
        with pytest.raises(CallerError):
            decode_payload(each)
    unknown = [write_field(99, kind, wire) for kind, wire in ((VARINT, 1), (FIXED32, b"1234"), (FIXED64, b"12345678"))]
    assert decode_payload(b"".join(unknown) + write_field(3, VARINT, 7)).seq == 7
    inside = write_field(99, VARINT, 1)
    table = write_field(17, LENGTH, inside + write_field(4, LENGTH, inside + write_field(1, LENGTH, inside)))
    template = write_field(18, LENGTH, inside + write_field(3, LENGTH, inside))
    about = write_field(9, LENGTH, inside + write_field(1, LENGTH, b"a") + write_field(2, LENGTH, inside))
    read = decode_payload(b"".join(write_field(2, LENGTH, inside + each) for each in (table, template, about)))
    assert [each.value for each in read.metrics] == [
        Raw(DATASET, DataSet((), (), ((None,),))),
        Raw(TEMPLATE, Template(parameters=(Parameter("", 0, None),))),
        None,
    ]
    packed = write_field(17, LENGTH, write_field(2, LENGTH, b"a") + write_field(3, LENGTH, b"\x03\x0a"))
    (metric,) = decode_payload(write_field(2, LENGTH, packed)).metrics
    assert metric.value == Raw(DATASET, DataSet(("a",), (3, 10), ()))
    assert list(read_fields(write_field(5, VARINT, 300))) == [(5, VARINT, 300)]
