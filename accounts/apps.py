"""The app of people, projects, environments, roles and keys."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """What Django is told of the app."""

    name = "accounts"
    verbose_name = "People and projects"
