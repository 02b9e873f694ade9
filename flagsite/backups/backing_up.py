"""Making a backup, and bringing one back: what is asked before, in which order, and what has to hold afterwards."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.models import Environment
from flags.chain.heads import ExportedHead
from flags.chain.links import Broken
from flags.querysets import digest_numbered, exported_head, verified_chain
from flagsite.backups import archive, postgresql, sqlite
from flagsite.backups.manifest import Manifest, Migration, Unreadable
from flagsite.lib import clock

BORN_FULL = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""Tables that have rows as soon as the schema is there."""


@dataclass(frozen=True)
class Restored:
    """What was brought back."""

    manifest: Manifest
    migrated: bool
    """Whether the schema was older, and has been brought up to this version."""


def back_up(path: Path) -> Manifest:
    """Write a backup of the database to a new file, as of one moment, and return what it says of itself.

    Raises:
        CommandError: when the file is there already or cannot be written, or the database's programs fail.
    """
    engine = _engine()
    try:
        with engine.one_moment():
            manifest = Manifest(
                made_at=clock.now(),
                engine=engine.ENGINE,
                engine_version=engine.version(),
                migrations=_applied(),
                heads=tuple(exported_head(row) for row in Environment.objects.select_related("project").order_by("pk")),
            )
            return archive.write(path, manifest, engine.dump)
    except FileExistsError:
        raise CommandError(f"{path} is there already, and is left alone; name another file.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}") from None


def look_at(path: Path) -> Manifest:
    """Read a backup whole, and return what it says of itself.

    Raises:
        CommandError: when it cannot be read, is none, or is not what was written.
    """
    try:
        return archive.read(path)
    except Unreadable as error:
        raise CommandError(f"{path}: {error}.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error}") from None


def restore(path: Path, *, replace: bool) -> Restored:
    """Put a backup in the place of what is in the database, and prove that it is what was backed up.

    Args:
        path: the backup.
        replace: whether what the database holds may be lost; otherwise only an empty one is filled.

    Raises:
        CommandError: when it is refused, and nothing has been changed; or when what is there now is not what it
            should be.
    """
    engine, manifest = _engine(), look_at(path)
    if manifest.engine != engine.ENGINE:
        raise CommandError(f"{path} is of {manifest.engine}, and this installation is on {engine.ENGINE}.")
    known = _known()
    if unknown := manifest.migrations - known:
        raise CommandError(
            f"{path} was made by a newer version of Flagsite, with {_some(unknown)}: restore it with that version."
        )
    if not replace and (full := _table_with_rows()):
        raise CommandError(f"The database holds data (in {full}). Name an empty one, or lose it with --replace.")
    with archive.data_of(path) as data:
        engine.load(data)
    is_older = bool(known - manifest.migrations)
    if is_older:
        call_command("migrate", interactive=False, verbosity=0)
    _prove(manifest.heads)
    if engine is postgresql:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # or the first hours would be planned without statistics
    return Restored(manifest, is_older)


def _prove(heads: tuple[ExportedHead, ...]) -> None:
    """Hold every chain of revisions to the heads that were written down with the backup."""
    there = {row.pk: row for row in Environment.objects.select_related("project")}
    wrong = [f"{head}: the environment is missing" for head in heads if head.id not in there]
    ends = {f"{row.project.key}/{row.key}": verified_chain(row) for row in there.values()}
    wrong += [f"{name}: {end}" for name, end in ends.items() if isinstance(end, Broken)]
    wrong += [
        f"{head}: revision {head.number} is not the one that was backed up"
        for head in heads
        if head.id in there and digest_numbered(head.number, environment=head.id) != head.digest
    ]
    if wrong:
        raise CommandError("The backup was brought back, and its history is not whole: " + "; ".join(wrong))


def _engine() -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _applied() -> frozenset[Migration]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return frozenset(Migration(*row) for row in cursor.fetchall())


def _known() -> frozenset[Migration]:
    return frozenset(Migration(*key) for key in MigrationLoader(None).disk_migrations)


def _table_with_rows() -> str | None:
    """Return a table that holds something; also one that is not ours, because then this is the wrong database."""
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - BORN_FULL):
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608 - quoted
            if cursor.fetchone():
                return table
    return None


def _some(migrations: frozenset[Migration]) -> str:
    named = sorted(map(str, migrations))
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")  # noqa: PLR2004 - as named
