"""Models by id and version, built-in ones and those of the registry, compiled and kept for a while.

Knows where models are. Knows no route. Model versions are immutable, so what is kept never goes stale; only "the newest
version of" is looked up each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from unisono.errors import CallerError
from unisono.store.registry import Registry
from unisono.thing import Model, builtin_model, builtin_models, load_model

__all__ = ["Catalog", "traits_of"]

# a parsed model is 20 to 200 KB
MAX_KEPT = 64


class Catalog:
    """Finds models."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: OrderedDict[tuple[str, int], Model] = OrderedDict()

    async def get(self, model_id: str, version: int | None = None, *, field: str = "model") -> Model:
        """A model; the newest version when none is named. Raises CallerError ``not_found``."""
        if version is not None and (model_id, version) in self._kept:
            self._kept.move_to_end((model_id, version))
            return self._kept[model_id, version]
        built_in = self.built_in(model_id)
        if built_in is not None and version in (None, built_in.version):
            return built_in
        row = await self._registry.get_model(model_id, version)
        if row is None:
            what = f"model {model_id!r}" if version is None else f"version {version} of model {model_id!r}"
            raise CallerError(f"There is no {what}", code="not_found", field=field, mend="Run: unisono model list")
        found = load_model(row.document.encode())
        self._kept[row.id, row.version] = found
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    def built_in(self, model_id: str) -> Model | None:
        """The built-in model of that id, if there is one."""
        try:
            return builtin_model(model_id)
        except CallerError:
            return None

    def built_ins(self) -> Mapping[str, Model]:
        """All built-in models by id."""
        return builtin_models()

    def forget(self, model_id: str) -> None:
        """Drop what is kept of a model (it was deleted)."""
        for key in [key for key in self._kept if key[0] == model_id]:
            del self._kept[key]


def traits_of(model: Model) -> dict[str, str]:
    """Trait of each property key that bears one."""
    return {key: each.trait for key, each in model.properties.items() if each.trait}
