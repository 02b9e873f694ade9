"""Statements that are put into SQL once: they find and write what the database has, for the values of this time."""

import pytest
from django.db import DatabaseError, IntegrityError, NotSupportedError, connection, transaction
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from accounts.models import Environment, Project
from flagsite.lib.prepared import Given, Insert, Prepared, Update

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


def test_rows_are_locked_where_that_was_asked(shop: Project) -> None:
    rows = Prepared(lambda: Environment.objects.select_for_update().filter(project=Given("project")).order_by("pk"))
    with transaction.atomic():
        rows.ask(project=shop.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT mode FROM pg_locks WHERE relation = 'accounts_environment'::regclass AND granted")
            assert ("RowShareLock",) in cursor.fetchall()


def test_what_is_related_comes_with_a_row_where_that_was_asked(
    shop: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = Prepared(lambda: Environment.objects.select_related("project").filter(key=Given("key")).order_by())
    with django_assert_num_queries(1):
        row = rows.one(key="staging")
        assert row is not None
        assert (row.project, row.project.recorded_attributes) == (shop, [])


@pytest.mark.parametrize(("threshold", "planned"), [(0, 2), (None, None)])
def test_the_database_keeps_a_read_s_plan_unless_the_connection_says_otherwise(
    shop: Project, threshold: int | None, planned: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    monkeypatch.setattr(connection.connection, "prepare_threshold", threshold)
    assert keys(shop) == keys(shop) == ["development", "production", "staging"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements")
        assert cursor.fetchone() == (planned,)


@pytest.mark.django_db(transaction=True)
def test_a_read_outlives_a_migration_that_changes_what_it_reads_and_fails_once_within_a_transaction(
    shop: Project,
) -> None:
    elsewhere = connection.copy()

    def alter_name(length: int) -> None:
        with elsewhere.cursor() as cursor:
            cursor.execute(f"ALTER TABLE accounts_project ALTER name TYPE varchar({length})")

    try:
        assert BY_NAME.one(name=shop.name) == shop
        alter_name(201)
        assert BY_NAME.one(name=shop.name) == shop
        alter_name(200)
        with pytest.raises(NotSupportedError), transaction.atomic():
            BY_NAME.one(name=shop.name)
        with transaction.atomic():
            assert BY_NAME.one(name=shop.name) == shop
    finally:
        elsewhere.close()


def test_a_row_that_is_put_in_is_the_one_that_the_orm_reads() -> None:
    written = Insert(Project).put(Project(key="gym", name="Gym", recorded_attributes=["country", "é"]))
    read = Project.objects.get(pk=written.pk)
    assert (read.key, read.name, read.recorded_attributes) == ("gym", "Gym", ["country", "é"])
    assert (read.created_at, read.context_salt) == (written.created_at, written.context_salt)
    written.name = "The gym"
    written.save()
    assert Project.objects.get(key="gym").name == "The gym"


def test_what_the_table_refuses_is_refused(shop: Project) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Insert(Project).put(Project(key=shop.key, name="Another one"))


def test_an_update_writes_the_fields_that_it_names_and_no_others(shop: Project) -> None:
    seen = Project.objects.get(pk=shop.pk)
    Project.objects.update(description="Written meanwhile")
    seen.name, seen.description = "Shop of shops", "Never written"
    Update(Project, ["name"]).put(seen)
    seen.refresh_from_db()
    assert (seen.name, seen.description) == ("Shop of shops", "Written meanwhile")


def test_an_update_of_a_row_that_is_gone_is_an_error(shop: Project) -> None:
    gone = Project.objects.create(key="gone", name="Gone")
    Project.objects.filter(pk=gone.pk).delete()
    with pytest.raises(DatabaseError):
        Update(Project, ["name"]).put(gone)
