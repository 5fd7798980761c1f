"""Fills the sandbox LMS with courses from the Catalog and with learners."""
