"""The model of a computed thing: what it tells and takes, so that everything else treats it as any other thing.

Knows definitions whose open fields `unisono.scene.computed.soundness.settle` has filled in. A computed thing has a
model of its own, ``computed:<thing id>``, which carries the definition, with a new version when that changes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from unisono.scene.computed.document import (
    Counter,
    Definition,
    Derivative,
    Group,
    Input,
    Integral,
    Meter,
    Statistics,
    Template,
    Threshold,
    Timer,
    Tracker,
    load_computed,
)
from unisono.scene.computed.worker import MODEL_PREFIX
from unisono.thing.model import Action, Arg, Event, Model, Property, Service, Source
from unisono.thing.schema import Choice, Schema
from unisono.thing.trait import traits

__all__ = ["MEMBER", "definition_of", "model_id", "model_of"]

NUMBER = Schema(kind="float")
WHOLE = Schema(kind="int")
SWITCH = Schema(kind="bool")
TEXT = Schema(kind="string", len_max=4000)
MOMENT = Schema(kind="datetime")
SECONDS = Schema(kind="duration", min=0)
TIMER_STATES = ("idle", "active", "paused")
FORMAT = "computed"
#: The member of ``ext`` that holds the definition: a thing and what it computes change in one step.
MEMBER = "computed"


def model_id(thing: str) -> str:
    return MODEL_PREFIX + thing


def model_of(thing: str, version: int, definition: Definition) -> Model:
    """The model; ``definition`` is settled."""
    service, kind = _PARTS[type(definition)](definition)
    return Model(
        id=model_id(thing),
        version=version,
        kind=kind,
        titles={"en": f"Computed: {thing}"},
        services=(service,),
        source=Source(format=FORMAT),
        ext={MEMBER: msgspec.to_builtins(definition)},
    )


def definition_of(model: Model) -> Definition | None:
    """What a thing of the model computes; None: it is none of ours."""
    document = model.ext.get(MEMBER) if model.id.startswith(MODEL_PREFIX) else None
    return load_computed(document) if isinstance(document, dict) else None


def _own(key: str | None, schema: Schema, unit: str | None = None, *, writable: bool = False) -> Property:
    """The property that holds the result: with the trait's meaning where it bears a trait's name."""
    assert key is not None, "settle fills it in"
    trait = traits().get(key)
    return Property(
        key=key,
        schema=schema,
        trait=key if trait is not None and trait.schema is not None else None,
        titles=trait.titles if trait is not None else {},
        access=("read", "write", "notify") if writable else ("read", "notify"),
        role="actuator" if writable else "sensor",
        unit=unit,
        risky=trait.risky and writable if trait is not None else False,
        harmless=trait.harmless if trait is not None and trait.risky and writable else (),
    )


def _other(key: str, schema: Schema, title: str, unit: str | None = None) -> Property:
    return Property(key=key, schema=schema, titles={"en": title}, role="diagnostic", unit=unit)


def _group(group: Group) -> tuple[Service, str]:
    schema = SWITCH if group.how in ("any", "all") else _like(group.into, bounded=group.how != "sum")
    own = _own(group.into, schema, group.unit, writable=bool(group.writable))
    return Service(properties=(own, _other("members", WHOLE, "Members that have a value"))), "group"


def _like(key: str | None, *, bounded: bool) -> Schema:
    """A number as the trait has it, without what a mean could break."""
    trait = traits().get(key or "")
    if not bounded or trait is None or trait.schema is None or trait.schema.kind not in ("int", "float"):
        return NUMBER
    return msgspec.structs.replace(NUMBER, min=trait.schema.min, max=trait.schema.max, precision=trait.schema.precision)


def _template(template: Template) -> tuple[Service, str]:
    schema = {"number": NUMBER, "boolean": SWITCH, "text": TEXT}[template.type]
    return Service(properties=(_own(template.into, schema, template.unit),)), "computed"


def _counter(counter: Counter) -> tuple[Service, str]:
    reset = Action(
        key="reset",
        titles={"en": "Begin anew"},
        inputs=(Arg(key="value", schema=WHOLE, default=0),),
        idempotent=True,
    )
    return Service(properties=(_own(counter.into, WHOLE),), actions=(reset,)), "counter"


def _timer(timer: Timer) -> tuple[Service, str]:
    state = Schema(kind="enum", choices=tuple(Choice(value=value) for value in TIMER_STATES))
    properties = (
        _own("state", state),
        _other("duration_s", SECONDS, "How long it runs", "s"),
        _other("remaining_s", SECONDS, "What is left while it is paused", "s"),
        Property(key="finishes", schema=msgspec.structs.replace(MOMENT, nullable=True), titles={"en": "Finishes"}),
    )
    actions = (
        Action(
            key="start",
            titles={"en": "Start, go on, or begin anew"},
            inputs=(Arg(key="duration_s", schema=Schema(kind="duration", min=1, max=31_622_400), optional=True),),
            idempotent=True,
        ),
        Action(key="pause", titles={"en": "Pause"}, idempotent=True),
        Action(key="cancel", titles={"en": "Cancel"}, idempotent=True),
    )
    events = (Event(key="finished", titles={"en": "Finished"}), Event(key="cancelled", titles={"en": "Cancelled"}))
    return Service(properties=properties, actions=actions, events=events), "timer"


def _threshold(threshold: Threshold) -> tuple[Service, str]:
    return Service(properties=(_own(threshold.into, SWITCH),)), "computed"


def _integral(integral: Integral) -> tuple[Service, str]:
    gap = _other("gap_s", SECONDS, "Silence that was left out", "s")
    reset = Action(key="reset", titles={"en": "Begin anew"}, idempotent=True)
    return Service(properties=(_own(integral.into, NUMBER, integral.unit), gap), actions=(reset,)), "computed"


def _derivative(derivative: Derivative) -> tuple[Service, str]:
    return Service(properties=(_own(derivative.into, NUMBER),)), "computed"


def _statistics(statistics: Statistics) -> tuple[Service, str]:
    trait = traits().get(statistics.into or "")
    unit = trait.unit if trait is not None else None
    return Service(properties=(_own(statistics.into, NUMBER, unit),)), "computed"


def _meter(meter: Meter) -> tuple[Service, str]:
    trait = traits().get(meter.into or "")
    unit = trait.unit if trait is not None else None
    key = meter.into
    properties = [
        _own(key, NUMBER, unit),
        _other(f"last_{key}", NUMBER, "In the cycle before", unit),
        _other("since", MOMENT, "The cycle began"),
    ]
    fields = [Arg(key="total", schema=NUMBER), Arg(key="from", schema=MOMENT), Arg(key="to", schema=MOMENT)]
    if meter.tariff is not None:
        names = meter.tariff.names
        by_hand = not meter.tariff.schedule and meter.tariff.input is None
        choice = Schema(kind="enum", choices=tuple(Choice(value=name) for name in names))
        properties.append(_own("tariff", choice, writable=by_hand))
        for name in names:
            properties.append(_other(f"{key}_{name}", NUMBER, f"At {name}", unit))
            properties.append(_other(f"last_{key}_{name}", NUMBER, f"At {name}, in the cycle before", unit))
            fields.append(Arg(key=name, schema=NUMBER))
    ended = Event(key="cycle_ended", titles={"en": "The cycle ended"}, args=tuple(fields))
    return Service(properties=tuple(properties), events=(ended,)), "computed"


def _tracker(tracker: Tracker) -> tuple[Service, str]:
    location = traits()["location"].schema
    assert location is not None
    properties = (
        _own("presence", SWITCH),
        _own("location", location),
        _other("whereabouts", TEXT, "The place it is at, or away"),
        _other("source", TEXT, "Which source is believed"),
        _other("fresh", SWITCH, "Whether any source is fresh"),
    )
    events = (Event(key="arrived", titles={"en": "Arrived"}), Event(key="left", titles={"en": "Left"}))
    return Service(properties=properties, events=events), "person"


def _input(given: Input) -> tuple[Service, str]:
    if given.type == "button":
        pressed = Event(key="pressed", titles={"en": "Pressed"})
        press = Action(key="press", titles={"en": "Press"})
        last = _other("pressed", MOMENT, "When it was pressed last")
        return Service(properties=(last,), actions=(press,), events=(pressed,)), "button"
    return Service(properties=(_own(given.into, _input_schema(given), given.unit, writable=True),)), "input"


def _input_schema(given: Input) -> Schema:
    match given.type:
        case "number":
            return Schema(kind="float", min=given.min, max=given.max, step=given.step)
        case "text":
            return Schema(kind="string", len_max=given.max_length or TEXT.len_max)
        case "choice":
            return Schema(kind="enum", choices=tuple(Choice(value=option) for option in given.options))
        case "datetime":
            return MOMENT
        case _:
            return SWITCH


_PARTS: dict[type, Any] = {
    Group: _group,
    Template: _template,
    Counter: _counter,
    Timer: _timer,
    Threshold: _threshold,
    Integral: _integral,
    Derivative: _derivative,
    Statistics: _statistics,
    Meter: _meter,
    Tracker: _tracker,
    Input: _input,
}
