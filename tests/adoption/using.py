"""What a view of the adopted forum does, by the ORM: `python -m tests.adoption.using`."""

import sys

import django


def use():
    from shardrouter.adoption import adopted_id
    from shardrouter.exceptions import UnroutedQuery
    from tests.adoption.after.models import Announcement, Badge, Member, Post, Topic, Vote

    member = Member.objects.get(username="Member3")
    assert adopted_id(Member, 5) is not None
    assert adopted_id(Member, 10**6) is None
    topic = member.topic_set.first()
    assert topic.post_set.count() == 2
    assert {label.member_id for label in topic.labels.all()} == {member.pk}
    assert topic.pinned.topic == topic
    announcement = Announcement.objects.scatter().first()
    assert adopted_id(Announcement, 1) == adopted_id(Post, 1)
    assert Post.objects.get(pk=announcement.pk).body == announcement.body
    reply = Post.objects.scatter().filter(parent__isnull=False).first()
    assert reply.parent.topic_id == reply.topic_id
    assert Vote.objects.filter(post=reply.parent).count() >= 0
    assert Badge.objects.get(name="badge 3").member == Member.objects.get(username="Member3")
    # A user's id is no sharded id: it names no shard.
    read = Topic.readers.through.objects
    assert len(read.scatter().filter(user_id=2)) > 3
    try:
        list(read.filter(user_id=2))
    except UnroutedQuery:
        pass
    else:
        raise AssertionError("read on one shard alone")
    # The tables that make their own ids go on after the adopted ones.
    Topic.objects.get(pk=topic.pk).labels.add(member.label_set.create(word="three"))
    member.topic_set.create(title="new", section_id=1)
    sys.stdout.write("used\n")


if __name__ == "__main__":
    django.setup()
    use()
