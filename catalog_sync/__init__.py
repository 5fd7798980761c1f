"""Copies course marketing URLs from the Open edX Catalog service to the LMS's course overviews."""

__version__ = "1.0.0"
