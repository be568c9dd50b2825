"""The load generator for what is delivered: publishers, their subscribers and QoS 2, in one process on one epoll.

Each publisher has as many subscribers as the next; it is never more than its window ahead of what they received (and,
at QoS 1, of its acknowledgements), so that no server has to drop anything and what is measured is what arrives. Counts
and answers by the chunk, as `unisono.bench.load` does, whose job, commands and samples it shares. Knows sockets and
MQTT 3.1.1 bytes; knows no server in particular.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import BinaryIO

from unisono.bench.frames import COUNT_BASE, encode_subscribe
from unisono.bench.load import EVENTS_LIMIT, NAP_S, RECEIVE_LIMIT, Client, Generator, Job, Sample, serve
from unisono.errors import DeviceError

__all__ = ["Exchange", "Handshakes", "Listener", "Sender"]

COUNT_AT = -8
"""Where the payload's seven digits begin, from the end of a frame (`frames.payload`)."""


class Listener:
    """One subscriber: counts its frames, checks that they come in order, and at QoS 1 writes the PUBACKs."""

    __slots__ = ("carry", "count", "disordered", "first", "frames", "pending", "publisher", "qos", "sock", "stride")

    def __init__(self, sock: socket.socket, publisher: int, qos: int, *, first: int, frames: int) -> None:
        self.sock = sock
        self.publisher = publisher
        self.qos = qos
        self.first = first
        self.frames = frames
        self.stride = 0
        self.carry = b""
        self.count = 0
        self.disordered = 0
        self.pending = bytearray()

    def feed(self, data: bytes) -> int:
        """Take a chunk as it came from the socket; how many are whole. Raises `DeviceError` for other bytes."""
        if self.carry:
            data = self.carry + data
        if not self.stride:
            if len(data) < 2:
                self.carry = data
                return 0
            self.stride = 2 + data[1]
        stride = self.stride
        whole = len(data) // stride
        end = whole * stride
        self.carry = data[end:]
        if not whole:
            return 0
        if data[1:end:stride].count(stride - 2) != whole or data[0] & 0xF6 != 0x30 | self.qos << 1:
            raise DeviceError(f"the server sent something else than messages of one size: {data[:8].hex()}")
        if self.qos:
            at = 4 + (data[2] << 8 | data[3])  # after the topic
            acks = bytearray(b"\x40\x02\x00\x00" * whole)
            acks[2::4] = data[at:end:stride]
            acks[3::4] = data[at + 1 : end : stride]
            self.pending += acks
        self.count += whole
        number = int(data[end + COUNT_AT : end - 1]) - COUNT_BASE
        self.disordered += number != self.first + (self.count - 1) % self.frames
        return whole

    def push(self) -> bool:
        """Write the PUBACKs; whether the socket could not take them all."""
        try:
            done = self.sock.send(self.pending)
        except BlockingIOError:
            return True
        del self.pending[:done]
        return bool(self.pending)


