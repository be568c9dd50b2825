"""What a thing about to be added is in the language that it speaks: its model, its name there, how its secret is kept.

Knows the seam of dialects and what somebody wants to add. Knows no route and no single dialect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unisono.api.shapes import ThingNew
from unisono.dialect import LineDialect, find_dialect
from unisono.errors import CallerError
from unisono.store.registry import ForeignRow

if TYPE_CHECKING:
    from unisono.api.context import ApiContext

__all__ = ["foreign_row", "model_for", "seals"]


def model_for(new: ThingNew) -> str:
    """The model of a thing that is to be added: its own, or the one that its dialect has for those without."""
    return new.model or (find_dialect(new.how).model if new.how else "")


def seals(new: ThingNew) -> bool:
    """Whether the secret is to be kept so that it can be read again."""
    dialect = find_dialect(new.how) if new.how else None
    return isinstance(dialect, LineDialect) and dialect.seals


def foreign_row(context: ApiContext, new: ThingNew, thing: str, secret: str) -> ForeignRow | None:
    """What it is called in its dialect. Raises CallerError bad_value."""
    dialect = find_dialect(new.how) if new.how else None
    unknown = new.given.keys() - {each.name for each in dialect.fields} if dialect is not None else new.given.keys()
    if unknown:
        expected = ", ".join(each.name for each in dialect.fields) if dialect is not None else "nothing without how"
        raise CallerError(
            f"there is no field {min(unknown)[:80]!r}", code="bad_value", field="given", expected=expected or "nothing"
        )
    if not isinstance(dialect, LineDialect):
        return None
    caller = dialect.called(new.given, thing, secret)
    return ForeignRow(dialect.name, context.directory.name_of(caller), thing)
