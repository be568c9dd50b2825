"""The house put together: what `unisono up` starts, watches and stops, in one order.

Knows every room by its door. The main process holds nats-server, the registry, the API and the sign-in directory;
gateways and owners are processes of their own, started again when they die.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.access import Outside
from unisono.certificates import Certificates, local_names
from unisono.doors import address_of, is_loopback, near, settle
from unisono.errors import CallerError, HostError, UnisonoError
from unisono.gateway.door.limits import LIMITS_FILE, HubLimits
from unisono.gateway.fleet.moving import move_home
from unisono.gateway.process import GATEWAY_BYTES, RETAINED_BYTES, Door, GatewaySettings
from unisono.owner.fetch import OUTSIDE_FILE, read_outside
from unisono.owner.process import OwnerSettings
from unisono.store.child import GC_THRESHOLDS, Child, allow_files

if TYPE_CHECKING:
    from unisono.api.door.server import HttpServer
    from unisono.connector.lan import Lan
    from unisono.gateway.http import DeviceDoor
    from unisono.gateway.server import Gateway
    from unisono.gateway.speaking.http import DialectDoor
    from unisono.store.bus import Bus
    from unisono.store.connection import Connection
    from unisono.store.log import Log
    from unisono.store.registry import Registry

__all__ = ["UpOptions", "run_up"]

logger = logging.getLogger(__name__)

#: The log's size bound: a gigabyte holds a quarter of an hour at full load, weeks of a home; a small disk gets less.
LOG_BYTES = 1024**3
LEAST_LOG_BYTES = 64 * 1024 * 1024
LOG_SHARE_OF_FREE = 0.25
#: A process that dies again and again is started ever later, up to this.
RESTART_FIRST_S = 0.2
RESTART_LAST_S = 30.0
#: A process that ran this long had not failed at its start.
SETTLED_S = 60.0
#: The usual ports behind TLS (8883 is IANA's secure-mqtt).
HTTPS_PORT = 8443
MQTTS_PORT = 8883
#: MQTT over WebSocket, as every client library asks for it.
MQTT_PATH = "/mqtt"
#: Of the data directory, while the hub runs: where `unisono.cli.hub` finds it.
ADDRESS_FILE = "run/address"
#: A label of a name that an authority can look up, and endings that are of no public network (RFC 6761, 6762, 8375).
PUBLIC_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PRIVATE_ENDS = frozenset({"local", "localhost", "lan", "home", "internal", "arpa", "test", "invalid"})


class UpOptions(msgspec.Struct, kw_only=True):
    """The flags of ``unisono up``. A TLS port that is None: the usual one, or on loopback any when that is taken."""

    data: Path = Path("data")
    demo: bool = False
    host: str = "127.0.0.1"
    http_port: int = 8080
    https_port: int | None = None
    mqtt_port: int = 1883
    mqtts_port: int | None = None
    cert: Path | None = None
    key: Path | None = None
    acme: str | None = None
    acme_email: str | None = None
    acme_directory: str | None = None
    insecure: bool = False
    lan: bool | None = None
    nats: str | None = None
    db: str | None = None
    archive: str | None = None
    partitions: int = 1
    gateways: int = 1
    limits: Path | None = None
    owners: int | None = None


def run_up(options: UpOptions, say: Callable[[str], None] | None = None) -> None:
    """Run a hub until SIGINT or SIGTERM. ``say`` shows a line to the person who started it.

    Raises UnisonoError when it cannot start; whatever had started is stopped again first.
    """
    import uvloop

    _check(options)
    gc.set_threshold(*GC_THRESHOLDS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("uvicorn", "httpx", "nats"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    allow_files()
    uvloop.run(_up(options, say or _write))


def _write(line: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # a hub serves whether or not anybody reads this
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _is_public(domain: str) -> bool:
    """Whether an authority can look it up: a name of several labels, no address, nothing of somebody's own network."""
    labels = domain.lower().split(".")
    sound = all(PUBLIC_LABEL.fullmatch(label) for label in labels) and not labels[-1].isdigit()
    return sound and len(labels) > 1 and labels[-1] not in PRIVATE_ENDS


