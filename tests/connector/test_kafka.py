"""Kafka as a receiver: acknowledged, in order by thing, once over lost answers; only brokers that are named."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.connector.kafka import INIT_PRODUCER_ID, PRODUCE, Cluster
from tests.parts import free_port
from unisono.access import Outside
from unisono.access.authority import issue_server, make_authority
from unisono.connector.outlet.receiver import Receiver, Secrets, receiver
from unisono.errors import CallerError, HostError
from unisono.twin.outlet import Item, load_outlet

PASSWORD = "a long password"
HERE = Outside(hosts=("127.0.0.1", "localhost"), internal=("127.0.0.0/8", "::1/128"))


def to(url: str, outside: Outside = HERE, secret: str = PASSWORD, **more: Any) -> Receiver:
    document = {"kind": "kafka", "url": url, "topic": "site", **more}
    outlet = load_outlet({"id": "out", "place": "home", "to": document})
    return receiver(outlet, Secrets(secret), outside, "0-log")


def items(*numbers: int) -> list[Item]:
    return [Item(n, f"0-abc-{n}-0", f"thing{n % 3}", "change", b'{"n":%d}' % n) for n in numbers]


async def refused(made: Receiver) -> str:
    with pytest.raises(HostError) as caught:
        await made.send(items(1))
    await made.close()
    assert caught.value.code == "receiver_unreachable"
    return caught.value.detail


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    made = Cluster(brokers=2)
    await made.start()
    yield made
    await made.stop()


async def test_each_record_once_and_those_of_a_thing_in_order(cluster: Cluster) -> None:
    made = to(",".join(f"kafka://127.0.0.1:{port}"[0 if n == 0 else 8 :] for n, port in enumerate(cluster.ports)))
    await made.send(items(*range(10)))
    await made.send(items(*range(10, 20)))
    await made.close()
    await made.send(items(20))  # a worker that begins anew uses it again
    await made.close()
    records = await cluster.consume("site", 21)
    assert sorted(id for _key, _value, id in records) == sorted(f"0-abc-{n}-0" for n in range(21))
    for thing in ("thing0", "thing1", "thing2"):
        values = [value for key, value, _id in records if key == thing]
        wanted = [b'{"n":%d}' % n for n in range(21) if f"thing{n % 3}" == thing]
        assert values == wanted
    assert cluster.asked[INIT_PRODUCER_ID] >= 1


async def test_an_answer_that_is_lost_doubles_nothing(cluster: Cluster) -> None:
    made = to(f"kafka://127.0.0.1:{cluster.ports[0]}")
    await made.send(items(0, 3))
    cluster.cut = 1
    await made.send(items(6, 9))
    await made.send(items(12))
    await made.close()
    # the broker gets the same batch again under the same number, by which a real one knows it
    first, lost, again, last = cluster.produced
    assert again == lost
    assert [batch[2] for batch in (first, lost, last)] == [0, 2, 4]
    assert {batch[:2] for batch in cluster.produced} == {first[:2]}
    assert first[0] >= 0
    records = await cluster.consume("site", 7)
    assert {id for _key, _value, id in records} == {f"0-abc-{n}-0" for n in (0, 3, 6, 9, 12)}


async def test_brokers_that_the_cluster_names_must_be_named_here_too(cluster: Cluster) -> None:
    first, second = cluster.ports
    outside = Outside(hosts=(f"127.0.0.1:{first}",))
    assert f"127.0.0.1:{second}" in await refused(to(f"kafka://127.0.0.1:{first}", outside))
    assert "outside.toml" in await refused(to(f"kafka://127.0.0.1:{first}", Outside()))
    assert PRODUCE not in cluster.asked


async def test_nobody_there() -> None:
    assert "127.0.0.1" in await refused(to(f"kafka://127.0.0.1:{free_port()}"))


async def test_tls_and_a_password(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = make_authority("test", now, secrets.token_bytes)
    pair = issue_server(authority, ["localhost", "127.0.0.1"], now, secrets.token_bytes)
    (tmp_path / "cert.pem").write_bytes(pair.certificate)
    (tmp_path / "key.pem").write_bytes(pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    cluster = Cluster(tls=context, password=PASSWORD)
    await cluster.start()
    try:
        url, ca = f"kafkas://127.0.0.1:{cluster.ports[0]}", authority.certificate.decode()
        made = to(url, user="hub", ca=ca)
        await made.send(items(1, 2))
        await made.close()
        assert len(await cluster.consume("site", 2)) == 2
        asked = cluster.asked[PRODUCE]
        other = make_authority("other", now, secrets.token_bytes).certificate.decode()
        await refused(to(url, user="hub", ca=ca, secret="wrong"))
        await refused(to(url, user="hub", ca=other))
        await refused(to(url, user="hub"))
        await refused(to(url, ca=ca))
        await refused(to(url.replace("kafkas", "kafka"), user="hub"))
        assert cluster.asked[PRODUCE] == asked
    finally:
        await cluster.stop()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://x"}, "to.url"),
        ({"topic": "a b"}, "to.topic"),
        ({"mechanism": "GSSAPI"}, "to.mechanism"),
        ({"ca": "no certificate"}, "to.ca"),
        ({"partition": 3}, "to.partition"),
    ],
)
def test_what_cannot_be_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(CallerError) as caught:
        to("kafka://x", **change) if "url" not in change else to(**change)
    assert caught.value.field == field
