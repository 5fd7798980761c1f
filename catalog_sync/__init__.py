"""Course marketing URLs from the Open edX Catalog service, kept on the LMS's course overviews."""

__version__ = "0.1.0"
