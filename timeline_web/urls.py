"""URLs of the site: the table of the HTTP contract, and the files that programs ask for."""

from django.urls import path, re_path

from .views import (
    accounts,
    avatars,
    conversations,
    discovery,
    feeds,
    follows,
    health,
    interactions,
    languages,
    notifications,
    safety,
    settings,
    site_files,
    timelines,
)

# Wider than the API's rule for names (1-30 ASCII letters, digits, _). The API decides which names
# exist, and one odd row must not be able to break every page that links to it.
USERNAME = r"(?P<username>\w{1,64})"
MESSAGE = rf"{USERNAME}/(?P<message_id>[0-9]{{1,19}})"
REACTION = "(?P<reaction>like|repost)"
REACTION_LIST = "(?P<reaction_list>likes|reposts)"
RESTRICTION = "(?P<restriction>block|mute)"

urlpatterns = [
    path("", timelines.home, name="home"),
    path("public", timelines.public, name="public"),
    path("public/feed.atom", feeds.public, name="public_feed"),
    path("add_message", timelines.add_message, name="add_message"),
    path("register", accounts.register, name="register"),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("notifications", notifications.notifications, name="notifications"),
    path("notifications/read", notifications.mark_read, name="mark_notifications_read"),
    path("settings", settings.profile, name="settings"),
    path("settings/zone", settings.zone, name="settings_zone"),
    path("settings/picture", settings.picture, name="settings_picture"),
    path("settings/picture/remove", settings.remove_picture, name="settings_picture_remove"),
    path("settings/password", settings.password, name="settings_password"),
    path("settings/sessions", settings.sessions, name="settings_sessions"),
    re_path(
        r"^settings/sessions/(?P<token_id>[0-9]{1,19})/end$",
        settings.revoke_token,
        name="revoke_token",
    ),
    path("settings/export", settings.export, name="settings_export"),
    path("settings/delete", settings.delete, name="settings_delete"),
    re_path(
        "^settings/(?P<restriction_list>blocks|mutes)$",
        safety.restrictions,
        name="settings_restrictions",
    ),
    path("search", discovery.search, name="search"),
    path("search/names", discovery.names, name="names"),
    path("tag/<str:tag>/feed.atom", feeds.tag, name="tag_feed"),
    path("tag/<str:tag>", discovery.tag, name="tag"),
    path("language", languages.set_language, name="set_language"),
    path("language/<slug:code>.js", languages.script_texts, name="script_texts"),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("sitemap.xml", site_files.sitemap, name="sitemap"),
    path("robots.txt", site_files.robots, name="robots"),
    path("favicon.ico", site_files.favicon, name="favicon"),
    # Last: every word that is not a page above may be a member's name.
    re_path(rf"^{USERNAME}$", timelines.profile, name="profile"),
    re_path(rf"^{USERNAME}/avatar$", avatars.avatar, name="avatar"),
    re_path(rf"^{USERNAME}/feed\.atom$", feeds.member, name="feed"),
    re_path(rf"^{USERNAME}/followers$", follows.followers, name="followers"),
    re_path(rf"^{USERNAME}/following$", follows.following, name="following"),
    re_path(rf"^{USERNAME}/follow$", follows.follow, name="follow"),
    re_path(rf"^{USERNAME}/unfollow$", follows.unfollow, name="unfollow"),
    re_path(rf"^{USERNAME}/report$", safety.report_member, name="report_member"),
    re_path(rf"^{USERNAME}/{RESTRICTION}$", safety.restrict, name="restrict"),
    re_path(rf"^{USERNAME}/un{RESTRICTION}$", safety.unrestrict, name="unrestrict"),
    re_path(rf"^{MESSAGE}$", conversations.message, name="message"),
    re_path(rf"^{MESSAGE}/edit$", conversations.edit, name="edit"),
    re_path(rf"^{MESSAGE}/delete$", conversations.delete, name="delete"),
    re_path(rf"^{MESSAGE}/history$", conversations.history, name="history"),
    re_path(rf"^{MESSAGE}/report$", safety.report, name="report"),
    re_path(rf"^{MESSAGE}/{REACTION}$", interactions.react, name="react"),
    re_path(rf"^{MESSAGE}/unlike$", interactions.undo_reaction, {"reaction": "like"}),
    re_path(rf"^{MESSAGE}/undo_repost$", interactions.undo_reaction, {"reaction": "repost"}),
    re_path(rf"^{MESSAGE}/{REACTION_LIST}$", interactions.reactions, name="reactions"),
    re_path(rf"^{MESSAGE}/pin$", interactions.pin, name="pin"),
    re_path(rf"^{MESSAGE}/unpin$", interactions.unpin, name="unpin"),
]
