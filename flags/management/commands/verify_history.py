"""`manage.py verify_history`: recompute the chain of every environment's revisions; name the first that is not whole.

Exits with 1 when anything was changed, is missing or was inserted.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.models import Environment
from flags.chain import heads
from flags.chain.heads import ExportedHead
from flags.chain.links import Broken, Head
from flags.querysets import digest_numbered, verified_chain
from flagsite.lib import clock

Ends = dict[Environment, Head | Broken]
"""Where the chain of each environment ends, or breaks."""


class Command(BaseCommand):
    help = "Verify the chain of revisions of every environment; export its heads, or compare it with exported ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="key of the only project to verify")
        parser.add_argument("--environment", help="key of the only environments to verify")
        parser.add_argument("--export", type=Path, metavar="FILE", help="write the heads as JSON, when all is whole")
        parser.add_argument("--against", type=Path, metavar="FILE", help="prove that these exported heads are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        asked = {"project__key": options["project"], "key": options["environment"]}
        asked = {name: value for name, value in asked.items() if value}
        rows = Environment.objects.filter(**asked).select_related("project").order_by("project__key", "position", "pk")
        environments = list(rows)
        if asked and not environments:
            raise CommandError("There is no such environment.")
        exported = _read(options["against"]) if options["against"] else []
        ends = {environment: self._verify(environment) for environment in environments}
        wrong = sum(isinstance(end, Broken) for end in ends.values())
        if not asked:
            wrong += self._report_gone(exported, ends)
        wrong += sum(not self._proves(head, end) for head, end in _pairs(exported, ends))
        if wrong:
            raise CommandError(f"The history is not whole: {wrong} found.")
        if options["export"]:
            _write(options["export"], ends)

    def _verify(self, environment: Environment) -> Head | Broken:
        end = verified_chain(environment)
        if isinstance(end, Broken):
            self.stderr.write(f"{_name(environment)}: {end}")
        else:
            self.stdout.write(f"{_name(environment)}: whole, {end.number} revisions, head {end.digest}")
        return end

    def _report_gone(self, exported: list[ExportedHead], ends: Ends) -> int:
        present = {environment.pk for environment in ends}
        gone = [head for head in exported if head.id not in present]
        for head in gone:
            self.stderr.write(f"{head}: the environment is gone")
        return len(gone)

    def _proves(self, head: ExportedHead, end: Head | Broken) -> bool:
        if isinstance(end, Broken) and head.number >= end.number:
            return True  # what is broken has been counted and named
        if digest_numbered(head.number, environment=head.id) == head.digest:
            self.stdout.write(f"{head}: exported revision {head.number} is in the chain")
            return True
        self.stderr.write(f"{head}: exported revision {head.number} is not in the chain; it or one before was changed")
        return False


def _name(environment: Environment) -> str:
    return f"{environment.project.key}/{environment.key}"


def _pairs(exported: list[ExportedHead], ends: Ends) -> list[tuple[ExportedHead, Head | Broken]]:
    found = {environment.pk: end for environment, end in ends.items()}
    return [(head, found[head.id]) for head in exported if head.id in found]


def _read(file: Path) -> list[ExportedHead]:
    try:
        return heads.from_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read as exported heads: {error}") from error


def _write(file: Path, ends: Ends) -> None:
    whole = [
        ExportedHead(row.pk, row.project.key, row.key, end.number, end.digest, end.created_at)
        for row, end in ends.items()
        if isinstance(end, Head)
    ]
    try:
        file.write_bytes(heads.as_json(whole, at=clock.now()))
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error}") from error
