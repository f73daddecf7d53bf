"""The admin of the notebook: lists over all shards, writes to the right one."""

from django.contrib import admin

from shardrouter.admin import ShardedModelAdmin

from .models import Account, Bookmark, Note


@admin.register(Account)
class AccountAdmin(ShardedModelAdmin):
    list_display = ["username"]
    search_fields = ["username"]
    ordering = ["username"]


@admin.register(Note)
class NoteAdmin(ShardedModelAdmin):
    list_display = ["title", "account", "pinned"]
    list_filter = ["pinned", "account"]
    search_fields = ["title", "account__username"]
    ordering = ["-created"]


admin.site.register(Bookmark, ShardedModelAdmin)
