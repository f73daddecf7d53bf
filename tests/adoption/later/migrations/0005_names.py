"""Renames models on both sides of keys that leave a database, then deletes most."""

from django.db import migrations

GONE = ["badge", "vote", "follow", "announcement", "profile"]


class Migration(migrations.Migration):
    dependencies = [("forum", "0004_sharded")]

    operations = [
        migrations.RenameModel("Section", "Area"),
        migrations.RenameModel("Member", "Person"),
        migrations.RenameModel("Label", "Tag"),
        migrations.RemoveField("post", "voters"),
        *(migrations.DeleteModel(name) for name in GONE),
        migrations.RemoveField("topic", "pinned"),
        migrations.DeleteModel("Post"),
        migrations.DeleteModel("Topic"),
    ]
