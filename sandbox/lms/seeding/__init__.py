"""Fills the sandbox LMS with courses out of the Catalog, and with learners."""
