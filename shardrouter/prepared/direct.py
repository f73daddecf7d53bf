"""Direct: arguments that need no lookup, since their parameters are known to be what it binds.

A comparison of a whole number's column with an int, of a foreign key with a row, of a text column
with a str, or an IN of such values: what Django's lookups do to them comes down to the field's
`get_db_prep_value`. Only stock lookups on fields with stock preparation; anything else is a lookup
at each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import CharField, Field, ForeignKey, IntegerField, Model, TextField
from django.db.models.expressions import Col
from django.db.models.fields import AutoFieldMixin
from django.db.models.fields.related_lookups import (
    RelatedExact,
    RelatedGreaterThan,
    RelatedGreaterThanOrEqual,
    RelatedIn,
    RelatedLessThan,
    RelatedLessThanOrEqual,
)
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IntegerFieldExact,
    IntegerFieldOverflow,
    IntegerGreaterThan,
    IntegerGreaterThanOrEqual,
    IntegerLessThan,
    IntegerLessThanOrEqual,
    LessThan,
    LessThanOrEqual,
)

from .fragments import Diverted, Fragment

COMPARISONS = {
    Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual, IntegerFieldExact,
    IntegerGreaterThan, IntegerGreaterThanOrEqual, IntegerLessThan, IntegerLessThanOrEqual,
    RelatedExact, RelatedGreaterThan, RelatedGreaterThanOrEqual, RelatedLessThan,
    RelatedLessThanOrEqual,
}  # fmt: skip
MEMBERSHIPS = {In, RelatedIn}

#: From a value and a connection to a parameter, or to several; raises Diverted.
Bind = Callable[[Any, Any], Any]
Read = Callable[[Any], Any]


def scalar_binder(fragment: Fragment, kind: type, connection: Any) -> Bind | None:
    """How a comparison of `fragment` with a value of the type `kind` is bound, or None."""
    read = scalar_reader(fragment, kind)
    if read is None or fragment.kind not in COMPARISONS:
        return None
    prepare = _prepare(fragment, connection)
    if read is not _itself:
        return lambda value, connection: prepare(read(value), connection)
    if not issubclass(fragment.kind, IntegerFieldOverflow):
        return prepare
    internal_type = fragment.left.output_field.get_internal_type()
    low, high = connection.ops.integer_field_range(internal_type)
    return _within(prepare, low, high)


def list_binder(fragment: Fragment, values: Any, connection: Any) -> Bind | None:
    """How an IN of `fragment` with values of one type, as `values` are, is bound, or None."""
    if list_reader(fragment, values) is None or connection.ops.max_in_list_size():
        return None
    # Each value once, in order, as In does.
    if _keeps(_target(fragment), connection):
        return lambda values, connection: list(dict.fromkeys(values))
    prepare = _prepare(fragment, connection)
    return lambda values, connection: [prepare(each, connection) for each in dict.fromkeys(values)]


def scalar_reader(fragment: Fragment, kind: type) -> Read | None:
    """From a value of the type `kind` to what the lookup of `fragment` keeps of it: an int or a
    str. None where that is not plain to see."""
    target = _target(fragment) if fragment.kind in COMPARISONS else None
    if target is None:
        return None
    if _is_stock_number(target, kind) or _is_stock_text(target, kind):
        return _itself
    if fragment.kind is RelatedExact and _is_stock_number(target, int):
        return _key_of(target, kind)
    return None


def list_reader(fragment: Fragment, values: Any) -> Read | None:
    """As scalar_reader, for an IN of values of one type, as `values` are."""
    if fragment.kind not in MEMBERSHIPS or type(values) not in _CONTAINERS:
        return None
    target, kinds = _target(fragment), set(map(type, values))
    if target is None or len(kinds) != 1:
        return None
    kind = kinds.pop()
    return _itself if _is_stock_number(target, kind) or _is_stock_text(target, kind) else None


_CONTAINERS = (list, tuple, set, frozenset)


def _itself(value: Any) -> Any:
    return value


def _key_of(target: Field, kind: type) -> Read | None:
    """From a row of the model that a foreign key leads to, to its key."""
    if not (issubclass(kind, Model) and issubclass(kind, target.model)):
        return None
    name = target.attname

    def key(row: Any) -> int:
        value = row.__dict__.get(name)
        if type(value) is not int or not row._is_pk_set():
            raise Diverted
        return value

    return key


def _target(fragment: Fragment) -> Any:
    """The field that prepares values for the database, or None where something may come before."""
    if fragment.recipe.number is None or type(fragment.left) is not Col:
        return None
    field = fragment.left.output_field
    if type(field).get_prep_value not in _STOCK_PREPARATION:
        return None
    return field.target_field if isinstance(field, ForeignKey) else field


def _prepare(fragment: Fragment, connection: Any) -> Bind:
    target = _target(fragment)
    if _keeps(target, connection):
        return lambda value, connection: value
    return lambda value, connection: target.get_db_prep_value(value, connection, prepared=True)


def _keeps(target: Any, connection: Any) -> bool:
    """Whether get_db_prep_value() of `target` gives the value itself on this kind of database."""
    prepare = type(target).get_db_prep_value
    auto: Any = AutoFieldMixin
    adapt = type(connection.ops).adapt_integerfield_value
    stock_adapt = BaseDatabaseOperations.adapt_integerfield_value
    if prepare is IntegerField.get_db_prep_value:
        return adapt is stock_adapt
    return prepare in (Field.get_db_prep_value, auto.get_db_prep_value)


_STOCK_PREPARATION = (
    ForeignKey.get_prep_value,
    IntegerField.get_prep_value,
    CharField.get_prep_value,
    TextField.get_prep_value,
)


def _is_stock_number(field: Any, kind: type) -> bool:
    return kind is int and type(field).get_prep_value is IntegerField.get_prep_value


def _is_stock_text(field: Any, kind: type) -> bool:
    if kind is not str:
        return False
    preparation = type(field).get_prep_value, type(field).to_python
    return preparation in (
        (CharField.get_prep_value, CharField.to_python),
        (TextField.get_prep_value, TextField.to_python),
    )


def _within(prepare: Bind, low: int | None, high: int | None) -> Bind:
    """`prepare` for what an integer column can hold; other values change the query."""

    def bind(value: Any, connection: Any) -> Any:
        if (low is not None and value < low) or (high is not None and value > high):
            raise Diverted
        return prepare(value, connection)

    return bind
