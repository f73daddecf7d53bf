"""WSGI entry point of the split MiniTwit's pages."""

from .pages import make_app
from .remote import RemoteStore

application = make_app(RemoteStore())
