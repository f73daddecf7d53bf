"""MiniTwit's pages: the same over a database at hand and over one behind an API."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from flask import Flask, abort, flash, g, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash
from werkzeug.wrappers import Response


def make_app(store: Any) -> Flask:
    """The application over a Store or a RemoteStore."""
    app = Flask(__name__)
    app.secret_key = "benchmark"
    app.jinja_env.filters.update(gravatar=gravatar, datetimeformat=datetimeformat)

    @app.before_request
    def load_user() -> None:
        g.user = store.user(session["user_id"]) if "user_id" in session else None

    _add_timelines(app, store)
    app.add_url_rule("/add_message", view_func=_add_message(store), methods=["POST"])
    app.add_url_rule("/login", "login", view_func=_login(store), methods=["GET", "POST"])
    return app


def _add_timelines(app: Flask, store: Any) -> None:
    @app.get("/")
    def timeline() -> str | Response:
        if not g.user:
            return redirect(url_for("public_timeline"))
        return render_template("timeline.html", messages=store.home(g.user["user_id"]))

    @app.get("/public")
    def public_timeline() -> str:
        return render_template("timeline.html", messages=store.public())

    @app.get("/<username>")
    def user_timeline(username: str) -> str:
        profile = store.profile(username, g.user and g.user["user_id"])
        if profile is None:
            abort(404)
        messages = store.messages_of(profile["user_id"])
        return render_template("timeline.html", messages=messages, profile=profile)


def _add_message(store: Any) -> Callable[[], Response]:
    def add_message() -> Response:
        if not g.user:
            abort(401)
        if request.form["text"]:
            store.add_message(g.user["user_id"], request.form["text"])
            flash("Your message was recorded")
        return redirect(url_for("timeline"))

    return add_message


def _login(store: Any) -> Callable[[], str | Response]:
    def login() -> str | Response:
        if request.method == "GET":
            return render_template("login.html")
        user = store.user_named(request.form["username"])
        if user is None or not check_password_hash(user["pw_hash"], request.form["password"]):
            abort(401)
        session["user_id"] = user["user_id"]
        return redirect(url_for("timeline"))

    return login


def gravatar(email: str, size: int = 48) -> str:
    """Where Gravatar has the picture of an address."""
    digest = md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
    return f"http://www.gravatar.com/avatar/{digest}?d=identicon&s={size}"


def datetimeformat(timestamp: int) -> str:
    """A Unix time in seconds for people, in UTC."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d @ %H:%M")
