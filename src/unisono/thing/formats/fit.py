"""A maker's value in a trait's form: percent for 0 to 254, kelvin for mired, ``open`` for false, ``cool`` for 1.

Knows what the form of a trait is and which codec leads to it; where none does, the property bears no trait, and its
values stay the maker's. What the export needs is kept: a codec can be gone back. Knows no format.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from unisono.errors import UnisonoError
from unisono.thing.codec import Codec, Color, Invert, Map, Offset, Reciprocal, Scale, Step, Whole, compile_codec
from unisono.thing.formats.naming import fold
from unisono.thing.formats.rules import Rule, Rules, Subject
from unisono.thing.model import Role
from unisono.thing.schema import NUMERIC, Choice, Number, Schema
from unisono.thing.trait import Trait, traits
from unisono.thing.units import Unit, find_unit

__all__ = ["Value", "bearing", "find_trait", "fit", "label_of", "role_of", "steps_between", "wire_bounds", "wire_value"]

#: Ends of a range that can be meant as percent; what is beyond is a slip of the pen, and its factor no number.
SMALLEST_RANGE, LARGEST_RANGE = 1e-6, 1e12
MIRED = 1_000_000  # kelvin = 1,000,000 / mired
_BOTH = (True, False)
#: What a maker calls the value of a state that nobody knows.
UNKNOWN = frozenset({"unknown", "undefined", "未知"})
_WHOLE = re.compile(r"-?[0-9]+")
_NUMBER = re.compile(r"[0-9]+")
_LEVEL = re.compile(r"(?i)(?:level|gear|speed|档)?[ _-]?[0-9]+(?:档)?")


class Value(NamedTuple):
    """A value as it is declared: schema, UCUM code of its unit, and the codec from the wire to it."""

    schema: Schema
    unit: str | None = None
    codec: tuple[Step, ...] = ()


def fit(value: Value, rule: Rule, raw_unit: str | None = None) -> Value | None:
    """The same value in the form of the rule's trait, or None where it cannot take it."""
    trait = traits().get(rule.trait or "")
    if trait is None or trait.schema is None:
        return None
    if trait.schema.kind in NUMERIC:
        return _number(value, trait, trait.schema, rule, raw_unit)
    if trait.name == "color":
        return _color(value)
    take = _FORMS.get(trait.schema.kind)
    return take(value, trait.schema, rule) if take is not None else None


# --- numbers ------------------------------------------------------------------------------------------------------


def _number(value: Value, trait: Trait, form: Schema, rule: Rule, raw_unit: str | None) -> Value | None:
    if value.schema.kind not in NUMERIC:
        return _levels(value, form, rule)
    steps = _unit_steps(value, trait, rule, raw_unit)
    if steps is None:
        return None
    if rule.scale is not None:
        steps = (Scale(by=rule.scale), *steps)
    if rule.invert:
        steps = (*steps, Invert(of=100))
    return Value(_bounded(value.schema, form, steps), trait.unit or value.unit, _joined(value, steps))


def _unit_steps(value: Value, trait: Trait, rule: Rule, raw_unit: str | None) -> tuple[Step, ...] | None:
    """Steps to the trait's unit; None where there is no way."""
    spelled = value.unit if value.unit not in (None, "1") else rule.assume
    if trait.unit is None:
        return ()
    if rule.percent or (trait.unit == "%" and spelled is None and raw_unit is None):
        return _percent_steps(value.schema)
    if spelled is None:
        return None if raw_unit is not None and value.unit is None else ()
    source, target = find_unit(spelled), find_unit(trait.unit)
    assert target is not None, "the units of traits are in the table"
    if source is None:
        return None
    return steps_between(source, target)


