"""The LAN by multicast DNS: the hub is announced there, and what announces itself there is remembered and offered.

Knows DNS-SD (RFC 6763) through the `zeroconf` library, which is installed beside us where it is wanted (the extra
``unisono[lan]``; see ``scripts/licences.py``), and a table of service types. Connects to nothing: it only listens to
what is said to everybody.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import yaml

from unisono.errors import CallerError, HostError

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

__all__ = ["Announcement", "Found", "Lan", "Sort", "sorts"]

logger = logging.getLogger(__name__)

#: What is remembered; a flat has dozens, an office building some hundred. The one not seen for longest gives way.
MOST = 500
#: Ids that somebody does not want to see any more.
MOST_IGNORED = 2_000
#: A device answers a question about itself in a tenth of a second, a sleeping one not at all.
ASK_MS = 3_000
#: So long we ask whether somebody has our name already.
LOOK_MS = 600
#: Questions at a time: a LAN where everything answers at once must not take the hub's attention.
ASKING = 8
#: Questions that wait; more announcements than that in one moment are noise, and are heard again later.
WAITING = 200
#: What a stranger's TXT record may say here: characters of a value, and values.
TXT_VALUE = 200
TXT_VALUES = 20
NAME = 100
LOCAL = ".local."


class Sort(msgspec.Struct, forbid_unknown_fields=True):
    """One line of ``data/lan.yaml``."""

    type: str
    what: str = msgspec.field(name="is")
    zh: str
    how: str
    hint: str = ""
    names: list[str] = []

    def fits(self, kind: str, instance: str) -> bool:
        return kind == self.type and (not self.names or instance.lower().startswith(tuple(self.names)))


class Announcement(msgspec.Struct, frozen=True):
    """A door that is told to the LAN: ``kind`` such as ``_mqtt._tcp``, ``says`` its TXT record."""

    kind: str
    port: int
    says: Mapping[str, str] = {}


class Found(msgspec.Struct):
    """Something that announced itself. ``id``: its instance and type. Times are microseconds since the epoch (UTC)."""

    id: str
    name: str
    type: str
    what: str
    names: dict[str, str]
    how: str
    hint: str
    addresses: list[str]
    port: int
    says: dict[str, str]
    first_seen: int
    last_seen: int
    here: bool = True
    ignored: bool = False


@functools.cache
def sorts() -> tuple[Sort, ...]:
    """The table of what may be found. Raises msgspec.ValidationError when the data file is not sound."""
    text = (resources.files("unisono.connector") / "data" / "lan.yaml").read_text(encoding="utf-8")
    return tuple(msgspec.convert(yaml.safe_load(text), list[Sort]))


class Lan:
    """``name``: what the hub is called there; where another is called so, a number is added. ``ignored_file`` keeps
    what nobody wants to see. `start` raises HostError ``engine_missing`` without the library."""

    def __init__(
        self,
        name: str,
        host: str,
        announcements: Sequence[Announcement],
        ignored_file: Path,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        self._name = name
        self._host = host
        self._announcements = announcements
        self._ignored_file = ignored_file
        self._interfaces = interfaces
        self._found: dict[str, Found] = {}
        self._ignored: set[str] = set()
        self._own: dict[str, AsyncServiceInfo] = {}
        self._questions: asyncio.Queue[tuple[str, str]] = asyncio.Queue(WAITING)
        self._asking: list[asyncio.Task[None]] = []
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None

    async def start(self) -> None:
        """Listen, and announce what there is."""
        try:
            from zeroconf import InterfaceChoice
            from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf
        except ImportError as error:
            mend = "pip install 'unisono[lan]', or: unisono up --no-lan"
            raise HostError("the zeroconf library is not installed", code="engine_missing", mend=mend) from error
        self._ignored = _read_ignored(self._ignored_file)
        try:
            chosen = list(self._interfaces) if self._interfaces is not None else InterfaceChoice.All
            self._zeroconf = AsyncZeroconf(interfaces=chosen)
        except OSError as error:
            raise HostError(f"multicast is not to be had here: {error}", code="internal", mend="--no-lan") from error
        kinds = sorted({f"{each.type}{LOCAL}" for each in sorts()})
        self._browser = AsyncServiceBrowser(self._zeroconf.zeroconf, kinds, handlers=[self._heard])
        self._asking = [asyncio.create_task(self._ask_on(), name="what is on the LAN") for _ in range(ASKING)]
        await asyncio.gather(*(self._announce(each) for each in self._announcements))

    async def stop(self) -> None:
        """Say goodbye and be silent."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        if self._browser is not None:
            await self._browser.async_cancel()
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()

    @property
    def called(self) -> dict[str, str]:
        """Under which name each kind of door was announced."""
        return {kind: info.name.removesuffix(f".{kind}{LOCAL}") for kind, info in self._own.items()}

    def found(self, *, ignored: bool = False) -> list[Found]:
        """What is there or was, newest first; ``ignored``: also what nobody wants to see."""
        shown = [each for each in self._found.values() if ignored or not each.ignored]
        return sorted(shown, key=lambda each: (each.here, each.last_seen), reverse=True)

    def ignore(self, id: str, ignored: bool) -> Found:
        """Show it no more, or again. Raises CallerError ``not_found``, ``too_many``."""
        found = self._found.get(id)
        if found is None:
            mend = "Run: unisono thing discovered --all"
            raise CallerError(f"nothing on the LAN is called {id[:80]!r}", code="not_found", field="id", mend=mend)
        changed = self._ignored | {id} if ignored else self._ignored - {id}
        if len(changed) > MOST_IGNORED:
            raise CallerError(f"{MOST_IGNORED} are ignored already", code="too_many")
        _write_ignored(self._ignored_file, changed)
        self._ignored = changed
        found.ignored = ignored
        return found

    # announcing

    async def _announce(self, each: Announcement) -> None:
        from zeroconf import NonUniqueNameException
        from zeroconf.asyncio import AsyncServiceInfo

        assert self._zeroconf is not None
        kind = f"{each.kind}{LOCAL}"
        says = {key: value.encode() for key, value in each.says.items()}
        info = AsyncServiceInfo(
            kind,
            f"{self._name}.{kind}",
            port=each.port,
            properties=says,
            server=f"{self._host}{LOCAL}",
            parsed_addresses=_addresses() if self._interfaces is None else list(self._interfaces),
        )
        try:
            number = 1
            # the library's own look (three questions in 0.35 s) hears nothing when this machine stands still meanwhile
            while await AsyncServiceInfo(kind, info.name).async_request(self._zeroconf.zeroconf, LOOK_MS):
                number += 1
                info.name = f"{self._name}-{number}.{kind}"
            await (await self._zeroconf.async_register_service(info, allow_name_change=True))
        except NonUniqueNameException as error:
            logger.error("%s cannot be announced: %s", each.kind, error)
            return
        self._own[each.kind] = info
        self._found.pop(_id(info.name), None)  # we heard ourselves before we knew what we are called

    # finding

    def _heard(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if any(info.name.lower() == name.lower() for info in self._own.values()):
            return
        if state_change.name == "Removed":
            known = self._found.get(_id(name))
            if known is not None:
                known.here = False
                known.last_seen = _now_us()
            return
        try:
            self._questions.put_nowait((service_type, name))
        except asyncio.QueueFull:
            logger.debug("too many announcements at once; %s is heard later", name)

    async def _ask_on(self) -> None:
        while True:
            kind, name = await self._questions.get()
            try:
                await self._ask(kind, name)
            except Exception:
                # a stranger's packet must not end the search
                logger.exception("what %s says of itself could not be read", name[:NAME])

    async def _ask(self, kind: str, name: str) -> None:
        from zeroconf.asyncio import AsyncServiceInfo

        assert self._zeroconf is not None
        info = AsyncServiceInfo(kind, name)
        if not await info.async_request(self._zeroconf.zeroconf, ASK_MS):
            return
        if any(own.name.lower() == name.lower() for own in self._own.values()):
            return
        instance = name.removesuffix(f".{kind}")[:NAME]
        short = kind.removesuffix(LOCAL)
        sort = next(each for each in sorts() if each.fits(short, instance))
        id, now = _id(name), _now_us()
        before = self._found.pop(id, None)
        self._found[id] = Found(
            id,
            instance,
            short,
            sort.what,
            {"en": sort.what, "zh": sort.zh},
            sort.how,
            sort.hint,
            info.parsed_scoped_addresses()[:8],
            info.port or 0,
            _says(info.decoded_properties),
            before.first_seen if before is not None else now,
            now,
            True,
            id in self._ignored,
        )
        if len(self._found) > MOST:
            oldest = min(self._found.values(), key=lambda each: (each.here, each.last_seen))
            del self._found[oldest.id]


def _id(name: str) -> str:
    return name.removesuffix(LOCAL)[: 2 * NAME]


def _says(properties: Mapping[str, str | None]) -> dict[str, str]:
    some = list(properties.items())[:TXT_VALUES]
    return {key[:NAME]: (value or "")[:TXT_VALUE] for key, value in some}


def _addresses() -> list[str]:
    """Where this machine is reached from the LAN."""
    import ifaddr

    found = []
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            text = each.ip if isinstance(each.ip, str) else each.ip[0]
            if not text.startswith(("127.", "fe80")) and text != "::1":
                found.append(text)
    return found


def _now_us() -> int:
    return time.time_ns() // 1000


def _read_ignored(file: Path) -> set[str]:
    try:
        return set(msgspec.json.decode(file.read_bytes(), type=list[str]))
    except FileNotFoundError:
        return set()
    except (OSError, msgspec.DecodeError) as error:
        logger.warning("%s cannot be read, nothing is ignored: %s", file, error)
        return set()


def _write_ignored(file: Path, ignored: set[str]) -> None:
    try:
        partial = file.with_name(f".{file.name}.new")
        partial.write_bytes(msgspec.json.encode(sorted(ignored)))
        partial.replace(file)
    except OSError as error:
        raise HostError(f"{file} cannot be written: {error.strerror}", code="read_only") from error
