"""ThingsBoard's topics of a device: the long ones, and the short ones of its second version.

Source: "MQTT Device API Reference" of ThingsBoard: ``v2/t``, ``v2/a``, ``v2/a/req/1``, ``v2/r/res/1``, each with ``j``
behind it where the payload is JSON whatever the device's profile says. Knows names only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from unisono.wire.mqtt.topics import matches

__all__ = ["ME", "heard_in", "read_topic", "write_topic"]

ME = "v1/devices/me/"
#: How a device may write its topics; what it is told is written as it writes.
LONG, SHORT, SHORT_JSON = "v1", "v2", "v2/j"
_SHORT = {
    "telemetry": "t",
    "attributes": "a",
    "attributes/request": "a/req",
    "attributes/response": "a/res",
    "rpc/request": "r/req",
    "rpc/response": "r/res",
}
_LONG = {short: name for name, short in _SHORT.items()}
_TOPIC = re.compile(r"v2/(t|a|[ar]/re[qs])(/j)?(?:/([0-9]{1,10}))?")


def read_topic(topic: str) -> tuple[str, str] | None:
    """How it is written, and what it is in the long form, below `ME`; None of what is no device's."""
    if topic.startswith(ME):
        return LONG, topic.removeprefix(ME)
    found = _TOPIC.fullmatch(topic)
    if found is None:
        return None
    name = _LONG[found[1]]
    return SHORT_JSON if found[2] else SHORT, f"{name}/{found[3]}" if found[3] else name


def write_topic(form: str, name: str, number: str | int = "") -> str:
    """The topic of a name of the long form."""
    if form == LONG:
        return f"{ME}{name}/{number}" if number != "" else ME + name
    parts = ("v2", _SHORT[name], "j" if form == SHORT_JSON else "", str(number))
    return "/".join(each for each in parts if each)


def heard_in(filters: Sequence[str], name: str, number: str = "") -> str:
    """In which form somebody listens to a topic; "" where in none."""
    for form in (LONG, SHORT, SHORT_JSON):
        topic = write_topic(form, name, number)
        if any(matches(each, topic) for each in filters):
            return form
    return ""
