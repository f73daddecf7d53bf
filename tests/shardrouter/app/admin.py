"""The admin of the test app, as a project would write it."""

from django.contrib import admin

from shardrouter.admin import ShardedModelAdmin, ShardedTabularInline

from .models import Author, Book, Bookmark, Country


class BookInline(ShardedTabularInline):
    model = Book
    extra = 1
    fields = ["title", "pages"]


@admin.register(Author)
class AuthorAdmin(ShardedModelAdmin):
    list_display = ["name", "born", "rating", "home"]
    list_filter = ["born"]
    list_editable = ["rating"]
    search_fields = ["name", "bio"]
    inlines = [BookInline]


@admin.register(Book)
class BookAdmin(ShardedModelAdmin):
    list_display = ["title", "author", "pages"]
    list_filter = ["pages"]
    search_fields = ["title", "author__name"]
    date_hierarchy = "published"
    fields = ["author", "title", "pages"]


@admin.register(Bookmark)
class BookmarkAdmin(ShardedModelAdmin):
    list_display = ["note", "author", "book"]


admin.site.register(Country)
