"""What members of a crowd do at random, by the real services."""

from timeline_api.models import Message
from timeline_api.selectors.blocks import Blocked
from timeline_api.services import blocks, follows, likes, messages

DO = ["post", "post", "follow", "unfollow", "block", "unblock", "mute"]
ON = ["like", "unlike", "repost", "undo_repost", "reply", "delete", "edit", "pin"]
# What a service may raise because another member was faster.
EXPECTED = (Blocked, messages.EditConflict, Message.DoesNotExist)


def act(chance, people):
    """Do one random thing as a random member."""
    one, other = chance.sample(people, 2)
    kind = chance.choice(DO + ON * 2)
    if kind == "post":
        messages.post(author=one, text=f"hello @{other.username} #tag")
    elif kind in ("follow", "unfollow"):
        getattr(follows, kind)(follower=one, followee=other)
    elif kind in ("block", "unblock", "mute"):
        getattr(blocks, kind)(account=one, other=other)
    else:
        _act_on_message(kind, chance, one)


def _act_on_message(kind, chance, account):
    rows = list(Message.objects.scatter().select_related("author").order_by("-pk")[:4])
    rows = [row for row in rows if row.repost_of_id is None]
    if not rows:
        return
    row = chance.choice(rows)
    if kind in ("like", "unlike"):
        getattr(likes, kind)(account=account, message=row)
    elif kind in ("repost", "undo_repost"):
        getattr(messages, kind)(account=account, message=row)
    elif kind == "reply":
        messages.post(author=account, text="hello", parent=row)
    elif kind == "edit":
        messages.edit(message=row, text=f"edited {chance.random()}", revision=row.revision)
    else:
        getattr(messages, kind)(message=row)
