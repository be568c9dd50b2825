"""Dialects over HTTP: which there are, how a device is brought in, and products whose devices share a secret.

Knows rows, rights and the seam. Knows no single dialect: what is to be set on a device is the dialect's own data.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import resources
from typing import Annotated, Any

import msgspec
import yaml
from litestar import Router, delete, get, post
from litestar.connection import Request
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from unisono.access import Action, seal
from unisono.api.auth import Identity, now_us
from unisono.api.context import ApiContext
from unisono.api.dialects.asks import product_key
from unisono.api.dialects.reach import reach
from unisono.api.inject import Asker, Context
from unisono.api.shapes import Id, Page
from unisono.api.times import iso
from unisono.dialect import Dialect, Guide, Hub, LineDialect, PlaceDialect, dialects, find_dialect
from unisono.errors import CallerError
from unisono.store.registry import ProductRow

__all__ = ["guide_for", "host_of", "router"]

#: Shown where a secret would stand that was shown once already.
ITS_SECRET = "(its secret)"
#: A product's secret: Alibaba's have 16 characters.
ProductSecret = Annotated[str, Meta(min_length=8, max_length=128)]


class DialectField(msgspec.Struct):
    """What may be given in ``given`` when a thing is added; ``pattern`` is a regular expression."""

    name: str
    title: str
    pattern: str
    default: str


class DialectShown(msgspec.Struct):
    """A language that devices speak at our door. ``kind``: ``line`` (devices sign in by themselves) or ``place``
    (things announce themselves through a bridge). ``model``: what a thing is that is added without one, unless it
    ``learns``. ``can`` and ``cannot``: what of it is supported, a line each. ``zh``: its texts in Chinese, by the
    English ones."""

    id: str
    title: str
    kind: str
    model: str
    fields: list[DialectField]
    learns: bool = False
    can: list[str] = []
    cannot: list[str] = []
    zh: dict[str, str] = {}


class GuideSetting(msgspec.Struct):
    name: str
    value: str


class GuideShown(msgspec.Struct):
    """What to set on a device, in order; ``paste``: a text to be pasted whole. ``host``: the hub's address in it;
    ``trouble``: what would keep a device from coming through (this_machine, tls_only), ``hint`` says it in words."""

    how: str
    title: str
    settings: list[GuideSetting]
    paste: str
    notes: list[str]
    host: str = ""
    trouble: str = ""
    hint: str = ""


class ProductNew(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A product. ``secret``: what its devices share; ``open``: devices that nobody named before come in too."""

    product: Annotated[str, Meta(min_length=1, max_length=64)]
    place: Id
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    secret: ProductSecret | None = None
    open: bool = False


class ProductShown(msgspec.Struct):
    how: str
    product: str
    place: str
    model: str
    open: bool
    secret: bool
    created: str


@get("/")
async def list_dialects(context: Context, identity: Asker) -> Page[DialectShown]:
    """All dialects."""
    return Page([_shown(each) for each in dialects().values()])


@cache
def _chinese(name: str) -> dict[str, str]:
    """A dialect's texts in Chinese, by the English ones, where they lie beside it."""
    module = type(find_dialect(name)).__module__
    file = resources.files(sys.modules[module].__package__ or module) / f"{name}.zh.yaml"
    if not file.is_file():
        return {}
    return msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), dict[str, str])


def _shown(dialect: Dialect) -> DialectShown:
    fields = [DialectField(each.name, each.title, each.pattern, each.default) for each in dialect.fields]
    kind = "place" if isinstance(dialect, PlaceDialect) else "line"
    can, cannot = list(dialect.can), list(dialect.cannot)
    zh = _chinese(dialect.name)
    return DialectShown(dialect.name, dialect.title, kind, dialect.model, fields, dialect.learns, can, cannot, zh)


@get("/{dialect:str}/guide/{thing_id:str}")
async def get_guide(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    dialect: FromPath[str],
    thing_id: FromPath[str],
) -> GuideShown:
    """What to set on a device so that it comes in as this thing; its secret was shown when it was added."""
    row, _partition = await context.thing(thing_id, identity, Action.CONFIGURE)
    how = find_dialect(dialect)
    given: dict[str, str] = {}
    if isinstance(how, LineDialect):
        names = await context.registry.foreign_names([row.id], how.name)
        given = how.given(names[0].name) if names else {}
    return guide_for(context, how, host_of(request), row.id, ITS_SECRET, given)


def host_of(request: Request[Any, Any, Any]) -> str:
    """The hub as whoever asks has reached it, without a port."""
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.strip("[]") or "127.0.0.1"


def guide_for(
    context: ApiContext, dialect: Dialect, host: str, thing: str, secret: str, given: dict[str, str]
) -> GuideShown:
    """The dialect's settings with the hub's address."""
    info = context.hub_info()
    ports, found = info.get("ports", {}), reach(info, host)
    hub = Hub(found.host, ports.get("mqtt", 0), ports.get("mqtts", 0), ports.get("http", 0), thing, secret, given)
    guide: Guide = dialect.guide(hub)
    settings = [GuideSetting(each.name, each.value) for each in guide.settings]
    notes = list(guide.notes)
    return GuideShown(dialect.name, guide.title, settings, guide.paste, notes, found.host, found.trouble, found.hint)


@get("/{dialect:str}/products")
async def list_products(context: Context, identity: Asker, dialect: FromPath[str]) -> Page[ProductShown]:
    """Products of places that you configure."""
    rows = [row for row in await context.registry.list_products() if row.dialect == dialect]
    return Page([_product(row) for row in rows if await _may(context, identity, row.place)])


@post("/{dialect:str}/products")
async def put_product(
    context: Context, identity: Asker, dialect: FromPath[str], data: JSONBody[ProductNew]
) -> ProductShown:
    """Add or change a product whose devices get a secret of their own here."""
    how = find_dialect(dialect)
    place = await context.place(data.place)
    context.auth.require(identity, Action.CONFIGURE, await context.path_of(place.id))
    before = await context.registry.get_product(how.name, data.product)
    if before is not None and not await _may(context, identity, before.place):
        raise CallerError(f"there is already a product {data.product!r}", code="exists", field="product")
    model = await context.catalog.get(data.model, None)
    sealed = before.sealed if before is not None else None
    if data.secret is not None:
        sealed = seal(data.secret, product_key(how.name, data.product), context.pepper)
    row = ProductRow(how.name, data.product, place.id, model.id, sealed, data.open, now_us())
    await context.registry.put_product(row)
    return _product(row)


@delete("/{dialect:str}/products/{product:str}", status_code=204)
async def remove_product(context: Context, identity: Asker, dialect: FromPath[str], product: FromPath[str]) -> None:
    """Its devices stay; no others come."""
    row = await context.registry.get_product(dialect, product)
    if row is None or not await _may(context, identity, row.place):
        raise CallerError(f"there is no product {product[:80]!r}", code="not_found", field="product")
    await context.registry.remove_product(dialect, product)


async def _may(context: ApiContext, identity: Identity, place: str) -> bool:
    return context.auth.allows(identity, Action.CONFIGURE, await context.path_of(place))


def _product(row: ProductRow) -> ProductShown:
    secret = row.sealed is not None
    return ProductShown(row.dialect, row.product, row.place, row.model, row.open, secret, iso(row.created))


router = Router(
    "/dialects",
    route_handlers=[list_dialects, get_guide, list_products, put_product, remove_product],
    tags=["dialects"],
)
