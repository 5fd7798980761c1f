"""Promises to users, one module each, tested over HTTP and on a real database."""
