"""What the app adds to an LMS's settings, through edx-django-utils: one module a kind of settings file.

Nothing is read here. ``catalog_sync.conf`` stays the one reader, and holds without any of this.
"""
