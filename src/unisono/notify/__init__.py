"""Telling people: notifications, taken in durably and delivered through apprise and Web Push.

What is heavy loads on use, in a process that ends when there is nothing to do.
"""

from __future__ import annotations

from importlib import resources

from unisono.notify.service import Service, read_services

__all__ = ["Service", "built_in_services"]


def built_in_services() -> dict[str, Service]:
    """What is known of services, by scheme."""
    folder = resources.files("unisono.notify") / "services"
    return read_services(each.read_bytes() for each in folder.iterdir() if each.name.endswith(".yaml"))
