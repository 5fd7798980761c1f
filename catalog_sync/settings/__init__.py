"""The settings that the plugin adds to an LMS, one module per kind of settings file of Open edX.

``catalog_sync.conf`` also works without them.
"""
