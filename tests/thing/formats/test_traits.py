"""Traits: a sample checked by hand, and how much of each format has one.

``python -m tests.thing.formats.test_traits`` prints both.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from functools import lru_cache
from pathlib import Path

from tests.thing.formats.real import read_real
from unisono.thing import Model, traits
from unisono.thing.files import list_data
from unisono.thing.formats.files import read_models
from unisono.thing.formats.rules import Subject, read_rules

SAMPLE = Path(__file__).parent / "traits_sample.csv"
FILES = (
    "models/miot_homebridge.json",
    "models/tsl_iotkit_embedded.json",
    "models/z2m_exposes.json.gz",
    "models/matter_model.json",
    "car/vss_release_6.0.json",
)
ENOUGH = 0.95


def sample() -> list[list[str]]:
    lines = SAMPLE.read_text().splitlines()
    return list(csv.reader(line for line in lines if not line.startswith("#")))


@lru_cache(maxsize=1)
def real_models() -> dict[str, dict[str, Model]]:
    found: dict[str, dict[str, Model]] = {}
    for name in FILES:
        read = read_models(read_real(name))
        found[str(read.format)] = {model.id: model for model in read.models}
    return found


def wrong() -> list[str]:
    """What the sample says and the import does not."""
    found: list[str] = []
    for format, model, address, trait in sample():
        property = real_models()[format][model].properties[address]
        if (property.trait or "") != trait:
            found.append(f"{format} {model} {address}: {property.trait} instead of {trait or 'none'}")
    return found


def coverage() -> list[str]:
    """Per format: properties, those with a trait, different traits."""
    lines = []
    for format, models in real_models().items():
        members = [each for model in models.values() for each in model.properties.values() if not each.parameter_only]
        bearing = Counter(each.trait for each in members if each.trait)
        share = bearing.total() / len(members)
        counted = f"{bearing.total():6} with a trait ({share:.0%}), {len(bearing)} traits"
        lines.append(f"{format:12} {len(members):6} properties, {counted}")
    return lines


def test_the_sample_has_the_right_traits() -> None:
    assert len(sample()) >= 300
    faults = wrong()
    sys.stdout.write("\n".join([*coverage(), *faults, ""]))  # seen with -s
    bearing = [line for line in sample() if line[3]]
    missed = [fault for fault in faults if not fault.endswith("instead of none")]
    assert len(missed) <= (1 - ENOUGH) * len(bearing), missed
    assert len(faults) <= (1 - ENOUGH) * len(sample()), faults


def test_every_rule_speaks_of_a_trait_that_there_is() -> None:
    for name in list_data("formats"):
        if name.endswith("overlays"):
            continue
        rules = read_rules(name)
        for rule in rules.all():
            assert rule.trait is None or rule.trait in traits(), (name, rule)


def test_a_rule_that_says_none_ends_the_search() -> None:
    rules = read_rules("zigbee2mqtt")
    assert [rule.trait for rule in rules.traits(Subject("vibration", "", "bool"))] == []
    assert rules.kind("nothing") is None


if __name__ == "__main__":
    told = f"{len(sample())} checked by hand, of which wrong: {len(wrong())}"
    sys.stdout.write("\n".join([*coverage(), told, *wrong(), ""]))
