"""URLs of the site: the table of the HTTP contract, and what machines ask for."""

from django.urls import path, re_path

from .views import accounts, follows, probes, timelines

# The API's rule for names. An address that breaks it is nobody's, and the API need not be asked.
USERNAME = r"(?P<username>[A-Za-z0-9_]{1,30})"

urlpatterns = [
    path("", timelines.home, name="home"),
    path("public", timelines.public, name="public"),
    path("add_message", timelines.add_message, name="add_message"),
    path("register", accounts.register, name="register"),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("livez", probes.livez, name="livez"),
    path("readyz", probes.readyz, name="readyz"),
    path("robots.txt", probes.robots, name="robots"),
    path("favicon.ico", probes.favicon, name="favicon"),
    # Last: every word that is not a page above may be a member's name.
    re_path(rf"^{USERNAME}$", timelines.profile, name="profile"),
    re_path(rf"^{USERNAME}/follow$", follows.follow, name="follow"),
    re_path(rf"^{USERNAME}/unfollow$", follows.unfollow, name="unfollow"),
]
