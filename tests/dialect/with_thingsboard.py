"""ThingsBoard's own Python SDK against a hub, in a process of its own: ``python with_thingsboard.py PORT TOKEN``.

The SDK is unmodified. It looks for the fork of paho that its makers publish, which has paho's own name and would take
its place for every other test; what it needs of it, paho has.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

FORK = "tb_paho_mqtt_client-2.1.2.dist-info"


def pretend() -> None:
    """The fork counts as installed: else the SDK installs it when it is imported."""
    folder = Path(tempfile.mkdtemp())
    (folder / FORK).mkdir()
    (folder / FORK / "METADATA").write_text("Metadata-Version: 2.1\nName: tb-paho-mqtt-client\nVersion: 2.1.2\n")
    (folder / FORK / "RECORD").write_text("paho/mqtt/client.py,,\n")
    sys.path.append(str(folder))


def main() -> None:
    """Say one JSON line for each thing that happens; do what lines on standard input ask for."""
    pretend()
    from tb_device_mqtt import TBDeviceMqttClient
    from tb_gateway_mqtt import TBGatewayMqttClient

    port, token, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    if kind == "provision":
        key, secret = sys.argv[4:6]
        tell("provisioned", TBDeviceMqttClient.provision("127.0.0.1", key, secret, port=port, device_name="newcomer"))
        return
    made = TBGatewayMqttClient if kind == "gateway" else TBDeviceMqttClient
    client = made("127.0.0.1", port, username=token, **({"chunk_size": 100_000} if kind == "device" else {}))
    connected = threading.Event()

    def on_connect(*_args: Any, **_more: Any) -> None:
        connected.set()

    client.set_server_side_rpc_request_handler(lambda id, body: rpc(client, id, body))
    if kind == "gateway":
        client.gw_set_server_side_rpc_request_handler(lambda _client, body: gateway_rpc(client, body))
    client.connect(callback=on_connect)
    connected.wait()  # whoever started this knows how long to wait
    client.subscribe_to_all_attributes(lambda body, _error: tell("attributes", body))
    if kind == "gateway":
        client.gw_subscribe_to_all_attributes(lambda body: tell("gw_attributes", body))
    tell("ready", None)
    for line in sys.stdin:
        do(client, *json.loads(line))
    client.stop()
    client.disconnect()


def do(client: Any, what: str, *args: Any) -> None:
    """What a line asks for."""
    if what == "request":
        client.request_attributes(*args, callback=lambda body, *_error: tell("response", body))
    elif what == "gw_request":
        client.gw_request_shared_attributes(*args, lambda body, _error: tell("response", body))
    elif what == "update":
        client.set_on_firmware_received_callback(lambda _client, body, version: tell("firmware", [len(body), version]))
        client.get_firmware_update()
    elif what == "call":
        client.send_rpc_call(*args, lambda _id, body, _error: tell("called", body))
    else:
        getattr(client, what)(*args)


def rpc(client: Any, id: str, body: Any) -> None:
    tell("rpc", body)
    client.send_rpc_reply(id, {"error": "no"} if body["method"] == "refuse" else {"done": True})


def gateway_rpc(client: Any, body: Any) -> None:
    tell("gw_rpc", body)
    client.gw_send_rpc_reply(body["device"], body["data"]["id"], {"done": True})


def tell(what: str, body: Any) -> None:
    sys.stdout.write(json.dumps([what, body]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