class Handshakes:
    """Follows QoS 2: counts PUBCOMPs, and makes a PUBREL of each PUBREC in ``pending``. Raises `DeviceError`."""

    __slots__ = ("carry", "count", "disordered", "frames", "pending")

    def __init__(self, frames: int) -> None:
        self.carry = b""
        self.count = 0
        self.disordered = 0
        self.frames = frames
        self.pending = bytearray()

    def feed(self, data: bytes) -> int:
        """Take a chunk as it came from the socket; returns how many messages it completes."""
        if self.carry:
            data = self.carry + data
        whole = len(data) // 4
        end = whole * 4
        self.carry = data[end:]
        kinds = data[0:end:4]
        completed, received = kinds.count(0x70), kinds.count(0x50)
        if completed + received != whole or data[1:end:4].count(2) != whole:
            raise DeviceError(f"the server sent something else than PUBREC and PUBCOMP: {data[:8].hex()}")
        if received == whole:
            self._release(data[:end])
        elif received:
            self._release(b"".join([data[at : at + 4] for at in range(0, end, 4) if data[at] == 0x50]))
        if completed:
            self.count += completed
            last = kinds.rindex(0x70) * 4
            self.disordered += (data[last + 2] << 8 | data[last + 3]) != (self.count - 1) % self.frames + 1
        return completed

    def _release(self, records: bytes) -> None:
        releases = bytearray(records)
        releases[0::4] = b"\x62" * (len(releases) // 4)
        self.pending += releases


class Sender(Client):
    """A publisher at QoS 2: its PUBRELs go between whole messages."""

    __slots__ = ("handshakes",)

    def __init__(self, client: Client) -> None:
        super().__init__(client.sock, client.ring_of, client.window)
        self.handshakes = Handshakes(client.acks.frames)
        self.acks = self.handshakes  # type: ignore[assignment]  # the same to whoever counts

    def push(self) -> bool:
        """The rest of a message that has begun, PUBRELs, then messages; whether the socket could take no more."""
        limit = self.limit
        self.limit = -(-self.sent // self.stride) * self.stride
        blocked = super().push()
        self.limit = limit
        if blocked:
            return True
        pending = self.handshakes.pending
        if pending:
            try:
                del pending[: self.sock.send(pending)]
            except BlockingIOError:
                return True
            if pending:
                return True
        return super().push()


class Exchange(Generator):
    """Publishers (at QoS 2 without subscribers) and what they are heard by."""

    def __init__(self, job: Job, commands: BinaryIO, report: Callable[[Sample], None]) -> None:
        super().__init__(job, commands, report)
        self.listeners: dict[int, Listener] = {}
        self._by_index: dict[int, Client] = {}
        self.publishers: list[Client] = []
        self.received = [0] * len(job.credentials)

    def _signed_in(self, index: int, sock: socket.socket) -> None:
        super()._signed_in(index, sock)
        if self.job.qos == 2:
            self.clients[sock.fileno()] = Sender(self.clients[sock.fileno()])
        self._by_index[index] = self.clients[sock.fileno()]

    def _first_limit(self, client: Client) -> int:
        return client.window * client.stride

    def _topic(self, index: int) -> str:
        return self.job.topic.replace("%", str(index))

    def listen(self) -> None:
        """Sign in the subscribers; number i hears publisher i modulo the number of publishers."""
        job = self.job
        for number, (name, secret) in enumerate(job.listeners):
            publisher = number % len(job.credentials)
            sock = self._open(name, secret)
            sock.settimeout(20.0)
            answer = self._answer(sock)
            if answer[:1] != b"\x20" or answer[3]:
                raise DeviceError(f"the server answered CONNECT with {answer[:8].hex()}")
            sock.sendall(encode_subscribe(1, self._topic(publisher), job.qos, version=job.version))
            answer = self._answer(sock)
            if answer[:1] != b"\x90" or answer[-1] != job.qos:
                raise DeviceError(f"the server answered SUBSCRIBE with {answer[:8].hex()}")
            sock.setblocking(False)
            first, frames = self._slice(publisher)
            self.listeners[sock.fileno()] = Listener(sock, publisher, job.qos, first=first, frames=frames)
            self.epoll.register(sock, select.EPOLLIN)

    def _take(self, fd: int, event: int) -> int:
        """One event of a publisher or subscriber; how many messages it brought."""
        listener = self.listeners.get(fd)
        if listener is None:
            client = self.clients[fd]
            if event & ~select.EPOLLOUT:
                data = client.sock.recv(RECEIVE_LIMIT)
                if not data:
                    raise DeviceError("the server closed a connection in the middle of the run")
                return client.acks.feed(data)
            return 0
        took = 0
        if event & ~select.EPOLLOUT:
            data = listener.sock.recv(RECEIVE_LIMIT)
            if not data:
                raise DeviceError("the server closed a subscriber's connection")
            took = listener.feed(data)
            self.received[listener.publisher] += took
        if listener.pending:
            blocked = listener.push()
            if blocked or event & select.EPOLLOUT:
                self.epoll.modify(listener.sock, select.EPOLLIN | (select.EPOLLOUT if blocked else 0))
        return took

    def _advance(self) -> None:
        """Give each publisher the room that its subscribers and acknowledgements made."""
        heard = len(self.listeners) // len(self.publishers)
        qos = self.job.qos
        for client, received in zip(self.publishers, self.received, strict=True):
            if self.running:
                done = client.acks.count if qos else received // heard
                if heard and qos:
                    done = min(done, received // heard)
                client.limit = (done + client.window) * client.stride
            self._push(client)

    def run(self) -> None:
        """Sign in, say so with a first sample, then obey commands until ``quit`` or the end of stdin."""
        self.connect()
        self.publishers = [self._by_index[index] for index in range(len(self.job.credentials))]
        self.listen()
        commands = self.commands.fileno()
        self.epoll.register(commands, select.EPOLLIN)
        self.report(self.sample())
        while True:
            took, events = 0, self.epoll.poll(1.0, EVENTS_LIMIT)
            for fd, event in events:
                if fd != commands:
                    took += self._take(fd, event)
                elif not self._obey():
                    return
            self._advance()
            if took < self._worthwhile * len(events):
                time.sleep(NAP_S)

    def sample(self) -> Sample:
        """The counters now; ``received`` are all subscribers' together."""
        sample = super().sample()
        sample.received = sum(self.received)
        sample.disordered += sum(listener.disordered for listener in self.listeners.values())
        return sample

    def close(self) -> None:
        for listener in self.listeners.values():
            listener.sock.close()
        super().close()


def main() -> int:
    """The program of a generator process."""
    return serve(Exchange)
