"""The forum on shards: the same app, later."""

from django.apps import AppConfig


class ForumConfig(AppConfig):
    name = "tests.adoption.after"
    label = "forum"
