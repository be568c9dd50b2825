"""Dialects against a running hub: one hub for all tests of a module."""

from tests.hub.conftest import running, shared

__all__ = ["running", "shared"]
