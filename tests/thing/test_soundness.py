"""Each rule of soundness, found where it is broken and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.thing.models import models
from unisono.errors import CallerError
from unisono.thing import Diagnostic, Model, check_model, load_model, require_sound
from unisono.thing.soundness import MAX_CHOICES, MAX_MEMBERS

INT = {"kind": "int"}


def with_property(**fields: Any) -> dict[str, Any]:
    return {"id": "m", "services": [{"key": "s", "properties": [{"key": "p", "schema": INT, **fields}]}]}


def with_schema(**fields: Any) -> dict[str, Any]:
    return with_property(schema=fields)


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = INT
    for _ in range(depth):
        schema = {"kind": "array", "items": schema}
    return schema


P = "services.s.properties.p"
RULES: list[tuple[dict[str, Any], str, str, str, str]] = [
    ({"id": "Bad Id", **with_property()} | {"id": "Bad Id"}, "error", "bad_id", "id", '"Bad Id" is no model id'),
    ({"id": "m"}, "warning", "empty_model", "services", "no property, action or event"),
    ({**with_property(), "timeout_s": 0}, "error", "bad_timeout", "timeout_s", "more than 0 s"),
    (with_property(timeout_s=100_000), "error", "bad_timeout", f"{P}.timeout_s", "at most a day"),
    ({**with_property(), "modules": [{"key": "a"}] * 2}, "error", "duplicate_key", "modules", 'module "a" occurs'),
    ({"id": "m", "services": [{"key": "s"}] * 2, "abstract": True}, "error", "duplicate_key", "services", "twice"),
    ({"id": "m", "services": [{"key": "a b"}], "abstract": True}, "error", "bad_key", "services.a b", "no service key"),
    ({"id": "m", "services": [{"module": "x"}], "abstract": True}, "warning", "dangling_module", "services", '"x"'),
    (
        {"id": "m", "services": [{"properties": [{"key": "p", "schema": INT}] * 2}]},
        "error", "duplicate_key", "services.properties", 'the key "p" occurs twice',
    ),
    ({"id": "m", "services": [{"events": [{"key": "a.b"}]}]}, "error", "bad_key", "services.events.a.b", "is no key"),
    ({"id": "m", "services": [{"actions": [{"key": "灯"}]}]}, "error", "bad_key", "services.actions.灯", "is no key"),
    (with_property(trait="shininess"), "warning", "unknown_trait", P, 'no trait "shininess"'),
    (with_property(unit="furlong"), "warning", "unknown_unit", P, '"furlong" is not in the table'),
    (with_property(unit="°C"), "warning", "unit_spelling", P, '"°C" is written "Cel"'),
    (with_property(unit="s", schema={"kind": "bool"}), "warning", "needless_unit", P, "a bool has no unit"),
    (with_property(raw_unit="furlong"), "info", "unknown_raw_unit", P, "kept but not understood"),
    (with_property(default="x"), "error", "bad_default", f"{P}.default", '"x" is text; expected a whole number'),
    (
        with_property(schema={"kind": "int", "max": 5}, default=6),
        "error", "bad_default", f"{P}.default", "6 is too large; expected a whole number of at most 5",
    ),
    (with_property(presets=[{"value": 1.5}]), "error", "bad_default", f"{P}.presets", "1.5 is not a whole number"),
    (with_property(codec=[{"op": "scale", "by": 0}]), "error", "bad_codec", f"{P}.codec", "a scale of 0"),
    (with_property(parameter_only=True), "error", "parameter_access", P, "has no access"),
    (with_property(access=[]), "warning", "no_access", P, "neither read nor written"),
    (with_property(access=["read", "read"]), "error", "duplicate_access", P, "occurs twice"),
    (with_schema(kind="bool", min=1), "error", "misplaced", f"{P}.schema", "min means nothing for the kind bool"),
    (with_schema(kind="int", open=True), "error", "misplaced", f"{P}.schema", "open means nothing for the kind int"),
    (with_schema(kind="int", min=2, max=1), "error", "empty_range", f"{P}.schema", "between min 2 and max 1"),
    (with_schema(kind="string", len_min=2, len_max=1), "error", "empty_range", f"{P}.schema", "len_min 2"),
    (with_schema(kind="string", len_max=-1), "error", "negative_size", f"{P}.schema", "len_max is negative"),
    (with_schema(kind="int", step=0), "error", "bad_step", f"{P}.schema", "leads nowhere"),
    (with_schema(kind="int", precision=-1), "error", "bad_precision", f"{P}.schema", "not negative"),
    (with_schema(kind="bitmap", bits=0), "error", "bad_bits", f"{P}.schema", "1 to 256"),
    (with_schema(kind="enum"), "error", "no_choices", f"{P}.schema", "at least one choice"),
    (
        with_schema(kind="enum", choices=[{"value": 1}, {"value": 1}]),
        "warning", "duplicate_choice", f"{P}.schema", "the choice 1 occurs twice",
    ),
    (
        with_schema(kind="enum", choices=[{"value": n} for n in range(MAX_CHOICES + 1)]),
        "error", "too_many", f"{P}.schema", "2001 choices",
    ),
    (with_schema(kind="bitmap", bits=2, choices=[{"value": 2}]), "error", "bad_bit", f"{P}.schema", "2 is not"),
    (with_schema(kind="bitmap", choices=[{"value": "a"}]), "error", "bad_bit", f"{P}.schema", '"a" is not the index'),
    (with_schema(kind="string", pattern="(?=a)"), "warning", "pattern_not_enforced", f"{P}.schema", "look-around"),
    (with_property(schema=nested(16)), "error", "too_deep", f"{P}.schema" + ".items" * 16, "at most 16 levels"),
    (
        with_schema(kind="object", fields=[{"key": "a", "schema": INT}] * 2),
        "error", "duplicate_key", f"{P}.schema", 'the field "a" occurs twice',
    ),
    (
        with_schema(kind="object", fields=[{"key": "a", "schema": INT, "default": "x"}]),
        "error", "bad_default", f"{P}.schema.a.default", '"x" is text',
    ),
    (
        with_schema(kind="object", fields=[{"key": "a", "schema": INT, "unit": "smoot"}]),
        "warning", "unknown_unit", f"{P}.schema.a", "smoot",
    ),
    (
        {"id": "m", "services": [{"actions": [{"key": "a", "inputs": [{"key": "i"}]}]}]},
        "error", "bad_argument", "services.actions.a.inputs.i", "either a schema or a property",
    ),
    (
        {"id": "m", "services": [{"actions": [{"key": "a", "outputs": [{"key": "i", "property": "gone"}]}]}]},
        "warning", "dangling_property", "services.actions.a.outputs.i", 'no property "gone"',
    ),
    (
        {"id": "m", "services": [{"actions": [{"key": "a", "timeout_s": -1}]}]},
        "error", "bad_timeout", "services.actions.a.timeout_s", "-1",
    ),
    (
        {"id": "m", "services": [{"events": [{"key": "e", "args": [{"key": "i", "schema": INT}] * 2}]}]},
        "error", "duplicate_key", "services.events.e.args", 'the argument "i" occurs twice',
    ),
    (
        {"id": "m", "services": [{"events": [{"key": "e", "args": [{"key": "i", "schema": INT, "default": "x"}]}]}]},
        "error", "bad_default", "services.events.e.args.i.default", '"x" is text',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("document", "severity", "rule", "path", "text"), RULES, ids=[row[2] for row in RULES])
def test_each_rule_is_found_where_it_is_broken(
    document: dict[str, Any], severity: str, rule: str, path: str, text: str
) -> None:
    findings = check_model(load_model(document))
    assert [(finding.severity, finding.rule, finding.path) for finding in findings] == [(severity, rule, path)]
    assert text in findings[0].message


@pytest.mark.parametrize(
    "document",
    [
        with_property(),
        with_property(unit="Cel", schema={"kind": "float"}, raw_unit="°C"),
        with_property(unit="s", schema={"kind": "array", "items": {"kind": "float"}}),
        with_property(access=[], parameter_only=True),
        with_property(default=3, presets=[{"value": 4}], codec=[{"op": "scale", "by": 0.1}]),
        {"id": "m", "abstract": True},
        {
            "id": "m",
            "services": [
                {
                    "properties": [{"key": "p", "schema": INT}],
                    "actions": [{"key": "a", "timeout_s": 5, "inputs": [{"key": "i", "property": "p"}]}],
                }
            ],
        },
    ],
)
def test_a_sound_model_has_no_findings(document: dict[str, Any]) -> None:
    assert check_model(load_model(document)) == []
    assert require_sound(load_model(document)) == load_model(document)


def test_two_services_may_not_share_an_address() -> None:
    services = [
        {"key": "a.b", "properties": [{"key": "c", "schema": INT}]},
        {"key": "a.b", "properties": [{"key": "c", "schema": INT}]},
    ]
    rules = [finding.rule for finding in check_model(load_model({"id": "m", "services": services}))]
    assert rules == ["duplicate_key", "shared_address"]


def test_a_model_has_a_bounded_number_of_members() -> None:
    service = {"properties": [{"key": f"p{n}", "schema": INT} for n in range(MAX_MEMBERS + 1)]}
    findings = check_model(load_model({"id": "m", "services": [service]}))
    assert [finding.rule for finding in findings] == ["too_many"]


def test_errors_come_first_and_are_counted() -> None:
    model = load_model(
        {**with_property(unit="smoot", schema={"kind": "int", "min": 2, "max": 1, "step": -1}), "timeout_s": 0}
    )
    assert [finding.severity for finding in check_model(model)] == ["error"] * 3 + ["warning"]
    with pytest.raises(CallerError, match=r"\(and 2 more errors\)") as caught:
        require_sound(model)
    assert caught.value.code == "bad_model"
    assert caught.value.field == "timeout_s"
    with pytest.raises(CallerError) as caught:
        require_sound(load_model(with_schema(kind="enum")))
    assert "more errors" not in caught.value.detail


def test_a_finding_reads_well() -> None:
    assert str(Diagnostic("error", "a.b", "r", "is wrong", 3)) == "line 3: a.b: is wrong"
    assert str(Diagnostic("error", "", "r", "is wrong")) == "is wrong"


@settings(max_examples=40)
@given(models)
def test_any_model_is_judged_without_failing(model: Model) -> None:
    for finding in check_model(model):
        assert finding.rule
        assert finding.message
