"""Comparison: how values are compared in Python as their database compares them.

Most are compared as they are read. A field with a converter (an enum that is kept as a number),
JSON, files and addresses are compared by what the database stores, which is read beside them. Text
is compared by code point; in another collation only the database can.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import math
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connections, models
from django.db.models import ExpressionWrapper, Field
from django.db.models.expressions import Col
from django.db.models.functions import Cast, Collate
from django.db.models.sql import Query

from ..django_internals import ColPairs, without_ref
from ..exceptions import CrossShardQuery
from ..placement import CODE_POINT_COLLATIONS

# Of these, what is read compares as what is stored.
_PLAIN = {
    "AutoField", "BigAutoField", "BigIntegerField", "BooleanField", "CharField", "DateField",
    "DateTimeField", "DecimalField", "DurationField", "FloatField", "IntegerField",
    "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SlugField",
    "SmallAutoField", "SmallIntegerField", "TextField", "TimeField", "UUIDField",
}  # fmt: skip
_TEXT = {"CharField", "FileField", "FilePathField", "SlugField", "TextField"}
_COMPARABLE = (
    str, int, float, Decimal, bytes, uuid.UUID,
    datetime.date, datetime.time, datetime.timedelta,
)  # fmt: skip

Key = Callable[[Any], Any]


class _Stored(Field):
    """The field of a value as the database has it: no converter knows it."""

    def get_internal_type(self) -> str:
        return "TextField"


@dataclass(frozen=True)
class Comparison:
    """How the values of one expression are compared: as they are read, or, if `stored`, as the
    database has them; after `key`, if there is one, which NULL is not given."""

    stored: bool = False
    key: Key | None = None

    @property
    def is_plain(self) -> bool:
        return not self.stored and self.key is None

    def source(self, expression: Any) -> Any:
        """Return what to select in order to compare `expression`."""
        return as_stored(expression) if self.stored else expression

    def of(self, value: Any) -> Any:
        """Return what to compare in the place of `value`, which source() gave."""
        return value if value is None or self.key is None else self.key(value)


AS_READ = Comparison()


def as_stored(expression: Any) -> Any:
    """Return `expression` such that it is read without a converter."""
    return ExpressionWrapper(expression, output_field=_Stored())


def comparison_of(expression: Any, vendor: str) -> Comparison:
    """Return how values of `expression`, which is resolved, are told apart and ordered in a
    database of `vendor`. JSON has no order that could be told."""
    field = _target(expression.output_field)
    kind = field.get_internal_type()
    postgresql = vendor == "postgresql"
    if kind == "JSONField":
        return Comparison(stored=True, key=_json if postgresql else _checked)
    if kind == "GenericIPAddressField" and postgresql:
        return Comparison(stored=True, key=_address)
    if hasattr(field, "from_db_value") or kind not in _PLAIN:
        return Comparison(stored=True, key=_checked)
    if kind == "FloatField" and postgresql:
        return Comparison(key=_number)
    return AS_READ


def is_json(expression: Any) -> bool:
    """Return whether `expression` is JSON, whose order depends on the database."""
    return _target(expression.output_field).get_internal_type() == "JSONField"


def is_text(expression: Any, alias: str) -> bool:
    """Return whether `expression` is text, whose order depends on a collation."""
    field = _target(expression.output_field)
    if isinstance(field, models.CharField | models.TextField):
        return True
    if field.get_internal_type() in _TEXT:
        return True
    return str(field.db_type(connections[alias])).startswith(("varchar", "text", "char"))


def require_code_point(label: str, expressions: Iterable[Any], alias: str, what: str) -> None:
    """Raise CrossShardQuery if one of `expressions` is text in a collation that Python does not
    have. `what` says what it is for."""
    vendor = connections[alias].vendor
    for expression in expressions:
        if isinstance(expression, ColPairs):
            require_code_point(label, expression.get_cols(), alias, what)
        elif is_text(expression, alias):
            collation = _collation_of(expression, vendor)
            if collation not in CODE_POINT_COLLATIONS:
                raise CrossShardQuery(
                    label,
                    f"{what} in the collation {collation} cannot be merged from several shards",
                    "Name the shard key, or Collate() it by code point "
                    f'("{"C" if vendor == "postgresql" else "BINARY"}").',
                )


def by_code_point(expression: Any, shards: Sequence[str]) -> Any:
    """Return the text `expression` such that each of `shards` orders it as Python does."""
    if all(connections[alias].vendor == "sqlite" for alias in shards):
        return expression
    return Collate(expression, "C")


def storage_class(value: Any) -> int:
    """Return the rank by which SQLite orders values of different types: numbers, text, bytes."""
    return 1 if isinstance(value, str) else 2 if isinstance(value, bytes) else 0


def _target(field: Any) -> Any:
    """Return the field that says how the values of `field` are kept: of a key, what it points
    at; of a generated column, its output."""
    if isinstance(field, models.ForeignKey):
        return _target(field.target_field)
    if isinstance(field, models.GeneratedField):
        return _target(field.output_field)
    return field


def _collation_of(expression: Any, vendor: str) -> str | None:
    """Return the collation of `expression`, None if it is the database's own.

    A Collate() inside reaches outwards; so does a column's own, on SQLite through casts alone
    (https://www.sqlite.org/datatype3.html#collation).
    """
    expression = without_ref(expression)
    if isinstance(expression, Collate):
        explicit: str = expression.collation  # type: ignore[attr-defined]  # not in the stubs
        return explicit
    if isinstance(expression, Col):
        collation: str | None = getattr(_target(expression.target), "db_collation", None)
        return collation
    through = vendor != "sqlite" or isinstance(expression, Cast | ExpressionWrapper)
    for part in _parts(expression):
        if through or _has_collate(part):
            collation = _collation_of(part, vendor)
            if collation not in CODE_POINT_COLLATIONS:
                return collation
    return None


def _has_collate(expression: Any) -> bool:
    expression = without_ref(expression)
    return isinstance(expression, Collate) or any(map(_has_collate, _parts(expression)))


def _parts(expression: Any) -> list[Any]:
    if isinstance(expression, Query):
        return [*expression.select, *expression.annotation_select.values()]
    inner = getattr(expression, "query", None)
    if isinstance(inner, Query):
        return _parts(inner)
    if not hasattr(expression, "get_source_expressions"):
        return []
    return [part for part in expression.get_source_expressions() if part is not None]


# -- Keys -----------------------------------------------------------------------------------


def _checked(value: Any) -> Any:
    """Return `value`, of a kind that Python compares as databases do. Raise CrossShardQuery."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, _COMPARABLE):
        return value
    raise CrossShardQuery(
        type(value).__name__,
        "values of this type cannot be compared as their database compares them",
        "Name the shard key, or evaluate the rows and work in Python.",
    )


def _number(value: float) -> tuple[bool, float]:
    """PostgreSQL's NaN equals itself, and is larger than all."""
    return (True, 0.0) if math.isnan(value) else (False, value)


def _address(value: Any) -> tuple[int, int]:
    address = ipaddress.ip_interface(str(value)).ip
    return address.version, int(address)


def _json(text: Any) -> Any:
    """jsonb equals by its values: numbers by size, objects without an order, true is no 1."""
    return _frozen(json.loads(text, parse_float=Decimal) if isinstance(text, str) else text)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return "object", frozenset((name, _frozen(each)) for name, each in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_frozen, value))
    return type(value) is bool, value
