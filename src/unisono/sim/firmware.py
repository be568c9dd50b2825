"""What runs on a simulated device: takes orders, answers them in its own time, reports what it became.

Knows the device and the native dialect. Knows no sockets and no clock: sending and waiting are handed in, so tests
run it with lists in place of both.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from random import Random

from unisono.errors import DeviceError
from unisono.sim import native
from unisono.sim.device import Answer, Device
from unisono.sim.mischief import Manner, Mischief
from unisono.sim.report import Reporter

__all__ = ["Firmware"]

_log = logging.getLogger(__name__)

REMEMBERED = 32  # commands whose answer is kept, to answer a repetition without doing it twice


class Firmware:
    """One device's programme.

    ``send(topic, payload)`` says whether it left; ``later(delay_s, do)`` calls ``do`` after that many seconds.
    """

    def __init__(
        self,
        device: Device,
        mischief: Mischief,
        rng: Random,
        *,
        send: Callable[[str, bytes], bool],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self.device = device
        self._mischief = mischief
        self._rng = rng
        self._send = send
        self._later = later
        self._reporter = Reporter()
        self._answers: OrderedDict[str, bytes | None] = OrderedDict()
        """Command -> the reply sent; None while it is being done."""

    def came(self) -> None:
        """The connection is new: everything will be reported again."""
        self._reporter.forget()

    def tick(self, now_s: float) -> None:
        """Send waiting events and what is worth reporting at ``now_s`` (a steadily growing clock)."""
        while self.device.events:
            name, fields = self.device.events[0]
            if not self._send(native.event_topic(name), native.encode_event(fields)):
                return
            del self.device.events[0]
        report = self._reporter.due(now_s, self.device.state)
        if report and not self._send(native.STATE, native.encode_state(report)):
            self._reporter.forget()

    def receive(self, topic: str, payload: bytes) -> None:
        """Take what the hub sent; what cannot be read is logged and changes nothing."""
        try:
            orders = native.decode_down(topic, payload)
        except DeviceError as error:
            _log.warning("%s: %s", self.device.who.thing, error)
            return
        for order in orders:
            self._take(order)

    def _take(self, order: native.Order) -> None:
        if order.id and order.id in self._answers:
            said = self._answers[order.id]
            if said is not None:
                self._send(native.reply_topic(order.id), said)
            return
        manner = self._mischief.manner(self._rng)
        if manner is Manner.DROP:
            return
        if order.id:
            self._answers[order.id] = None
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        self._later(self._mischief.delay_s, lambda: self._do(order, manner))

    def _do(self, order: native.Order, manner: Manner) -> None:
        if manner is Manner.REFUSE:
            answer = Answer(error="it does not want to")
        elif manner is Manner.LIE:
            answer = Answer()
        elif order.action is not None:
            answer = self.device.on_call(order.action, order.input, self._rng)
        else:
            answer = self.device.on_set(order.state, self._rng)
        self._later(answer.delay_s, lambda: self._answer(order, answer))

    def _answer(self, order: native.Order, answer: Answer) -> None:
        if order.id:
            said = native.encode_reply(answer.error, answer.output)
            if order.id in self._answers:  # else it was forgotten meanwhile, and stays so
                self._answers[order.id] = said
            self._send(native.reply_topic(order.id), said)
        report = self._reporter.answer(self.device.state, order.state)
        if report and answer.error is None:
            self._send(native.STATE, native.encode_state(report))