@lru_cache(maxsize=512)
def steps_between(source: Unit, target: Unit) -> tuple[Step, ...] | None:
    """The codec from a number in one unit to the number in another; None where they do not measure the same."""
    if source.dimension == "reciprocal_temperature" and target.code == "K":
        return (Reciprocal(of=MIRED),)
    if source.dimension != target.dimension:
        return None
    steps: list[Step] = []
    factor = source.factor / target.factor
    offset = (source.offset - target.offset) / target.factor
    if factor != 1:
        steps.append(Scale(by=_plain(float(factor))))
    if offset:
        steps.append(Offset(by=_plain(float(offset))))
    return tuple(steps)


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _percent_steps(schema: Schema) -> tuple[Step, ...]:
    """0 to 254 or 1 to 5 become percent; what already is, or has no end, stays."""
    high = schema.max
    if high is None or not SMALLEST_RANGE <= high <= LARGEST_RANGE or high == 100:
        return ()
    return (Scale(by=_plain(float(100 / high))),)


def _bounded(schema: Schema, form: Schema, steps: tuple[Step, ...]) -> Schema:
    """The schema behind the steps. A step of the wire becomes a precision: what is written is rounded to it."""
    precision = schema.precision if schema.precision is not None else form.precision
    if not steps:
        return msgspec.structs.replace(schema, precision=precision)
    codec = compile_codec(steps)
    ends = [_decoded(codec, end) for end in (schema.min, schema.max)]
    if any(isinstance(step, Reciprocal | Invert) for step in steps):
        ends.reverse()
    pace = _pace(schema, steps)
    return msgspec.structs.replace(
        schema,
        kind="duration" if form.kind == "duration" else "float",
        min=ends[0],
        max=ends[1],
        step=None,
        precision=max((each for each in (precision, pace) if each is not None), default=None),
        bits=None,
        signed=None,
    )


def _decoded(codec: Codec, end: Number | None) -> Number | None:
    if end is None:
        return None
    try:
        found: Number = codec.decode(end)
    except UnisonoError:
        return None  # mired 0 has no kelvin
    return found


def _pace(schema: Schema, steps: tuple[Step, ...]) -> float | None:
    """How far apart two neighbouring values of the wire are, where that is everywhere the same."""
    pace = schema.step if schema.step is not None else 1 if schema.kind == "int" else None
    if pace is None or any(isinstance(step, Reciprocal) for step in steps):
        return None
    found = float(pace)
    for step in steps:
        if isinstance(step, Scale):
            found *= abs(step.by)
    return float(f"{found:.6g}")


