"""URLs of the site: the table of the HTTP contract, and what machines ask for."""

from django.urls import path, re_path

from .views import (
    accounts,
    avatars,
    conversations,
    discovery,
    feeds,
    follows,
    interactions,
    languages,
    notifications,
    probes,
    safety,
    settings,
    timelines,
)

# Wider than the API's rule for names (1-30 ASCII letters, digits, _): which names exist is the
# API's to say, and one odd row must not be able to break every page that links to it.
USERNAME = r"(?P<username>\w{1,64})"
MESSAGE = rf"{USERNAME}/(?P<message_id>[0-9]{{1,19}})"

urlpatterns = [
    path("", timelines.home, name="home"),
    path("public", timelines.public, name="public"),
    path("add_message", timelines.add_message, name="add_message"),
    path("register", accounts.register, name="register"),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("notifications", notifications.notifications, name="notifications"),
    path("notifications/read", notifications.read, name="notifications_read"),
    path("settings", settings.profile, name="settings"),
    path("settings/picture", settings.picture, name="settings_picture"),
    path("settings/picture/remove", settings.remove_picture, name="settings_picture_remove"),
    path("settings/password", settings.password, name="settings_password"),
    path("settings/sessions", settings.sessions, name="settings_sessions"),
    re_path(r"^settings/sessions/(?P<token_id>[0-9]{1,19})/end$", settings.revoke, name="revoke"),
    path("settings/export", settings.export, name="settings_export"),
    path("settings/delete", settings.delete, name="settings_delete"),
    path("settings/blocks", safety.hidden, {"which": "blocks"}, name="settings_blocks"),
    path("settings/mutes", safety.hidden, {"which": "mutes"}, name="settings_mutes"),
    path("search", discovery.search, name="search"),
    path("tag/<str:tag>/feed.atom", feeds.tag, name="tag_feed"),
    path("tag/<str:tag>", discovery.tag, name="tag"),
    path("language", languages.choose, name="language"),
    path("language/<slug:code>.js", languages.texts, name="texts"),
    path("livez", probes.livez, name="livez"),
    path("readyz", probes.readyz, name="readyz"),
    path("sitemap.xml", feeds.sitemap, name="sitemap"),
    path("robots.txt", probes.robots, name="robots"),
    path("favicon.ico", probes.favicon, name="favicon"),
    # Last: every word that is not a page above may be a member's name.
    re_path(rf"^{USERNAME}$", timelines.profile, name="profile"),
    re_path(rf"^{USERNAME}/avatar$", avatars.show, name="avatar"),
    re_path(rf"^{USERNAME}/feed\.atom$", feeds.member, name="feed"),
    re_path(rf"^{USERNAME}/followers$", follows.followers, name="followers"),
    re_path(rf"^{USERNAME}/following$", follows.following, name="following"),
    re_path(rf"^{USERNAME}/(?P<what>block|unblock|mute|unmute)$", safety.relate, name="relate"),
    re_path(rf"^{MESSAGE}/report$", safety.report, name="report"),
    re_path(rf"^{MESSAGE}$", conversations.message, name="message"),
    re_path(rf"^{MESSAGE}/edit$", conversations.edit, name="edit"),
    re_path(rf"^{MESSAGE}/delete$", conversations.delete, name="delete"),
    re_path(rf"^{MESSAGE}/history$", conversations.history, name="history"),
    re_path(rf"^{MESSAGE}/likes$", interactions.who, {"what": "likes"}, name="likes"),
    re_path(rf"^{MESSAGE}/reposts$", interactions.who, {"what": "reposts"}, name="reposts"),
    re_path(rf"^{MESSAGE}/(?P<what>like|repost|pin)$", interactions.mark, name="mark"),
    re_path(rf"^{MESSAGE}/(?P<what>unlike|undo_repost|unpin)$", interactions.unmark, name="unmark"),
    re_path(rf"^{USERNAME}/follow$", follows.follow, name="follow"),
    re_path(rf"^{USERNAME}/unfollow$", follows.unfollow, name="unfollow"),
]
