"""The unmodified Alibaba SDK (``aliyun-iot-linkkit``) as a device in threads of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from linkkit import linkkit

from tests.parts import until

__all__ = ["Device", "tsl"]

_loop = paho.Client.loop


def _loop_as_before(client: paho.Client, timeout: float = 1.0, max_packets: int = 1) -> Any:
    """The SDK is unmodified; the paho beneath it has dropped an argument that it gives (and ignored since 2011)."""
    return _loop(client, timeout)


setattr(paho.Client, "loop", _loop_as_before)  # noqa: B010  mypy knows that it is a method


class Device:
    """One LinkKit; everything that its callbacks were called with, by name."""

    def __init__(
        self, product: str, device: str, secret: str, port: int, tsl: Path | None = None, **fields: Any
    ) -> None:
        self.kit = linkkit.LinkKit(
            host_name="127.0.0.1", product_key=product, device_name=device, device_secret=secret, **fields
        )
        self.kit.config_mqtt(endpoint="127.0.0.1", port=port, secure="")
        self.calls: dict[str, deque[tuple[Any, ...]]] = {}
        self._lock = threading.Lock()
        for name in (
            "on_connect",
            "on_disconnect",
            "on_thing_enable",
            "on_thing_prop_post",
            "on_thing_prop_changed",
            "on_thing_event_post",
            "on_thing_call_service",
            "on_thing_shadow_get",
            "on_thing_device_info_update",
            "on_thing_device_info_delete",
            "on_ota_message_arrived",
            "on_topic_message",
            "on_publish_topic",
            "on_subscribe_topic",
            "on_device_dynamic_register",
            "on_device_dynamic_register_nwl_reply",
            "on_gateway_add_subdev_topo_reply",
            "on_gateway_delete_subdev_topo_reply",
            "on_gateway_login_subdev_reply",
            "on_gateway_logout_subdev_reply",
            "on_gateway_register_subdev_reply",
            "on_gateway_product_register_subdev_reply",
        ):
            setattr(self.kit, name, self._note(name))
        self.kit.thing_setup(str(tsl) if tsl is not None else None)

    def _note(self, name: str) -> Any:
        def called(*args: Any) -> None:
            with self._lock:
                self.calls.setdefault(name, deque()).append(args)

        return called

    async def connect(self) -> Device:
        self.kit.connect_async()
        await self.called("on_connect")
        await until(lambda: self.kit.check_state() is linkkit.LinkKit.LinkKitState.CONNECTED, "it is connected")
        await self.called("on_thing_enable")
        return self

    async def called(self, name: str) -> tuple[Any, ...]:
        """What a callback was called with first; waits for it."""
        await until(lambda: bool(self.calls.get(name)), f"{name} was called")
        return self.calls[name].popleft()

    async def disconnect(self) -> None:
        await asyncio.to_thread(self.kit.disconnect)

    async def close(self) -> None:
        await asyncio.to_thread(self.kit.destruct)


def tsl(folder: Path, properties: list[str], events: list[str] = (), services: list[str] = ()) -> Path:  # type: ignore[assignment]
    """A thing specification as the SDK reads it."""
    post = {"identifier": "post", "outputData": [{"identifier": each} for each in properties]}
    written = {"identifier": "set", "inputData": [{"identifier": each} for each in properties]}
    read = {"identifier": "get", "outputData": [{"identifier": each} for each in properties]}
    document = {
        "events": [post, *({"identifier": each, "outputData": []} for each in events)],
        "services": [written, read, *({"identifier": each} for each in services)],
    }
    path = folder / "tsl.json"
    path.write_text(json.dumps(document))
    return path
