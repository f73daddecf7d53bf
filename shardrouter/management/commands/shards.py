"""`shards status | where | check | adopt`: which rows are where, and how they come there."""

import json
from typing import Any, TypeAlias

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models

from shardrouter import conf, content_types, ids
from shardrouter.adoption.report import AdoptionReport
from shardrouter.inspection import misplaced_rows, shard_status
from shardrouter.location import slot_for
from shardrouter.placement import has_composite_key, is_sharded, placement_of
from shardrouter.shardmap import shard_map

#: What `--format json` prints, and the lines of text.
Report: TypeAlias = tuple[Any, list[str]]


class Command(BaseCommand):
    help = (
        "Shows the shards, finds a row's shard, checks that rows are where they belong, and adopts "
        "the rows of a project that had one database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        subcommands = parser.add_subparsers(dest="subcommand", required=True)
        status = subcommands.add_parser("status", help="each shard: slots, rows, size")
        where = subcommands.add_parser("where", help="the slot and shard of a row")
        where.add_argument("model", metavar="MODEL", help="app_label.Model")
        where.add_argument(
            "row",
            metavar="ID|KEY",
            help="an id, what its slot is made from, or the parts of a composite primary key",
        )
        check = subcommands.add_parser("check", help="compare the rows with the shard map")
        check.add_argument(
            "--rows", action="store_true", help="every row is on the shard that its id says"
        )
        self._add_adopt(subcommands)
        for each in (status, where, check):
            each.add_argument("--format", choices=["text", "json"], default="text")

    def _add_adopt(self, subcommands: Any) -> None:
        adopt = subcommands.add_parser("adopt", help="bring the rows of one old database here")
        adopt.add_argument(
            "--batch-size", type=int, default=1000, metavar="N", help="rows in one transaction"
        )
        adopt.add_argument(
            "--skip-orphans", action="store_true", help="leave out rows whose owner does not exist"
        )
        adopt.add_argument(
            "--leave-out",
            action="append",
            default=[],
            metavar="app.Model.column",
            help="give up a column of an old table that the model has no longer; repeatable",
        )
        adopt.add_argument(
            "--drop-old-tables",
            action="store_true",
            help="drop the old tables from default, after their rows are adopted",
        )
        adopt.add_argument(
            "--no-input", action="store_false", dest="interactive", help="do not ask before that"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["subcommand"] == "adopt":
            AdoptionReport(self, options).run()
            return
        report = {"status": _status, "where": _where, "check": _check}[options["subcommand"]]
        found, lines = report(options)
        if options["format"] == "json":
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self.stdout.write("\n".join(lines))
        if options["subcommand"] == "check" and found["misplaced"]:
            raise CommandError(f"{len(found['misplaced'])} rows are on the wrong shard.")
        if options["subcommand"] == "check" and found["content_types"]:
            raise CommandError("The content types of a shard are not those of default.")


def _status(options: dict[str, Any]) -> Report:
    found = [shard_status(alias) for alias in conf.shards()]
    lines = []
    for each in found:
        lines.append(f"{each['alias']}: {each['slots']} slots, {each['state']}")
        lines += [f"  {label}: {rows} rows" for label, rows in each["rows"].items()]
    return found, lines


def _where(options: dict[str, Any]) -> Report:
    model = _sharded_model(options["model"])
    slot = _slot_of_text(model, options["row"])
    alias = shard_map.alias_of(slot)
    found = {"model": model._meta.label, "slot": slot, "shard": alias}
    return found, [f"{model._meta.label} {options['row']}: slot {slot}, {alias}"]


def _check(options: dict[str, Any]) -> Report:
    counts = shard_map.counts()
    misplaced = list(misplaced_rows()) if options["rows"] else []
    lines = [f"{alias}: {slots} slots" for alias, slots in counts.items()]
    lines += [
        f"{row['model']} {row['id']} is on {row['found_on']}, belongs on {row['belongs_on']}"
        for row in misplaced
    ]
    if options["rows"] and not misplaced:
        lines.append("Every row is on the shard that its id says.")
    different = list(content_types.differences())
    return {"slots": counts, "misplaced": misplaced, "content_types": different}, lines + different


def _sharded_model(label: str) -> type[models.Model]:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise CommandError(f"There is no model {label!r}. Write app_label.Model.") from error
    if not is_sharded(model):
        raise CommandError(f"{model._meta.label} is not sharded; its rows are in default.")
    return model


def _slot_of_text(model: type[models.Model], text: str) -> int:
    placement = placement_of(model)
    if has_composite_key(model):
        # The shard key is its first part, and enough.
        text = text.strip("()[] ").split(",")[0].strip()
    is_id = text.isascii() and text.isdigit() and int(text) <= ids.MAX_ID
    if is_id and (not placement.sources or len(text) > 12):
        # Real ids have 16 digits or more; a shorter number may be a name.
        return slot_for(int(text))
    if placement.sources:
        try:
            return placement.slot_of_source(placement.sources[0], text)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
    raise CommandError(f"{text!r} is not an id of {model._meta.label}.")
