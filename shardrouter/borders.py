"""Borders: where one query would meet sharded and global tables, which no one database has.

ShardedQuerySet checks its own queries. A query of a global model is stock Django's, so what leads
from it to a sharded table is checked when it is compiled: a join by the key between the two, a
subquery by its own Query. The old tables of a project that has just been sharded may still be in
`default`, and would be read without a word.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

from django.apps import apps
from django.db import models
from django.db.models.expressions import Expression
from django.db.models.sql import Query
from django.db.models.sql.where import AND, WhereNode

from . import conf
from .django_internals import related_model
from .exceptions import CrossShardQuery
from .placement import is_sharded


class RoutedQuery(Query):
    """The Query of a ShardedQuerySet. As a subquery it stays out of queries of global models."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if _is_global(compiler.query, connection):
            raise CrossShardQuery(
                compiler.query.get_meta().label,
                f"a subquery on {self.get_meta().label} cannot run where this table is",
                "Evaluate it first and filter by the values.",
            )
        return super().as_sql(compiler, connection)


def watch_keys() -> None:
    """Let each foreign key between a sharded and a global model reject joins out of global rows.

    get_extra_restriction() is where Django asks a relation what else a join of it compares.
    """
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            target = related_model(field)
            if target is not None and is_sharded(model) != is_sharded(target):
                own = field.get_extra_restriction  # type: ignore[attr-defined]  # not in the stubs
                vars(field)["get_extra_restriction"] = partial(_restriction, field, own)


def watch_generic_relations() -> None:
    """Let generic relations of sharded models to global ones say why a deletion cannot follow them,
    where Django would look for those rows on the shard."""
    for model in apps.get_models():
        for field in model._meta.private_fields:
            related = getattr(field.remote_field, "model", None)
            if related is None or not hasattr(field, "bulk_related_objects"):
                continue
            if is_sharded(model) and not is_sharded(related):
                vars(field)["bulk_related_objects"] = partial(_refuse_to_follow, field)


def _refuse_to_follow(field: Any, objs: Any, using: str) -> NoReturn:
    related = field.remote_field.model._meta.label
    raise CrossShardQuery(
        field.model._meta.label,
        f"{field.name} leads to rows of {related}, which are not on {using}, so that a deletion "
        "cannot follow it",
        "Make that model sharded, by its object id, or point at this one without a relation.",
    )


def _restriction(field: models.ForeignKey, own: Any, *aliases: str | None) -> Any:
    border = _Border(field)
    restriction = own(*aliases)
    parts: list[Any] = [restriction, border]
    return border if restriction is None else WhereNode(parts, AND)


class _Border(Expression):
    """A condition that always holds, if it can be compiled: not in a query of a global model."""

    output_field = models.BooleanField()

    def __init__(self, field: models.ForeignKey) -> None:
        super().__init__()
        self._field = field

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        if _is_global(compiler.query, connection):
            key = f"{self._field.model._meta.label}.{self._field.name}"
            raise CrossShardQuery(
                compiler.query.get_meta().label,
                f"{key} leads to rows that are not in {connection.alias}",
                "Use prefetch_related, or fetch the ids first and filter by them.",
            )
        return "1 = 1", []


def _is_global(query: Query, connection: Any) -> bool:
    model = query.model
    return (
        model is not None and not is_sharded(model) and connection.alias in conf.global_databases()
    )
