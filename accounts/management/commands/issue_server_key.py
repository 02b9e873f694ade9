"""`manage.py issue_server_key shop production`: print a new key for SDKs; it is shown only here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.models import Environment
from accounts.services import issue_server_key


class Command(BaseCommand):
    help = "Make a key for SDKs of one environment and print it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project")
        parser.add_argument("environment")
        parser.add_argument("--name", default="made on the command line")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        environment = Environment.objects.filter(project__key=options["project"], key=options["environment"]).first()
        if environment is None:
            raise CommandError(f"There is no environment `{options['environment']}` in `{options['project']}`.")
        by = Actor.system("manage.py issue_server_key")
        _, credential = issue_server_key(environment=environment, name=options["name"], by=by)
        self.stdout.write(str(credential))
