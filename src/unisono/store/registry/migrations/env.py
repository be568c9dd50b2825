"""Runs the migrations inside the transaction that `unisono.store.registry.schema` opened and hands over."""

from __future__ import annotations

from alembic import context

from unisono.store.registry.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
