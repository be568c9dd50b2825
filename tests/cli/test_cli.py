"""Commands against a real hub: what they print, what they return."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.cli.conftest import Shell, start_hub
from tests.parts import free_port
from unisono.cli.asking import read_pairs
from unisono.cli.lengths import read_ago, read_seconds
from unisono.cli.screen import Screen, age, show_value
from unisono.cli.thing import print_frame
from unisono.errors import CallerError


def connect(shell: Shell, thing: str, secret: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(thing, secret)
    client.connect("127.0.0.1", shell.mqtt)
    client.loop_start()
    return client


def say(shell: Shell, secret: str, payload: str) -> None:
    client = connect(shell, "probe1", secret)
    client.publish("things/me/state", payload, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, contextlib\n"
        "from unisono.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "heavy = {'litestar', 'sqlalchemy', 'duckdb', 'numpy', 'httpx', 'nats', 'uvicorn', 'yaml', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for word in (
        "up",
        "status",
        "doctor",
        "model",
        "thing",
        "client",
        "place",
        "sim",
        "bench",
        "user",
        "backup",
        "restore",
    ):
        assert f" {word} " in done.stdout


def test_things_are_added_listed_and_shown(shell: Shell, home: str) -> None:
    say(shell, home, '{"temperature": 24.9}')
    listed = shell.json("thing", "list")
    assert [thing["id"] for thing in listed] == ["probe1"]
    assert listed[0]["state"]["temperature"]["value"] == 24.9
    table = shell.run("thing", "list", "--place", "home").stdout
    assert "Probe" in table and "temperature=24.9" in table
    shown = shell.run("thing", "show", "probe1").stdout
    assert "temperature" in shown and "24.9" in shown
    assert shell.json("thing", "show", "probe1")["model"] == "sensor.temperature"
    assert shell.json("thing", "list", "--trait", "brightness") == []
    assert shell.run("thing", "list", "--q", "nothing").stderr.startswith("No things")


def test_names_in_other_languages(shell: Shell, home: str) -> None:
    shell.run(
        *("thing", "add", "sofa_lamp", "--model", "light", "--place", "home", "--name", "Sofa lamp"),
        *("--names", "zh=沙发灯", "--names", "zh=落地灯", "--names", "en=couch lamp"),
    )
    assert shell.json("thing", "show", "sofa_lamp")["names"] == {"zh": ["沙发灯", "落地灯"], "en": ["couch lamp"]}
    assert "落地灯" in shell.run("thing", "show", "sofa_lamp").stdout
    assert [thing["id"] for thing in shell.json("thing", "list", "--q", "沙发")] == ["sofa_lamp"]
    place = shell.json("place", "add", "Study", "--parent", "home", "--names", "zh=书房")
    assert place["names"] == {"zh": ["书房"]}
    refused = shell.run("place", "add", "Attic", "--parent", "home", "--names", "阁楼", check=2)
    assert "--names" in refused.stderr and "LANGUAGE=NAME" in refused.stderr
    shell.run("thing", "remove", "sofa_lamp")
    shell.run("place", "remove", "study")


def test_history_as_table_csv_and_buckets(shell: Shell, home: str) -> None:
    say(shell, home, '{"temperature": 21.5}')
    deadline = time.monotonic() + 20
    while not (found := shell.json("thing", "history", "probe1", "temperature", "--last", "1h")):
        assert time.monotonic() < deadline
    assert found[-1]["value"] == 21.5
    lines = shell.run("thing", "history", "probe1", "temperature", "--csv").stdout.splitlines()
    assert lines[0] == "at,value"
    assert lines[-1].endswith(",21.5")
    buckets = shell.json("thing", "history", "probe1", "temperature", "--last", "1h", "--points", "5")
    assert {"at", "min", "mean", "max", "last", "count"} <= set(buckets[-1])
    assert shell.run("thing", "history", "probe1", "nope", check=1).stderr.startswith("unisono: property: ")


def test_commands_end_as_they_ended(shell: Shell, home: str) -> None:
    secret = shell.json("thing", "add", "lamp", "--model", "light", "--place", "home")["secret"]
    lamp = connect(shell, "lamp", secret)

    def obey(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        wanted = json.loads(message.payload)
        client.publish("things/me/state", json.dumps(wanted["state"]), qos=1)

    lamp.on_message = obey
    subscribed = threading.Event()
    lamp.on_subscribe = lambda *_: subscribed.set()
    lamp.subscribe("things/me/set", 1)
    assert subscribed.wait(10)
    assert shell.run("thing", "set", "lamp", "on_off=on", "brightness=40").stdout.strip() == "confirmed"
    assert shell.json("thing", "show", "lamp")["state"]["brightness"]["value"] == 40
    lamp.disconnect()
    lamp.loop_stop()
    refused = shell.run("thing", "set", "lamp", "brightness=400", check=1)
    assert "set.brightness" in refused.stderr and "expected" in refused.stderr
    assert shell.run("thing", "set", "lamp", "brightness", check=2).stderr.count("PROPERTY=VALUE") == 1
    shell.run("thing", "remove", "lamp")


def test_watch_prints_alarms_and_passes_over_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    alarm = {
        "name": "Too warm",
        "severity": "high",
        "state": "raised",
        "raised": "2026-11-26T10:00:00Z",
        "cleared": None,
    }
    print_frame(Screen(as_json=False), {"thing": "fridge", "alarm": alarm}, "")
    print_frame(Screen(as_json=False), {"thing": "fridge", "later": {}}, "")
    assert capsys.readouterr().out == "2026-11-26T10:00:00Z  fridge  alarm Too warm (high) raised\n"


def test_watch_prints_changes_as_they_happen(shell: Shell, home: str) -> None:
    command = [sys.executable, "-m", "unisono.cli", "thing", "watch", "probe1", "--json", "--url", shell.url]
    command += ["--data", str(shell.data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    stop = threading.Event()
    try:

        def talk() -> None:
            while not stop.is_set():
                say(shell, home, '{"temperature": 19.25}')
                stop.wait(0.3)

        talking = threading.Thread(target=talk)
        talking.start()
        while "changed" not in (frame := json.loads(process.stdout.readline())) or not frame["changed"]:
            assert frame["thing"] == "probe1"
        assert frame["changed"]["temperature"]["value"] == 19.25
    finally:
        stop.set()
        talking.join()
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_dead_letters_are_shown(shell: Shell, home: str) -> None:
    say(shell, home, '{"temperature": "warm"}')
    deadline = time.monotonic() + 20
    while not (found := shell.json("thing", "letters", "probe1")):
        assert time.monotonic() < deadline
    assert found[0]["code"] == "bad_value"
    told = [row for row in shell.json("doctor") if row["check"] == "message"]
    assert [(row["is"], row["finding"].partition(":")[0]) for row in told] == [("odd", "probe1")]
    assert "warm" in told[0]["finding"] and "unisono model show" in told[0]["mend"]


def test_places_users_and_models(shell: Shell, home: str, tmp_path: Path) -> None:
    room = shell.json("place", "add", "Kitchen", "--parent", "home")
    assert (room["id"], room["kind"]) == ("kitchen", "room")
    assert "  Kitchen" in shell.run("place", "list").stdout
    second = shell.run("place", "add", "Kitchen", "--parent", "home")
    assert "kitchen_2" in second.stdout
    assert "There is a place kitchen (Kitchen) already" in second.stderr
    assert "unisono place remove kitchen_2" in second.stderr
    for words in (("Kitchen", "--id", "kitchen_3"), ("Kitchen 4",), ("Kitchen_4",)):
        added = shell.run("place", "add", *words, "--parent", "home")
        assert added.stderr == "", words
        shell.run("place", "remove", words[-1].lower().replace(" ", "_"))
    shell.run("place", "remove", "kitchen_2")
    shell.run("place", "remove", "kitchen")

    assert "has no role yet" in shell.run("user", "add", "roleless", "--program").stderr
    assert "{" not in shell.run("user", "list").stdout
    shell.run("user", "remove", "roleless")
    user = shell.json("user", "add", "ann", "--password", "correct horse", "--role", "member")
    assert user["role"] == "member"
    token = shell.json("user", "token", "ann", "--expires", "30d", "--scope", "read")["token"]
    assert [thing["id"] for thing in json.loads(shell.run("thing", "list", "--json", "--token", token).stdout)]
    assert shell.run("user", "list", "--token", token, check=1).stderr.startswith("unisono: ")
    shell.run("user", "remove", "ann")
    assert shell.json("user", "token")["user"] == "local"

    assert "sensor.temperature" in {model["id"] for model in shell.json("model", "list")}
    document = shell.json("model", "export", "light")
    document["id"], document["version"] = "my.light", 1
    sound, broken = tmp_path / "sound.json", tmp_path / "broken.json"
    sound.write_text(json.dumps(document))
    broken.write_text('{"id": "x", "services": 5}')
    shell.run("model", "check", str(sound))
    assert "services" in shell.run("model", "check", str(broken), check=1).stderr
    done = shell.run("model", "import", str(sound), str(broken), "--json", check=1)
    assert [row["id"] for row in json.loads(done.stdout)] == ["my.light", None]
    assert "brightness" in shell.run("model", "show", "my.light").stdout
    assert [row["state"] for row in shell.json("model", "import", str(sound))] == ["unchanged"]
    assert shell.run("model", "export", "my.light", "--format", "nonsense", check=2).stderr.count("tsl") == 1

    tsl = tmp_path / "lamp.tsl.json.gz"
    tsl.write_bytes(gzip.compress(shell.run("model", "export", "my.light", "--format", "tsl").stdout.encode()))
    assert "1 sound model (tsl)" in shell.run("model", "check", str(tsl)).stdout
    added = shell.json("model", "import", str(tsl), str(sound))
    assert [(row["id"], row["format"], row["state"]) for row in added] == [
        ("tsl.my_light", "tsl", "added"),
        ("my.light", "unisono", "unchanged"),
    ]
    assert "ADDED" in shell.run("model", "import", str(tsl)).stdout
    car, more = tmp_path / "car.vspec", tmp_path / "more.json"
    car.write_text("Vehicle.Speed:\n  type: sensor\n  datatype: float\n")
    more.write_text('{"Vehicle.Extra": {"type": "sensor", "datatype": "float"}}')
    assert "1 sound model (vss)" in shell.run("model", "check", str(car), "--overlay", str(more)).stdout
    assert shell.json("model", "import", str(car), "--overlay", str(more))[0]["id"] == "vss.vehicle"
    assert "Extra" in shell.run("model", "show", "vss.vehicle").stdout
    shell.run("model", "remove", "tsl.my_light")
    shell.run("model", "remove", "my.light")


def test_status_and_doctor_find_a_well_hub_well(shell: Shell, home: str) -> None:
    status = shell.json("status")
    assert status["ready"] is True
    table = shell.run("status").stdout
    assert "PART" in table and " -0 " not in table
    findings = shell.json("doctor")
    assert {finding["is"] for finding in findings} <= {"well", "odd"}, findings
    (shell.data / "token").chmod(0o644)
    try:
        found = [f for f in json.loads(shell.run("doctor", "--json", check=1).stdout) if f["is"] == "bad"]
        assert [f["mend"] for f in found] == [f"chmod 600 {shell.data / 'token'}"]
    finally:
        (shell.data / "token").chmod(0o600)


def test_no_hub_is_exit_code_3_with_the_mending_command(tmp_path: Path) -> None:
    shell = Shell(tmp_path, f"http://127.0.0.1:{free_port()}", 0)
    for words in (("status",), ("thing", "list"), ("thing", "watch"), ("backup", str(tmp_path / "b"))):
        done = shell.run(*words, check=3)
        assert "cannot be reached" in done.stderr and "unisono up" in done.stderr, words
        assert done.stdout == ""
    found = json.loads(shell.run("doctor", "--json", check=3).stdout)
    assert next(f["mend"] for f in found if f["check"] == "hub") == f"unisono up --data {tmp_path}"


@pytest.mark.parametrize(
    "words",
    [("nope",), ("thing", "add"), ("thing", "add", "x"), ("status", "--url", "ftp://x"), ("up", "--http-port", "x")],
)
def test_bad_usage_is_exit_code_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = Shell(tmp_path, "http://127.0.0.1:1", 0).run(*words, check=2)
    assert done.stderr


@pytest.mark.parametrize(
    "name", ["hub", "hub.local", "192.168.1.4", "hub_1.example.org", "fd00::2", "hub.example.org."]
)
def test_a_name_that_no_authority_can_look_up_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    refused = Shell(tmp_path, "http://127.0.0.1:1", 0).run("up", "--data", str(tmp_path / "d"), "--acme", name, check=2)
    assert f"acme: an authority gives {name!r} no certificate" in refused.stderr
    assert "hub.example.org" in refused.stderr and not (tmp_path / "d").exists()


def test_a_backup_of_the_running_hub_makes_the_same_hub_again(shell: Shell, home: str, tmp_path: Path) -> None:
    say(shell, home, '{"temperature": 17.75}')
    file = tmp_path / "hub.backup"
    assert shell.json("backup", str(file))["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert shell.run("backup", str(file), check=2).stderr.startswith("unisono: FILE: ")
    assert shell.run("restore", str(file), check=1).stderr.startswith("unisono: ")
    say(shell, home, '{"temperature": 3.5}')  # the hub goes on; this is not in the backup

    restored = tmp_path / "restored"
    done = json.loads(shell.run("restore", str(file), "--data", str(restored), "--json").stdout)
    assert done["files"] >= 4
    other = start_hub(restored, tmp_path / "restored.log")
    try:
        assert other.shell.json("thing", "show", "probe1")["state"]["temperature"]["value"] == 17.75
        values = [p["value"] for p in other.shell.json("thing", "history", "probe1", "temperature", "--last", "1h")]
        assert values[-1] == 17.75
        say(other.shell, home, '{"temperature": 18.5}')  # the old secret still opens the door
        deadline = time.monotonic() + 20
        while other.shell.json("thing", "show", "probe1")["state"]["temperature"]["value"] != 18.5:
            assert time.monotonic() < deadline
    finally:
        other.stop()
    stopped = tmp_path / "stopped.backup"
    other.shell.run("backup", str(stopped))
    again = tmp_path / "again"
    other.shell.run("restore", str(stopped), "--data", str(again))
    assert (again / "nats" / "jetstream").is_dir()


def test_words_become_values() -> None:
    assert read_pairs(["a=1", "b=on", "c=off", "d=true", 'e={"x": 1}', "f=warm white", "g="]) == {
        "a": 1,
        "b": True,
        "c": False,
        "d": True,
        "e": {"x": 1},
        "f": "warm white",
        "g": "",
    }
    with pytest.raises(CallerError):
        read_pairs(["=1"])


def test_lengths_of_time() -> None:
    assert read_seconds("90m", "x") == 5400
    for text in ("", "d", "5", "5y", "-5h", "nand", "infh"):
        with pytest.raises(CallerError):
            read_seconds(text, "x")
    assert read_ago("1.5h", "x") == "-5400s"


def test_a_length_of_time_that_is_none_is_bad_usage(shell: Shell, home: str) -> None:
    for words in (("thing", "history", "probe1", "temperature"), ("alarm", "history"), ("alarm", "figures")):
        said = shell.run(*words, "--last", "-5h", check=2).stderr
        assert "--last: '-5h' is no length of time" in said, words


def test_values_as_cells() -> None:
    assert [show_value(v) for v in (None, True, 1.5, "x", ["a", "b"], {"a": 1}, [1], {}, {"a": "x"})] == [
        "",
        "yes",
        "1.5",
        "x",
        "a, b",
        '{"a":1}',
        "[1]",
        "",
        "a=x",
    ]
    assert [age(s) for s in (-1, 5, 90, 7200, 200_000)] == ["0 s", "5 s", "2 min", "2 h", "2 d"]


def test_what_waits_is_listed_taken_back_and_exported(shell: Shell, home: str, tmp_path: Path) -> None:
    shell.json("thing", "add", "shelf", "--model", "light", "--place", "home")
    ask = ("thing", "set", "shelf", "on_off=on", "--wait", "0", "--ttl", "600", "--why", "to see")
    waiting = shell.json(*ask)
    assert (waiting["state"], waiting["because"], waiting["ttl_s"]) == ("queued", "to see", 600)
    assert waiting["id"] in shell.run("command", "list", "--thing", "shelf", "--state", "open").stdout
    assert shell.json("command", "show", waiting["id"])["set"] == {"on_off": True}
    assert "cancelled" in shell.run("thing", "cancel", waiting["id"]).stdout
    assert "only what has not left" in shell.run("command", "cancel", waiting["id"], check=1).stderr
    shell.run("command", "export", str(tmp_path / "audit.csv"), "--thing", "shelf")
    assert (tmp_path / "audit.csv").read_text().splitlines()[1].split(",")[6] == "failed"
    many = shell.json("command", "set", "on_off=off", "--place", "home", "--kind", "light", "--wait", "0", "--ttl", "1")
    assert [item["thing"] for item in many["items"]] == ["shelf"]
    lamp = ("on_off=off", "--wait", "0", "--ttl", "600", "--key", "k1")
    once, again = (shell.json("thing", "set", "shelf", *lamp)["id"] for _ in range(2))
    assert once == again
    assert "another command was asked" in shell.run("thing", "set", "shelf", "on_off=on", *lamp[1:], check=1).stderr
    refused = shell.run("command", "set", "on_off=off", "--thing", "nobody", check=1)
    assert "refused" in refused.stdout
    shell.run("thing", "remove", "shelf")


def test_a_policy_is_shown_set_and_checked(shell: Shell, home: str, tmp_path: Path) -> None:
    shell.json("thing", "add", "front", "--model", "lock", "--place", "home")
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n  - {name: twice, then: confirm, what: {things: [front]}}\n")
    assert "Nothing is wrong" in shell.run("place", "policy", "check", "home", str(file)).stderr
    assert "version" in shell.run("place", "policy", "set", "home", str(file)).stdout
    shown = shell.run("place", "policy", "show", "home").stdout
    assert "name: twice" in shown and "# version" in shown
    scene = tmp_path / "in.yaml"
    then = "then: [{set: {things: [front], state: {locked: false}}}]\n"
    scene.write_text(f'id: in\nname: In\nplace: home\nwhen: [{{time: {{at: "07:00"}}}}]\n{then}')
    assert "twice" in shell.run("scene", "add", str(scene)).stderr
    for verb in ("check", "set"):
        warned = shell.run("place", "policy", verb, "home", str(file)).stderr
        assert "warning: scene in: then.0.set: " in warned and '"twice"' in warned
    shell.run("scene", "remove", "in")
    asked = shell.run("thing", "set", "front", "locked=off", "--wait", "0", check=1).stderr
    code = asked.rpartition("--confirm ")[2].split()[0]
    assert shell.json("thing", "set", "front", "locked=off", "--wait", "0", "--confirm", code)["state"] == "queued"
    shell.json("thing", "add", "back", "--model", "lock", "--place", "home")
    file.write_text("rules:\n  - {name: twice, then: confirm, what: {kinds: [lock]}}\n")
    shell.run("place", "policy", "set", "home", str(file))
    many = ("command", "set", "locked=off", "--place", "home", "--kind", "lock", "--wait", "0")
    code = shell.run(*many, check=1).stderr.rpartition("--confirm ")[2].split()[0]
    assert shell.json(*many, "--confirm", code)["counts"] == {"queued": 2}
    shell.run("thing", "remove", "back")
    file.write_text("rules:\n  - {name: twice, then: confirm, what: {things: [ghost]}}\n")
    assert "ghost" in shell.run("place", "policy", "check", "home", str(file), check=1).stdout
    file.write_text("rules: [")
    assert "line 2" in shell.run("place", "policy", "set", "home", str(file), check=1).stderr
    shell.run("place", "policy", "remove", "home")
    shell.run("thing", "remove", "front")
