"""Steps: pieces of work over the rows of one table, which a killed run takes up again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.db import DEFAULT_DB_ALIAS, transaction

from ..models import AdoptionStep
from .old_tables import Row, Table

#: What a step does with a batch of rows, given how many rows came before them.
Work = Callable[[list[Row], int], None]


class Progress(Protocol):
    """Is told after each batch how many rows of how many a step has done."""

    def __call__(self, name: str, done: int, total: int) -> None: ...


@dataclass(frozen=True)
class Stepper:
    """Runs steps in batches of `batch_size` rows and tells `progress`."""

    batch_size: int
    progress: Progress

    def run(self, name: str, table: Table, work: Work, *, whole: bool = False) -> None:
        """Call `work` with each batch of the rows of `table`, unless that was done.

        How far it came is written in the same transaction on `default` as what `work` writes
        there. What it writes elsewhere may be written twice after a crash. With `whole`, all rows
        are one batch.
        """
        steps = AdoptionStep.objects.using(DEFAULT_DB_ALIAS)
        step, _ = steps.get_or_create(name=name)
        if step.finished:
            return
        total = table.count()
        for rows in table.batches(None if whole else self.batch_size, step.position):
            with transaction.atomic(using=DEFAULT_DB_ALIAS):
                work(rows, step.rows)
                step.position = table.position(rows[-1])
                step.rows += len(rows)
                step.save(using=DEFAULT_DB_ALIAS)
            self.progress(name, step.rows, total)
        step.finished = True
        step.save(using=DEFAULT_DB_ALIAS)

    def mark(self, name: str) -> None:
        """Remember that `name` is finished."""
        steps = AdoptionStep.objects.using(DEFAULT_DB_ALIAS)
        steps.update_or_create(name=name, defaults={"finished": True})

    @cached_property
    def began(self) -> int:
        """When the first run began: a Unix time in milliseconds."""
        steps = AdoptionStep.objects.using(DEFAULT_DB_ALIAS)
        step, _ = steps.get_or_create(name="began", defaults={"rows": int(time.time() * 1000)})
        return step.rows


def is_finished(name: str) -> bool:
    return AdoptionStep.objects.using(DEFAULT_DB_ALIAS).filter(name=name, finished=True).exists()
