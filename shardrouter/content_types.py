"""Content types on the shards: each has the table that `default` has, with the same ids, if
SHARDROUTER["CONTENT_TYPES_ON_SHARDS"] is True.

Django looks the content type of a generic key up in the database of its row. The truth is the
table in `default`. `migrate` and `flush` make a shard's table equal to it, and what is saved or
deleted one by one reaches every shard at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.models.signals import post_delete, post_save, pre_save

from . import availability, conf
from .placement import is_reference

#: What a content type is: its app's label and its model's name.
Kind = tuple[str, str]


def copy_to(alias: str) -> None:
    """Make the content types of the shard `alias` those of `default`, and their table if there is
    none. Idempotent. Does nothing unless the setting says so, and without a table in `default`."""
    if alias not in conf.shards() or not _are_on_shards() or not _has_table(DEFAULT_DB_ALIAS):
        return
    if not _has_table(alias):
        with connections[alias].schema_editor() as editor:
            editor.create_model(_model())
    wanted, found = kinds_on(DEFAULT_DB_ALIAS), kinds_on(alias)
    wrong = [pk for pk, kind in found.items() if wanted.get(pk) != kind]
    missing = [pk for pk, kind in wanted.items() if found.get(pk) != kind]
    with transaction.atomic(using=alias):
        _delete(alias, pk__in=wrong)
        rows = [_model()(pk=pk, app_label=wanted[pk][0], model=wanted[pk][1]) for pk in missing]
        _model()._base_manager.using(alias).bulk_create(rows)
    _model().objects.clear_cache()  # type: ignore[attr-defined]  # of its own manager


def differences() -> Iterator[str]:
    """Yield a sentence for each shard whose content types are not those of `default`."""
    if not _are_on_shards():
        return
    wanted = kinds_on(DEFAULT_DB_ALIAS)
    for alias in conf.shards():
        with availability.translate_errors(alias):
            found = kinds_on(alias) if _has_table(alias) else {}
        if found != wanted:
            number = len(wanted.items() ^ found.items())
            yield f"{alias}: {number} content types differ from those of default. Run migrate."


def kinds_on(alias: str) -> dict[int, Kind]:
    """Return the content types on `alias` by their ids."""
    rows = _model()._base_manager.using(alias).values_list("pk", "app_label", "model")
    return {pk: (label, name) for pk, label, name in rows}


def watch() -> None:
    """Let content types that are saved or deleted one by one reach every shard."""
    if apps.is_installed("django.contrib.contenttypes"):
        pre_save.connect(_take_id, sender=_model())
        post_save.connect(_save, sender=_model())
        post_delete.connect(_remove, sender=_model())


def _model() -> type[models.Model]:
    return apps.get_model("contenttypes", "ContentType")


def _are_on_shards() -> bool:
    return apps.is_installed("django.contrib.contenttypes") and is_reference(_model())


def _has_table(alias: str) -> bool:
    return _model()._meta.db_table in connections[alias].introspection.table_names()


def _delete(alias: str, **which: Any) -> None:
    # Without looking at what follows: where it does, it is on other databases too.
    rows: Any = _model()._base_manager.using(alias).filter(**which)
    rows._raw_delete(alias)


def _take_id(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    """Give a content type that is about to be made on a shard the id that it has in `default`."""
    if using not in conf.shards() or not _are_on_shards() or instance.pk is not None:
        return
    kind = {"app_label": instance.app_label, "model": instance.model}
    instance.pk = sender._base_manager.using(DEFAULT_DB_ALIAS).get_or_create(**kind)[0].pk
    # Making it there has brought it here; the INSERT to come is this one's.
    _delete(using, **kind)


def _save(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    if using != DEFAULT_DB_ALIAS or not _are_on_shards():
        return
    kind = {"app_label": instance.app_label, "model": instance.model}
    for alias in conf.shards():
        with availability.translate_errors(alias):
            if _has_table(alias):
                with transaction.atomic(using=alias):
                    _delete(alias, **kind)
                    _delete(alias, pk=instance.pk)
                    row = sender(pk=instance.pk, **kind)
                    sender._base_manager.using(alias).bulk_create([row])


def _remove(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    if using != DEFAULT_DB_ALIAS or not _are_on_shards():
        return
    for alias in conf.shards():
        with availability.translate_errors(alias):
            if _has_table(alias):
                _delete(alias, app_label=instance.app_label, model=instance.model)
