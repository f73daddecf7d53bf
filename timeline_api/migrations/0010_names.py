from django.db import migrations, models

KINDS = {"pulls_changed": "celebrity_changed"}


def rename_events(apps, schema_editor, kinds=KINDS):
    """Events that wait in the outbox while the code is replaced are delivered by their new name."""
    rows = apps.get_model("timeline_api", "Outbox").objects.using(schema_editor.connection.alias)
    for old, new in kinds.items():
        rows.filter(kind=old).update(kind=new)


def rename_events_back(apps, schema_editor):
    rename_events(apps, schema_editor, {new: old for old, new in KINDS.items()})


class Migration(migrations.Migration):
    """Only names: every column keeps what it holds."""

    dependencies = [("timeline_api", "0009_silenced")]

    operations = [
        migrations.RemoveIndex("follow", "follow_pulled"),
        migrations.RenameField("account", "pull_version", "celebrity_version"),
        migrations.RenameField("account", "pull_version_told", "celebrity_version_delivered"),
        migrations.RenameField("follow", "pull_version", "celebrity_version"),
        migrations.RenameField("follow", "pulled", "followee_is_celebrity"),
        migrations.RenameField("follow", "silenced", "followee_is_suspended"),
        migrations.RenameField("outbox", "left_out", "skipped_shard"),
        migrations.RenameField("outbox", "again_for", "retry_shard"),
        migrations.AddIndex(
            "follow",
            models.Index(
                fields=["follower", "followee_id"],
                condition=models.Q(followee_is_celebrity=True),
                name="follow_of_celebrity",
            ),
        ),
        migrations.RunPython(
            rename_events, rename_events_back, hints={"model_name": "outbox"}
        ),
    ]
