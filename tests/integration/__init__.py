"""Promises to users, one module each, tested over HTTP and on a real database."""

import pytest

pytest.register_assert_rewrite("tests.integration.faulty")
