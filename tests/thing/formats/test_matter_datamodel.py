"""The XML of Matter's SDK: what stands in it as elements, and as models."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.thing.formats.files import read_models
from unisono.thing.formats.matter import MATTER
from unisono.thing.formats.matter.datamodel import is_data_model, read_data_model

FAN = """<?xml version="1.0"?>
<!-- A fan of our own, in the form of the SDK's files. -->
<cluster xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="0x0202" name="Fan Control Cluster" revision="4">
  <clusterIds><clusterId id="0x0202" name="Fan Control"/></clusterIds>
  <classification hierarchy="base" role="application" picsCode="FAN" scope="Endpoint"/>
  <features>
    <feature bit="0" code="SPD" name="MultiSpeed" summary="speeds"><optionalConform/></feature>
    <feature bit="1" code="AUT" name="Auto"><optionalConform/></feature>
  </features>
  <dataTypes>
    <enum name="FanModeEnum">
      <item value="0" name="Off" summary="Fan is off"><mandatoryConform/></item>
      <item value="3" name="High"><mandatoryConform/></item>
      <item value="5" name="Auto"><mandatoryConform><feature name="AUT"/></mandatoryConform></item>
      <item value="7"/>
    </enum>
    <bitmap name="WindBitmap">
      <bitfield name="SleepWind" bit="0" summary="Sleep"/>
      <bitfield name="Level" from="8" to="11"/>
    </bitmap>
    <struct name="PointStruct">
      <field id="0" name="Speed" type="percent"><mandatoryConform/></field>
      <field id="1" name="Wind" type="WindBitmap"><optionalConform/></field>
    </struct>
    <number name="Rate" type="uint16"/>
    <enum/>
  </dataTypes>
  <attributes>
    <attribute id="0x0000" name="FanMode" type="FanModeEnum" default="0">
      <access read="true" write="true" readPrivilege="view" writePrivilege="operate"/>
      <quality persistence="nonVolatile"/>
      <mandatoryConform/>
    </attribute>
    <attribute id="0x0002" name="PercentSetting" type="percent" default="null">
      <access read="true" write="true" readPrivilege="view" writePrivilege="operate"/>
      <quality nullable="true" persistence="nonVolatile" scene="true"/>
      <mandatoryConform/>
      <constraint type="max" value="100"/>
    </attribute>
    <attribute id="0x0005" name="SpeedSetting" type="uint8" default="MS">
      <access read="true" write="optional" readPrivilege="view" writePrivilege="operate"/>
      <mandatoryConform><feature name="SPD"/></mandatoryConform>
      <constraint><between><from value="0x01"/><to><attribute name="SpeedMax"/></to></between></constraint>
    </attribute>
    <attribute id="0x000A" name="Points" type="list">
      <entry type="PointStruct"/>
      <access read="true" readPrivilege="view"/>
      <optionalConform/>
      <constraint><maxCount value="8"/></constraint>
    </attribute>
    <attribute id="0x000B" name="Sequence" type="enum8">
      <enum><item value="0" name="Off/Low"/><item value="1" name="Off/High"/></enum>
    </attribute>
  </attributes>
  <commands>
    <command id="0x00" name="Step" direction="commandToServer" response="Y">
      <access invokePrivilege="operate" timed="true"/>
      <mandatoryConform/>
      <field id="0" name="Wrap" type="bool" default="false"><optionalConform/></field>
    </command>
    <command id="0x01" name="Ask" direction="commandToServer" response="AskResponse"><mandatoryConform/></command>
    <command id="0x02" name="AskResponse" direction="responseFromServer">
      <field id="0" name="Speed" type="uint8"><mandatoryConform/></field>
    </command>
  </commands>
  <events>
    <event id="0x00" name="Stalled" priority="critical" side="server">
      <access readPrivilege="view"/>
      <mandatoryConform/>
      <field id="0" name="Why" type="string"><constraint type="maxLength" value="32"/></field>
    </event>
  </events>