def _check(options: UpOptions) -> None:
    given = [port for port in (options.http_port, options.https_port, options.mqtt_port, options.mqtts_port) if port]
    if len(given) != len(set(given)):
        raise CallerError(
            "devices and people, with TLS and without, need a port each",
            code="bad_usage",
            field="mqtt-port",
            expected="four different ports",
        )
    if (options.cert is None) != (options.key is None):
        missing = "cert" if options.cert is None else "key"
        raise CallerError("a certificate and its key come together", code="bad_usage", field=missing)
    if options.acme is not None and options.cert is not None:
        raise CallerError("a certificate is brought or ordered, not both", code="bad_usage", field="acme")
    if options.acme is None and (options.acme_email or options.acme_directory):
        raise CallerError("nothing is to be ordered", code="bad_usage", field="acme", expected="--acme DOMAIN")
    if options.acme is not None and not _is_public(options.acme):
        raise CallerError(
            f"an authority gives {options.acme!r} no certificate",
            code="bad_usage",
            field="acme",
            expected="a name that the Internet's DNS knows, such as hub.example.org; without it the hub's own is shown",
        )
    if options.archive is not None:
        raise CallerError("this version cannot use it yet", code="bad_usage", field="archive")
    if not 1 <= options.partitions <= 64 or not 1 <= options.gateways <= 64:
        raise CallerError("from 1 to 64", code="bad_usage", field="partitions or gateways")
    if options.owners not in (None, options.partitions):
        raise CallerError("one owner per partition", code="bad_usage", field="owners", expected=str(options.partitions))
    if options.limits is not None and not options.limits.is_file():
        raise CallerError(f"there is no file {options.limits}", code="bad_usage", field="limits")


async def _up(options: UpOptions, say: Callable[[str], None]) -> None:
    hub = Hub(options)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        starting = asyncio.ensure_future(hub.start())
        stopped = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        else:
            starting.result()
            for line in hub.greeting():
                say(line)
            await stopped
            say("Stopping ...")
    finally:
        await hub.stop()


