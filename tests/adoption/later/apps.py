"""The forum much later: most of its models are gone, and others have new names."""

from django.apps import AppConfig


class ForumConfig(AppConfig):
    name = "tests.adoption.later"
    label = "forum"
