"""On PostgreSQL the index that answers what a flag was for whom is the primary key of recorded evaluations as well."""

from typing import Any

from django.db import migrations

MERGE = """
    ALTER TABLE flags_recordedevaluation DROP CONSTRAINT flags_recordedevaluation_pkey;
    DROP INDEX recorded_of_a_flag;
    ALTER TABLE flags_recordedevaluation
        ADD CONSTRAINT recorded_of_a_flag PRIMARY KEY (environment_id, flag_key, time, id);
"""
"""Nobody asks for a row by its number, and each index costs every row: of three, two are left. It is read backwards."""
PART = """
    ALTER TABLE flags_recordedevaluation DROP CONSTRAINT recorded_of_a_flag;
    CREATE INDEX recorded_of_a_flag ON flags_recordedevaluation (environment_id, flag_key, time DESC, id DESC);
    ALTER TABLE flags_recordedevaluation
        ADD CONSTRAINT flags_recordedevaluation_pkey PRIMARY KEY (id, time);
"""


class OnPostgresql(migrations.RunSQL):
    """Statements for PostgreSQL; elsewhere the table is as Django's state has it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [("flags", "0008_note_what_change_requests_are_about")]

    operations = [OnPostgresql(MERGE, PART)]
