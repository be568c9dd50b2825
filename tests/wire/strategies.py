"""Packets for hypothesis: every type, every field, both versions, only what may be sent."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from unisono.wire.mqtt.connecting import AUTH_REASONS, CONNACK_REASONS, DISCONNECT_REASONS
from unisono.wire.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from unisono.wire.mqtt.properties import WILL

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
topics = st.text(st.characters(exclude_characters="\0+#", exclude_categories=["Cs"]), min_size=1, max_size=12)
levels = st.one_of(st.just("+"), st.text(st.sampled_from("ab$é"), max_size=2))
filters = st.builds(
    lambda share, parts, end: share + "/".join([*parts, *end]),
    st.sampled_from(["", "", "$share/g/"]),
    st.lists(levels, min_size=1, max_size=4).filter(lambda parts: parts != [""]),
    st.sampled_from([[], ["#"]]),
)
blobs = st.binary(max_size=20)
ids = st.integers(1, 0xFFFF)
bits = st.integers(0, 1)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFF_FFFF)

_MESSAGE = {
    "payload_format_indicator": bits,
    "message_expiry_interval": u32,
    "content_type": texts,
    "response_topic": topics,
    "correlation_data": blobs,
}
_USER = {"user_properties": st.lists(st.tuples(texts, texts), max_size=3).map(tuple)}
_REASON = {"reason_string": texts, **_USER}

ALLOWED: dict[int, dict[str, st.SearchStrategy[Any]]] = {
    PacketType.CONNECT: {
        "session_expiry_interval": u32,
        "receive_maximum": ids,
        "maximum_packet_size": st.integers(1, 0xFFFF_FFFF),
        "topic_alias_maximum": u16,
        "request_response_information": bits,
        "request_problem_information": bits,
        "authentication_method": texts,
        **_USER,
    },
    WILL: {"will_delay_interval": u32, **_MESSAGE, **_USER},
    PacketType.CONNACK: {
        "session_expiry_interval": u32,
        "receive_maximum": ids,
        "maximum_qos": bits,
        "retain_available": bits,
        "maximum_packet_size": st.integers(1, 0xFFFF_FFFF),
        "assigned_client_identifier": texts,
        "topic_alias_maximum": u16,
        "wildcard_subscription_available": bits,
        "subscription_identifier_available": bits,
        "shared_subscription_available": bits,
        "server_keep_alive": u16,
        "response_information": texts,
        "server_reference": texts,
        "authentication_method": texts,
        "authentication_data": blobs,
        **_REASON,
    },
    PacketType.PUBLISH: {
        "topic_alias": ids,
        "subscription_identifiers": st.lists(st.integers(1, 268_435_455), max_size=2).map(tuple),
        **_MESSAGE,
        **_USER,
    },
    PacketType.PUBACK: _REASON,
    PacketType.PUBREC: _REASON,
    PacketType.PUBREL: _REASON,
    PacketType.PUBCOMP: _REASON,
    PacketType.SUBSCRIBE: {
        "subscription_identifiers": st.lists(st.integers(1, 268_435_455), max_size=1).map(tuple),
        **_USER,
    },
    PacketType.SUBACK: _REASON,
    PacketType.UNSUBSCRIBE: _USER,
    PacketType.UNSUBACK: _REASON,
    PacketType.DISCONNECT: {"session_expiry_interval": u32, "server_reference": texts, **_REASON},
    PacketType.AUTH: {"authentication_data": blobs, **_REASON},
}


@cache
def properties(kind: int, version: Version) -> st.SearchStrategy[Properties | None]:
    """None, or some of the properties that a packet may bear (never an empty set: that is read back as None)."""
    if version < Version.V5:
        return st.none()
    some = st.fixed_dictionaries({}, optional=ALLOWED[kind]).map(lambda given: Properties(**given))
    return st.one_of(st.none(), some.filter(lambda given: given != Properties()))


def _with_data(given: Properties | None, data: bytes | None) -> Properties | None:
    if given is not None and given.authentication_method is not None:
        given.authentication_data = data
    return given


@cache
def connects(version: Version) -> st.SearchStrategy[Connect]:
    will = st.builds(Will, topics, blobs, st.integers(0, 2), st.booleans(), properties(WILL, version))
    packets = st.builds(
        Connect,
        client_id=texts,
        version=st.just(version),
        clean_start=st.booleans(),
        keep_alive=u16,
        username=st.none() | texts,
        password=st.none() | blobs,
        will=st.none() | will,
        properties=st.builds(_with_data, properties(PacketType.CONNECT, version), st.none() | blobs),
    )
    if version == Version.V5:
        return packets
    return packets.filter(lambda packet: packet.username is not None or packet.password is None)


@cache
def publishes(version: Version) -> st.SearchStrategy[Publish]:
    def build(packet_id: int, qos: int, dup: bool, **rest: Any) -> Publish:
        return Publish(qos=qos, packet_id=packet_id if qos else 0, dup=dup and qos > 0, **rest)

    return st.builds(
        build,
        ids,
        st.integers(0, 2),
        st.booleans(),
        topic=topics,
        payload=blobs,
        retain=st.booleans(),
        properties=properties(PacketType.PUBLISH, version),
    )


@cache
def _subscription(version: Version) -> st.SearchStrategy[Subscription]:
    if version < Version.V5:
        return st.builds(Subscription, filters, st.integers(0, 2))
    found = st.builds(Subscription, filters, st.integers(0, 2), st.booleans(), st.booleans(), st.integers(0, 2))
    return found.filter(lambda one: not (one.no_local and one.filter.startswith("$share/")))


@cache
def packets(version: Version) -> st.SearchStrategy[Packet]:
    """Any packet of that version."""
    v5 = version == Version.V5

    def told(kind: PacketType) -> st.SearchStrategy[Properties | None]:
        return properties(kind, version)

    received = st.sampled_from([0, 0x10, 0x80, 0x87, 0x97] if v5 else [0])
    released = st.sampled_from([0, 0x92] if v5 else [0])
    suback = st.sampled_from([0, 1, 2, 0x80, 0x87, 0xA2] if v5 else [0, 1, 2, 0x80])
    kinds: list[st.SearchStrategy[Packet]] = [
        connects(version),
        st.builds(
            lambda present, reason, properties: Connack(present and not reason, reason, properties),
            st.booleans(),
            st.sampled_from(sorted(CONNACK_REASONS)) if v5 else st.integers(0, 5),
            told(PacketType.CONNACK),
        ),
        publishes(version),
        st.builds(Puback, ids, received, told(PacketType.PUBACK)),
        st.builds(Pubrec, ids, received, told(PacketType.PUBREC)),
        st.builds(Pubrel, ids, released, told(PacketType.PUBREL)),
        st.builds(Pubcomp, ids, released, told(PacketType.PUBCOMP)),
        st.builds(Subscribe, ids, st.lists(_subscription(version), min_size=1, max_size=3), told(PacketType.SUBSCRIBE)),
        st.builds(Suback, ids, st.lists(suback, min_size=1, max_size=3), told(PacketType.SUBACK)),
        st.builds(Unsubscribe, ids, st.lists(filters, min_size=1, max_size=3), told(PacketType.UNSUBSCRIBE)),
        st.builds(
            Unsuback,
            ids,
            st.lists(st.sampled_from([0, 0x11, 0x87]), min_size=1, max_size=3) if v5 else st.just([]),
            told(PacketType.UNSUBACK),
        ),
        st.just(Pingreq()),
        st.just(Pingresp()),
        st.builds(
            Disconnect, st.sampled_from(sorted(DISCONNECT_REASONS)) if v5 else st.just(0), told(PacketType.DISCONNECT)
        ),
    ]
    if v5:
        kinds.append(st.builds(_auth, st.sampled_from(sorted(AUTH_REASONS)), texts, told(PacketType.AUTH)))
    return st.one_of(kinds)


def _auth(reason: int, method: str, given: Properties | None) -> Auth:
    if given is None and reason == 0:
        return Auth()
    given = given or Properties()
    given.authentication_method = method
    return Auth(reason, given)
