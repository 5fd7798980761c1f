"""Whose a course run is, case by case: no database and no Catalog."""

from __future__ import annotations

import pytest

from catalog_sync.conf import Catalog
from catalog_sync.store.course_runs import CatalogData, StoredCourseRun
from catalog_sync.sync.ownership import Conflict, Ownership, with_parents

KEY, OTHER = "course-v1:ExampleX+One+2026", "course-v1:OtherX+One+2026"
CCX = "ccx-v1:ExampleX+One+2026+ccx@7"
URL = "https://www.example.com/course/one"
ALPHA, BETA, GAMMA = Catalog("alpha"), Catalog("beta"), Catalog("gamma")


@pytest.fixture
def ownership(settings) -> Ownership:
    """The claim of the second of three Catalogs."""
    settings.CATALOG_SYNC_CATALOGS = {
        each.name: {"URL": "https://x.example.com"} for each in (ALPHA, BETA, GAMMA)
    }
    return Ownership.of(BETA)


def stored(catalog: Catalog, url: str | None = URL, pinned_url: str | None = None) -> StoredCourseRun:
    return StoredCourseRun(1, CatalogData("published" if url else "", url), pinned_url, catalog.name)


def test_others_are_those_that_are_named_beside_it(ownership):
    assert [each.name for each in ownership.others] == ["alpha", "gamma"]


def test_those_named_earlier_come_before_it(ownership):
    assert ownership.before == {"alpha"}


@pytest.mark.usefixtures("ownership")
def test_one_that_is_named_no_more_comes_after_all():
    assert Ownership.of(Catalog("old")).before == {"alpha", "beta", "gamma"}


@pytest.mark.parametrize(("catalog", "owned"), [(ALPHA, False), (BETA, True), (GAMMA, False)])
def test_owns_its_own_rows_only(ownership, catalog, owned):
    assert ownership.owns(stored(catalog)) is owned


def test_row_that_is_there_for_a_pin_alone_is_nobodys(ownership):
    assert ownership.owns(stored(ALPHA, url=None, pinned_url=URL))


@pytest.mark.parametrize(
    ("name", "named"),
    [("alpha", True), ("beta", False), ("gamma", True), ("aaa", False), ("delta", False), ("zeta", False)],
)
def test_named_are_the_catalogs_beside_it(ownership, name, named):
    assert ownership.is_named(stored(Catalog(name))) is named


class TestMayWrite:
    """Which rows it may write, with a marketing URL and without."""

    @pytest.mark.parametrize("has_url", [True, False])
    def test_a_row_that_is_not_there(self, ownership, has_url):
        assert ownership.may_write(None, has_url=has_url)

    @pytest.mark.parametrize("has_url", [True, False])
    def test_its_own(self, ownership, has_url):
        assert ownership.may_write(stored(BETA), has_url=has_url)

    def test_not_one_of_another_without_a_url(self, ownership):
        assert not ownership.may_write(stored(GAMMA), has_url=False)

    def test_one_of_a_later_catalog_with_a_url(self, ownership):
        assert ownership.may_write(stored(GAMMA), has_url=True)

    def test_not_one_that_an_earlier_catalog_has_a_url_for(self, ownership):
        assert not ownership.may_write(stored(ALPHA), has_url=True)

    def test_one_that_an_earlier_catalog_has_no_url_for(self, ownership):
        assert ownership.may_write(stored(ALPHA, url=None), has_url=True)


@pytest.mark.parametrize(
    ("other", "conflict"), [(ALPHA, Conflict("beta", "alpha")), (GAMMA, Conflict("gamma", "beta"))]
)
def test_the_earlier_of_two_is_kept(ownership, other, conflict):
    assert ownership.conflict(stored(other)) == conflict


class TestOrganizations:
    """For which course runs no other Catalog is believed."""

    def test_a_catalog_without_others_covers_all_alone(self):
        assert Ownership(ALPHA).covers_alone(KEY)

    def test_what_others_are_believed_for_is_not_covered_alone(self, ownership):
        assert not ownership.covers_alone(KEY)

    @pytest.mark.parametrize(("key", "alone"), [(KEY, True), (OTHER, False)])
    def test_what_it_is_believed_for_itself(self, key, alone):
        mine, other = Catalog("a", orgs=frozenset({"ExampleX"})), Catalog("b", orgs=frozenset({"OtherX"}))
        assert Ownership(mine, (other,)).covers_alone(key) is alone


class TestClearable:
    """Whose marketing URL it may take away."""

    def test_what_it_provided(self, ownership):
        assert ownership.clearable([KEY], {KEY: stored(BETA)}) == {KEY}

    @pytest.mark.parametrize("catalog", [ALPHA, GAMMA])
    def test_not_what_another_provides(self, ownership, catalog):
        assert ownership.clearable([KEY], {KEY: stored(catalog)}) == set()

    def test_what_its_parent_run_got_from_it(self, ownership):
        assert ownership.clearable([CCX], {KEY: stored(BETA)}) == {CCX}

    def test_not_what_its_parent_run_got_from_another(self, ownership):
        assert ownership.clearable([CCX], {CCX: stored(BETA), KEY: stored(GAMMA)}) == set()

    def test_not_what_nobody_provided_where_another_could_have(self, ownership):
        assert ownership.clearable([KEY], {KEY: stored(GAMMA, url=None)}) == set()

    def test_what_nobody_provided_where_no_other_could_have(self):
        assert Ownership(ALPHA).clearable([KEY], {}) == {KEY}


def test_parents_are_added_to_the_keys():
    assert with_parents([CCX, OTHER]) == {CCX, KEY, OTHER}
