"""URLs of the site: the table of the HTTP contract, and what machines ask for."""

from django.urls import path, re_path

from .views import accounts, follows, probes, timelines

# Wider than the API's rule for names (1-30 ASCII letters, digits, _): which names exist is the
# API's to say, and one odd row must not be able to break every page that links to it.
USERNAME = r"(?P<username>\w{1,64})"

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
