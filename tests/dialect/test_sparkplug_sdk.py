"""A Sparkplug node of others (pysparkplug, with Google's own Protocol Buffers) against a running hub."""

from __future__ import annotations

import time
import warnings
from typing import Any

import paho.mqtt.client
import pytest

from tests.dialect.test_bridges import bridge, confirmed, thing_named
from tests.hub.hub import Hub

warnings.filterwarnings("ignore", "Callback API version 1 is deprecated")
psp = pytest.importorskip("pysparkplug")

pytestmark = pytest.mark.filterwarnings("ignore:Callback API version 1 is deprecated")
# it is written for a paho before version 2, which had this without effect on what it sends
paho.mqtt.client.Client.message_retry_set = lambda _self, retry: None  # type: ignore[attr-defined]


def value(name: str, datatype: Any, value: Any, alias: int | None = None) -> Any:
    return psp.Metric(int(time.time() * 1000), name, datatype, value=value, alias=alias)


def oven(setpoint: float, alias: int | None = None) -> tuple[Any, ...]:
    types = psp.DataType
    return (
        value("Setpoint", types.FLOAT, setpoint, alias),
        value("Temperature", types.DOUBLE, 21.25),
        value("Running", types.BOOLEAN, True),
        value("Name", types.STRING, "Öfchen"),
    )


async def test_a_node_with_a_device(shared: Hub) -> None:
    given = await bridge(shared, "plant", "sparkplug")
    client = psp.Client(username=given["Username"], password=given["Password"])
    heard: list[Any] = []

    def told(node: Any, message: Any) -> None:
        """It does what it is told, and says so."""
        heard.append(message)
        (metric,) = message.payload.metrics
        name = metric.name or "Setpoint"
        node.update_device("oven", [value(name, psp.DataType.FLOAT, metric.value)])

    node = psp.EdgeNode("plant", "line1", (value("Line Speed", psp.DataType.UINT16, 120),), client=client)
    node.register(psp.Device("oven", oven(180.5), cmd_callback=told))
    node.connect("127.0.0.1", port=shared.mqtt_port)
    try:
        line, device = await thing_named(shared, "line1"), await thing_named(shared, "oven")
        assert (line["parent"], device["parent"]) == (None, line["id"])

        async def there() -> Any:
            now = await shared.thing(device["id"])
            return now["online"] and {key: each["value"] for key, each in now["state"].items()}

        known = {"Setpoint": 180.5, "Temperature": 21.25, "Running": True, "Name": "Öfchen"}
        assert await shared.eventually(there, "the device is there") == known
        assert await shared.value(line["id"], "Line_Speed") == 120
        assert (await confirmed(shared, device["id"], {"setpoint": 190.3}))["state"] == "confirmed"
        (message,) = heard
        assert str(message.topic) == "spBv1.0/plant/DCMD/line1/oven"
        assert message.payload.metrics[0].value == pytest.approx(190.3)
        node.deregister("oven")

        async def gone() -> bool:
            return not (await shared.thing(device["id"]))["online"]

        await shared.eventually(gone, "the device died")
        assert (await shared.thing(line["id"]))["online"]
    finally:
        node.disconnect()

    async def away() -> bool:
        return not (await shared.thing(line["id"]))["online"]

    await shared.eventually(away, "the node died")
