"""Several gateways behind one port: a client's session lives at one of them, and its connections are brought there.

Knows sockets between processes of one machine: a plain connection is handed over as an open file (SCM_RIGHTS), with
what was read of it; one that is decrypted or unwrapped here (TLS, WebSocket) is carried through a local socket. Knows
nothing of MQTT.

So nothing has to be handed over between gateways while clients come and go: take-over, packet ids, queues and wills of
one client are all in one process, and which one follows from its name (rendezvous hashing: when the number of gateways
changes, only the share that must move does).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

__all__ = ["Arrival", "Homes", "home_of"]

logger = logging.getLogger(__name__)

#: A gateway that was killed is back within a second or two; for so long a client of its waits at another's door.
WAIT_S = 8.0
RETRY_S = 0.1
#: Connections that wait to be taken over: a mass reconnect lands within a second.
BACKLOG = 1024
#: Longest path of a local socket (sun_path), less what a name needs.
LONGEST_PATH = 100
#: Largest arrival: what one read of a socket and one CONNECT can hold, and then some.
LARGEST = 2 * 1024 * 1024
#: The first piece carries the open file; it fits an empty socket buffer everywhere.
FIRST_PIECE = 16 * 1024
_LENGTH = struct.Struct(">I")


class Arrival(msgspec.Struct, array_like=True):
    """A connection on its way home: who it is already known to be (the caller's bytes), what it has said, and what it
    came by. ``proof``: what it is still to be told of how it proved that."""

    address: str
    identity: bytes
    data: bytes
    transport: str = ""
    proof: bytes | None = None


def home_of(key: str, gateways: list[str]) -> str:
    """The gateway at which a session lives."""
    return max(gateways, key=lambda gateway: hashlib.blake2b(f"{gateway} {key}".encode(), digest_size=8).digest())


class Homes:
    """One process' way to the gateways of its machine. ``id`` is not among ``gateways`` where none of them is here.

    ``folder`` is private to the hub's user: whoever can write there could say who it is.
    """

    def __init__(self, id: str, gateways: list[str], folder: Path) -> None:
        self.id = id
        self.gateways = gateways
        self._folder = folder
        self._folder_fd = -1
        self._listener: socket.socket | None = None
        self._readers: set[socket.socket] = set()
        self._loop = asyncio.get_running_loop()

    def home_of(self, key: str) -> str:
        return home_of(key, self.gateways)

    def open(self, take: Callable[[Arrival, socket.socket], None]) -> None:
        """Let others bring connections: ``take(arrival, socket)`` owns the socket from then on."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(self.id)
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
        self._listener = listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(path)
        listener.listen(BACKLOG)
        self._loop.add_reader(listener.fileno(), self._accept, take)

    def close(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        for reader in list(self._readers):
            self._done_reading(reader)
            reader.close()
        if self._folder_fd >= 0:
            os.close(self._folder_fd)
            self._folder_fd = -1

    async def bring(self, home: str, transport: asyncio.Transport, arrival: Arrival) -> bool:
        """Bring a connection (whose reading is paused) to its home; False when nobody is there in time.

        Afterwards the transport belongs to it: the caller's protocol hears no more of it.
        """
        deadline = self._loop.time() + WAIT_S
        plain = transport.get_extra_info("ssl_object") is None and transport.get_extra_info("socket") is not None
        while not transport.is_closing():
            try:
                if plain:
                    await self._hand_over(home, transport, arrival)
                else:
                    await self._carry(home, transport, arrival)
            except OSError as error:
                if error.errno not in _NOBODY_THERE or self._loop.time() > deadline:
                    logger.warning("gateway %s does not take a connection: %s", home, error)
                    return False
                await asyncio.sleep(RETRY_S)
            else:
                return True
        return True

    async def _hand_over(self, home: str, transport: asyncio.Transport, arrival: Arrival) -> None:
        frame = _frame(arrival)
        near = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        near.setblocking(False)
        try:
            near.connect(self._path(home))
            file = transport.get_extra_info("socket").fileno()
            sent = socket.send_fds(near, [frame[:FIRST_PIECE]], [file])
            transport.set_protocol(_Nobody())
            transport.abort()  # closes our end of the file only: the connection lives on in the other process
            if sent < len(frame):
                await self._loop.sock_sendall(near, frame[sent:])
        finally:
            near.close()

    async def _carry(self, home: str, transport: asyncio.Transport, arrival: Arrival) -> None:
        near, far = _Carrier(), _Carrier()
        made, _protocol = await self._loop.create_unix_connection(lambda: far, self._path(home))
        near.other = made
        far.other = transport
        near.other.write(_frame(arrival))
        if transport.is_closing():
            near.other.close()
            return
        transport.set_protocol(near)
        transport.resume_reading()

    def _path(self, id: str) -> str:
        path = self._folder / f"{id}.sock"
        if len(os.fsencode(path)) < LONGEST_PATH:
            return str(path)
        if self._folder_fd < 0:  # Linux names an open folder shortly; elsewhere a long --data is refused by bind
            self._folder_fd = os.open(self._folder, os.O_RDONLY)
        return f"/proc/self/fd/{self._folder_fd}/{id}.sock"

    # who comes

    def _accept(self, take: Callable[[Arrival, socket.socket], None]) -> None:
        assert self._listener is not None
        while True:
            try:
                made, _address = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                logger.error("a connection that another gateway brings cannot be taken: %s", error)
                return
            made.setblocking(False)
            self._readers.add(made)
            self._loop.add_reader(made.fileno(), _Arriving(made, take, self._done_reading).more)

    def _done_reading(self, made: socket.socket) -> None:
        self._readers.discard(made)
        self._loop.remove_reader(made.fileno())


class _Arriving:
    """One arrival, until it is whole."""

    def __init__(
        self,
        made: socket.socket,
        take: Callable[[Arrival, socket.socket], None],
        done_reading: Callable[[socket.socket], None],
    ) -> None:
        self._made = made
        self._take = take
        self._done_reading = done_reading
        self._data = bytearray()
        self._file: socket.socket | None = None

    def more(self) -> None:
        try:
            data, files, _flags, _address = socket.recv_fds(self._made, 256 * 1024, 1)
        except BlockingIOError:
            return
        except OSError:
            data, files = b"", []
        for file in files:
            self._file = socket.socket(fileno=file)
        self._data += data
        whole = len(self._data) >= _LENGTH.size and len(self._data) >= self._end()
        if data and not whole and len(self._data) < LARGEST:
            return
        self._done_reading(self._made)
        if not whole:
            self._give_up()
            return
        end = self._end()
        arrival = msgspec.msgpack.decode(self._data[_LENGTH.size : end], type=Arrival)
        if self._file is not None:
            self._made.close()
            self._take(arrival, self._file)
        else:
            arrival.data += bytes(self._data[end:])
            self._take(arrival, self._made)

    def _end(self) -> int:
        return _LENGTH.size + int(_LENGTH.unpack_from(self._data)[0])

    def _give_up(self) -> None:
        self._made.close()
        if self._file is not None:
            self._file.close()


def _frame(arrival: Arrival) -> bytes:
    data = msgspec.msgpack.encode(arrival)
    return _LENGTH.pack(len(data)) + data


#: What connecting says while a gateway is not there, or its backlog is full.
_NOBODY_THERE = {errno.ECONNREFUSED, errno.ENOENT, errno.EAGAIN, errno.ECONNRESET, errno.EPIPE}


class _Nobody(asyncio.Protocol):
    """What is left here of a connection that was handed over."""


class _Carrier(asyncio.Protocol):
    """One end of a connection that is carried: what comes in goes out at the other."""

    def __init__(self) -> None:
        self.other: asyncio.Transport | None = None

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)

    def pause_writing(self) -> None:
        self._read(False)

    def resume_writing(self) -> None:
        self._read(True)

    def _read(self, on: bool) -> None:
        other = self.other
        if other is not None and not other.is_closing():
            # the transport that cannot write any more says so to the end that brings it data
            with contextlib.suppress(RuntimeError):
                (other.resume_reading if on else other.pause_reading)()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.close()
