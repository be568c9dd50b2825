"""The data files that ship with this room: where they are and how they are read.

Knows ``data/`` beside it and YAML. Knows nothing of what the files mean.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["DATA", "list_data", "read_data", "yaml_dumper", "yaml_loader"]

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def yaml_loader() -> Any:
    """libyaml's safe loader, or without libyaml the pure one, which reads the same eight times slower."""
    import yaml  # 2 MB and 15 ms that a gateway never needs

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def yaml_dumper() -> Any:
    """A safe dumper that writes no aliases: a reader wants to see what stands where."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return Dumper


def read_data(name: str) -> Any:
    """The content of one of our own files, by its path under ``data/``."""
    import yaml

    return yaml.load((DATA / name).read_bytes(), Loader=yaml_loader())


def list_data(folder: str) -> list[str]:
    """The names of the YAML files in a folder under ``data/``, without their ending, sorted."""
    return sorted(path.stem for path in (DATA / folder).glob("*.yaml"))
