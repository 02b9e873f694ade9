"""`manage.py remove_second_factor NAME`: for somebody who lost theirs, when no superuser can sign in either."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.models import User
from accounts.services import remove_second_factor


class Command(BaseCommand):
    help = "Remove somebody's second factor and recovery codes, so that their password alone lets them in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        username = options["username"]
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is nobody called `{username}`.")
        removed = remove_second_factor(user, by=Actor.system("manage.py remove_second_factor"))
        self.stdout.write(f"{username} has no second factor any more." if removed else f"{username} had none.")
