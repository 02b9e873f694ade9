"""Projects may keep the ids of contexts only as hashes; each gets a salt of its own."""

from typing import Any

from django.db import migrations, models

import accounts.models


def give_salts(apps: Any, schema_editor: Any) -> None:
    """Give every project that is there its own salt: a column's default is one for all rows."""
    del schema_editor
    rows = apps.get_model("accounts", "Project").objects
    for row in rows.all():
        row.context_salt = accounts.models.new_salt()
        row.save(update_fields=["context_salt"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_invitations")]

    operations = [
        migrations.AddField(
            "project", "hash_context_ids", models.BooleanField(default=False, verbose_name="hash the ids")
        ),
        migrations.AddField(
            "project",
            "context_salt",
            models.CharField(default=accounts.models.new_salt, editable=False, max_length=32),
        ),
        migrations.RunPython(give_salts, migrations.RunPython.noop),
    ]
