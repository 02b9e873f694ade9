"""`manage.py forget_evaluations`: delete what is recorded and tracked of a project, or of one user in it, at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts.actors import Actor
from accounts.models import Project
from flags.services import forget_evaluations_of


class Command(BaseCommand):
    help = "Delete recorded evaluations, tracked events and recent contexts of a project, or of one user in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, help="key of the project")
        parser.add_argument("--user-id", help="the only user, by the id that evaluations were asked with")

    def handle(self, *args: Any, **options: Any) -> None:
        del args
        project = Project.objects.filter(key=options["project"]).first()
        if project is None:
            raise CommandError("There is no such project.")
        by = Actor.system("forget_evaluations")
        gone = forget_evaluations_of(project, by=by, user_id=options["user_id"])
        self.stdout.write(f"{gone} rows deleted")
