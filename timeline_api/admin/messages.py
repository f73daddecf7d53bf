"""Messages in the admin."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from ..models import Message
from ..selectors import search
from ..services import messages as services
from .rows import MadeFilter, OperatorAdmin, account_link, on_site, searched_id


@admin.register(Message)
class MessageAdmin(OperatorAdmin):
    list_display = ("said", "by", "made", "replies", "likes", "reposts", "state")
    list_display_links = ("said",)
    list_filter = (MadeFilter,)
    list_select_related = ("author",)
    search_fields = ("text",)  # shows the search field; get_search_results searches
    search_help_text = (
        "Words of the text, or the author's username: the newest thousand. Or an id of a message."
    )
    fields = ("id", "by", "page", "text", "created_at", "replies", "likes", "reposts", "state")
    readonly_fields = ("id", "by", "page", "created_at", "replies", "likes", "reposts", "state")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Search by the index, which LIKE does not use, and by the id."""
        if not search_term:
            return queryset, False
        found = Q(pk__in=search.message_ids(search_term))
        pk = searched_id(search_term)
        return queryset.filter(found | Q(pk=pk) if pk is not None else found), False

    @admin.display(description="text")
    def said(self, message: Message) -> str:
        return message.text or "(a repost)"

    @admin.display(description="author")
    def by(self, message: Message) -> str:
        return account_link(message.author)

    @admin.display(description="on the site")
    def page(self, message: Message) -> str:
        return on_site(f"{message.author.username}/{message.pk}", "its conversation")

    @admin.display(description="replies")
    def replies(self, message: Message) -> int:
        return message.reply_count

    @admin.display(description="likes")
    def likes(self, message: Message) -> int:
        return message.like_count

    @admin.display(description="reposts")
    def reposts(self, message: Message) -> int:
        return message.repost_count

    @admin.display(description="state")
    def state(self, message: Message) -> str:
        if message.repost_of_id:
            return "repost"
        kind = "reply" if message.parent_id else "message"
        return f"{kind}, edited" if message.revision else kind

    def delete_row(self, obj: Message) -> None:
        services.delete(message=obj)
