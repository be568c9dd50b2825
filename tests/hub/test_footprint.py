"""What a connection costs the gateway while it is silent."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path

from tests.gateway.client import connect_packet
from tests.hub.hub import Hub
from tests.hub.test_doors import authority_of
from unisono.wire.mqtt import Version
from unisono.wire.mqtt.codec import encode

#: The promise; a bare TLS connection on uvloop is 23 KB.
TLS_BYTES = 32 * 1024
CONNECTIONS = 500
EACH = 25
AT_ONCE = 25


def pss(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def test_an_idle_tls_connection_takes_less_than_32_kb(shared: Hub) -> None:
    things = [f"idle{number}" for number in range(CONNECTIONS // EACH + 1)]
    secrets = await shared.furnish(*things)
    trust = ssl.create_default_context(cafile=str(authority_of(shared)))
    writers: list[asyncio.StreamWriter] = []

    async def come(number: int) -> None:
        thing = things[number // EACH]
        reader, writer = await asyncio.open_connection("localhost", shared.mqtts_port, ssl=trust)
        writers.append(writer)
        writer.write(encode(connect_packet(thing, secrets[thing], client_id=f"c{number}"), Version.V311))
        assert (await reader.readexactly(4))[3] == 0

    pid = (await shared.status())["processes"]["gateway g0"]
    for number in range(EACH):  # what the first ones cost is the gateway's own
        await come(number)
    before = pss(pid)
    for first in range(EACH, CONNECTIONS, AT_ONCE):
        await asyncio.gather(*(come(number) for number in range(first, first + AT_ONCE)))
    try:
        assert (pss(pid) - before) / (CONNECTIONS - EACH) < TLS_BYTES
    finally:
        for writer in writers:
            writer.transport.abort()
