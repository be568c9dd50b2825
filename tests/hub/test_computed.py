"""Computed things through the doors: added, listed, asked, kept over kill -9, each value in history once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.hub.hub import Hub

MEAN = {"kind": "group", "of": {"kind": "sensor.temperature"}, "property": "temperature", "how": "mean"}


async def say(hub: Hub, thing: str, secret: str, **state: Any) -> None:
    """A report over HTTP; returns once it is in the log."""
    async with httpx.AsyncClient(base_url=str(hub.http.base_url)) as http:
        headers = {"Authorization": f"Bearer {thing}:{secret}"}
        answer = await http.post("/api/v1/device/state", json=state, headers=headers)
        assert answer.is_success, answer.text


async def refused(hub: Hub, method: str, path: str, body: Any) -> tuple[int, str, str | None]:
    answer = await hub.ask(method, path, body, ok=False)
    return answer["status"], answer["code"], answer.get("field")


async def test_a_computed_thing_is_a_thing(shared: Hub) -> None:
    secrets = await shared.furnish("p1", "p2", place="one")
    definition = {**MEAN, "of": {"things": ["p1", "p2"]}}
    body = {"id": "mean1", "place": "one", "computed": definition}
    added = await shared.ask("POST", "/api/v1/things", body)
    assert (added["secret"], added["model"], added["model_version"]) == (None, "computed:mean1", 1)
    await say(shared, "p1", secrets["p1"], temperature=20)
    await say(shared, "p2", secrets["p2"], temperature=30)

    async def mean(wanted: float) -> bool:
        return bool(await shared.value("mean1") == wanted)

    await shared.eventually(lambda: mean(25), "the mean of both")
    thing = await shared.thing("mean1")
    assert (thing["online"], thing["computed"]["kind"], thing["computed"]["into"]) == (True, "group", "temperature")
    assert await shared.history("mean1") == [20, 25]
    listed = (await shared.get("/api/v1/things?place=one&computed=true"))["items"]
    assert [each["id"] for each in listed] == ["mean1"]
    by_trait = (await shared.get("/api/v1/things?place=one&trait=temperature"))["items"]
    assert [each["id"] for each in by_trait] == ["mean1", "p1", "p2"]
    changed = await shared.ask("PATCH", "/api/v1/things/mean1", {"computed": {**definition, "how": "max"}})
    assert changed["model_version"] == 2
    await shared.eventually(lambda: mean(30), "the greatest")
    same = await shared.ask("PATCH", "/api/v1/things/mean1", {"computed": {**definition, "how": "max"}})
    assert same["model_version"] == 2
    await shared.ask("DELETE", "/api/v1/things/mean1")
    again = await shared.ask("POST", "/api/v1/things", body)  # a namesake has versions of its own
    assert again["model_version"] == 3
    await shared.eventually(lambda: mean(25), "the mean again")


async def test_what_cannot_be_is_refused_by_field(shared: Hub) -> None:
    await shared.furnish("q1", place="two")
    await shared.furnish("q2", place="elsewhere")
    new = {"id": "c", "place": "two"}
    ask = "/api/v1/things"
    assert await refused(shared, "POST", ask, {**new, "computed": {"kind": "x"}}) == (
        422,
        "bad_computed",
        "computed.kind",
    )
    elsewhere = {**MEAN, "of": {"things": ["q1", "q2"]}}
    assert await refused(shared, "POST", ask, {**new, "computed": elsewhere}) == (
        422,
        "bad_computed",
        "computed.of.things.1",
    )
    outside = {**MEAN, "of": {"place": "elsewhere"}}
    assert await refused(shared, "POST", ask, {**new, "computed": outside}) == (
        422,
        "bad_computed",
        "computed.of.place",
    )
    both = {**new, "model": "light", "computed": MEAN}
    assert (await refused(shared, "POST", ask, both))[0] == 422
    assert (await refused(shared, "POST", ask, new))[0] == 422
    await shared.ask("POST", ask, {**new, "computed": MEAN})
    assert await refused(shared, "PATCH", ask + "/c", {"model": "light"}) == (422, "bad_value", "model")
    assert await refused(shared, "PATCH", ask + "/q1", {"computed": MEAN}) == (422, "bad_value", "computed")
    assert await refused(shared, "POST", ask, {"id": "d", "place": "two", "model": "computed:c"}) == (
        409,
        "in_use",
        "id",
    )
    assert (await refused(shared, "DELETE", "/api/v1/models/computed:c", None))[1] == "in_use"
    ring = {"kind": "template", "cel": "t", "given": {"t": {"thing": "d", "property": "value"}}}
    first = {"kind": "template", "cel": "t", "given": {"t": {"thing": "c", "property": "temperature"}}}
    await shared.ask("POST", ask, {"id": "d", "place": "two", "computed": first})
    code = (await refused(shared, "PATCH", ask + "/c", {"computed": ring}))[1]
    assert code == "bad_computed"


async def test_commands_and_events(shared: Hub) -> None:
    await shared.furnish(place="three")
    for id, computed in {
        "eco": {"kind": "input", "type": "boolean"},
        "late": {"kind": "timer", "duration_s": 1},
        "ends": {"kind": "counter", "thing": "late", "event": "finished"},
        "all": {"kind": "group", "of": {"things": ["eco"]}, "property": "value", "how": "all"},
    }.items():
        await shared.ask("POST", "/api/v1/things", {"id": id, "place": "three", "computed": computed})
    command = await shared.ask("POST", "/api/v1/things/all/commands?wait=5", {"set": {"value": True}})
    assert (command["state"], command["output"]) == ("confirmed", {"eco": "confirmed"})
    assert await shared.value("eco", "value") is True
    command = await shared.ask("POST", "/api/v1/things/late/commands?wait=5", {"call": "start"})
    assert command["state"] == "confirmed"

    async def counted() -> bool:
        return bool(await shared.value("ends", "count") == 1)

    await shared.eventually(counted, "the timer's end is counted")


async def test_each_value_is_in_history_once_over_kill_9(hub: Hub) -> None:
    await hub.start()
    secrets = await hub.furnish("p1")
    await hub.ask("POST", "/api/v1/things", {"id": "mean", "place": "home", "computed": MEAN})
    document = {"kind": "counter", "thing": "mean", "property": "temperature"}
    await hub.ask("POST", "/api/v1/things", {"id": "changes", "place": "home", "computed": document})
    for life in range(3):
        for number in range(20):
            await say(hub, "p1", secrets["p1"], temperature=life * 100 + number)
        await hub.kill_all()
        await hub.start()

    async def whole() -> bool:
        return bool(await hub.value("changes", "count") == 59)

    await hub.eventually(whole, "all changes are counted")
    wanted = [life * 100 + number for life in range(3) for number in range(20)]
    assert await hub.history("mean") == wanted
    assert await hub.history("changes", "count") == list(range(60))


@pytest.mark.parametrize("bad", [False, True])
async def test_from_the_command_line(shared: Hub, tmp_path: Path, bad: bool) -> None:
    place = f"four{bad:d}"
    await shared.furnish(f"r{bad:d}", place=place)
    file = tmp_path / "computed.yaml"
    things = "nobody" if bad else f"r{bad:d}"
    file.write_text(
        f"- id: low{bad:d}\n  name: Low\n  place: {place}\n"
        f"  computed: {{kind: threshold, thing: {things}, property: temperature, below: 5}}\n"
        f"- id: high{bad:d}\n  place: {place}\n"
        f"  computed: {{kind: threshold, thing: {things}, property: temperature, above: 5}}\n"
    )

    def run(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "unisono.cli", *words]
        url = f"http://127.0.0.1:{shared.http_port}"
        environment = {"UNISONO_URL": url, "UNISONO_DATA": str(shared.data), "PATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    assert run("computed", "check", str(file))[0] == 0
    code, _out, error = run("computed", "add", str(file))
    if bad:
        assert code == 1
        assert "low1: computed.thing: there is no thing 'nobody'" in error
        file.write_text(file.read_text().replace("nobody", "r1", 1))
        code, _out, error = run("computed", "add", str(file))
        assert (code, "low1: there" in error, "high1: computed.thing" in error) == (1, True, True), error
        return
    assert code == 0, error
    _code, out, _error = run("computed", "list", "--place", place, "--json")
    assert [each["id"] for each in json.loads(out)] == ["high0", "low0"]
    code, out, _error = run("computed", "show", "low0")
    file.write_text(out.replace("below: 5", "below: 6"))
    _code, out, error = run("computed", "add", str(file), "--json")
    assert json.loads(out) == [{"id": "low0", "kind": "threshold", "was": "changed"}], error
    assert (await shared.thing("low0"))["computed"]["below"] == 6
    file.write_text("kind: timer\nduration_s: 9\n")
    assert run("thing", "add", "egg", "--computed", str(file), "--place", place)[0] == 0
    assert run("thing", "add", "egg2", "--place", place)[0] == 2
