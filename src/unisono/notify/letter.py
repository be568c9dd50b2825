"""From a channel and what is to be said to the errand that carries it: addresses opened, words joined, priorities told.

Knows how channels are sealed, and the hub's key for browsers, made at first and kept. Knows no clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from unisono.access import open_sealed, seal
from unisono.errors import CallerError, HostError
from unisono.notify.errand import Push, Send
from unisono.notify.message import Message, compose
from unisono.notify.reach import Reach, read_reach
from unisono.notify.service import Service
from unisono.notify.webpush import MOST_BYTES, Subscription, read_subscription
from unisono.store.registry import ChannelRow, Registry
from unisono.twin import notices

__all__ = ["WEB_PUSH", "Letters"]

WEB_PUSH = "webpush"

#: apprise's kinds of message: services show them by a colour or a sign.
WEIGHTS = {"low": "info", "normal": "info", "high": "warning", "critical": "failure"}
#: RFC 8030 section 5.3: a browser on a low battery leaves the rest for later.
URGENCIES = {"low": "low", "normal": "normal", "high": "high", "critical": "high"}
#: RFC 8030 section 5.4.
TOPIC_CHARACTERS = 32
#: For whom a push service wants to ask: it does not tell the hub from its version.
CONTACT = "mailto:hub@unisono.example"
#: Characters of a message to a browser: most scripts' fit into one record of 4,096 bytes, encrypted.
PUSH_TITLE, PUSH_TEXT = 120, 800
#: What the sealed key is sealed for, as a channel's address is for its id.
KEY_PURPOSE = "notify.push_key"

#: A test's words, by language.
TRIAL = {
    "en": Message("Unisono", "This is a test. Notifications arrive here."),
    "zh": Message("Unisono", "这是一条测试通知，此渠道可以收到通知。"),
}


class Letters:
    """Writes errands. `start` before."""

    def __init__(self, registry: Registry, pepper: bytes) -> None:
        self._registry = registry
        self._pepper = pepper
        self._key = ""
        self.reach = Reach()

    async def start(self) -> None:
        """Read the key and what may be reached; make the key where there is none."""
        kept = await self._registry.get_meta(notices.META_PUSH_KEY)
        if kept is None:
            made = await asyncio.to_thread(_make_key, self._pepper)
            kept = await self._registry.set_meta_once(notices.META_PUSH_KEY, made)
        key = open_sealed(
            bytes.fromhex(msgspec.json.decode(kept, type=notices.PushKey).sealed), KEY_PURPOSE, self._pepper
        )
        if key is None:
            raise HostError(
                "the key for browsers was kept with another pepper",
                code="internal",
                mend="Restore keys/pepper from the same backup as the registry",
            )
        self._key = key
        allowed = await self._registry.get_meta(notices.META_ALLOWED)
        self.reach = read_reach((allowed or "").split())

    async def allow(self, hosts: Sequence[str]) -> None:
        """These internal addresses may be reached, and no others. Raises CallerError ``bad_value``."""
        try:
            reach = read_reach(hosts)
        except ValueError as error:
            raise CallerError(
                f"{str(error)[:80]!r} is no host",
                code="bad_value",
                field="hosts",
                expected="names, addresses, and networks such as 192.168.1.0/24",
            ) from error
        await self._registry.put_meta(notices.META_ALLOWED, " ".join(hosts))
        self.reach = reach

    def errand(
        self,
        channel: ChannelRow,
        messages: Sequence[Message],
        language: str,
        priority: str,
        service: Service,
        *,
        number: int,
        ttl_s: int,
        group: str | None = None,
        page: str = "",
    ) -> Send | Push | None:
        """What the courier is to do; None when the channel's address cannot be opened. ``page``: the console's, for a
        browser that is touched."""
        address = open_sealed(channel.sealed, channel.id, self._pepper)
        if address is None:
            return None
        message = compose(messages, language, channel.title_max, channel.text_max)
        if channel.service == WEB_PUSH:
            content = _content(message, priority, group, page)
            return self._push(address, content, priority, number, ttl_s, group)
        parameters = {}
        if priority in service.priority:
            parameters[service.priority_as] = service.priority[priority]
        return Send(number, address, message.title, message.text, WEIGHTS[priority], parameters)

    def trial(self, channel: ChannelRow, language: str, service: Service, number: int) -> Send | Push | None:
        """A test's errand."""
        message = TRIAL.get(language.partition("-")[0], TRIAL["en"])
        return self.errand(channel, [message], language, "normal", service, number=number, ttl_s=60)

    def _push(self, address: str, content: str, priority: str, number: int, ttl_s: int, group: str | None) -> Push:
        subscription = msgspec.json.decode(address, type=Subscription)
        topic = ""
        if group is not None:
            from hashlib import blake2b

            topic = blake2b(group.encode(), digest_size=TOPIC_CHARACTERS // 2).hexdigest()
        return Push(
            number,
            subscription.endpoint,
            subscription.p256dh,
            subscription.auth,
            self._key,
            CONTACT,
            content,
            URGENCIES[priority],
            ttl_s,
            topic,
        )


def _content(message: Message, priority: str, group: str | None, page: str) -> str:
    """What `push.js` reads; JSON's escapes may make of a character six bytes, so the text gives way until it fits."""
    text = message.text
    while True:
        told = {"title": message.title, "text": text, "priority": priority, "group": group, "page": page}
        content = msgspec.json.encode(told)
        if len(content) <= MOST_BYTES or not text:
            return content.decode()
        text = text[: len(text) * 3 // 4]


def subscribed(asked: notices.Check) -> notices.ChannelFacts:
    """What a browser's subscription is as a channel. Raises CallerError ``bad_value``."""
    try:
        subscription = read_subscription(asked.url, asked.p256dh, asked.auth)
    except ValueError as error:
        raise CallerError(
            "That is no subscription of a browser",
            code="bad_value",
            field=str(error),
            expected="what PushSubscription.toJSON() gives",
        ) from error
    shown = f"{urlsplit(subscription.endpoint).hostname} ...{subscription.endpoint[-4:]}"
    return notices.ChannelFacts(WEB_PUSH, "Browser", shown, subscription.endpoint, 1, PUSH_TITLE, PUSH_TEXT)


def _make_key(pepper: bytes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from unisono.notify.webpush import new_key, public_key

    key = new_key()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return msgspec.json.encode(notices.PushKey(public_key(key), seal(pem, KEY_PURPOSE, pepper).hex())).decode()
