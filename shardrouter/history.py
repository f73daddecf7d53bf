"""History: what the migrations of a project say of a model's past and future. Reads no rows.

A model may have been global when it was created, and be sharded by a later migration. Its tables
must then be on the shards from the beginning, so that the later migrations find them.
"""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.db import models
from django.db.migrations import DeleteModel, RenameModel
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from .placement import CarriesSlot, is_sharded

#: An app's label and a model's name in lower case, as ProjectState has them.
Label = tuple[str, str]


def ends_sharded(label: Label) -> bool:
    """Return whether the model that had this label at some time is sharded today, or was when it
    was deleted, perhaps under another name."""
    try:
        return is_sharded(apps.get_model(*label))
    except LookupError:
        return label in _sharded_before_they_left()


def sharded_in(state: ProjectState, label: Label) -> bool:
    """Return whether the model is sharded in `state`. Renders no models, so it is cheap."""
    model = state.models.get(label)
    return model is not None and _is_sharded_state(state, model)


def _is_sharded_state(state: ProjectState, model: ModelState) -> bool:
    for field in model.fields.values():
        if isinstance(field, models.CompositePrimaryKey):
            return ends_sharded((model.app_label, model.name_lower))
        if field.primary_key and isinstance(field, CarriesSlot):
            return True
        if field.primary_key and field.remote_field and field.remote_field.parent_link:
            return sharded_in(state, label_of(field.remote_field.model))
    return False


def label_of(model: object) -> Label:
    """Return the label of a model, or of a name such as "auth.User"."""
    if isinstance(model, str):
        app_label, name = model.split(".")
        return app_label, name.lower()
    assert isinstance(model, type)
    assert issubclass(model, models.Model)
    return model._meta.app_label, str(model._meta.model_name)


@cache
def _sharded_before_they_left() -> frozenset[Label]:
    """Return the labels that no model has today, of models that were sharded in the end.

    Goes through all migrations once in a process, and only if some migration names such a model.
    """
    loader = MigrationLoader(None, ignore_no_migrations=True)
    state = ProjectState(real_apps=loader.unmigrated_apps)
    renamed: list[tuple[Label, Label]] = []
    found: set[Label] = set()
    for key in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
        migration = loader.graph.nodes[key]
        for operation in migration.operations:
            if isinstance(operation, DeleteModel):
                label = (migration.app_label, operation.name_lower)
                if sharded_in(state, label):
                    found.add(label)
            if isinstance(operation, RenameModel):
                names = (operation.old_name_lower, operation.new_name_lower)
                renamed.append(((key[0], names[0]), (key[0], names[1])))
            operation.state_forwards(migration.app_label, state)
    for old, new in reversed(renamed):
        current = apps.all_models[new[0]].get(new[1])
        if new in found or (current is not None and is_sharded(current)):
            found.add(old)
    return frozenset(found)
