"""System checks: mistakes in the settings and the models, before they matter at run time.

docs/shardrouter/reference.md lists each id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import connections, models, router
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower, Upper

from . import conf
from .django_internals import has_constraint, related_model
from .placement import (
    CODE_POINT_COLLATIONS,
    Placement,
    has_composite_key,
    is_colocated,
    is_reference,
    is_sharded,
    placement_of,
)
from .queryset import ShardedQuerySet
from .router import ShardRouter

Messages = Iterator[checks.CheckMessage]


@checks.register(checks.Tags.database, checks.Tags.compatibility)
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """E002 to E004: the shards are set and exist, and the router is installed."""
    return list(_settings_errors())


@checks.register(checks.Tags.models)
def check_models(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """E005 to E015, W001, W002: each model can be routed, and its constraints enforced."""
    chosen = None if app_configs is None else {config.label for config in app_configs}
    return [
        message
        for model in apps.get_models()
        if chosen is None or model._meta.app_label in chosen
        for message in model_messages(model)
    ]


def _settings_errors() -> Messages:
    try:
        aliases = conf.shards()
    except ImproperlyConfigured as error:
        yield checks.Error(
            str(error),
            hint='Add SHARDROUTER = {"SHARDS": ["shard0", "shard1"]} to your settings.',
            id="shardrouter.E002",
        )
        return
    for alias in (*aliases, *conf.global_databases()):
        if alias not in connections.databases:
            yield checks.Error(
                f"SHARDROUTER names the database {alias!r}, which DATABASES does not have.",
                hint=f"Add {alias!r} to DATABASES, or remove it from SHARDROUTER.",
                id="shardrouter.E003",
            )
    if len(set(aliases)) != len(aliases):
        yield checks.Error(
            'SHARDROUTER["SHARDS"] names a database twice.',
            hint="Name each shard once.",
            id="shardrouter.E003",
        )
    if not any(isinstance(each, ShardRouter) for each in router.routers):
        yield checks.Error(
            "ShardRouter is not among DATABASE_ROUTERS, so sharded rows would go to default.",
            hint=f'Write DATABASE_ROUTERS = [{_quoted_routers()}"shardrouter.ShardRouter"].',
            id="shardrouter.E004",
        )


def _quoted_routers() -> str:
    return "".join(f'"{each}", ' for each in settings.DATABASE_ROUTERS if isinstance(each, str))


def model_messages(model: type[models.Model]) -> Messages:
    """Yield the mistakes of one model, sharded or not."""
    if model._meta.proxy or model._meta.swapped:
        return
    yield from _many_to_many_errors(model)
    if not is_sharded(model):
        yield from _constraints_to_shards(model)
        return
    if model._meta.auto_created:
        return
    try:
        placement = placement_of(model)
    except ImproperlyConfigured as error:
        yield checks.Error(
            str(error),
            hint="Name a field of the model in `class Shard`.",
            obj=model,
            id="shardrouter.E005",
        )
        return
    yield from _placement_errors(model, placement)
    yield from _composite_key_errors(model, placement)
    yield from _manager_errors(model)
    yield from _foreign_key_errors(model, placement)
    yield from _unique_errors(model, placement)
    yield from _generic_errors(model)


def _placement_errors(model: type[models.Model], placement: Placement) -> Messages:
    if placement.key is not None:
        yield from _target_errors(model, placement.key)
        yield from _key_errors(model, placement.key)
    for source in placement.sources:
        yield from _name_errors(model, source, placement.normalize)
    if placement.sources and placement.sources[0].null:
        yield checks.Error(
            f"slot_from names {placement.sources[0].name}, which may be NULL.",
            hint="Remove null=True: every row needs a slot.",
            obj=model,
            id="shardrouter.E005",
        )


# Of these collations it is known what they call equal.
_EQUAL_IN = {"NOCASE": ("ABCXYZ", "abcxyz"), "RTRIM": ("a ", "a")}


def _name_errors(
    model: type[models.Model], source: models.Field, normalize: Callable[[str], str] | None
) -> Messages:
    """Yield what is wrong if values that the column calls equal may be of different slots."""
    collation = getattr(source, "db_collation", None)
    fold = normalize or str
    one, other = _EQUAL_IN.get(collation or "", ("", ""))
    if fold(one) != fold(other):
        yield checks.Error(
            f"In the collation {collation}, {source.name} may be {one!r} or {other!r}, "
            "which are equal and of different slots.",
            hint="Set Shard.normalize such that they are the same, such as str.casefold.",
            obj=source,
            id="shardrouter.E012",
        )
    unknown = collation not in (None, *CODE_POINT_COLLATIONS, *_EQUAL_IN) and normalize is None
    if unknown or hasattr(source, "from_db_value"):
        why = f"in the collation {collation}" if unknown else "which has a converter"
        yield checks.Warning(
            f"slot_from names {source.name}, {why}; a row is found by a value that is equal in "
            "Python alone.",
            hint="Set Shard.normalize, and name a column whose values are as they are stored.",
            obj=source,
            id="shardrouter.W002",
        )


def _target_errors(model: type[models.Model], key: models.Field) -> Messages:
    owner = related_model(key)
    if (owner and not is_sharded(owner)) or (not owner and not _holds_ids(key)):
        yield checks.Error(
            f"The shard key {key.name} holds no ids of a sharded model.",
            hint="Make it a foreign key to a sharded model, or a BigIntegerField with such ids.",
            obj=model,
            id="shardrouter.E006",
        )
    elif isinstance(key, models.ForeignKey) and not key.target_field.primary_key:
        yield checks.Error(
            f"The shard key {key.name} points at {key.target_field.name}, which carries no slot.",
            hint="Remove to_field, so that it holds the primary key.",
            obj=model,
            id="shardrouter.E006",
        )


def _key_errors(model: type[models.Model], key: models.Field) -> Messages:
    if key.null:
        yield checks.Error(
            f"The shard key {key.name} may be NULL, and such a row has no shard.",
            hint="Remove null=True.",
            obj=model,
            id="shardrouter.E006",
        )
    if not _has_index_led_by(model, key):
        yield checks.Error(
            f"No index of {model._meta.label} begins with its shard key {key.name}.",
            hint=f"Set db_index=True on {key.name}, or add an index whose first column it is.",
            obj=model,
            id="shardrouter.E007",
        )


def _composite_key_errors(model: type[models.Model], placement: Placement) -> Messages:
    if has_composite_key(model) and model._meta.pk_fields[0] is not placement.key:
        first = model._meta.pk_fields[0].name
        yield checks.Error(
            f"The composite primary key of {model._meta.label} begins with {first}, "
            "which is not its shard key.",
            hint="Name the shard key first in CompositePrimaryKey(), and in Shard.key.",
            obj=model,
            id="shardrouter.E011",
        )


def _holds_ids(field: models.Field) -> bool:
    return field.get_internal_type() in ("BigIntegerField", "PositiveBigIntegerField")


def _has_index_led_by(model: type[models.Model], field: models.Field) -> bool:
    if getattr(field, "db_index", False) or field.unique or model._meta.pk_fields[0] is field:
        return True
    led = [index.fields[0].lstrip("-") for index in model._meta.indexes if index.fields]
    led += [
        constraint.fields[0]
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
        and constraint.fields
        and constraint.condition is None
    ]
    led += [names[0] for names in model._meta.unique_together]
    return field.name in led or field.attname in led


def _manager_errors(model: type[models.Model]) -> Messages:
    for manager in model._meta.managers:
        if not issubclass(getattr(manager, "_queryset_class", object), ShardedQuerySet):
            yield checks.Error(
                f"{model._meta.label}.{manager.name} is not a ShardedManager; it cannot route.",
                hint="Build it on shardrouter.models.ShardedManager or ShardedQuerySet.",
                obj=model,
                id="shardrouter.E008",
            )
    if not issubclass(model._base_manager._queryset_class, ShardedQuerySet):  # type: ignore[attr-defined]
        yield checks.Error(
            f"{model._meta.label}'s base manager cannot route.",
            hint='Inherit ShardedModel.Meta, or set base_manager_name = "sharded_rows".',
            obj=model,
            id="shardrouter.E008",
        )


def _foreign_keys(model: type[models.Model]) -> Iterator[models.ForeignKey]:
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and not field.remote_field.parent_link:
            yield field


def _foreign_key_errors(model: type[models.Model], placement: Placement) -> Messages:
    for field in _foreign_keys(model):
        if field is placement.key or field in placement.colocated or _is_to_reference(field):
            continue
        if has_constraint(field):
            yield checks.Error(
                f"{model._meta.label}.{field.name} has a database constraint, "
                "but the row it points at may be in another database.",
                hint=f"Set db_constraint=False on {field.name}; or, if it always points at rows of "
                "the same owner, name it in Shard.colocated.",
                obj=field,
                id="shardrouter.E009",
            )
        if field.remote_field.on_delete is not models.DO_NOTHING:
            yield checks.Warning(
                f"{model._meta.label}.{field.name} can only follow deletions on its own shard.",
                hint=f"Set on_delete=DO_NOTHING on {field.name} and clean up what it leaves.",
                obj=field,
                id="shardrouter.W001",
            )


def _is_to_reference(field: models.Field) -> bool:
    target = related_model(field)
    return target is not None and is_reference(target)


def _constraints_to_shards(model: type[models.Model]) -> Messages:
    for field in _foreign_keys(model):
        target = related_model(field)
        if target is not None and is_sharded(target) and has_constraint(field):
            yield checks.Error(
                f"{model._meta.label}.{field.name} has a database constraint, "
                f"but {target._meta.label} is on the shards and this is not.",
                hint=f"Set db_constraint=False and on_delete=DO_NOTHING on {field.name}.",
                obj=field,
                id="shardrouter.E009",
            )


def _many_to_many_errors(model: type[models.Model]) -> Messages:
    for field in model._meta.local_many_to_many:
        target = related_model(field)
        if target is not None and is_sharded(target) != is_sharded(model):
            if is_reference(target):
                continue
            yield checks.Error(
                f"{model._meta.label}.{field.name} joins rows of the shards and rows that are not, "
                "which no database has both of.",
                hint="Write a sharded model with a key to the one and the other's id, "
                "db_constraint=False, and look the others up by their ids.",
                obj=field,
                id="shardrouter.E013",
            )


def _generic_errors(model: type[models.Model]) -> Messages:
    """Yield the generic keys and relations of a sharded `model`: Django looks their content types
    up in the database of the row, which by default has none."""
    for field in model._meta.private_fields:
        kinds = _content_types(field)
        if kinds is None:
            continue
        if not is_reference(kinds) and not all(
            router.allow_migrate_model(alias, kinds) for alias in conf.shards()
        ):
            yield checks.Error(
                f"{model._meta.label}.{field.name} needs content types, which are not on the "
                "shards.",
                hint='Set SHARDROUTER["CONTENT_TYPES_ON_SHARDS"] = True and migrate. Or keep what '
                "it points at in columns of your own, such as a BigIntegerField that "
                "Shard.references names, or keep this model in default.",
                obj=field,
                id="shardrouter.E014",
            )
        elif not _stays_in_slot(field):
            yield checks.Error(
                f"{model._meta.label}.{field.name} may lead to rows that are on other shards or in "
                "default, and Django looks for them on the row's own shard alone.",
                hint="Make the object id the shard key of the model that has it, or name it in its "
                "Shard.colocated.",
                obj=field,
                id="shardrouter.E015",
            )


def _stays_in_slot(field: Any) -> bool:
    """Return whether the object ids of a generic key or relation are of the slot of their row."""
    if hasattr(field, "ct_field"):
        owner, name = field.model, field.fk_field
    else:
        owner, name = field.remote_field.model, field.object_id_field_name
    if isinstance(owner, str) or not is_sharded(owner):
        return False
    try:
        return is_colocated(owner._meta.get_field(name))
    except FieldDoesNotExist:
        # Django's own check says so.
        return True


def _content_types(field: Any) -> type[models.Model] | None:
    """Return ContentType if `field` is a generic key or relation. By its parts, since it can be
    imported only where it is installed."""
    is_generic = hasattr(field, "ct_field") or hasattr(field, "content_type_field_name")
    return apps.get_model("contenttypes", "ContentType") if is_generic else None


def _unique_errors(model: type[models.Model], placement: Placement) -> Messages:
    placing = [field for field in model._meta.local_fields if placement.determines_slot(field)]
    covering = {name for field in placing for name in (field.name, field.attname)}
    for names in _unique_sets(model, placement):
        if covering.isdisjoint(names):
            yield checks.Error(
                f"{model._meta.label}: {', '.join(names)} can be unique on each shard only, "
                "not over all of them.",
                hint="Add the shard key to what must be unique.",
                obj=model,
                id="shardrouter.E010",
            )


def _unique_sets(model: type[models.Model], placement: Placement) -> Iterator[tuple[str, ...]]:
    """Yield the names of the columns that are unique together, or alone, beside the primary key;
    of expressions, what they are, except for those that are equal only inside one slot."""
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key:
            yield (field.name,)
    for names in model._meta.unique_together:
        yield tuple(names)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            parts = (_unique_part(each, placement.normalize) for each in constraint.expressions)
            yield tuple(constraint.fields) or tuple(parts)


def _unique_part(expression: Any, normalize: Callable[[str], str] | None) -> str:
    """Return the column that `expression` is, or the text of it if equal values of it may be of
    different slots."""
    text = str(expression)
    while isinstance(expression, OrderBy) or (
        isinstance(expression, Lower | Upper) and normalize and normalize("ÄB") == normalize("äb")
    ):
        (expression,) = expression.get_source_expressions()
    return expression.name if isinstance(expression, models.F) else text
