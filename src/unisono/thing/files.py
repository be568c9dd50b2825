"""The data files that ship with this room: where they are and how they are read.

Knows ``data/`` beside it and YAML. Knows nothing of what the files mean.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["DATA", "list_data", "parse_yaml", "read_data"]

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def _loader() -> Any:
    import yaml  # 2 MB and 15 ms that a gateway never needs

    # Without libyaml the pure loader reads the same, eight times slower.
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: bytes | str) -> Any:
    """What a YAML (or JSON) text says. Raises ``yaml.YAMLError``."""
    import yaml

    return yaml.load(text, Loader=_loader())


def read_data(name: str) -> Any:
    """The content of one of our own files, by its path under ``data/``."""
    return parse_yaml((DATA / name).read_bytes())


def list_data(folder: str) -> list[str]:
    """The names of the YAML files in a folder under ``data/``, without their ending, sorted."""
    return sorted(path.stem for path in (DATA / folder).glob("*.yaml"))
