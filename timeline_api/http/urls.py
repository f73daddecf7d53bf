"""URLs of the service. docs/api.md lists them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from .converters import IdConverter, TagConverter, UsernameConverter
from .views import (
    accounts,
    avatars,
    blocks,
    conversations,
    discovery,
    docs,
    exports,
    follows,
    health,
    interactions,
    messages,
    metrics,
    notifications,
    reports,
    root,
    sessions,
    sitemap,
    timelines,
    tokens,
)

register_converter(UsernameConverter, "username")
register_converter(IdConverter, "id")
register_converter(TagConverter, "tag")

one_account = [
    path("", accounts.AccountView.as_view(), name="account"),
    path("password/", accounts.PasswordView.as_view(), name="account-password"),
    path("avatar/", avatars.AvatarView.as_view(), name="account-avatar"),
    path("export/", exports.ExportView.as_view(), name="account-export"),
    path("messages/", accounts.AccountMessagesView.as_view(), name="account-messages"),
    path("followers/", follows.FollowersView.as_view(), name="account-followers"),
    path("following/", follows.FollowingView.as_view(), name="account-following"),
    path("block/", blocks.BlockView.as_view(), name="account-block"),
    path("report/", reports.AccountReportView.as_view(), name="account-report"),
    path("mute/", blocks.MuteView.as_view(), name="account-mute"),
    path("follow/", follows.FollowView.as_view(), name="account-follow"),
]

one_message = [
    path("", messages.MessageView.as_view(), name="message"),
    path("history/", messages.HistoryView.as_view(), name="message-history"),
    path("report/", messages.ReportView.as_view(), name="message-report"),
    path("pin/", messages.PinView.as_view(), name="message-pin"),
    path("ancestors/", conversations.AncestorsView.as_view(), name="message-ancestors"),
    path("replies/", conversations.RepliesView.as_view(), name="message-replies"),
    path("like/", interactions.LikeView.as_view(), name="message-like"),
    path("likes/", interactions.LikesView.as_view(), name="message-likes"),
    path("repost/", interactions.RepostView.as_view(), name="message-repost"),
    path("reposts/", interactions.RepostsView.as_view(), name="message-reposts"),
]

v1: list[URLPattern | URLResolver] = [
    path("", root.RootView.as_view(), name="api-root"),
    path("accounts/", accounts.AccountsView.as_view(), name="accounts"),
    path("accounts/<username:username>/", include(one_account)),
    path("timelines/public/", timelines.PublicTimelineView.as_view(), name="timeline-public"),
    path("timelines/home/", timelines.HomeTimelineView.as_view(), name="timeline-home"),
    path("messages/", messages.MessagesView.as_view(), name="messages"),
    path("messages/<id:id>/", include(one_message)),
    path("blocks/", blocks.BlocksView.as_view(), name="blocks"),
    path("mutes/", blocks.MutesView.as_view(), name="mutes"),
    path("search/messages/", discovery.MessageSearchView.as_view(), name="search-messages"),
    path("search/accounts/", discovery.AccountSearchView.as_view(), name="search-accounts"),
    path("sitemap/", sitemap.SitemapView.as_view(), name="sitemap"),
    path("names/", discovery.NamesView.as_view(), name="names"),
    path("suggestions/", discovery.SuggestionsView.as_view(), name="suggestions"),
    path("tags/trending/", discovery.TrendingView.as_view(), name="tags-trending"),
    path("tags/<tag:tag>/messages/", discovery.TagView.as_view(), name="tag-messages"),
    path("notifications/", notifications.NotificationsView.as_view(), name="notifications"),
    path("notifications/unread/", notifications.UnreadView.as_view(), name="notifications-unread"),
    path("notifications/read/", notifications.MarkReadView.as_view(), name="notifications-read"),
    path("tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("tokens/personal/", tokens.PersonalTokensView.as_view(), name="tokens-personal"),
    path("tokens/current/", tokens.CurrentTokenView.as_view(), name="token-current"),
    path("tokens/<id:id>/", tokens.TokenView.as_view(), name="token"),
]

# DRF's templates look for a login and a logout in this namespace.
member_sessions = [
    path("login/", sessions.login, name="login"),
    path("logout/", sessions.logout, name="logout"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api-root")),
    path("api/", RedirectView.as_view(pattern_name="api-root")),
    path("api/v1/", include(v1)),
    path("api/", include((member_sessions, "rest_framework"))),
    path("api/schema/", docs.schema, name="schema"),
    path("api/docs/", docs.swagger, name="docs"),
    path("admin/", admin.site.urls),
    path("favicon.ico", docs.favicon),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.all_metrics, name="metrics"),
    path("metrics/instance", metrics.own_metrics, name="metrics-instance"),
]
