"""Models for tests: one that uses every field, and a strategy for random sound ones."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from unisono.thing import Action, Arg, Choice, Event, Field, Model, Module, Property, Schema, Service, Source
from unisono.thing.codec import Bit, Invert, Map, Offset, Path, Scale, Step
from unisono.thing.model import Preset, Report

FULL = Model(
    id="acme:light.x1",
    version=3,
    kind="light",
    vendor="Acme",
    product="X1",
    titles={"en": "Light", "zh": "灯"},
    descriptions={"en": "A light"},
    synonyms={"en": ("lamp",)},
    types=("urn:x",),
    extends=("acme:light",),
    overlays=("fix-unit",),
    timeout_s=5.0,
    modules=(Module(key="ep1", ref="1", types=("0x0100",), path=("Row1", "Left"), ext={"n": 1}),),
    source=Source(format="miot", version="2", uri="urn:y", sha256="00", raw={"big": 18446744073709551615, "f": 1e-05}),
    ext={"z": None, "a": [1, 2.5, "x"]},
    services=(
        Service(
            key="light",
            ref="2",
            module="ep1",
            type="urn:light",
            revision=4,
            features=3,
            mandatory=True,
            hidden=True,
            properties=(
                Property(
                    key="bri",
                    ref="miot:2.1",
                    write_ref="miot:2.2",
                    trait="brightness",
                    type="urn:bri",
                    schema=Schema(kind="float", min=0, max=100, step=0.5, precision=1, nullable=True, bits=8),
                    access=("read", "write"),
                    role="actuator",
                    unit="%",
                    raw_unit="percentage",
                    default=None,
                    presets=(Preset(value=50, key="half", titles={"en": "Half"}),),
                    report=Report(min_s=1, max_s=60, delta=0.5),
                    risky=True,
                    harmless=(0,),
                    timeout_s=2,
                    mandatory=True,
                    conformance="LT",
                    quality=("nonvolatile",),
                    deprecated="use level",
                    codec=(Path(steps=("state", 0)), Scale(by=0.1), Offset(by=-1), Invert(of=100)),
                    ext={"iid": 1},
                ),
                Property(
                    key="mode", schema=Schema(kind="enum", open=True, choices=(Choice(value=False), Choice(value=-1)))
                ),
                Property(key="arg", schema=Schema(kind="int", max=2**64), access=(), parameter_only=True),
                Property(
                    key="bits",
                    schema=Schema(kind="bitmap", bits=8, choices=(Choice(value=0, key="on", becomes=1),)),
                    codec=(Bit(index=1, width=2), Map(pairs=((1, "x"), (2, None)), others=True)),
                ),
                Property(
                    key="where",
                    schema=Schema(
                        kind="object",
                        open=True,
                        fields=(
                            Field(key="at", schema=Schema(kind="datetime")),
                            Field(key="sum", optional=True, schema=Schema(kind="decimal", min=Decimal("0.10"))),
                            Field(key="n", unit="m", default=1, schema=Schema(kind="int", min=0)),
                        ),
                    ),
                ),
                Property(
                    key="list",
                    unit="s",
                    schema=Schema(kind="array", count_min=0, count_max=9, items=Schema(kind="duration", min=0)),
                ),
            ),
            actions=(
                Action(
                    key="blink",
                    inputs=(
                        Arg(key="n", property="light.arg"),
                        Arg(key="t", schema=Schema(kind="string", pattern="^a")),
                    ),
                    outputs=(Arg(key="ok", schema=Schema(kind="bool"), default=True),),
                    call="sync",
                    timeout_s=1,
                ),
            ),
            events=(Event(key="hot", severity="critical", args=(Arg(key="b", property="light.bri"),)),),
        ),
    ),
)

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
numbers = st.integers(-(2**128), 2**128) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.dictionaries(
    st.sampled_from(["en", "zh", "de"]), st.text(st.characters(exclude_categories=["Cs"])), max_size=2
)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
ranged = st.tuples(numbers, numbers).map(sorted)
leaves = st.one_of(
    st.builds(lambda low_high: Schema(kind="float", min=low_high[0], max=low_high[1]), ranged),
    st.builds(lambda low: Schema(kind="int", min=low), st.integers(-(2**100), 2**100)),
    st.builds(lambda low: Schema(kind="decimal", min=low), st.decimals(allow_nan=False, allow_infinity=False)),
    st.just(Schema(kind="bool")),
    st.builds(
        lambda values: Schema(kind="enum", choices=tuple(Choice(value=value) for value in values)),
        st.lists(anything, min_size=1, max_size=3, unique_by=repr),
    ),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda items: Schema(kind="array", items=items)),
        st.dictionaries(names, inner, max_size=3).map(
            lambda fields: Schema(kind="object", fields=tuple(Field(key=key, schema=s) for key, s in fields.items()))
        ),
    ),
    max_leaves=4,
)
steps: st.SearchStrategy[Step] = st.sampled_from([Scale(by=0.1), Invert(), Bit(index=3), Map(pairs=((1, "a"),))])
properties = st.builds(
    Property,
    key=names,
    schema=schemas,
    titles=texts,
    default=anything,
    codec=st.lists(steps, max_size=2).map(tuple),
    ext=st.dictionaries(names, anything, max_size=2),
)
services = st.builds(
    Service, key=names, titles=texts, properties=st.lists(properties, max_size=3, unique_by=lambda p: p.key).map(tuple)
)
models = st.builds(
    Model,
    id=names,
    version=st.integers(1, 99),
    titles=texts,
    services=st.lists(services, max_size=2, unique_by=lambda s: s.key).map(tuple),
    ext=st.dictionaries(names, anything, max_size=2),
)
