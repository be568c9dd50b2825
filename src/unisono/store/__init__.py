"""The three engines under the house: the log (NATS), the registry (SQL) and history (DuckDB).

Knows how bytes are kept. Must not know what they mean. Each engine loads libraries that only some processes need, so
this face imports none of them: take `unisono.store.nats_server`, `.bus`, `.log` and `.lease` (NATS),
`unisono.store.registry` and `unisono.store.history` by name.
"""

from __future__ import annotations

__all__: list[str] = []
