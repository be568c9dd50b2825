"""What can go wrong, split first by whose fault it is.

Knows the one registry of stable error codes; the HTTP and MQTT mappings and ``docs/errors.md`` come from it.
Knows nothing else of the house.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

__all__ = [
    "CODES",
    "MOST_TOLD",
    "CallerError",
    "Code",
    "DeviceError",
    "HostError",
    "UnisonoError",
    "together",
    "with_others",
]

#: So many mistakes in one input are told of at a time; who mends ten looks again anyway.
MOST_TOLD = 10


class Code(NamedTuple):
    """One stable error code: its HTTP status (RFC 9110), MQTT 5 reason code (section 2.4) and a plain title."""

    http: int
    mqtt: int
    title: str


CODES: dict[str, Code] = {
    # the caller's fault
    "bad_request": Code(400, 0x83, "The request could not be understood"),
    "bad_json": Code(400, 0x99, "The payload is not valid JSON"),
    "bad_value": Code(422, 0x99, "A value does not fit its declaration"),
    "bad_model": Code(422, 0x99, "The model is not sound"),
    "bad_scene": Code(422, 0x99, "The scene is not sound"),
    "bad_alarm": Code(422, 0x99, "The alarm is not sound"),
    "bad_policy": Code(422, 0x99, "The safety document is not sound"),
    "bad_computed": Code(422, 0x99, "The computed thing is not sound"),
    "bad_id": Code(422, 0x90, "The id is not allowed"),
    "unknown_property": Code(422, 0x99, "The model has no such property"),
    "unknown_action": Code(422, 0x99, "The model has no such action"),
    "unknown_event": Code(422, 0x99, "The model has no such event"),
    "not_writable": Code(422, 0x99, "The property cannot be written"),
    "not_found": Code(404, 0x90, "There is no such thing"),
    "exists": Code(409, 0x83, "That id is taken"),
    "wrong_state": Code(409, 0x83, "Its state does not allow that"),
    "in_use": Code(409, 0x83, "It is still in use"),
    "not_signed_in": Code(401, 0x87, "You are not signed in"),
    "bad_credentials": Code(401, 0x86, "User name or password is wrong"),
    "weak_password": Code(422, 0x83, "The password is one that is guessed first"),
    "second_factor": Code(401, 0x86, "A second factor is wanted too"),
    "not_allowed": Code(403, 0x87, "You may not do that"),
    "interlocked": Code(409, 0x87, "An interlock forbids it"),
    "confirmation_required": Code(428, 0x87, "It has to be said a second time"),
    "key_reused": Code(422, 0x83, "That idempotency key stood for something else"),
    "too_late": Code(409, 0x83, "It has happened already"),
    "too_large": Code(413, 0x95, "It is larger than the limit"),
    "too_many": Code(429, 0x97, "A limit was reached"),
    "too_fast": Code(429, 0x9F, "It came back too soon"),
    "bad_usage": Code(400, 0x83, "The command was used wrongly"),
    "bad_certificate": Code(422, 0x87, "The certificate or its key cannot be used"),
    "method_not_allowed": Code(405, 0x83, "The path does not take that method"),
    # the device's fault
    "bad_frame": Code(400, 0x81, "The bytes are not a valid protocol frame"),
    "protocol_error": Code(400, 0x82, "The protocol does not allow this here"),
    "unknown_thing": Code(404, 0x90, "Nothing is registered under that id"),
    "topic_not_allowed": Code(403, 0x87, "The identity may not use that topic"),
    "rejected": Code(409, 0x83, "The thing refused"),
    "no_answer": Code(504, 0x83, "The thing did not answer in time"),
    # the environment's fault
    "log_unavailable": Code(503, 0x97, "The log cannot be written at the moment"),
    "log_full": Code(507, 0x97, "The log has reached its size bound"),
    "log_changed": Code(503, 0x88, "The log is not the one this data belongs to"),
    "disk_full": Code(507, 0x97, "The disk is full"),
    "read_only": Code(503, 0x88, "The data directory cannot be written"),
    "port_taken": Code(503, 0x88, "The port is in use"),
    "already_running": Code(503, 0x88, "Another hub uses this data directory"),
    "registry_unavailable": Code(503, 0x88, "The registry cannot be reached"),
    "history_unavailable": Code(503, 0x88, "The history cannot be read or written"),
    "checkpoint_damaged": Code(503, 0x88, "A checkpoint cannot be read"),
    "owner_unavailable": Code(503, 0x88, "The owner of this partition does not answer"),
    "receiver_unreachable": Code(503, 0x88, "An outlet's receiver takes nothing"),
    "hub_unreachable": Code(503, 0x88, "The hub cannot be reached"),
    "not_delivered": Code(502, 0x83, "The service did not take the notification"),
    "internal": Code(500, 0x80, "The hub itself went wrong; its log says how"),
    "engine_missing": Code(503, 0x88, "A program that the hub needs is missing or not the expected one"),
}


class UnisonoError(Exception):
    """Root of every error that is meant for a reader.

    ``detail`` says what happened; ``field`` which part of the input, as a dotted path; ``expected`` what would have
    been right; ``mend`` the one command or step to take next. ``code`` is a key of `CODES`; ``rule`` is which of the
    rules of a scene or an alarm was offended (`unisono.scene.checking.finding.RULES`). ``others``: what else is wrong
    with the same input, as far as it is told; ``total``: how many mistakes there are with this one (`together`).
    """

    default_code: ClassVar[str] = "bad_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        field: str | None = None,
        expected: str | None = None,
        mend: str | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code or self.default_code
        if self.code not in CODES:
            raise KeyError(f"error code {self.code!r} is not in unisono.errors.CODES")
        self.detail = detail
        self.field = field
        self.expected = expected
        self.mend = mend
        self.rule = rule
        self.others: tuple[UnisonoError, ...] = ()
        self.total = 1

    @property
    def _counted(self) -> str:
        more = self.total - 1
        return self.detail + (f" (and {more} more error{'s' if more > 1 else ''})" if more else "")

    def __str__(self) -> str:
        text = self._counted
        if self.field:
            text = f"{self.field}: {text}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.mend:
            text += f". {self.mend}"
        return text

    def problem(self) -> dict[str, object]:
        """The RFC 9457 problem document of this error (members without a value are left out)."""
        code = CODES[self.code]
        members: dict[str, object] = {
            "type": f"urn:unisono:error:{self.code}",
            "title": code.title,
            "status": code.http,
            "code": self.code,
            "detail": self._counted,
        }
        extra = {"field": self.field, "expected": self.expected, "mend": self.mend, "rule": self.rule}
        members.update({key: value for key, value in extra.items() if value is not None})
        if self.others:
            members |= {"errors": [each._part() for each in (self, *self.others)], "total": self.total}
        return members

    def _part(self) -> dict[str, str]:
        """What of a problem document differs from one mistake in an input to the next."""
        said = {"detail": self.detail, "field": self.field, "expected": self.expected, "rule": self.rule}
        return {key: value for key, value in said.items() if value is not None}


class CallerError(UnisonoError):
    """A person or program asked for what cannot be done."""

    default_code = "bad_request"


class DeviceError(UnisonoError):
    """A device said or did what it must not."""

    default_code = "protocol_error"


class HostError(UnisonoError):
    """Disk, network, clock, database or another process failed us."""

    default_code = "log_unavailable"


Some = TypeVar("Some", bound=UnisonoError)


def together(errors: Sequence[Some]) -> Some:
    """The first of the mistakes in one input, at least one, with the others; so that nobody finds them one by one."""
    first = errors[0]
    first.others, first.total = tuple(errors[1:MOST_TOLD]), len(errors)
    return first


def with_others(error: Some, members: Mapping[str, Any]) -> Some:
    """An error read from a problem document, with the others that this tells of. Raises KeyError and TypeError for what
    is none."""
    first, *more = members.get("errors") or [{}]
    if more:
        error.detail = str(first["detail"])
        error.others = tuple(
            type(error)(
                str(each["detail"]),
                code=error.code,
                field=each.get("field"),
                expected=each.get("expected"),
                rule=each.get("rule"),
            )
            for each in more
        )
        error.total = int(members["total"])
    return error
