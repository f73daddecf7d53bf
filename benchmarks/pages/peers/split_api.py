"""WSGI entry point of the split MiniTwit's API: JSON over the same tables."""

from typing import Any

from flask import Flask, abort, jsonify, request
from werkzeug.wrappers import Response

from .remote import SECRET
from .store import Store

application = Flask(__name__)
store = Store()


@application.before_request
def check_secret() -> None:
    if request.headers.get("Authorization") != SECRET["Authorization"]:
        abort(403)


def _found(row: Any) -> Response:
    if row is None:
        abort(404)
    return jsonify(row)


@application.get("/users/<int:user_id>")
def user(user_id: int) -> Response:
    return _found(store.user(user_id))


@application.get("/named/<username>")
def user_named(username: str) -> Response:
    return _found(store.user_named(username))


@application.get("/profiles/<username>")
def profile(username: str) -> Response:
    return _found(store.profile(username, request.args.get("viewer", type=int)))


@application.get("/home/<int:user_id>")
def home(user_id: int) -> Response:
    return jsonify(store.home(user_id))


@application.get("/public")
def public() -> Response:
    return jsonify(store.public())


@application.get("/messages/<int:user_id>")
def messages_of(user_id: int) -> Response:
    return jsonify(store.messages_of(user_id))


@application.post("/messages/<int:user_id>")
def add_message(user_id: int) -> tuple[Response, int]:
    store.add_message(user_id, request.get_json()["text"])
    return jsonify({}), 201
