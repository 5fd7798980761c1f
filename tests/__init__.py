"""The tests of catalog_sync and of its sandbox, laid out as what they test."""
