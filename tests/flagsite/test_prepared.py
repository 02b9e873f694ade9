"""Reads that are put into SQL once: what they find is what the database has now, for the values of this time."""

import pytest
from django.db import connection, transaction
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from accounts.models import Environment, Project
from flagsite.lib.prepared import Given, Prepared

pytestmark = pytest.mark.django_db

ENVIRONMENTS = Prepared(lambda: Environment.objects.filter(project=Given("project")).order_by("key"))
BY_NAME = Prepared(lambda: Project.objects.filter(name=Given("name"), description="").order_by())


def keys(project: Project) -> list[str]:
    return [environment.key for environment in ENVIRONMENTS.ask(project=project.pk)]


def test_each_time_other_values_are_asked_about(shop: Project) -> None:
    other = Project.objects.create(key="other", name="O'Reilly's 100 %s; DROP TABLE")
    assert keys(shop) == ["development", "production", "staging"]
    assert keys(other) == []
    found = BY_NAME.one(name=other.name)
    assert found == other
    assert BY_NAME.one(name="Nobody") is None


def test_nothing_is_kept_of_the_last_answer(shop: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    keys(shop)
    Environment.objects.filter(project=shop, key="staging").update(key="testing")
    with django_assert_num_queries(1):
        assert keys(shop) == ["development", "production", "testing"]


def test_a_value_that_is_not_given_is_an_error(shop: Project) -> None:
    with pytest.raises(KeyError):
        ENVIRONMENTS.ask(name=shop.name)


def test_rows_are_read_as_far_as_was_asked_and_with_what_was_added(shop: Project) -> None:
    rows = Prepared(
        lambda: Environment.objects.filter(key=Given("key")).only("key").order_by().annotate(shop=F("project__key"))
    )
    row = rows.one(key="staging")
    assert row is not None
    assert (row.shop, row.get_deferred_fields() >= {"name", "revision"}, row.name) == ("shop", True, "Staging")  # type: ignore[attr-defined]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite locks nothing but the whole file")
def test_rows_are_locked_where_that_was_asked(shop: Project) -> None:
    rows = Prepared(lambda: Environment.objects.select_for_update().filter(project=Given("project")).order_by("pk"))
    with transaction.atomic():
        rows.ask(project=shop.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT mode FROM pg_locks WHERE relation = 'accounts_environment'::regclass AND granted")
            assert ("RowShareLock",) in cursor.fetchall()
