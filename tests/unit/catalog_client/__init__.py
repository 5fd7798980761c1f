"""Tests of the Catalog's client: bytes in, course runs or one sentence out."""
