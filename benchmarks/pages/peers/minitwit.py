"""WSGI entry point of MiniTwit in one service."""

from .pages import make_app
from .store import Store

application = make_app(Store())
