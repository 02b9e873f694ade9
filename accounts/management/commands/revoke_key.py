"""`manage.py revoke_key 0123456789ab`: make a key useless now; streams opened with it end within seconds."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.models import ApiToken, ServerKey
from accounts.services import revoke_key


class Command(BaseCommand):
    help = "Revoke a server key or API token by its id, the part between the second and third underscore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        found = [model.objects.filter(pk=options["id"]).first() for model in (ServerKey, ApiToken)]
        keys = [key for key in found if key is not None]
        if not keys:
            raise CommandError(f"There is no key with the id `{options['id']}`.")
        for key in keys:
            revoke_key(key, by=Actor.system("manage.py revoke_key"))
            self.stdout.write(f"Revoked {key}")
