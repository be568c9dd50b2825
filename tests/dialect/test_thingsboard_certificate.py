"""ThingsBoard's X.509: a maker's certificate signs a device in, and its telemetry is ThingsBoard's."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

from tests.hub.hub import Hub
from tests.hub.test_certificates import keep
from tests.hub.test_doors import authority_of, run
from unisono.access.authority import issue_client, make_authority


async def test_a_device_with_a_certificate_and_no_token(shared: Hub, tmp_path: Path) -> None:
    await shared.ask("POST", "/api/v1/places", {"id": "tbx", "name": "Home", "kind": "home"})
    await shared.ask("POST", "/api/v1/things", {"id": "tbcert", "model": "light", "place": "tbx", "how": "thingsboard"})
    now = datetime.now(UTC)
    pair = issue_client(make_authority("maker", now, secrets.token_bytes), "serial-1", now, secrets.token_bytes)
    command = ["mosquitto_pub", "-h", "localhost", "-p", str(shared.mqtts_port), "--cafile", str(authority_of(shared))]
    command += ["-t", "v1/devices/me/telemetry", "-q", "1", *keep(tmp_path, "tbcert", pair)]

    async def let_in(brightness: int) -> bool:
        code, _output = await run(*command, "-m", json.dumps({"brightness": brightness}))
        return code == 0

    assert not await let_in(10)
    pem = {"pem": pair.certificate.decode()}
    await shared.ask("POST", "/api/v1/things/tbcert/certificates", pem)
    await shared.eventually(lambda: let_in(20), "the doors have read the certificate")

    async def taken() -> bool:
        return bool(await shared.value("tbcert", "brightness") == 20)

    await shared.eventually(taken, "the brightness")
    assert not await shared.letters("tbcert")
