"""Direct: arguments that need no lookup, since their parameters are known to be what it binds.

A comparison of a whole number's column with an int, of a text column with a str, or an IN of such
values: what Django's lookups do to them comes down to the field's `get_db_prep_value`. Only stock
lookups on fields with stock preparation; anything else is a lookup at each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import CharField, Field, ForeignKey, IntegerField, TextField
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

#: From a value and a connection to a parameter; raises Diverted.
Bind = Callable[[Any, Any], Any]


def scalar_binder(fragment: Fragment, kind: type, connection: Any) -> Bind | None:
    """How a comparison of `fragment` with a value of the type `kind` is bound, or None."""
    if fragment.kind not in COMPARISONS or (target := _target(fragment, kind)) is None:
        return None
    if not issubclass(fragment.kind, IntegerFieldOverflow):
        return _prepare(target, connection)
    internal_type = fragment.left.output_field.get_internal_type()
    low, high = connection.ops.integer_field_range(internal_type)
    return _within(_prepare(target, connection), low, high)


def list_binder(fragment: Fragment, values: Any, connection: Any) -> Bind | None:
    """How an IN of `fragment` with values of one type, as `values` are, is bound, or None."""
    kinds = set(map(type, values))
    if fragment.kind not in MEMBERSHIPS or len(kinds) != 1 or connection.ops.max_in_list_size():
        return None
    if (target := _target(fragment, kinds.pop())) is None:
        return None
    # Each value once, in order, as In does.
    if _keeps(target, connection):
        return lambda values, connection: list(dict.fromkeys(values))
    prepare = _prepare(target, connection)
    return lambda values, connection: [prepare(each, connection) for each in dict.fromkeys(values)]


def is_direct_value(fragment: Fragment, value: Any) -> bool:
    """Whether the lookup of `fragment` keeps `value`, or each of its values, as it is."""
    if fragment.kind in COMPARISONS:
        return _target(fragment, type(value)) is not None
    if fragment.kind not in MEMBERSHIPS or not isinstance(value, list | tuple | set | frozenset):
        return False
    kinds = set(map(type, value))
    return len(kinds) == 1 and _target(fragment, kinds.pop()) is not None


def _target(fragment: Fragment, kind: type) -> Any:
    """The field that prepares values of the type `kind` for the database, having kept them as they
    are so far; or None."""
    if fragment.recipe.number is None or type(fragment.left) is not Col:
        return None
    field = fragment.left.output_field
    target = field.target_field if isinstance(field, ForeignKey) else field
    if type(field).get_prep_value not in _STOCK_PREPARATION:
        return None
    return target if _is_stock_number(target, kind) or _is_stock_text(target, kind) else None


def _prepare(target: Any, connection: Any) -> Bind:
    if _keeps(target, connection):
        return lambda value, connection: value
    return lambda value, connection: target.get_db_prep_value(value, connection, prepared=True)


def _keeps(target: Any, connection: Any) -> bool:
    """Whether get_db_prep_value() of `target` gives the value itself on this kind of database."""
    prepare = type(target).get_db_prep_value
    adapt = type(connection.ops).adapt_integerfield_value
    stock_adapt = BaseDatabaseOperations.adapt_integerfield_value
    if prepare is IntegerField.get_db_prep_value:
        return adapt is stock_adapt
    return prepare in (Field.get_db_prep_value, AutoFieldMixin.get_db_prep_value)


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
