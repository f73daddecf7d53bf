"""As teams write them: rows by the default manager, and an index by hand."""

from django.db import migrations


def name_sections(apps, schema_editor):
    apps.get_model("forum", "Section").objects.create(name="General")
    member = apps.get_model("forum", "Member").objects.create(username="moderator")
    apps.get_model("forum", "Label").objects.create(member=member, word="official")


def name_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.create(name="moderators")


def delete_group(apps, schema_editor):
    apps.get_model("auth", "Group").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("forum", "0002_topics"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RunSQL(
            'CREATE INDEX by_word ON forum_label (word)', 'DROP INDEX IF EXISTS by_word'
        ),
        migrations.RunPython(name_sections, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(name_group, delete_group)]
        ),
    ]
