"""Reports, percentiles, options and the command line."""

from __future__ import annotations

import io
import json
import shutil

import pytest
from rich.console import Console

from unisono.bench import ConnectionsOptions, IngestOptions, Report, machine, run_connections
from unisono.bench.__main__ import main
from unisono.bench.ingest import _ratios
from unisono.bench.report import ratio
from unisono.bench.restart import wide_payload
from unisono.bench.servers import PEERS, Mosquitto
from unisono.errors import HostError


def test_json_has_figures_ratios_and_the_machine() -> None:
    report = Report(
        benchmark="ingest",
        figures={"unisono": {"qos0": {"rate": 1.5}}},
        ratios={"qos0_vs_mosquitto": 2.0},
        machine={"cores": 2},
    )
    read = json.loads(report.to_json())
    assert read["figures"] == {"unisono": {"qos0": {"rate": 1.5}}}
    assert read["ratios"] == {"qos0_vs_mosquitto": 2.0}
    assert read["machine"] == {"cores": 2}


def test_the_table_names_every_figure() -> None:
    report = Report(
        benchmark="ingest",
        figures={"unisono": {"pipeline_20": {"rate": 312_345.6, "messages": 1234567, "ok": True, "pss_mb": [1, 2]}}},
        ratios={"pipeline_vs_mosquitto_fanin": 1.62},
        notes=["a note"],
    )
    out = io.StringIO()
    Console(file=out, width=140).print(report.table())
    text = out.getvalue()
    for part in (
        "pipeline_20",
        "rate 312,346",
        "messages 1,234,567",
        "ok True",
        "pipeline_vs_mosquitto",
        "1.62",
        "a note",
    ):
        assert part in text
    assert "[1, 2]" not in text


def test_ratios_are_ours_over_theirs() -> None:
    def run(rate: float) -> dict[str, float]:
        return {"rate": rate}

    figures = {
        "mosquitto": {"qos0_fanin": run(100.0), "qos1_window_100": run(50.0), "qos1_window_1000": run(40.0)},
        "amqtt": {"qos1_window_10": run(1.0)},
        "unisono": {
            "qos0": run(200.0),
            "qos1_durable_window_100": run(250.0),
            "qos1_durable_window_1000": run(120.0),
            "pipeline_20": run(80.0),
        },
    }
    found = _ratios(figures, IngestOptions(peers=("mosquitto", "amqtt"), versions=(4,)))
    assert found == {
        "qos0_vs_mosquitto": 2.0,
        "qos1_durable_vs_mosquitto": 5.0,
        "qos1_durable_vs_mosquitto_window_100": 5.0,
        "qos1_durable_vs_mosquitto_window_1000": 3.0,
        "pipeline_vs_mosquitto_fanin": 0.8,
        "qos1_durable_vs_amqtt": 250.0,
        "qos1_durable_vs_amqtt_window_100": 250.0,
        "qos1_durable_vs_amqtt_window_1000": 120.0,
    }
    assert ratio(1.0, None) is None and ratio(None, 1.0) is None and ratio(1.0, 0.0) is None


def test_a_wide_payload_has_twelve_values() -> None:
    assert json.loads(wide_payload(7)) == {f"value_{index}": 6 + index for index in range(1, 13)}


def test_a_missing_server_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_kwargs: None)
    with pytest.raises(HostError, match="apt-get install mosquitto"):
        Mosquitto().version()


@pytest.mark.parametrize("arguments", [["ingest", "--peers", "rabbit"], ["nonsense"], []])
def test_bad_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_server_is_given_no_port_that_a_client_may_be_given_before_it_opens() -> None:
    assert all(machine.free_port() < 32_768 for _ in range(20))


def test_too_many_clients_for_this_shell_is_said() -> None:
    with pytest.raises(HostError, match="open files"):
        run_connections(ConnectionsOptions.quick(clients=500_000_000, peers=(), hub=False))


def test_a_real_run_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin") is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    arguments = ["--quick", "--json", "--no-hub", "--peers", "mosquitto", "--clients", "100", "--rest-s", "0.2"]
    assert main(["connections", *arguments]) == 0
    read = json.loads(capsys.readouterr().out)
    figures = read["figures"]["mosquitto"]
    assert figures["idle_clients"]["clients"] == 100
    assert 0 < figures["at_rest"]["pss_mb"] < 100
    assert read["machine"]["mosquitto_version"]
    assert set(PEERS) == {"mosquitto", "nats", "amqtt"}
