"""Matter's ZAP templates: written here as its SDK writes them, of several years."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from unisono.thing import Model
from unisono.thing.formats import find_format
from unisono.thing.formats.files import read_models
from unisono.thing.formats.matter.datamodel import is_data_model, read_data_model

FAN = """<?xml version="1.0"?>
<!-- licence -->
<configurator xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <domain name="HVAC"/>
  <enum name="FanModeEnum" type="enum8">
    <cluster code="0x0202"/>
    <item name="Off" value="0x00"/><item name="Low" value="0x01"/><item name="High" value="0x03"/>
  </enum>
  <bitmap name="RockBitmap" type="bitmap8">
    <cluster code="0x0202"/>
    <field name="RockLeftRight" mask="0x01"/><field name="RockUpDown" mask="0x06"/><field name="Odd" mask="x"/>
  </bitmap>
  <struct name="StepStruct">
    <cluster code="0x0202"/>
    <item fieldId="0" name="Level" type="int8u" min="1" max="0x64"/>
    <item name="Names" type="char_string" array="true" optional="true"/>
  </struct>
  <enum name="Shared"><item name="A" value="0"/></enum>
  <enum><item name="A" value="0"/></enum>
  <cluster>
    <name>Fan Control</name>
    <domain name="HVAC"/>
    <code>0x0202</code>
    <globalAttribute side="either" code="0xFFFD" value="4"/>
    <features><feature bit="0" code="SPD" name="MultiSpeed"><optionalConform/></feature><feature bit="1"/></features>
    <attribute side="server" code="0x0000" define="FAN_MODE" type="FanModeEnum" min="0" max="6" writable="true" default="0">FanMode</attribute>
    <attribute side="server" code="0x0001" type="percent" max="100" isNullable="true" optional="true" name="PercentSetting"/>
    <attribute side="server" code="0x0002" type="array" entryType="StepStruct" length="8"><description>Steps</description><access op="read" role="view"/></attribute>
    <attribute side="server" code="0x0003" type="int8u" writable="true" minLength="1" name="Guarded">
      <access op="write" privilege="manage"/>
      <mandatoryConform><feature name="SPD"/></mandatoryConform>
    </attribute>
    <attribute side="server" code="0x0004" name="Untyped"/>
    <attribute side="client" code="0x0005" type="int8u" name="OfClients"/>
    <attribute side="server" type="int8u" name="NoCode"/>
    <attribute side="server" code="0xFFFC" type="bitmap32" name="FeatureMap"/>
    <command source="client" code="0x00" name="Step" response="StepResponse" optional="true">
      <arg name="Direction" type="int8u"/><arg id="7" name="Wrap" type="boolean" optional="true"/>
    </command>
    <command source="client" code="0x01" name="Stop"/>
    <command source="server" code="0x02" name="StepResponse"><arg name="Done" type="boolean"/></command>
    <event side="server" code="0x00" name="Stuck" priority="critical" optional="true"><field id="0" name="Why" type="epoch_s"/></event>
  </cluster>
  <cluster><name>-</name><code>1</code></cluster>
  <cluster><name>Numberless</name></cluster>
  <deviceType>
    <name>MA-fan</name><typeName>Matter Fan</typeName><deviceId editable="false">0x002B</deviceId>
    <clusters lockOthers="true">
      <include cluster="Fan Control" client="false" server="true" clientLocked="true" serverLocked="true"/>
      <include cluster="Groups" client="false" server="true" serverLocked="false"/>
      <include cluster="Binding" client="true" server="false"/>
      <include server="true"/>
    </clusters>
  </deviceType>
  <deviceType><name>x</name></deviceType>
</configurator>
"""  # noqa: E501


def fan() -> dict[str, Model]:
    read = read_models(FAN.encode())
    assert read.format == "matter"
    assert [each.rule for each in read.findings if each.severity == "warning"].count("no_name") == 2
    return {each.id: each for each in read.models}


def test_a_cluster_is_a_model() -> None:
    models = fan()
    assert set(models) == {"matter.fan_control", "matter.numberless", "matter.device.fan"}
    found = models["matter.fan_control"]
    assert found.types == ("matter:cluster:0x0202",)
    properties = {each.key: each for service in found.services for each in service.properties}
    assert {"FanMode", "PercentSetting", "Steps", "Guarded", "Untyped"} <= properties.keys()
    assert not {"OfClients", "NoCode"} & properties.keys()
    assert properties["FanMode"].writable and not properties["PercentSetting"].writable
    assert properties["PercentSetting"].schema.nullable and properties["PercentSetting"].schema.max == 100
    steps = properties["Steps"].schema
    assert steps.kind == "array" and steps.count_max == 8 and steps.items is not None
    assert [each.key for each in steps.items.fields] == ["Level", "Names"]
    assert (steps.items.fields[0].schema.min, steps.items.fields[0].schema.max) == (1, 100)
    names = steps.items.fields[1].schema
    assert names.kind == "array" and names.items is not None and names.items.kind == "string"


def test_members_as_the_specification_writes_them() -> None:
    document, _told = read_data_model(FAN.encode())
    [cluster] = [each for each in document if each.get("id") == 0x0202]
    by_name = {each["name"]: each for each in cluster["children"]}
    assert by_name["FanMode"] | {} == {
        "tag": "attribute", "name": "FanMode", "id": 0, "type": "FanModeEnum", "access": "RW VO", "conformance": "M",
        "constraint": "0 to 6", "default": 0,
    }  # fmt: skip
    assert by_name["PercentSetting"]["conformance"] == "O" and by_name["PercentSetting"]["quality"] == "X"
    assert by_name["Guarded"]["conformance"] == "SPD" and by_name["Guarded"]["access"] == "RW VM"
    assert by_name["Guarded"]["constraint"] == "min 1"
    assert by_name["Step"]["response"] == "StepResponse" and by_name["StepResponse"]["direction"] == "response"
    assert [each["id"] for each in by_name["Step"]["children"]] == [0, 7]
    assert by_name["Stop"]["response"] == "status" and "children" not in by_name["Stop"]
    assert by_name["Stuck"]["children"][0]["type"] == "epoch-s" and by_name["Stuck"]["conformance"] == "O"
    assert [each.get("constraint") for each in by_name["RockBitmap"]["children"]] == ["0", "1 to 2", None]
    assert by_name["FeatureMap"]["children"] == [
        {"tag": "field", "name": "SPD", "title": "MultiSpeed", "conformance": "O", "constraint": "0"}
    ]
    assert cluster["revision"] == 4
    assert [each["name"] for each in document if each["tag"] == "datatype"] == ["Shared"]


def test_a_device_type_has_what_it_must() -> None:
    found = fan()["matter.device.fan"]
    assert found.types == ("matter:device:0x002b",) and found.kind == "fan"
    [service] = found.services
    assert service.mandatory and any(each.key == "FanMode" for each in service.properties)


def test_it_is_exported_as_elements_that_are_read_again() -> None:
    written = find_format("matter")
    for model in fan().values():
        again = read_models(written.write(model))
        assert again.format == "matter" and [each.severity for each in again.findings if each.severity == "error"] == []
        assert msgspec.json.decode(written.write(model))["name"] == model.product


@pytest.mark.parametrize("text", ["<configurator/>", "<configurator><domain/></configurator>"])
def test_a_file_without_any(text: str) -> None:
    assert is_data_model(text.encode())
    read: Any = read_models(text.encode())
    assert read.models == [] and any(each.severity == "error" for each in read.findings)
