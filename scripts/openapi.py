"""Writes the description of the API to standard output: what the console's types are made from."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from unisono.api.app import create_routes
from unisono.api.door.description import complete, open_routes


def main() -> None:
    litestar = create_routes(cast(Any, SimpleNamespace()))
    whole = complete(litestar.openapi_schema.to_schema(), open_routes(litestar))
    sys.stdout.write(msgspec.json.encode(whole).decode())


if __name__ == "__main__":
    main()
