import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from .clustering import backwards, forwards


class Migration(migrations.Migration):
    """Home entries lose their id and two of three indexes: `clustering` moves them."""

    atomic = False

    dependencies = [("timeline_api", "0010_names")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(forwards, backwards, hints={"model_name": "homeentry"})
            ],
            state_operations=[
                migrations.DeleteModel("HomeEntry"),
                migrations.CreateModel(
                    "HomeEntry",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "owner",
                                "message_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="home_entries",
                                to="timeline_api.account",
                            ),
                        ),
                        ("message_id", models.BigIntegerField()),
                        ("author_id", models.BigIntegerField()),
                        ("original_id", models.BigIntegerField(blank=True, null=True)),
                        ("original_author_id", models.BigIntegerField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("original_id__isnull", False)),
                                fields=["owner", "original_id", "message_id"],
                                name="home_entry_of_repost",
                            )
                        ],
                    },
                    managers=[
                        ("objects", django.db.models.manager.Manager()),
                        ("sharded_rows", django.db.models.manager.Manager()),
                    ],
                ),
            ],
        )
    ]
