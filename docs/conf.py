"""Sphinx: `make docs`."""

import os
import sys
from pathlib import Path

import django

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.lms.settings")
django.setup()  # autodoc imports catalog_sync.api, and with it the models.

import catalog_sync  # noqa: E402

project = "openedx-catalog-sync"
version = release = catalog_sync.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
autodoc_typehints = "description"

html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["wrap.css"]
html_title = "Catalog sync for the Open edX LMS"
html_theme_options = {"show_toc_level": 2}
