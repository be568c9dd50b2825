"""The data files that ship with this room: where they are and how they are read.

Knows ``data/`` beside it and YAML. Knows nothing of what the files mean.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

__all__ = ["DATA", "list_data", "read_data", "stranger_loader", "yaml_dumper", "yaml_loader"]

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def yaml_loader() -> Any:
    """libyaml's safe loader, or without libyaml the pure one, which reads the same eight times slower."""
    import yaml  # 2 MB and 15 ms that a gateway never needs

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


# The plain scalars of YAML 1.2's JSON schema. By YAML 1.1, which PyYAML speaks, "on" is true, 1:30 is 90 and 010 is 8;
# a property called "on" and a version called 1.10 are what people write.
_PLAIN = (
    ("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")),
    ("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789")),
    (
        "tag:yaml.org,2002:float",
        re.compile(r"^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|-?\.inf|\.nan)$"),
        list("-0123456789."),
    ),
)


@lru_cache(maxsize=1)
def stranger_loader() -> Any:
    """As `yaml_loader`, with the plain scalars of YAML 1.2: what is not null, a boolean or a JSON number is text."""

    class Loader(yaml_loader()):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    for tag, pattern, first in _PLAIN:
        Loader.add_implicit_resolver(tag, pattern, first)
    return Loader


@lru_cache(maxsize=1)
def yaml_dumper() -> Any:
    """A safe dumper that writes no aliases, and quotes whatever a reader of YAML 1.1 or 1.2 could take for no text."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    for tag, pattern, first in _PLAIN:
        Dumper.add_implicit_resolver(tag, pattern, first)
    return Dumper


def read_data(name: str) -> Any:
    """The content of one of our own files, by its path under ``data/``."""
    import yaml

    return yaml.load((DATA / name).read_bytes(), Loader=yaml_loader())


def list_data(folder: str) -> list[str]:
    """The names of the YAML files in a folder under ``data/``, without their ending, sorted."""
    return sorted(path.stem for path in (DATA / folder).glob("*.yaml"))
