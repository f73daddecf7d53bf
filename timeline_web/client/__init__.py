"""The site's only way to the API. Import its names from here."""

from . import contents, errors
from .client import Api
from .resources import (
    Account,
    Author,
    ConversationItem,
    DeletedMessage,
    MemberSummary,
    Message,
    Notification,
    Page,
    Parent,
    Picture,
    Reaction,
    ReactionList,
    Restriction,
    RestrictionList,
    Revision,
    Token,
    Trend,
)

__all__ = [
    "Account",
    "Api",
    "Author",
    "ConversationItem",
    "DeletedMessage",
    "MemberSummary",
    "Message",
    "Notification",
    "Page",
    "Parent",
    "Picture",
    "Reaction",
    "ReactionList",
    "Restriction",
    "RestrictionList",
    "Revision",
    "Token",
    "Trend",
    "contents",
    "errors",
]