</cluster>
"""

LIGHT = """<deviceType id="0x0101" name="Dimmable Light" revision="2">
  <classification superset="On/Off Light" class="simple" scope="endpoint"/>
  <clusters>
    <cluster id="0x0202" name="Fan Control" side="server">
      <mandatoryConform/>
      <features><feature code="SPD"><mandatoryConform/></feature><feature name="Auto"/><feature/></features>
      <attributes><attribute code="0x0005" name="SpeedSetting">
        <constraint><between><from value="1"/><to value="3"/></between></constraint></attribute></attributes>
      <commands><command id="0x00" name="Step"><mandatoryConform/></command></commands>
    </cluster>
    <cluster id="0x0406" name="Occupancy Sensing" side="client"><optionalConform/></cluster>
  </clusters>
</deviceType>
"""


def elements(text: str) -> list[dict[str, Any]]:
    found, told = read_data_model(text.encode())
    assert [each.rule for each in told] == ["api_form"]
    listed: list[dict[str, Any]] = found
    return listed


def member(inside: str) -> dict[str, Any]:
    """An attribute with this inside."""
    text = (
        f'<cluster id="1" name="A"><attributes><attribute id="0" name="B">{inside}</attribute></attributes></cluster>'
    )
    found: dict[str, Any] = elements(text)[0]["children"][2]
    return found


def test_a_cluster_is_a_model() -> None:
    read = read_models(FAN.encode())
    assert read.format == "matter" and [each for each in read.findings if each.severity != "info"] == []
    [model] = read.models
    assert (model.id, model.product, model.types) == ("matter.fan_control", "FanControl", ("matter:cluster:0x0202",))
    properties = {each.key: each for each in model.properties.values()}
    mode = properties["FanMode"]
    assert mode.access == ("read", "notify", "write") and mode.quality == ("nonvolatile",) and mode.mandatory
    assert [each.key for each in mode.schema.choices] == ["Off", "High", "Auto"] and mode.trait == "fan_speed"
    assert properties["PercentSetting"].trait == "fan_speed" and properties["PercentSetting"].schema.max == 100
    assert properties["SpeedSetting"].schema.constraint == "1 to speedMax"
    assert properties["Points"].schema.count_max == 8
    item = properties["Points"].schema.items
    assert item is not None and [each.key for each in item.fields] == ["Speed", "Wind"]
    assert [each.key for each in properties["Sequence"].schema.choices] == ["OffLow", "OffHigh"]
    assert list(model.actions) == ["FanControl.Step", "FanControl.Ask", "FanControl.AskResponse"]
    assert [each.key for each in model.actions["FanControl.Ask"].outputs] == ["Speed"]
    assert model.events["FanControl.Stalled"].severity == "critical"


def test_it_is_exported_as_elements_that_are_read_again() -> None:
    [model] = read_models(gzip.compress(FAN.encode())).models
    exported = MATTER.write(model)
    assert msgspec.json.decode(exported) == elements(FAN)[0]
    assert read_models(exported).models == [model]


def test_a_device_type_names_what_it_must_have() -> None:
    [element] = elements(LIGHT)
    assert (element["name"], element["id"], element["type"]) == ("DimmableLight", 0x101, "OnOffLight")
    assert element["children"] == [
        {
            "tag": "requirement",
            "name": "FanControl",
            "id": 0x202,
            "conformance": "M",
            "constraint": "all",
            "children": [
                {"tag": "requirement", "name": "SpeedSetting", "id": 5, "constraint": "1 to 3"},
                {"tag": "requirement", "name": "Step", "id": 0, "conformance": "M", "constraint": "all"},
                {"tag": "requirement", "name": "SPD", "conformance": "M"},
                {"tag": "requirement", "name": "Auto", "conformance": "M"},
            ],
        }
    ]
    whole = {"clusters": elements(FAN), "deviceTypes": [element]}
    models = read_models(msgspec.json.encode(whole)).models
    assert [each.id for each in models] == ["matter.fan_control", "matter.device.dimmable_light"]
    assert [each.key for each in models[1].services] == ["FanControl"]
    alone = read_models(LIGHT.encode())
    assert alone.models[0].abstract and "no_cluster" in [each.rule for each in alone.findings]
    both = read_models(LIGHT.encode(), overlays=[FAN.encode()])
    assert [each.id for each in both.models] == ["matter.fan_control", "matter.device.dimmable_light"]
    assert [each.key for each in both.models[1].services] == ["FanControl"]
    assert {each.rule for each in both.findings} == {"api_form"}


def test_several_clusters_of_one_file_and_what_one_derives_from() -> None:
    text = """<cluster name="Level Control Clusters" revision="5">
      <clusterIds><clusterId id="0x0008" name="Level Control"/><clusterId id="0x001C" name="Pulse Width Modulation"/>
      </clusterIds><classification hierarchy="derived" baseCluster="Mode Base"/></cluster>"""
    assert [(each["name"], each["id"], each["type"]) for each in elements(text)] == [
        ("LevelControl", 8, "ModeBase"),
        ("PulseWidthModulation", 28, "ModeBase"),
    ]
    base = (
        '<cluster id="" name="Mode Base" revision="1"><clusterIds><clusterId name="Mode Base"/></clusterIds></cluster>'
    )
    assert [each.get("id") for each in elements(base)] == [None]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<mandatoryConform/>", "M"),
        ('<mandatoryConform><feature name="LT"/></mandatoryConform>', "LT"),
        ("<optionalConform/>", "O"),
        ('<optionalConform choice="a" more="true"><feature name="A"/></optionalConform>', "[A].a+"),
        ('<optionalConform choice="b"/>', "O.b"),
        ("<disallowConform/>", "X"),
        ("<deprecateConform/>", "D"),
        ("<describedConform/>", "desc"),
        ("<otherwiseConform><provisionalConform/><optionalConform/></otherwiseConform>", "P, O"),
        (
            "<otherwiseConform><mandatoryConform><andTerm><feature name='A'/><notTerm><orTerm><feature name='B'/>"
            "<attribute name='C'/></orTerm></notTerm></andTerm></mandatoryConform>"
            "<optionalConform/></otherwiseConform>",
            "A & (!(B | C)), O",
        ),
        ("<mandatoryConform><notTerm><feature name='A'/></notTerm></mandatoryConform>", "!A"),
        ("<mandatoryConform><greaterTerm><attribute name='N'/><literal value='1'/></greaterTerm>"
         "</mandatoryConform>", "N > 1"),
        ("<mandatoryConform><notTerm/></mandatoryConform>", "M"),
        ("<mandatoryConform><describedConform/></mandatoryConform>", "M"),
        ("<optionalConform/>" * 0, None),
        ("<!-- a comment --><mandatoryConform><!-- another --><feature name='A'/></mandatoryConform>", "A"),
        ("<mandatoryConform>" + "<notTerm>" * 40 + "<feature name='A'/>" + "</notTerm>" * 40
         + "</mandatoryConform>", "M"),
        ("<otherwiseConform>" * 40 + "<mandatoryConform/>" + "</otherwiseConform>" * 40, None),
    ],
)  # fmt: skip
def test_conformance(inside: str, expected: str | None) -> None:
    assert member(inside).get("conformance") == expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", "all"),
        ("<constraint/>", "desc"),
        ('<constraint type="between" from="1" to="0xFE"/>', "1 to 254"),
        ('<constraint type="lengthBetween" from="1" to="8"/>', "1 to 8"),
        ('<constraint type="allowed" value="1"/>', "1"),
        ('<constraint type="desc"/>', "desc"),
        ('<constraint type="max"/>', "desc"),
        ('<constraint type="between" from="1"/>', "desc"),
        ('<constraint type="odd" value="1"/>', "desc"),
        ('<constraint><min value="-273"/></constraint>', "min -273"),
        ('<constraint><max><attribute name="MaxLevel"/></max></constraint>', "max maxLevel"),
        ('<constraint><maxLength value="32"/></constraint>', "max 32"),
        ('<constraint><min value="5%"/></constraint>', "min 5%"),
        ("<constraint><desc/></constraint>", "desc"),
        ("<constraint><between><from><attribute/></from><to value='1'/></between></constraint>", "desc"),
    ],
)
def test_constraints(inside: str, expected: str) -> None:
    assert member(inside)["constraint"] == expected


@pytest.mark.parametrize(
    ("inside", "access", "quality"),
    [
        (
            '<access read="true" write="true" readPrivilege="view" writePrivilege="manage" timed="true"/>',
            "RW VM T",
            None,
        ),
        ('<access read="true" write="optional" readPrivilege="view" writePrivilege="operate"/>', "R[W] VO", None),
        ('<access invokePrivilege="administer" fabricScoped="true" fabricSensitive="true"/>', "F S A", None),
        ('<quality nullable="true" persistence="fixed" scene="true" quieterReporting="true"/>', None, "X F S Q"),
        ('<quality scene="true"/>', None, "S"),
        ('<quality persistence="volatile" changeOmitted="false"/>', None, None),
    ],
)
def test_access_and_quality(inside: str, access: str | None, quality: str | None) -> None:
    made = member(inside)
    assert (made.get("access"), made.get("quality")) == (access, quality)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("0x0A", 10), ("-5", -5), ("TRUE", True), ("false", False), ("MS", None), ("", None), ("Increase", "Increase"),
     ("١", "١"), ("9" * 30, "9" * 30)],
)  # fmt: skip
def test_defaults(given: str, expected: Any) -> None:
    text = f'<cluster id="1" name="A"><attributes><attribute name="B" default="{given}"/></attributes></cluster>'
    assert elements(text)[0]["children"][2].get("default") == expected


@pytest.mark.parametrize("bits", [(7, 8), (8, 16), (15, 16), (31, 32), (32, 64)])
def test_a_bitmap_is_as_wide_as_its_bits(bits: tuple[int, int]) -> None:
    bitmap = f'<bitmap name="B"><bitfield name="C" bit="{bits[0]}"/></bitmap>'
    text = f'<cluster id="1" name="A"><dataTypes>{bitmap}</dataTypes></cluster>'
    assert elements(text)[0]["children"][2]["type"] == f"map{bits[1]}"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "b">]><cluster name="A"/>', "bad_xml"),
        (b'<cluster name="A">', "bad_xml"),
        (b'<?xml version="1.0" encoding="no-such"?><cluster name="A"/>', "bad_xml"),
        (b'<cluster name="-"/>', "no_name"),
        (b"<cluster/>", "no_name"),
        (b'<deviceType id="1"/>', "no_name"),
    ],
)
def test_what_files_get_wrong(text: bytes, rule: str) -> None:
    read = read_models(text)
    assert read.models == [] and next(each.rule for each in read.findings if each.severity != "info") == rule


def test_a_file_without_much() -> None:
    [element] = elements('<deviceType id="2" name="A"/>')
    assert element == {"tag": "deviceType", "name": "A", "title": "A", "id": 2}
    assert not is_data_model(b'{"a": "<cluster name>"}') and not is_data_model(b"<other/>")


def test_too_much_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unisono.thing.formats.matter.datamodel.MAX_BYTES", 100)
    found, [told] = read_data_model(FAN.encode())
    assert found is None and told.rule == "too_large"


@given(st.binary(max_size=200), st.integers(0, len(FAN)), st.integers(0, 200))
def test_any_text_is_answered(noise: bytes, at: int, cut: int) -> None:
    broken = FAN.encode()[:at] + noise + FAN.encode()[at + cut :]
    read_models(broken, "matter")
