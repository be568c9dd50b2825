"""Before gateways start: sessions whose home is another now (there are more or fewer gateways) are written there.

Knows the journals of sessions. Runs alone; a crash in between is made good by the next run.
"""

from __future__ import annotations

import logging

import msgspec

from unisono.errors import HostError
from unisono.gateway.connection import special_rights, spoken_for
from unisono.gateway.fleet.homes import home_of
from unisono.gateway.fleet.peers import PASSED_BYTES, Publication, decode_passed
from unisono.gateway.sessions.keeper import JOURNAL_BYTES, read_journal
from unisono.gateway.sessions.ledger import Ended, Kept, KeptMessage, Ledger, Record, Whole, encode_entries
from unisono.gateway.sessions.session import SessionState
from unisono.store.connection import Connection
from unisono.store.jetstream import call
from unisono.store.log import Log
from unisono.twin.talk import SignIn
from unisono.wire.mqtt import matches, split_shared

__all__ = ["JOURNALS", "PASSED", "move_home"]

logger = logging.getLogger(__name__)

JOURNALS = "sessions"
"""The kind of stream (`unisono.store.log.Log.open`) that holds one gateway's sessions."""

PASSED = "passed"
"""The kind that holds messages which other gateways pass on to one."""


class _Names(msgspec.Struct):
    streams: list[str] | None = None


async def move_home(connection: Connection, gateways: list[str]) -> int:
    """Bring every session to its home among ``gateways``; returns how many moved. Raises HostError."""
    known = await _journals(connection)
    if len(gateways) == 1 and known <= set(gateways):
        return 0  # all of them are at home
    ids = sorted(known | set(gateways))
    logs = {id: await Log.open(connection, id, max_bytes=JOURNAL_BYTES, kind=JOURNALS) for id in ids}
    try:
        ledgers = {id: (await read_journal(log))[0] for id, log in logs.items()}
        for id in known - set(gateways):
            await _take_unread(connection, id, ledgers[id], logs[id])
        moved = 0
        for id in ids:
            for record in list(ledgers[id].records.values()):
                home = home_of(record.key, gateways)
                if home != id:
                    moved += 1
                    await _move(record, ledgers[id], logs[id], ledgers[home], logs[home])
        for id in known - set(gateways):
            for kind in (JOURNALS, PASSED):
                await call(connection, f"STREAM.DELETE.{kind.upper()}_{id}")
        if moved:
            logger.info("%d sessions moved to other gateways", moved)
        return moved
    finally:
        for log in logs.values():
            await log.close()


async def _journals(connection: Connection) -> set[str]:
    answer = await call(connection, "STREAM.NAMES", {"subject": f"{JOURNALS}.*"})
    names = msgspec.json.decode(answer, type=_Names).streams or []
    prefix = f"{JOURNALS.upper()}_"
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


async def _take_unread(connection: Connection, id: str, ledger: Ledger, log: Log) -> None:
    """What was passed on to a gateway that is no more goes to the sessions that it was for, before they move."""
    passed = await Log.open(connection, id, max_bytes=PASSED_BYTES, kind=PASSED)
    try:
        first, last, _size = await passed.bounds()
        start = max(first, ledger.last_seq + 1)
        if start > last:
            return
        unread: list[Publication] = []
        reader = await passed.read(start, lambda _seq, payload: unread.extend(decode_passed(payload)))
        try:
            await reader.wait_until(last)
        finally:
            await reader.stop()
    finally:
        await passed.close()
    for said in unread:
        if said.number > ledger.origins.get(said.origin, 0):
            entry = Kept(_messages(id, said, ledger), origin=said.origin, passed=said.number)
            ledger.apply(entry)
            await log.append(encode_entries("", 0, [entry]), log.next_message_id())


def _messages(id: str, said: Publication, ledger: Ledger) -> list[KeptMessage]:
    """One copy for each session and form that listens, as `unisono.gateway.routing.Place.deliver` hands them out."""
    forms: dict[tuple[bool, int, str], list[int]] = {}
    taken: set[str] = set()
    for record in ledger.records.values():
        if record.root != said.root or not _session_of(record).sees(said.topic):
            continue
        best: dict[tuple[bool, str], int] = {}
        for one in record.subscriptions.values():
            mine = said.shares.get(one.share) == id and one.share not in taken if one.share else id in said.plain
            own = one.no_local and record.key == said.sender
            if mine and not own and matches(split_shared(one.filter)[1], said.topic):
                best[one.as_me, one.share] = max(best.get((one.as_me, one.share), 0), min(one.qos, said.qos))
        taken.update(share for _as_me, share in best if share)
        for (as_me, share), qos in best.items():
            if qos:
                forms.setdefault((as_me, qos, share), []).append(record.no)
    number = ledger.last_number
    found: list[KeptMessage] = []
    for payload in said.payloads:
        for (as_me, qos, share), to in forms.items():
            number += 1
            topic = "things/me/" + said.topic.split("/", 2)[2] if as_me else said.topic
            found.append(KeptMessage(number, topic, payload, qos, False, said.properties, said.expires_at, share, to))
    return found


def _session_of(record: Record) -> SessionState:
    identity = msgspec.msgpack.decode(record.identity, type=SignIn)
    return SessionState(record.key, identity.id, record.root, spoken_for(identity), special_rights(identity))


async def _move(record: Record, there: Ledger, there_log: Log, here: Ledger, here_log: Log) -> None:
    """Whole in the new journal first, then gone from the old: the newer of two wins after a crash."""
    known = here.by_key.get(record.key)
    if known is None or known.epoch < record.epoch:
        for entry in _renumbered(record, there, here):
            here.apply(entry)
            await here_log.append(encode_entries("", 0, [entry]), here_log.next_message_id())
    ended = Ended(record.no)
    there.apply(ended)
    await there_log.append(encode_entries("", 0, [ended]), there_log.next_message_id())


def _renumbered(record: Record, there: Ledger, here: Ledger) -> list[Kept | Whole]:
    numbers: dict[int, int] = {}
    entries: list[Kept | Whole] = []
    for entry in there.entries(record, set()):
        if isinstance(entry, Kept):
            [message] = entry.messages
            numbers[message.number] = here.last_number + 1 + len(numbers)
            entries.append(Kept([msgspec.structs.replace(message, number=numbers[message.number])]))
        elif isinstance(entry, Whole):
            no = here.last_no + 1
            waiting = [numbers[number] for number in entry.waiting]
            sent = [(packet_id, numbers[number]) for packet_id, number in entry.sent]
            entries.append(msgspec.structs.replace(entry, no=no, waiting=waiting, sent=sent))
        else:  # pragma: no cover  a record is its messages and itself
            raise HostError(f"{type(entry).__name__} in a record", code="internal")
    return entries
