"""Claims, secrets, certificates, rules and tables on the command line, against a running hub."""

from __future__ import annotations

import csv
import json
import os
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import RunningHub, Shell
from unisono.access.authority import issue_client, make_authority


@pytest.fixture(scope="module")
def place(hub: RunningHub) -> str:
    hub.shell.run("place", "add", "Cottage", "--kind", "home")
    return "cottage"


def test_a_claim_is_shown_as_text_and_picture_and_taken_back(shell: Shell, place: str) -> None:
    done = shell.run("thing", "claim", "--place", place, "--model", "light", "--valid", "30m")
    assert "▄" in done.stdout or "█" in done.stdout
    assert f"{shell.url}/claim#code=" in done.stdout
    assert "shown only now" in done.stderr
    made = shell.json("thing", "claim", "--place", place, "--name", "Hall")
    assert len(made["code"]) == 9
    listed = {each["id"]: each for each in shell.json("thing", "claims", "--place", place)}
    assert listed[made["id"]]["state"] == "open"
    shell.run("thing", "claims", "--revoke", made["id"])
    assert {each["id"]: each["state"] for each in shell.json("thing", "claims")}[made["id"]] == "revoked"
    assert "no length of time" in shell.run("thing", "claim", "--place", place, "--valid", "soon", check=2).stderr


def test_secrets_are_rotated_and_revoked(shell: Shell, place: str) -> None:
    added = shell.json("thing", "add", "cot_lamp", "--model", "light", "--place", place)
    made = shell.json("thing", "secret", "cot_lamp", "--grace", "24h")
    assert made["secret"] != added["secret"]
    assert made["grace_until"] > time.strftime("%Y-%m-%dT%H")
    assert "unisono thing secret cot_lamp" in shell.run("thing", "revoke", "cot_lamp").stdout
    assert shell.json("thing", "secret", "cot_lamp")["grace_until"] is None
    assert shell.run("thing", "revoke", "nobody", check=1).stderr


def test_certificates_and_rules(shell: Shell, place: str, tmp_path: Path) -> None:
    shell.run("thing", "add", "cot_panel", "--model", "light", "--place", place)
    made = shell.json("thing", "certificate", "cot_panel", "--new")
    assert [each["fingerprint"] for each in shell.json("thing", "certificate", "cot_panel")] == [made["fingerprint"]]
    shell.run("thing", "certificate", "cot_panel", "--revoke", made["fingerprint"])
    assert shell.json("thing", "certificate", "cot_panel")[0]["revoked"] is not None
    own = tmp_path / "own.pem"
    elsewhere = make_authority("elsewhere", datetime.now(UTC), os.urandom)
    own.write_bytes(issue_client(elsewhere, "panel", datetime.now(UTC), os.urandom).certificate)
    assert "within a few seconds" in shell.run("thing", "certificate", "cot_panel", "--add", str(own)).stderr
    wrong = tmp_path / "no.pem"
    wrong.write_text("no certificate")
    assert "PEM" in shell.run("thing", "certificate", "cot_panel", "--add", str(wrong), check=1).stderr
    assert shell.run("thing", "certificate", "cot_panel", "--add", str(tmp_path / "none"), check=2).stderr
    assert "No rules" in shell.run("thing", "access", "cot_panel").stderr
    shell.run("thing", "access", "cot_panel", "--deny", "publish:garden/#")
    rules = shell.json("thing", "access", "cot_panel", "--allow", "publish:garden/mine")
    assert [(rule["allow"], rule["filter"]) for rule in rules] == [(True, "garden/mine"), (False, "garden/#")]
    assert "garden/mine" in shell.run("thing", "access", "cot_panel").stdout
    assert shell.json("thing", "access", "cot_panel", "--clear") == []
    assert shell.run("thing", "access", "cot_panel", "--allow", "garden/#", check=2).stderr
    assert shell.run("thing", "access", "cot_panel", "--allow", "publish:things/x/state", check=1).stderr


def test_a_table_is_tried_imported_and_imported_again(shell: Shell, place: str, tmp_path: Path) -> None:
    table = tmp_path / "things.csv"
    # the odd ones stand in the one behind them: for one of them that is in a later piece
    lines = [f"imp{n};Sensor {n};sensor.temperature;{f'imp{n + 1}' if n % 2 else ''}" for n in range(2_500)]
    lines[2_499] = "imp2499;Sensor;sensor.temperature;"
    lines[7] = 'imp7;"two\nlines";sensor.temperature;'
    table.write_text(
        "\ufeffid;name;model;parent\n" + "\n".join(lines) + "\nBad Id;Bad;no.such;\n" + "long;Long;light;;;x\n",
        encoding="utf-8",
    )
    out = tmp_path / "secrets.csv"
    assert "--secrets" in shell.run("thing", "import", str(table), "--place", place, check=2).stderr
    dry = shell.run("thing", "import", str(table), "--place", place, "--dry-run", check=1)
    assert "2500 would be created, 0 there already, 2 in error" in dry.stdout
    assert "Bad Id" in dry.stdout and "6 cells" in dry.stdout
    done = shell.run("thing", "import", str(table), "--place", place, "--secrets", str(out), check=1)
    assert "2500 created, 0 there already, 2 in error" in done.stdout, done.stdout
    assert b"\r" not in out.read_bytes()  # a shell that cuts a secret out of it would keep that
    with out.open(newline="") as file:
        secrets = list(csv.DictReader(file))
    assert len({row["id"] for row in secrets if len(row["secret"]) == 32}) == 2_500
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert shell.json("thing", "show", "imp7")["name"] == "two\nlines"
    again = shell.run("thing", "import", str(table), "--place", place, "--secrets", str(tmp_path / "more.csv"), check=1)
    assert "0 created, 2500 there already, 2 in error" in again.stdout
    assert "new file" in shell.run("thing", "import", str(table), "--secrets", str(out), check=2).stderr
    assert shell.run("thing", "import", str(tmp_path / "none.csv"), "--dry-run", check=2).stderr
    bare = tmp_path / "bare.csv"
    bare.write_text("id,name\n\n")
    assert "has no things" in shell.run("thing", "import", str(bare), "--dry-run", check=2).stderr
    shown = json.loads(shell.run("thing", "import", str(table), "--dry-run", "--json", check=1).stdout)
    assert [row["row"] for row in shown[-2:]] == [2_503, 2_504]  # as the file counts, with a cell of two lines above