class Hub:
    """One running hub. `start` brings everything up in order; `stop` takes it down in reverse, whatever had come up."""

    def __init__(self, options: UpOptions) -> None:
        self.options = options
        self.data = options.data.absolute()
        self.started = time.time()
        self.setup_code: str | None = None
        self.doors: dict[str, Door] = {}
        self.certificates: Certificates
        self._stops: contextlib.AsyncExitStack = contextlib.AsyncExitStack()
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._owners_may_run = asyncio.Event()
        self._owners_may_run.set()
        self._log_bytes = 0
        self._allowed = HubLimits()
        self._outside = Outside()
        self._children: dict[str, Child] = {}
        self._looks_at_lan = False
        self._troubles: dict[str, str] = {}

    async def start(self) -> None:
        from unisono.store.lock import DataLock

        _make_private(self.data)
        lock = DataLock(self.data)
        lock.take()
        self._allowed = HubLimits.read(
            self.options.limits or self.data / LIMITS_FILE, wanted=self.options.limits is not None
        )
        self._outside = read_outside(self.data / OUTSIDE_FILE)
        self.certificates = self._certificates()
        self.certificates.prepare()
        self._log_bytes = _log_bytes(self.data) // self.options.partitions
        self._stops.callback(lock.release)
        await self._check_ports()
        url, token = await self._start_log(lock)
        await self._start_rest(url, token)
        # What is there now stays: a collection that walks through it takes 60 ms, and the live view would show it.
        gc.collect()
        gc.freeze()

    def _certificates(self) -> Certificates:
        options = self.options
        own = (options.cert, options.key) if options.cert is not None and options.key is not None else None
        acme = None
        if options.acme is not None:
            from unisono.ordering import LETS_ENCRYPT, Acme

            acme = Acme(options.acme.lower(), options.acme_email, options.acme_directory or LETS_ENCRYPT)
        return Certificates(self.data, partial(local_names, options.host), own, acme)

    async def _check_ports(self) -> None:
        """Before anything else starts: are the ports free? A gateway of a hub just killed lets go within moments.

        The doors look again when they open. This look is what finds another hub: gateways share their port willingly
        (SO_REUSEPORT), with strangers too. It also settles which port it is where any will do, so that a gateway that
        is started again comes back on the same.
        """
        options = self.options
        inside = options.host if options.insecure or is_loopback(options.host) else "127.0.0.1"
        asked = options.host if options.acme is not None else inside  # an authority asks there
        for flag, host, port in (("http-port", asked, options.http_port), ("mqtt-port", inside, options.mqtt_port)):
            self.doors[flag] = Door(host, await settle(flag, host, port))
        for flag, wanted, usual in (
            ("https-port", options.https_port, HTTPS_PORT),
            ("mqtts-port", options.mqtts_port, MQTTS_PORT),
        ):
            try:
                port = await settle(flag, options.host, usual if wanted is None else wanted)
            except HostError:
                if not self._may_move(flag):
                    raise
                port = await self._another(flag, usual)
            self.doors[flag] = Door(options.host, port, True)

    def _may_move(self, flag: str) -> bool:
        """Whether any port will do: nobody has named one, and only this machine gets in."""
        wanted = {"https-port": self.options.https_port, "mqtts-port": self.options.mqtts_port}
        return flag in wanted and wanted[flag] is None and is_loopback(self.options.host)

    async def _another(self, flag: str, taken: int) -> int:
        """A second hub on this machine, for itself: it need not be found at the usual place."""
        port = await settle(flag, self.options.host, 0)
        logger.warning("port %d is taken, --%s is %d this time", taken, flag, port)
        return port

    async def _start_log(self, lock: Any) -> tuple[str, str | None]:
        if self.options.nats is not None:
            return self.options.nats, None
        from unisono.store.nats_server import NatsServer

        bound = self._log_bytes * self.options.partitions + RETAINED_BYTES + GATEWAY_BYTES * self.options.gateways
        server = NatsServer(self.data, lock=lock, max_log_bytes=bound)
        self._stops.push_async_callback(server.stop)
        await server.start()
        return server.url, server.token

    async def _start_rest(self, url: str, token: str | None) -> None:
        from unisono import api
        from unisono.gateway.http import DeviceDoor
        from unisono.store.bus import Bus, connect
        from unisono.store.log import Log
        from unisono.store.registry import Registry

        options = self.options
        partitions = [str(number) for number in range(options.partitions)]
        gateways = [f"g{number}" for number in range(options.gateways)]
        registry_url = options.db or f"sqlite:///{self.data / 'registry.db'}"
        registry = await Registry.open(registry_url, lasting=True)
        self._stops.push_async_callback(registry.close)
        pepper = api.ensure_pepper(self.data)
        hub_id = await api.ensure_hub_id(registry)
        connection = await connect(url, token, "hub")
        self._stops.push_async_callback(connection.close)
        bus = Bus(connection)
        self._stops.push_async_callback(bus.close)
        log_bytes = self._log_bytes
        logs: dict[str, Log] = {}
        for partition in partitions:
            logs[partition] = await Log.open(connection, partition, max_bytes=log_bytes)
            self._stops.push_async_callback(logs[partition].close)
        browsers = await self._gateway_for_browsers(connection, bus, logs, partitions, gateways)
        door = DeviceDoor(bus, logs.__getitem__, self._allowed, browsers.tally)
        await door.start()
        self._stops.push_async_callback(door.stop)
        lan = self._lan(hub_id)
        self._looks_at_lan = lan is not None
        context = api.ApiContext(
            registry=registry,
            bus=bus,
            log_of=logs.__getitem__,
            partitions=partitions,
            gateways=[*gateways, browsers.id],
            data=self.data,
            pepper=pepper,
            hub_id=hub_id,
            started=self.started,
            mounts=self._mounts(door, browsers),
            foreign=self._dialects_over_http(browsers, bus),
            issue_certificate=self.certificates.issue_client,
            trust_client=self.certificates.trust_client,
            discovery=lan,
            hub_info=self.info,
            pause=self.pause_owners,
            resume=self.resume_owners,
            notifies=True,
            outside=self._outside,
        )
        self._stops.push_async_callback(context.stop)
        await context.start()
        await self._start_notifier(connection, registry, bus, partitions, pepper, hub_id)
        await self._start_outlets(registry, bus, partitions, pepper, (url, token))
        await self._start_voice(registry, bus)
        owners = []
        for partition in partitions:
            folder = str(self.data / "history" / partition)
            embedded = options.nats is None
            settings = OwnerSettings(partition, url, token, registry_url, folder, log_bytes, embedded, self._outside)
            owners.append(self._keep(Child("unisono.owner.process", settings, f"owner {partition}")))
        # Owners open their files and read their twins; meanwhile the API loads its code, which takes as long.
        application, *_ = await asyncio.gather(asyncio.to_thread(api.create_app, context), *owners)
        await api.ensure_first_token(registry, self.data, pepper)  # before anybody is answered who might look for it
        await self._open_to_people(application, door)
        self._stops.push_async_callback(browsers.stop)  # before its clients lose the server beneath them
        await self._start_gateways(connection, url, token, partitions, gateways)
        self._keepers.append(asyncio.create_task(self.certificates.watch(), name="certificates"))
        if lan is not None:
            await self._be_found(lan)
        self.setup_code = await api.new_setup_code(registry, pepper)
        if options.demo:
            self._keepers.append(asyncio.create_task(self._demonstrate(), name="demonstration"))

    async def _start_outlets(
        self, registry: Registry, bus: Bus, partitions: list[str], pepper: bytes, nats: tuple[str, str | None]
    ) -> None:
        """They read over a connection of their own: questions must not queue behind what they catch up with."""
        from unisono.connector.outlet import Outlets
        from unisono.store.bus import connect
        from unisono.store.log import Log

        connection = await connect(*nats, "outlets")
        self._stops.push_async_callback(connection.close)
        logs: dict[str, Log] = {}
        for partition in partitions:
            logs[partition] = await Log.open(connection, partition, max_bytes=self._log_bytes)
            self._stops.push_async_callback(logs[partition].close)
        outlets = Outlets(registry, bus, partitions, logs.__getitem__, pepper, self._outside)
        self._stops.push_async_callback(outlets.stop)
        await outlets.start()

    async def _start_voice(self, registry: Registry, bus: Bus) -> None:
        from unisono.voice.voice import Voice

        # what the folders are called is enough to know: their words are read when somebody speaks
        folders = (Path(__file__).parent / "assist" / "languages").glob("*/answers.yaml")
        voice = Voice(registry, bus, sorted(file.parent.name for file in folders))
        self._stops.push_async_callback(voice.stop)
        await voice.start()

    async def _start_notifier(
        self, connection: Connection, registry: Registry, bus: Bus, partitions: list[str], pepper: bytes, hub_id: str
    ) -> None:
        from unisono.notify import built_in_services
        from unisono.notify.notifier import Notifier
        from unisono.notify.seat import Seat

        def make(may: Callable[[], bool]) -> Notifier:
            return Notifier(registry, bus, partitions, pepper, built_in_services(), may=may)

        holder = f"notifier-{hub_id}-{socket.gethostname()}-{os.getpid()}"
        seat = Seat(connection, make, holder, alone=self.options.nats is None)
        self._stops.push_async_callback(seat.stop)
        await seat.start()

    def _dialects_over_http(self, browsers: Gateway, bus: Bus) -> DialectDoor:
        """Devices whose dialect has an HTTP API come to the same ports as people."""
        from unisono.gateway.door.signin import Desk
        from unisono.gateway.speaking.http import DialectDoor

        door = DialectDoor(browsers, Desk(bus))
        self._stops.push_async_callback(door.stop)
        return door

    def _mounts(self, door: DeviceDoor, browsers: Gateway) -> dict[str, Any]:
        """What stands beside the API on the HTTP ports, by path."""
        from unisono.api.door.challenges import CHALLENGES, Challenges
        from unisono.api.door.trust import TRUST_PATHS, TrustPages
        from unisono.gateway.websocket import WebSocketDoor

        trust = TrustPages(lambda: self.certificates.authority, lambda: self.certificates.notes.authority.subject)
        return {
            "/api/v1/device": door,
            MQTT_PATH: WebSocketDoor(browsers),
            CHALLENGES: Challenges(self.certificates.answers),
            **dict.fromkeys(TRUST_PATHS, trust),
        }

    async def _start_gateways(
        self, connection: Connection, url: str, token: str | None, partitions: list[str], gateways: list[str]
    ) -> None:
        """Sessions are brought to where they live, then the processes behind devices' doors start."""
        files = str(self.certificates.serving), str(self.certificates.clients)
        authority = self.certificates.notes.authority.subject
        await move_home(connection, gateways)
        run = str(self.data / "run")
        for id in gateways:
            doors = [self.doors["mqtt-port"], self.doors["mqtts-port"]]
            settled = GatewaySettings(
                id, url, token, partitions, self._log_bytes, doors, self._allowed, *files, authority, gateways, run
            )
            await self._keep(Child("unisono.gateway.process", settled, f"gateway {id}"))

    async def _gateway_for_browsers(
        self, connection: Connection, bus: Bus, logs: Mapping[str, Log], partitions: list[str], gateways: list[str]
    ) -> Gateway:
        """The gateway of MQTT over WebSocket: it opens no port, its clients come through HTTP. Nobody's session lives
        here: it signs clients in and carries them to the gateways."""
        from unisono.gateway.fleet.homes import Homes
        from unisono.gateway.server import Gateway
        from unisono.gateway.sessions.retained import Retained
        from unisono.store.table import Table

        table = await Table.open(connection, "retained", max_bytes=RETAINED_BYTES)
        self._stops.push_async_callback(table.close)
        homes = Homes("w0", gateways, self.data / "run")
        gateway = Gateway("w0", bus, logs.__getitem__, partitions, Retained(table), allowed=self._allowed, homes=homes)
        await gateway.start()
        return gateway

    def _lan(self, hub_id: str) -> Lan | None:
        """What looks at the LAN, and tells it of the doors that are open there."""
        from unisono.api.hub.version import VERSION
        from unisono.connector.lan import Announcement, Lan

        options = self.options
        open_here = not is_loopback(options.host)
        if not (open_here if options.lan is None else options.lan):
            return None
        host = socket.gethostname().partition(".")[0].lower()
        fingerprint = self.certificates.notes.authority.fingerprint
        says = {"version": VERSION, "id": hub_id, "path": "/", "api": "/api/v1", "trust": "/trust", "ca": fingerprint}
        announced = []
        if open_here:
            secure = {"version": VERSION, "ws": f"{self.doors['https-port'].port}{MQTT_PATH}", "ca": fingerprint}
            announced.append(Announcement("_unisono._tcp", self.doors["https-port"].port, says))
            announced.append(Announcement("_secure-mqtt._tcp", self.doors["mqtts-port"].port, secure))
        if open_here and options.insecure:
            plain = {"version": VERSION, "ws": f"{self.doors['http-port'].port}{MQTT_PATH}"}
            announced.append(Announcement("_mqtt._tcp", self.doors["mqtt-port"].port, plain))
        return Lan(f"Unisono on {host}", host, announced, self.data / "lan-ignored.json")

    async def _be_found(self, lan: Lan) -> None:
        """A hub that the LAN cannot hear of works all the same."""
        self._stops.push_async_callback(lan.stop)
        try:
            await lan.start()
        except HostError as error:
            self._troubles["lan"] = f"not on the LAN: {error}"
            logger.error("the hub is not announced on the LAN and finds nothing there: %s", error)

    async def _open_to_people(self, application: Any, devices: DeviceDoor) -> None:
        """HTTP and HTTPS. Browsers are not asked for certificates: many would put the question to their user."""
        from unisono import api
        from unisono.api.door.challenges import OnlyFromHere
        from unisono.api.door.strict import Strict
        from unisono.store.tls import ServerTls

        tls = ServerTls(self.certificates.serving)
        self._keepers.append(asyncio.create_task(tls.watch(), name="certificate of the doors"))
        plain = application
        if self.options.acme is not None and not self.options.insecure:
            plain = OnlyFromHere(application, f"https://{self.options.acme}:{self.doors['https-port'].port}")
        strict = Strict(application, lambda: self.certificates.strict_names)
        for flag, context in (("http-port", None), ("https-port", tls.context)):
            shown = plain if context is None else strict
            serve = partial(api.serve, shown, tls=context, no_http=devices.no_http, no_tls=devices.no_tls)
            await self._serve(flag, serve)
        self._say_where()

    async def _serve(self, flag: str, serve: Callable[[str, int], Awaitable[HttpServer]]) -> None:
        """Open a door to people; where any port will do and somebody took ours since the look at the start, another."""
        door = self.doors[flag]
        try:
            server = await serve(door.host, door.port)
        except HostError:
            if not self._may_move(flag):
                raise
            door = self.doors[flag] = Door(door.host, await self._another(flag, door.port), True)
            server = await serve(door.host, door.port)
        self._stops.push_async_callback(server.stop)

    def _say_where(self) -> None:
        """Commands on this machine find the hub by its data directory, whatever its port."""
        file = self.data / ADDRESS_FILE
        self._stops.callback(file.unlink, missing_ok=True)
        try:
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"http://{address_of(self.doors['http-port'])}\n")
        except OSError as error:  # a full disk keeps no hub from serving
            logger.warning("%s cannot be written, so commands need --url: %s", file, error.strerror)

    async def _keep(self, child: Child) -> Child:
        """Start a process and go on starting it whenever it dies."""
        self._children[child.name] = child
        self._stops.push_async_callback(child.stop)
        await child.start()
        self._keepers.append(asyncio.create_task(self._restart(child), name=f"keep {child.name}"))
        return child

    async def _restart(self, child: Child) -> None:
        pause_s = RESTART_FIRST_S
        while True:
            since = time.monotonic()
            code = await child.wait()
            if self._stopping:
                return
            if child in self._owners() and not self._owners_may_run.is_set():
                await self._owners_may_run.wait()
                continue
            pause_s = RESTART_FIRST_S if time.monotonic() - since > SETTLED_S else min(pause_s * 2, RESTART_LAST_S)
            self._troubles[child.name] = f"the {child.name} ended with code {code} and is started again"
            logger.error("the %s ended with code %s; starting it again in %.1f s", child.name, code, pause_s)
            await asyncio.sleep(pause_s)
            try:
                await child.start()
                self._troubles.pop(child.name, None)
            except UnisonoError as error:
                self._troubles[child.name] = f"the {child.name} does not start: {error}"
                logger.error("the %s does not start: %s", child.name, error)

    def _owners(self) -> list[Child]:
        return [child for name, child in self._children.items() if name.startswith("owner ")]

    async def pause_owners(self) -> None:
        """Let the owners save everything and close their files, for a backup; the log goes on taking what comes."""
        self._owners_may_run.clear()
        await asyncio.gather(*(owner.stop() for owner in self._owners()))

    async def resume_owners(self) -> None:
        """Start the owners again; they go on where they stopped."""
        try:
            await asyncio.gather(*(owner.start() for owner in self._owners()))
        finally:
            self._owners_may_run.set()

    async def _demonstrate(self) -> None:
        """The demonstration place: simulated devices in a process of their own."""
        command = [sys.executable, "-m", "unisono.sim", "demo", "--with-parent", "--data", str(self.data)]
        command += [
            "--url",
            f"mqtt://{near(self.doors['mqtt-port'].host)}:{self.doors['mqtt-port'].port}",
            "--http",
            f"http://{near(self.doors['http-port'].host)}:{self.doors['http-port'].port}",
        ]
        command += ["--token-file", str(self.data / "token")]
        pause_s = RESTART_FIRST_S
        while True:
            process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.terminate()
                await process.wait()
                raise
            logger.error("the simulated devices ended with code %s; starting them again", code)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_LAST_S)

    def info(self) -> dict[str, Any]:
        """What the API's status tells beyond owners and gateways."""
        processes = {"hub": os.getpid(), **{name: child.pid for name, child in self._children.items()}}
        troubles = list(self._troubles.values())
        if self.certificates.trouble is not None:
            troubles.append(f"the doors keep their certificate: {self.certificates.trouble}")
        if self.certificates.order_trouble is not None:
            troubles.append(self.certificates.order_trouble)
        doors = {flag.removesuffix("-port"): address_of(door) for flag, door in self.doors.items()}
        return {
            "processes": processes,
            "troubles": troubles,
            "demo": self.options.demo,
            "lan": self._looks_at_lan,
            "doors": doors,
            "certificate": self.certificates.info(),
            "ports": {flag.removesuffix("-port"): door.port for flag, door in self.doors.items()},
        }

    def greeting(self) -> list[str]:
        """What a person needs to go on."""
        base = f"http://{address_of(self.doors['http-port'])}"
        lines = [
            "",
            "  Unisono is up.",
            "",
            f"  Console   {base}/",
            f"            https://{address_of(self.doors['https-port'])}/",
            f"  Devices   mqtt://{address_of(self.doors['mqtt-port'])}",
            f"            mqtts://{address_of(self.doors['mqtts-port'])}",
            f"  Token     {self._shown_token()}",
        ]
        if self.setup_code is not None:
            lines.append(f"  First run {base}/setup#code={self.setup_code}   (works once, makes the administrator)")
        lines.append(f"  Trust     {base}/trust   (how phones and devices recognise this hub)")
        lines.append(f"            SHA-256 {shown_fingerprint(self.certificates.notes.authority.fingerprint)}")
        if self.options.demo:
            lines.append("  Demo      a home, a car and a production line, simulated, arrive within seconds")
        return [*lines, "", "  Ctrl-C stops it; the data stays in " + str(self.options.data) + "/.", ""]

    def _shown_token(self) -> str:
        """The machine's own token, for who looks at a terminal; what is kept of this output gets its place only."""
        kept = self.options.data / "token"
        if not sys.stdout.isatty():
            return f"in {kept}"
        return f"{(self.data / 'token').read_text().strip()}   (also in {kept})"

    async def stop(self) -> None:
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await self._stops.aclose()


def shown_fingerprint(fingerprint: str) -> str:
    """As phones and browsers show it: pairs of upper-case digits."""
    return ":".join(fingerprint[at : at + 2] for at in range(0, len(fingerprint), 2)).upper()


def _make_private(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        from unisono.store.disk import disk_error

        raise disk_error(error, data) from error


def _log_bytes(data: Path) -> int:
    """The log's bound on this disk; what an existing log already holds counts as free."""
    free = shutil.disk_usage(data).free
    held = sum(file.stat().st_size for file in (data / "nats").rglob("*") if file.is_file()) if data.exists() else 0
    return max(LEAST_LOG_BYTES, min(LOG_BYTES, int((free + held) * LOG_SHARE_OF_FREE)))
