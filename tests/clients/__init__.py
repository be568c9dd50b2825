"""Clients that nobody here wrote, against a running hub."""

import pytest

pytest.register_assert_rewrite("tests.clients.scenes")
