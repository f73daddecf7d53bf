"""Ids of many rows in one column of another: a subquery instead of one more query."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, CharField, QuerySet, Subquery
from django.db.models.sql.compiler import SQLCompiler


class _Concatenated(Aggregate):
    """Numbers as one text, with commas between."""

    function = "GROUP_CONCAT"
    output_field = CharField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        template = "STRING_AGG(%(expressions)s::text, ',')"
        return self.as_sql(compiler, connection, template=template, **extra)


def id_list(rows: QuerySet[Any], owner: str, field: str) -> Subquery:
    """Return the `field` of all `rows`, which are of one `owner`, as a text; NULL for no rows."""
    return Subquery(rows.values(owner).annotate(ids=_Concatenated(field)).values("ids"))


def parse_id_list(text: str | None) -> list[int]:
    """Return the ids in a text of `id_list`."""
    return [int(pk) for pk in text.split(",")] if text else []
