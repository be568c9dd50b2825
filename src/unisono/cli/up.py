"""``unisono up``: a hub in the foreground, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("up")(_up)


def _up(
    *,
    data: Annotated[Path, typer.Option(envvar="UNISONO_DATA", help="Where everything is kept.")] = Path("data"),
    demo: Annotated[bool, typer.Option("--demo", help="With a simulated home, car and production line.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0: all.")] = "127.0.0.1",
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="People and programs.")] = 8080,
    https_port: Annotated[int | None, typer.Option(min=0, max=65535, help="The same, with TLS: 8443.")] = None,
    mqtt_port: Annotated[int, typer.Option(min=0, max=65535, help="Devices.")] = 1883,
    mqtts_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Devices, with TLS: 8883.")] = None,
    cert: Annotated[Path | None, typer.Option(help="Your own certificate and chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key (PEM).")] = None,
    acme: Annotated[str | None, typer.Option(metavar="DOMAIN", help="Order its certificate (ACME).")] = None,
    acme_email: Annotated[str | None, typer.Option(help="Where the authority may write to.")] = None,
    acme_directory: Annotated[str | None, typer.Option(help="The authority's address: Let's Encrypt.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Beyond this machine also without TLS.")] = False,
    lan: Annotated[
        bool | None, typer.Option("--lan/--no-lan", help="Be found and find others here (mDNS): beyond loopback.")
    ] = None,
    nats: Annotated[str | None, typer.Option(help="A NATS server or cluster to use instead of our own.")] = None,
    db: Annotated[str | None, typer.Option(help="The registry: postgresql://... instead of SQLite.")] = None,
    archive: Annotated[str | None, typer.Option(help="Object storage for sealed history.")] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Into how many parts places are divided.")] = 1,
    gateways: Annotated[int, typer.Option(min=1, help="Processes that speak with devices.")] = 1,
    limits: Annotated[Path | None, typer.Option(help="Limits of clients (TOML); else DIR/limits.toml.")] = None,
    owners: Annotated[int | None, typer.Option(min=1, help="Processes that fold the log; one per partition.")] = None,
) -> None:
    """Run a hub until Ctrl-C."""
    _become(
        data=data,
        demo=demo,
        host=host,
        http_port=http_port,
        https_port=https_port,
        mqtt_port=mqtt_port,
        mqtts_port=mqtts_port,
        cert=cert,
        key=key,
        acme=acme,
        acme_email=acme_email,
        acme_directory=acme_directory,
        insecure=insecure,
        lan=lan,
        nats=nats,
        db=db,
        archive=archive,
        partitions=partitions,
        gateways=gateways,
        limits=limits,
        owners=owners,
    )


def _become(**options: object) -> None:
    """Let this process go on as the hub, without what read its flags. Whoever started it sees one process."""
    words = msgspec.json.encode(options, enc_hook=str).decode()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "unisono.cli.running", words])
