"""Recorded evaluations: on PostgreSQL a table partitioned by day, which `makemigrations` cannot write; elsewhere a plain one."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import flagsite.lib.stored_json

CREATE = """
    CREATE TABLE flags_recordedevaluation (
        id bigserial NOT NULL,
        environment_id bigint NOT NULL,
        flag_key varchar(128) NOT NULL,
        context_id varchar(512) NOT NULL,
        variation varchar(128) NOT NULL,
        reason varchar(32) NOT NULL,
        rule varchar(128) NOT NULL,
        error_code varchar(32) NOT NULL,
        revision bigint NOT NULL CHECK (revision >= 0),
        time timestamp with time zone NOT NULL,
        attributes jsonb NOT NULL,
        source varchar(8) NOT NULL,
        batch uuid NULL,
        PRIMARY KEY (id, time)
    ) PARTITION BY RANGE (time);
    CREATE INDEX recorded_of_a_flag ON flags_recordedevaluation (environment_id, flag_key, time DESC, id DESC);
    CREATE INDEX recorded_of_a_context ON flags_recordedevaluation (environment_id, context_id, flag_key, time DESC);
    CREATE TABLE flags_recordedevaluation_other PARTITION OF flags_recordedevaluation DEFAULT;
"""
"""A primary key has to hold what a table is partitioned by, so it is not Django's. Rows of days without a partition of
their own go to `…_other`, so that writing never depends on whoever makes the partitions."""


class CreatePartitionedModel(migrations.CreateModel):
    """A model whose table PostgreSQL partitions; to Django's state it is like any other."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(CREATE, params=None)
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_hash_context_ids"),
        ("flags", "0004_flags_have_owners_and_a_last_evaluation"),
    ]

    operations = [
        CreatePartitionedModel(
            name="RecordedEvaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("flag_key", models.CharField(max_length=128)),
                ("context_id", models.CharField(blank=True, max_length=512)),
                ("variation", models.CharField(blank=True, max_length=128)),
                ("reason", models.CharField(max_length=32)),
                ("rule", models.CharField(blank=True, max_length=128)),
                ("error_code", models.CharField(blank=True, max_length=32)),
                ("revision", models.PositiveBigIntegerField()),
                ("time", models.DateTimeField()),
                ("attributes", models.JSONField(decoder=flagsite.lib.stored_json.JsonDecoder, default=dict)),
                ("source", models.CharField(choices=[("server", "Server"), ("sdk", "Sdk")], max_length=8)),
                ("batch", models.UUIDField(null=True)),
                (
                    "environment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.environment",
                    ),
                ),
            ],
            options={
                "ordering": ["-time", "-id"],
                "indexes": [
                    models.Index(fields=["environment", "flag_key", "-time", "-id"], name="recorded_of_a_flag"),
                    models.Index(
                        fields=["environment", "context_id", "flag_key", "-time"], name="recorded_of_a_context"
                    ),
                ],
            },
        ),
    ]
