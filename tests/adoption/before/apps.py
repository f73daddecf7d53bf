"""The forum while it has one database."""

from django.apps import AppConfig


class ForumConfig(AppConfig):
    name = "tests.adoption.before"
    label = "forum"
