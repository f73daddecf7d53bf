"""Ids of many rows in one column of another: a subquery instead of one more query."""

from django.db.models import Aggregate, CharField, QuerySet, Subquery


class _Joined(Aggregate):
    """Numbers as one text, with commas between."""

    function = "GROUP_CONCAT"
    output_field = CharField()

    def as_postgresql(self, compiler, connection, **extra):
        template = "STRING_AGG(%(expressions)s::text, ',')"
        return self.as_sql(compiler, connection, template=template, **extra)


def joined(rows: QuerySet, owner: str, field: str) -> Subquery:
    """The `field` of all `rows`, which are of one `owner`; None where there is none."""
    return Subquery(rows.values(owner).annotate(joined=_Joined(field)).values("joined"))


def split(text: str | None) -> list[int]:
    """The ids in what `joined` gave."""
    return [int(pk) for pk in text.split(",")] if text else []