def _joined(value: Value, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if not steps:
        return value.codec
    # a unit that is read as another may have decimals, but where a range was turned into percent it was of whole ones
    turned = any(isinstance(step, Reciprocal) for step in steps) or (
        value.unit is None and isinstance(steps[0], Scale) and _is_whole(value.schema)
    )
    whole = (Whole(),) if (value.schema.kind == "int" or turned) and not value.codec else ()
    return (*whole, *value.codec, *steps)


def _is_whole(schema: Schema) -> bool:
    return type(schema.max) is int and schema.max > 1 and (schema.step is None or type(schema.step) is int)


def _levels(value: Value, form: Schema, rule: Rule) -> Value | None:
    """Named levels (low, medium, auto) of what is a number elsewhere."""
    if value.schema.kind != "enum":
        return None
    if rule.percent:
        steps = _even_levels(value.schema)
        if steps is not None:
            top = len(value.schema.choices)
            plain = Schema(kind="float", min=round(100 / top, 2), max=100, precision=round(50 / top, 2))
            plain = msgspec.structs.replace(plain, format=value.schema.format, ext=value.schema.ext)
            return Value(plain, "%", (Whole(), *value.codec, *steps))
    if not form.choices:
        return _named_numbers(value, form, rule)
    if all(type(choice.value) is int for choice in form.choices):
        return _whole_levels(value, form, rule)
    return _enum(value, form, rule)


def _named_numbers(value: Value, form: Schema, rule: Rule) -> Value | None:
    """40 called "Humidity 40", 50 called "50 %": the number itself, of which it takes some. One called otherwise
    ("Continue" for 30) is one of them."""
    choices = value.schema.choices
    numbers = [choice.value for choice in choices if type(choice.value) is int]
    called = [each for each in choices if _NUMBER.findall(label_of(each)) == [str(each.value)]]
    if rule.assume is None or len(numbers) != len(choices) or len(called) < max(2, len(choices) - 1) or value.codec:
        return None
    apart = math.gcd(*(each - min(numbers) for each in numbers))
    # what is written is the nearest of them: half of what lies between two
    precision = max(form.precision or 0, apart / 2)
    made = Schema(kind="float", min=min(numbers), max=max(numbers), step=apart, precision=precision)
    return Value(msgspec.structs.replace(made, format=value.schema.format, ext=value.schema.ext), rule.assume)


def _even_levels(schema: Schema) -> tuple[Step, ...] | None:
    """Level 1, level 2, level 3 of a fan are a third, two thirds and all of its speed."""
    values = [choice.value for choice in schema.choices]
    if values != list(range(1, len(values) + 1)) or not all(
        _LEVEL.fullmatch(label_of(each)) for each in schema.choices
    ):
        return None
    return (Scale(by=_plain(float(100 / len(values)))),)


def _whole_levels(value: Value, form: Schema, rule: Rule) -> Value | None:
    found = _pairs(value, form, rule)
    if any(target is None for _, target in found):
        return None
    pairs = tuple((wire, target) for wire, target in found)
    numbers = [target for _, target in pairs]
    schema = msgspec.structs.replace(_renamed(value.schema, pairs), kind="int", min=min(numbers), max=max(numbers))
    return Value(schema, None, _mapped(value, pairs))


# --- true and false, and words ------------------------------------------------------------------------------------


def _bool(value: Value, form: Schema, rule: Rule) -> Value | None:
    schema = value.schema
    if schema.kind == "bool":
        pairs: tuple[tuple[Any, Any], ...] = ((True, not rule.invert), (False, rule.invert))
        return Value(_renamed(schema, pairs), None, _mapped(value, pairs))
    if schema.kind == "int" and schema.min == 0 and schema.max == 1 and not schema.choices:
        pairs = ((1, not rule.invert), (0, rule.invert))
    elif schema.kind == "enum":
        found = _pairs(value, form, rule, once=False)
        nothing = {_frozen(wire) for (wire, target), choice in zip(found, schema.choices, strict=True)
                   if target is None and fold(label_of(choice)) in UNKNOWN}  # fmt: skip
        if {target for wire, target in found if _frozen(wire) not in nothing} != {True, False}:
            return None
        pairs = tuple((wire, None if target is None else target != rule.invert) for wire, target in found)
        if nothing:  # neither of the two: nobody knows
            schema = msgspec.structs.replace(schema, nullable=True)
        if len(pairs) > len(_BOTH):  # charging, done, not able to: the words of the maker are in the codec only
            schema = msgspec.structs.replace(schema, choices=())
    else:
        return None
    plain = msgspec.structs.replace(_renamed(schema, pairs), kind="bool", min=None, max=None, step=None, open=False)
    return Value(msgspec.structs.replace(plain, bits=None, signed=None), None, _mapped(value, pairs))


def _renamed(schema: Schema, pairs: tuple[tuple[Any, Any], ...]) -> Schema:
    """The maker's choices with the trait's values."""
    if not schema.choices:
        return schema
    values = {_frozen(wire): target for wire, target in pairs}
    renamed = [
        msgspec.structs.replace(choice, value=values.get(_frozen(choice.value), choice.value))
        for choice in schema.choices
    ]
    return msgspec.structs.replace(schema, choices=tuple(renamed))


def _enum(value: Value, form: Schema, rule: Rule) -> Value | None:
    if value.schema.kind == "bool":
        pairs = tuple((wire, rule.values.get(str(wire).lower(), None)) for wire in (True, False))
        if any(target is None for _, target in pairs):
            return None
        choices = _renamed(value.schema, pairs).choices or tuple(Choice(value=target) for _, target in pairs)
        made = msgspec.structs.replace(value.schema, kind="enum", choices=choices)
        return Value(made, None, _mapped(value, pairs))
    if value.schema.kind == "int" and form.open:
        return _codes(value, rule)
    return _words(value, form, rule) if value.schema.kind == "enum" else None


def _codes(value: Value, rule: Rule) -> Value | None:
    """Numbers of which some mean something to everybody: fault 0 is none, gear 126 is P."""
    pairs = tuple((int(key), word) for key, word in rule.values.items() if _WHOLE.fullmatch(key))
    if not pairs:
        return None
    schema = Schema(
        kind="enum",
        open=True,
        # an open enum takes what is of the type of one of its choices
        choices=(*(Choice(value=word) for _, word in pairs), Choice(value=1)),
        format=value.schema.format,
        ext=value.schema.ext,
    )
    return Value(schema, None, (*value.codec, Map(pairs=pairs, others=True)))


def _string(value: Value, form: Schema, rule: Rule) -> Value | None:
    if value.schema.kind == "string":
        return value
    return _words(value, form, rule) if value.schema.kind == "enum" else None


_FORMS: dict[str, Any] = {"bool": _bool, "enum": _enum, "string": _string}


def _words(value: Value, form: Schema, rule: Rule) -> Value | None:
    """An enum of words: those of the trait where the labels say so, else the maker's labels as words."""
    schema = value.schema
    found = _pairs(value, form, rule)
    known_words = sum(target is not None for _, target in found)
    # "auto" alone makes no climate mode; of what has words of its own beside the trait's, one is enough
    if form.kind == "enum" and known_words < (1 if form.open else min(2, len(found))):
        return None
    taken = {_frozen(target) for _, target in found if target is not None}
    known = {_frozen(choice.value): choice for choice in form.choices}
    pairs: list[tuple[Any, Any]] = []
    choices: list[Choice] = []
    seen: set[Any] = set()
    for choice, (wire, target) in zip(schema.choices, found, strict=True):
        word = target
        if word is None or _frozen(word) in seen:
            word = _free_word(choice, taken | seen)
        seen.add(_frozen(word))
        pairs.append((wire, word))
        choices.append(_choice(word, known.get(_frozen(word)), choice))
    made = msgspec.structs.replace(schema, choices=tuple(choices), bits=None, signed=None)
    return Value(made, None, _mapped(value, tuple(pairs)))


def _choice(word: Any, of: Choice | None, maker: Choice) -> Choice:
    return msgspec.structs.replace(maker, value=word, becomes=of.becomes if of is not None else msgspec.UNSET)


def _free_word(choice: Choice, taken: set[Any]) -> str:
    word = fold(label_of(choice)) or fold(str(choice.value)) or "value"
    number, free = 1, word
    while _frozen(free) in taken:
        number += 1
        free = f"{word}_{number}"
    return free


def _pairs(value: Value, form: Schema, rule: Rule, *, once: bool = True) -> list[tuple[Any, Any]]:
    """(value behind the maker's codec, the trait's value or None) of each choice; a trait's value is given once."""
    words = _trait_words(rule.trait or "")
    own = {fold(key) or key: target for key, target in rule.values.items()}
    given: set[Any] = set()
    found: list[tuple[Any, Any]] = []
    for choice in value.schema.choices:
        target = _target(choice, own, words)
        if once and target is not None and _frozen(target) in given:
            target = None
        if target is not None:
            given.add(_frozen(target))
        found.append((choice.value, target))
    return found


def _target(choice: Choice, own: dict[str, Any], words: dict[str, Any]) -> Any:
    names = [fold(label_of(choice)), *(fold(title) for title in choice.titles.values()), fold(_spelled(choice.value))]
    for table in (own, words):
        for name in names:
            if name in table:
                return table[name]
    return None


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def label_of(choice: Choice) -> str:
    """The maker's word for a choice."""
    return choice.key or next(iter(choice.titles.values()), None) or _spelled(choice.value)


@lru_cache(maxsize=128)
def _trait_words(name: str) -> dict[str, Any]:
    """Every word that the trait itself has for one of its values."""
    schema = traits()[name].schema
    words: dict[str, Any] = {}
    for choice in schema.choices if schema is not None else ():
        for word in (
            _spelled(choice.value),
            *choice.titles.values(),
            *(w for ws in choice.synonyms.values() for w in ws),
        ):
            words.setdefault(fold(word), choice.value)
    return words


def _frozen(value: Any) -> Any:
    return (type(value) is bool, value)


def _mapped(value: Value, pairs: tuple[tuple[Any, Any], ...]) -> tuple[Step, ...]:
    """The codec with a map behind it; two maps in a row are one, and one that changes nothing is none."""
    codec = value.codec
    if codec and isinstance(codec[-1], Map) and not codec[-1].others:
        inner = {_frozen(target): wire for wire, target in codec[-1].pairs}
        if all(_frozen(wire) in inner for wire, _ in pairs):
            pairs = tuple((inner[_frozen(wire)], target) for wire, target in pairs)
            codec = codec[:-1]
    if all(type(wire) is type(target) and wire == target for wire, target in pairs):
        return codec
    return (*codec, Map(pairs=pairs, others=value.schema.open))


# --- colours ------------------------------------------------------------------------------------------------------

# Members that say a colour, folded, and the space that they are coordinates of.
_SPACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("xy", ("x", "y")),
    ("hsv", ("hue", "saturation", "value")),
    ("hs", ("hue", "saturation")),
    ("rgb", ("red", "green", "blue")),
    ("rgb", ("r", "g", "b")),
    ("hsv", ("h", "s", "v")),
    ("hsl", ("hue", "saturation", "lightness")),
    ("hsl", ("h", "s", "l")),
)
_TOP_RGB = 0xFFFFFF


