"""Packaging of openedx-catalog-sync."""

import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "catalog_sync/__init__.py").read_text()).group(1)

REPOSITORY = "https://github.com/openedx/openedx-catalog-sync"

INSTALL_REQUIRES = [
    "Django>=5.2,<6.1",
    "celery>=5.4",
    "django-config-models>=2.9",
    "djangorestframework>=3.16",
    "edx-ccx-keys>=2.0",
    "edx-django-utils>=8.0",
    "edx-opaque-keys[django]>=3.0",
    "edx-rest-api-client>=6.2",
    "idna>=3.0",
    "msgspec>=0.19",
    "openedx-filters>=1.11",  # The first with CourseAboutPageURLRequested.
    "requests>=2.32",
    "stamina>=25.2",
    "tqdm>=4.66",
    "urllib3>=2.2",  # requests takes older ones, whose replies cannot be read as they arrive (``read1``).
]

# For /catalog_sync/metrics/.
METRICS_REQUIRES = ["prometheus_client>=0.20"]

# The sandbox LMS is not part of the package: it is for trying and for tests.
SANDBOX_REQUIRES = [
    "PyJWT[crypto]>=2.8",
    "dj-database-url>=2.3",
    "django-simple-history>=3.8",
    "edx-drf-extensions>=10.6",
]

TEST_REQUIRES = [
    *SANDBOX_REQUIRES,
    *METRICS_REQUIRES,
    "PyYAML",
    "celery[redis]",
    "factory-boy",
    "hypothesis",
    "pytest>=8",
    "pytest-django",
    "pytest-randomly",
    "pytest-socket",
    "pytest-xdist",
]

# Drivers of the real servers. mysqlclient is compiled: it needs MariaDB's headers, pkg-config and a C compiler.
SERVICES_REQUIRES = [
    *TEST_REQUIRES,
    "mysqlclient>=2.2",
    "psycopg[binary]>=3.2",
]

BROWSER_REQUIRES = [*TEST_REQUIRES, "playwright"]

# What the tests of deploy/ hand our files to.
DEPLOY_REQUIRES = [
    *TEST_REQUIRES,
    "jenkins-job-builder>=6",
    "tutor>=22,<23",
    "tutor-discovery>=22,<23",
]

DOCS_REQUIRES = [
    *SANDBOX_REQUIRES,
    "sphinx>=8",
    "sphinx-book-theme>=1.1",
]

# Puts faults into the code, to see whether the tests notice.
MUTANTS_REQUIRES = [*TEST_REQUIRES, "cosmic-ray>=8.7"]

QUALITY_REQUIRES = [
    *TEST_REQUIRES,
    *DOCS_REQUIRES,
    "build",
    "celery-types",
    "check-jsonschema",
    "django-stubs",
    "import-linter",
    "mypy",
    "ruff",
    "twine",
    "types-requests",
    "types-tqdm",
]

setup(
    name="openedx-catalog-sync",
    version=VERSION,
    description="Keeps the marketing URL of every course on the LMS's course overviews, from the Catalog service.",
    long_description=(HERE / "README.rst").read_text(),
    long_description_content_type="text/x-rst",
    author="The maintainers of openedx-catalog-sync",
    url=REPOSITORY,
    project_urls={
        "Documentation": f"{REPOSITORY}/tree/main/docs",
        "Source": REPOSITORY,
        "Issues": f"{REPOSITORY}/issues",
        "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.rst",
    },
    license="AGPL-3.0-only",
    license_files=["LICENSE"],
    keywords="Open edX Django LMS catalog course-discovery marketing",
    packages=find_namespace_packages(
        include=["catalog_sync", "catalog_sync.*"], exclude=["catalog_sync.conf*"]
    ),
    # Explicit, so that an editable installation is a plain path entry: no import hook, no warning.
    package_dir={"": "."},
    # Named, too: beside a package_dir, setuptools finds none of them by the manifest.
    package_data={"catalog_sync": ["py.typed", "templates/**/*", "static/**/*"]},
    include_package_data=True,
    python_requires=">=3.11",
    install_requires=INSTALL_REQUIRES,
    extras_require={
        "metrics": METRICS_REQUIRES,
        "sandbox": SANDBOX_REQUIRES,
        "test": TEST_REQUIRES,
        "services": SERVICES_REQUIRES,
        "browser": BROWSER_REQUIRES,
        "deploy": DEPLOY_REQUIRES,
        "docs": DOCS_REQUIRES,
        "quality": QUALITY_REQUIRES,
        "mutants": MUTANTS_REQUIRES,
    },
    entry_points={
        "lms.djangoapp": ["catalog_sync = catalog_sync.apps:CatalogSyncAppConfig"],
        "cms.djangoapp": ["catalog_sync = catalog_sync.apps:CatalogSyncStudioAppConfig"],
    },
    classifiers=[
        "Development Status :: 5 - Production/Stable",
        "Environment :: Web Environment",
        "Framework :: Django",
        "Framework :: Django :: 5.2",
        "Framework :: Django :: 6.0",
        "Intended Audience :: System Administrators",
        "Natural Language :: English",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Education",
        "Typing :: Typed",
    ],
)
