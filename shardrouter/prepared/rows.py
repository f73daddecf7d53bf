"""Rows: from what a cursor gives to what the queryset's iterable class makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any

from django.db.models import QuerySet
from django.db.models.query import (  # type: ignore[attr-defined]  # get_related_populators
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.models.utils import create_namedtuple_class

#: The iterable classes whose rows are made here; any other one runs the plain queryset.
KNOWN = {
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    FlatValuesListIterable,
    NamedValuesListIterable,
}

Make = Callable[[Sequence[Sequence[Any]]], list[Any]]


class Rows(list[Any]):
    """The rows of a call. `shards_missing` names the shards that a scatter with
    `on_shard_down="skip"` left out."""

    def __init__(self, rows: Iterable[Any], shards_missing: tuple[str, ...] = ()) -> None:
        super().__init__(rows)
        self.shards_missing = shards_missing


class Reading:
    """How the rows of one compiled query are read: converters, then shape."""

    def __init__(self, queryset: QuerySet, compiler: Any) -> None:
        columns = [each[0] for each in compiler.select[: compiler.col_count]]
        self.width = compiler.col_count if compiler.has_extra_select else None
        self.converters = _Converters(compiler, columns)
        self.pairs = _Pairs(compiler, columns) if compiler.has_composite_fields(columns) else None
        self.make = _making(queryset, compiler)
        #: What must be the same of the plain queryset.
        self.identity = _identity(queryset, compiler)

    def rows(self, fetched: list[Any], connection: Any) -> list[Any]:
        """The queryset's rows of what the cursor gave."""
        if self.width is not None:
            fetched = [row[: self.width] for row in fetched]
        if self.converters:
            fetched = self.converters.converted(fetched, connection)
        if self.pairs is not None:
            fetched = self.pairs.paired(fetched)
        return self.make(fetched)


class _Converters:
    """The converters of each column that has some.

    A backend's are methods of one connection's operations, so they are bound to each call's.
    """

    def __init__(self, compiler: Any, columns: list[Any]) -> None:
        operations = compiler.connection.ops
        self.columns = [
            (position, expression, [_unbound(each, operations) for each in converters])
            for position, (converters, expression) in compiler.get_converters(columns).items()
        ]

    def __bool__(self) -> bool:
        return bool(self.columns)

    def converted(self, fetched: list[Any], connection: Any) -> list[list[Any]]:
        rows = list(map(list, fetched))
        for position, expression, converters in self.columns:
            for converter, is_method in converters:
                convert = MethodType(converter, connection.ops) if is_method else converter
                for row in rows:
                    row[position] = convert(row[position], expression, connection)
        return rows


def _unbound(converter: Any, operations: Any) -> tuple[Any, bool]:
    if getattr(converter, "__self__", None) is operations:
        return converter.__func__, True
    return converter, False


class _Pairs:
    """Composite primary keys, which are read as several columns and given as one tuple."""

    def __init__(self, compiler: Any, columns: list[Any]) -> None:
        self.compiler = compiler
        self.columns = columns

    def paired(self, fetched: list[Any]) -> list[Any]:
        return list(self.compiler.composite_fields_to_tuples(fetched, self.columns))


def _making(queryset: Any, compiler: Any) -> Make:
    iterable = queryset._iterable_class
    if iterable is ModelIterable:
        return _Instances(queryset, compiler).made
    if iterable is FlatValuesListIterable:
        return lambda rows: [row[0] for row in rows]
    if iterable is ValuesIterable:
        names = _names(queryset)
        return lambda rows: [dict(zip(names, row)) for row in rows]  # noqa: B905  # strict costs
    if iterable is NamedValuesListIterable:
        named = create_namedtuple_class(*(queryset._fields or _names(queryset)))
        new = tuple.__new__
        return lambda rows: [new(named, row) for row in rows]
    return lambda rows: list(map(tuple, rows))


def _names(queryset: Any) -> list[str]:
    query = queryset.query
    if query.selected and queryset._iterable_class is ValuesIterable:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


class _Instances:
    """As ModelIterable makes them, with what it works out for each query worked out once."""

    def __init__(self, queryset: QuerySet, compiler: Any) -> None:
        info = compiler.klass_info
        fields = info["select_fields"]
        self.alias = compiler.using
        self.model = info["model"]
        self.first, self.end = fields[0], fields[-1] + 1
        self.names = [each[0].target.attname for each in compiler.select[self.first : self.end]]
        # Django 6.1 takes how deferred columns are fetched, which is as by default here.
        mode = [queryset._fetch_mode] if hasattr(queryset, "_fetch_mode") else []
        self.populators = get_related_populators(info, compiler.select, self.alias, *mode)
        self.annotations = list((compiler.annotation_col_map or {}).items())

    def made(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        from_db, alias, names = self.model.from_db, self.alias, self.names
        first, end = self.first, self.end
        made = [from_db(alias, names, row[first:end]) for row in rows]
        if self.populators or self.annotations:
            for row, instance in zip(rows, made, strict=True):
                for populator in self.populators:
                    populator.populate(row, instance)
                for name, position in self.annotations:
                    setattr(instance, name, row[position])
        return made


def _identity(queryset: Any, compiler: Any) -> tuple[Any, ...]:
    info = compiler.klass_info or {}
    return (
        queryset.model,
        queryset._iterable_class,
        queryset._fields,
        _names(queryset),
        compiler.col_count,
        compiler.has_extra_select,
        compiler.annotation_col_map,
        info.get("model"),
        info.get("select_fields"),
        [type(each[0]) for each in compiler.select],
    )