def _color(value: Value) -> Value | None:
    """A colour's text for a whole number of 24 bits, or for an object with coordinates."""
    schema = value.schema
    form = traits()["color"].schema
    assert form is not None
    if schema.kind == "string":
        return value
    if schema.kind == "int" and schema.max in (_TOP_RGB, None) and not value.codec:
        return Value(msgspec.structs.replace(form, ext=schema.ext), None, (Color(space="number"),))
    if schema.kind != "object":
        return None
    members = {fold(field.key): field.key for field in schema.fields}
    for space, names in _SPACES:
        if members.keys() == set(names):
            step = Color(space=space, members=tuple(members[name] for name in names))  # type: ignore[arg-type]
            return Value(msgspec.structs.replace(form, ext=schema.ext), None, (*value.codec, step))
    return None


# --- both ways ----------------------------------------------------------------------------------------------------


def find_trait(value: Value, rules: Rules, subject: Subject, raw_unit: str | None = None) -> tuple[Rule | None, Value]:
    """The rule that gives a property its trait, and its value in the form of it; no rule, and the value as it is."""
    for rule in rules.traits(subject):
        fitted = fit(value, rule, raw_unit)
        if fitted is not None:
            return rule, fitted
    return None, value


def bearing(rule: Rule | None, *, writable: bool) -> dict[str, Any]:
    """The fields of a property that follow from its trait."""
    if rule is None:
        return {}
    known = traits()[rule.trait or ""]
    if not writable:
        return {"trait": known.name}
    return {
        "trait": known.name,
        "risky": known.risky,
        "harmless": known.harmless if known.risky else (),
        "timeout_s": known.timeout_s,
        "settle_s": known.settle_s,
    }


def role_of(rule: Rule | None, *, writable: bool) -> Role:
    """What a property is for the thing, where the maker does not say."""
    if rule is not None and rule.role is not None:
        return rule.role
    if rule is not None and not writable and traits()[rule.trait or ""].role == "diagnostic":
        return "diagnostic"
    return "actuator" if writable else "sensor"


def wire_bounds(schema: Schema, codec: tuple[Step, ...]) -> tuple[Number | None, Number | None]:
    """The range as the wire has it."""
    if not codec or (schema.min is None and schema.max is None):
        return schema.min, schema.max
    ends = [wire_value(codec, end) for end in (schema.min, schema.max)]
    if any(isinstance(step, Reciprocal | Invert) for step in codec):
        ends.reverse()
    return ends[0], ends[1]


def wire_value(codec: tuple[Step, ...], value: Any) -> Any:
    """What the wire says for a value; None where it cannot."""
    if not codec or value is None:
        return value
    try:
        return compile_codec(codec).encode(value)
    except UnisonoError:
        return None
