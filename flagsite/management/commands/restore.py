"""`manage.py restore FILE`: a backup in the place of an empty database, and the proof that it is what it was."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand

from flagsite.backups.backing_up import look_at, restore


class Command(BaseCommand):
    help = "Bring a backup back into an empty database. Stop all processes before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="lose what the database holds")
        parser.add_argument("--check", action="store_true", help="only read the file, and say whether it is whole")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        if options["check"]:
            made = look_at(options["file"])
            self.stdout.write(f"{options['file']}: whole, made {made.made_at:%Y-%m-%d %H:%M:%S} UTC of {made.engine}")
            return
        done = restore(options["file"], replace=options["replace"])
        for head in done.manifest.heads:
            self.stdout.write(f"{head}: whole, revision {head.number}")
        if done.migrated:
            self.stdout.write("The schema was older and has been migrated.")
        self.stdout.write(f"Restored as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
