"""`manage.py verify_history`: what was done to the rows behind the services' back is found and named."""

from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Environment
from flags.chain.digests import GENESIS, digest_of
from flags.chain.links import Link
from flags.models import Revision
from flags.querysets import LINKS_AT_ONCE
from tests.conftest import Person
from tests.flags.builders import boolean, change, create

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(ed: Person, production: Environment) -> Environment:
    """Five revisions of production."""
    create(ed, boolean(comment="Überraschung ✓"))
    for percentage in (10, 20, 30):
        change(ed, "checkout", rollout_percentage=percentage)
    production.refresh_from_db()
    assert production.revision == 5
    return production


def verify(**options: Any) -> str:
    """Return what the command says; a history that is not whole raises."""
    out = StringIO()
    call_command("verify_history", stdout=out, **options)
    return out.getvalue()


def found(**options: Any) -> str:
    """Return what is wrong, as the command names it."""
    err = StringIO()
    with pytest.raises(CommandError, match="not whole"):
        call_command("verify_history", stdout=StringIO(), stderr=err, **options)
    return err.getvalue().strip()


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_whole_history_is_said_to_be_whole(history: Environment) -> None:
    said = verify()
    assert "shop/production: whole, 5 revisions, head " in said
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("comment", "Nothing to see here"),
        ("actor_label", "somebody else"),
        ("source", "admin"),
        ("delta", '{"since":2,"revision":3,"flags":{},"segments":{}}'),
        ("created_at", "2020-01-01 00:00:00+00:00"),
        ("digest", "f" * 64),
    ],
)
def test_a_changed_column_is_found_at_its_revision(history: Environment, column: str, value: str) -> None:
    sql(f"UPDATE flags_revision SET {column} = %s WHERE environment_id = %s AND number = 3", value, history.pk)  # noqa: S608
    assert found().startswith("shop/production: revision 3 was changed")


def test_a_row_that_was_changed_together_with_its_digest_breaks_the_next(history: Environment) -> None:
    rows = Revision.objects.filter(environment=history)
    before = rows.get(number=2)
    third = rows.get(number=3)
    forged = forge(history, 3, previous=before.digest, delta=third.delta)
    Revision.objects.filter(pk=third.pk).update(**vars(forged))
    assert found() == "shop/production: revision 4 was changed, or the one before it together with its digest"


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_missing_row_is_named(history: Environment, number: int) -> None:
    sql("DELETE FROM flags_revisionitem WHERE environment_id = %s AND number = %s", history.pk, number)
    sql("DELETE FROM flags_revision WHERE environment_id = %s AND number = %s", history.pk, number)
    assert found() == f"shop/production: revision {number} is missing"


@pytest.mark.parametrize("digest", ["right", "wrong"])
def test_a_row_that_was_put_in_between_is_named(history: Environment, digest: str) -> None:
    sql("UPDATE flags_revision SET number = number + 100 WHERE environment_id = %s AND number >= 3", history.pk)
    sql("UPDATE flags_revision SET number = number - 99 WHERE environment_id = %s AND number > 100", history.pk)
    sql("UPDATE accounts_environment SET revision = 6 WHERE id = %s", history.pk)
    before = Revision.objects.get(environment=history, number=2)
    insert(history, forge(history, 3, previous=before.digest if digest == "right" else GENESIS))
    assert found() == "shop/production: revision 3 was inserted"


@pytest.mark.parametrize("number", [0, 6])
def test_a_row_that_was_put_at_an_end_is_named(history: Environment, number: int) -> None:
    head = Revision.objects.get(environment=history, number=5)
    insert(history, forge(history, number, previous=head.digest))
    assert found() == f"shop/production: revision {number} was inserted"


def forge(environment: Environment, number: int, *, previous: str, delta: str = "{}") -> Link:
    made = Revision.objects.get(environment=environment, number=2).created_at
    digest = digest_of(
        previous=previous,
        environment=environment.pk,
        number=number,
        delta=delta,
        actor_label="eve",
        source="api",
        comment="forged",
        created_at=made,
    )
    return Link(number, digest, delta, "eve", "api", "forged", made)


def insert(environment: Environment, link: Link) -> None:
    Revision.objects.create(environment=environment, **vars(link))


def test_only_what_is_asked_for_is_verified(history: Environment) -> None:
    sql("UPDATE flags_revision SET comment = 'x' WHERE environment_id = %s", history.pk)
    assert "shop/staging: whole" in verify(project="shop", environment="staging")
    assert "revision 1 was changed" in found(project="shop")
    with pytest.raises(CommandError, match="no such environment"):
        verify(project="nowhere")


def test_an_exported_head_is_proved_to_be_in_a_chain_that_has_grown(
    history: Environment, ed: Person, tmp_path: Path
) -> None:
    file = tmp_path / "heads.json"
    verify(export=file)
    (head,) = [entry for entry in orjson.loads(file.read_bytes())["heads"] if entry["environment"] == "production"]
    newest = Revision.objects.get(environment=history, number=5)
    assert head == {
        "id": history.pk,
        "project": "shop",
        "environment": "production",
        "number": 5,
        "digest": newest.digest,
        "created_at": newest.created_at.isoformat(),
    }
    change(ed, "checkout", rollout_percentage=40)
    assert "shop/production: exported revision 5 is in the chain" in verify(against=file)


def test_a_tail_that_was_cut_off_is_found_by_an_exported_head(history: Environment, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    verify(export=file)
    Revision.objects.filter(environment=history, number=5).delete()
    sql("UPDATE accounts_environment SET revision = 4 WHERE id = %s", history.pk)
    assert "shop/production: whole, 4 revisions" in verify()
    assert found(against=file).startswith("shop/production: exported revision 5 is not in the chain")


def test_an_environment_that_is_gone_is_found_by_its_exported_head(history: Environment, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    verify(export=file)
    history.delete()
    assert found(against=file) == "shop/production: the environment is gone"
    assert "production" not in verify(against=file, environment="staging")


def test_nothing_is_exported_of_a_broken_history(history: Environment, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    sql("UPDATE flags_revision SET comment = 'x' WHERE environment_id = %s", history.pk)
    found(export=file)
    assert not file.exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"heads": [{}]}', '{"heads": [1]}', '{"heads": "x"}'])
def test_a_file_without_heads_is_refused(history: Environment, tmp_path: Path, content: str) -> None:
    file = tmp_path / "heads.json"
    file.write_text(content)
    with pytest.raises(CommandError, match="cannot be read"):
        verify(against=file)
    with pytest.raises(CommandError, match="cannot be read"):
        verify(against=tmp_path / "absent.json")
    with pytest.raises(CommandError, match="cannot be written"):
        verify(export=tmp_path)


def test_a_long_history_is_read_a_few_rows_at_a_time(ed: Person, production: Environment) -> None:
    create(ed, boolean())
    for step in range(LINKS_AT_ONCE + 5):
        change(ed, "checkout", rollout_percentage=step % 100)
    assert f"shop/production: whole, {LINKS_AT_ONCE + 7} revisions" in verify()
