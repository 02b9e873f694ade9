"""`manage.py backup FILE`: the whole installation's data as of one moment, while it goes on."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from flagsite.backups.backing_up import back_up


class Command(BaseCommand):
    help = "Write a backup of the database to a new file. Secrets (SECRET_KEY and so on) are not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        made = back_up(options["file"])
        for head in made.heads:
            self.stdout.write(f"{head}: revision {head.number}")
        self.stdout.write(f"{options['file']}: {made.size:,} bytes of {made.engine}, SHA-256 {made.sha256}")
