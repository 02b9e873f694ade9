"""`manage.py rotate_server_key 0123456789ab`: print a key's successor; the old key works for some hours more."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.models import ServerKey
from accounts.services import rotate_server_key
from accounts.services.keys import OVERLAP_HOURS
from flagsite.lib.problems import Refusal


class Command(BaseCommand):
    help = "Make a successor of a server key, named by its id, and print it; the old key expires after the overlap."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id")
        parser.add_argument("--overlap-hours", type=int, default=OVERLAP_HOURS)

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        key = ServerKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"There is no server key with the id `{options['id']}`.")
        by, hours = Actor.system("manage.py rotate_server_key"), options["overlap_hours"]
        try:
            _, credential = rotate_server_key(key, by=by, overlap=timedelta(hours=hours))
        except (Refusal, OverflowError) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(str(credential))
