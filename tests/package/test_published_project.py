"""A published project is adopted: django-todo, a task list of 2009 with 13 migrations.

Its rows are made with the package as PyPI has it. Then its code is changed as a team would do that
shards it, and the rows are adopted and compared by plain SQL.
"""

import shutil
import sqlite3

import pytest

from shardrouter.ids import slot_of
from tests.package.environments import Environment, build

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SETTINGS = """
INSTALLED_APPS += ["dal", "dal_select2", "todo"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""

ROWS = """
from datetime import datetime, timezone
from django.contrib.auth.models import Group, User
from todo.models import Attachment, Comment, Task, TaskList

then = datetime(2012, 3, 4, 5, 6, 7, 89, timezone.utc)
groups = [Group.objects.create(name=f"group {n}") for n in range(3)]
users = [User.objects.create(username=f"user{n}") for n in range(7)]
for n in range(40):
    tasks = TaskList.objects.create(name=f"List {n}", slug=f"list-{n // 2}", group=groups[n % 3])
    for k in range(5):
        task = Task.objects.create(
            title=f"Task {k} of {n}", task_list=tasks, created_by=users[k], note="Grüße" * k,
            priority=k or None, completed=k == 4, created_date="2011-02-03",
        )
        task.assigned_to.set(users[: k + n % 2])
        Comment.objects.create(
            task=task, author=users[n % 7] if k else None, body=f"{k}'s \\n comment",
            email_message_id=None if k else f"<{n}@mail>", date=then,
        )
    Attachment.objects.create(task=task, added_by=users[n % 7], file=f"tasks/attachments/{n}.pdf")
Task.objects.create(title="of no list", created_by=users[0])
"""

SHARDED_SETTINGS = """
INSTALLED_APPS = ["shardrouter", *INSTALLED_APPS]
SHARDROUTER = {"SHARDS": ["shard0", "shard1", "shard2"]}
DATABASES |= {
    shard: {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / f"{shard}.sqlite3"}
    for shard in SHARDROUTER["SHARDS"]
}
DATABASE_ROUTERS = ["shardrouter.ShardRouter"]
SILENCED_SYSTEM_CHECKS = ["shardrouter.E013"]
"""

AWAY = "on_delete=models.DO_NOTHING, db_constraint=False"
GONE = "on_delete=models.CASCADE"
SHARD = "\n    class Shard:\n        "
SHARDED_MODELS = [
    ("from django.urls", "from shardrouter.models import ShardedModel\nfrom django.urls"),
    ("(models.Model):", "(ShardedModel):"),
    (f"Group, {GONE}", f"Group, {AWAY}"),
    ("class Task(ShardedModel):", f"class Task(ShardedModel):{SHARD}key = 'task_list'\n"),
    ("class TaskList(ShardedModel):", f"class TaskList(ShardedModel):{SHARD}slot_from = 'slug'\n"),
    (f"TaskList, {GONE}, null=True", f"TaskList, {GONE}"),
    (f'"todo_created_by",\n        {GONE}', f'"todo_created_by",\n        {AWAY}'),
    ('related_name="todo_assigned_to"', 'db_constraint=False, related_name="todo_assigned_to"'),
    (f"AUTH_USER_MODEL, {GONE}", f"AUTH_USER_MODEL, {AWAY}"),
    ("    task = models.ForeignKey", f"{SHARD}key = 'task'\n\n    task = models.ForeignKey"),
]

KEYS = {
    "todo_tasklist": {"id": "todo.tasklist"},
    "todo_task": {"id": "todo.task", "task_list_id": "todo.tasklist"},
    "todo_task_assigned_to": {"task_id": "todo.task"},
    "todo_comment": {"id": "todo.comment", "task_id": "todo.task"},
    "todo_attachment": {"id": "todo.attachment", "task_id": "todo.task"},
}

PAGES = """
from django.contrib.auth.models import User
from django.test import Client
from todo.models import Task, TaskList

tasks = TaskList.objects.get(slug="list-3", name="List 7")
assert tasks.task_set.count() == 5
assert Task.objects.scatter().count() == 200
assert tasks.task_set.get(priority=2).comment_set.get().author.username == "user0"
client = Client(headers={"host": "localhost"})
client.force_login(User.objects.create_superuser("root"))
assert b"40 Task Lists" in client.get("/admin/todo/tasklist/").content
"""


def rows(folder, alias, table):
    """Return the rows of a table, each as a dictionary, in the order of their text."""
    name = "db.sqlite3" if alias == "default" else f"{alias}.sqlite3"
    with sqlite3.connect(folder / name) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
    return in_order(found)


def in_order(rows):
    return sorted((dict(sorted(row.items())) for row in rows), key=repr)


def rewritten(old, keys, new_ids):
    return in_order(
        {
            name: new_ids[keys[name], str(value)] if name in keys else value
            for name, value in row.items()
        }
        for row in old
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project with rows, on one database, as PyPI has its app."""
    environment = Environment(tmp_path_factory.mktemp("todo"))
    environment.create()
    built = build(tmp_path_factory.mktemp("built"))
    environment.install(str(built["wheel"]), "django-todo==2.7.0")
    environment.run("django-admin startproject mysite .")
    append(environment, "mysite/settings.py", SETTINGS)
    environment.run("python manage.py migrate")
    shell(environment, ROWS)
    return environment


def append(environment, path, text):
    file = environment.folder / path
    file.write_text(file.read_text() + text)


def shell(environment, code):
    (environment.folder / "typed.py").write_text(code)
    environment.run("python manage.py shell -v 0 -c 'import typed'")


def shard(environment):
    """Change the project's code, and a copy of the app's."""
    (package,) = environment.folder.glob(".venv/lib/*/site-packages/todo")
    shutil.copytree(package, environment.folder / "todo")
    models = environment.folder / "todo" / "models.py"
    text = models.read_text()
    for old, new in SHARDED_MODELS:
        assert old in text
        text = text.replace(old, new)
    models.write_text(text)
    admin = environment.folder / "todo" / "admin.py"
    text = admin.read_text().replace("(admin.ModelAdmin)", "(ShardedModelAdmin)")
    text = text.replace("TaskList)", "TaskList, ShardedModelAdmin)", 1)
    admin.write_text("from shardrouter.admin import ShardedModelAdmin\n" + text)
    append(environment, "mysite/settings.py", SHARDED_SETTINGS)


def test_it_comes_to_the_shards_with_every_row(project):
    folder = project.folder
    old = {table: rows(folder, "default", table) for table in KEYS}
    assert [len(each) for each in old.values()] == [40, 201, 500, 200, 40]
    shard(project)
    project.run("python manage.py check")
    project.run("python manage.py makemigrations todo --no-input")
    project.run("python manage.py migrate")
    said = project.run("python manage.py shards adopt 2>&1 || true")
    assert "todo.Task(pk=201): its owner does not exist" in said
    project.run("python manage.py shards adopt --skip-orphans")
    project.run("python manage.py shards check --rows")
    listed = rows(folder, "default", "shardrouter_adoptedid")
    new_ids = {(row["model"], row["old_id"]): row["new_id"] for row in listed}
    old["todo_task"] = [row for row in old["todo_task"] if row["id"] != 201]
    for table, keys in KEYS.items():
        found = [row for shard in range(3) for row in rows(folder, f"shard{shard}", table)]
        assert in_order(found) == rewritten(old[table], keys, new_ids)
        for number in range(3):
            for row in rows(folder, f"shard{number}", table):
                assert slot_of(row[next(iter(keys))]) % 3 == number
    project.run("python manage.py shards adopt --drop-old-tables --no-input")
    shell(project, PAGES)
