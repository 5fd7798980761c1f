"""Behavior of the whole, over real HTTP and on a real database."""

import pytest

pytest.register_assert_rewrite("tests.integration.faulty")
