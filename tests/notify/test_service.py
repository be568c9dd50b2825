"""The data of services: each file is sound, and no scheme is described twice."""

from __future__ import annotations

from importlib import resources

import msgspec
import pytest

from unisono.notify import built_in_services
from unisono.notify.quiet import PRIORITIES
from unisono.notify.service import Service, read_services

FILES = sorted(
    each.name for each in (resources.files("unisono.notify") / "services").iterdir() if each.name.endswith(".yaml")
)


@pytest.mark.parametrize("name", FILES)
def test_a_file(name: str) -> None:
    content = (resources.files("unisono.notify") / "services" / name).read_bytes()
    service = msgspec.yaml.decode(content, type=Service)
    assert service.name
    assert service.schemes
    assert service.limits
    assert not service.priority or tuple(service.priority) == PRIORITIES


def test_no_scheme_is_described_twice() -> None:
    services = {service.name: service for service in built_in_services().values()}
    schemes = [scheme for service in services.values() for scheme in service.schemes]
    assert len(services) == len(FILES)
    assert len(schemes) == len(set(schemes))


def test_what_is_not_sound_is_refused_with_the_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"limits\[0\].count"):
        read_services([b"name: X\nschemes: [x]\nlimits: [{count: 0, per_s: 1}]"])
