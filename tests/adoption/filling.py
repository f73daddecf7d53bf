"""Fills the forum of before with rows of every kind: `python -m tests.adoption.filling 2000`."""

import datetime
import json
import sys
from decimal import Decimal

import django
from django.db import connection

LONG_AGO = datetime.datetime(2009, 3, 1, 12, 30, 15, 123456, tzinfo=datetime.UTC)
WORDS = ["plain", "Grüße, 世界", "100% 'quoted' \"twice\"", "", "line\nbreak\ttab"]


def when(number):
    """A time that auto_now would not write, with microseconds."""
    return LONG_AGO + datetime.timedelta(hours=number, microseconds=number)


def fill(total):
    """Make about `total` rows: of each member, a share of everything."""
    from django.contrib.auth.models import User

    from tests.adoption.before import models

    members = max(8, total // 20)
    users = User.objects.bulk_create(User(username=f"user{n}") for n in range(members // 2))
    sections = [*models.Section.objects.all(), models.Section.objects.create(name="Other")]
    made = models.Member.objects.bulk_create(
        models.Member(
            username=f"Member{n}",
            user=users[n] if n < len(users) else None,
            picture=f"pictures/{n}.png" if n % 3 else "",
            options={"sizes": [1, 2.5, None], "nested": {"é": n}} if n % 4 else None,
        )
        for n in range(members)
    )
    models.Profile.objects.bulk_create(
        models.Profile(member=each, about=WORDS[n % 5]) for n, each in enumerate(made) if n % 2
    )
    labels = models.Label.objects.bulk_create(
        models.Label(member=each, word=word) for each in made for word in ("one", "two")
    )
    topics = models.Topic.objects.bulk_create(
        models.Topic(member=made[n % members], section=sections[n % 2], title=f"Topic {n}")
        for n in range(members * 2)
    )
    _fill_many_to_many(models, topics, labels, users, members)
    posts = _fill_posts(models, topics, made, users)
    _fill_later_keys(models, topics, posts)
    _fill_around_posts(models, posts, made)
    _age(models)


def _fill_many_to_many(models, topics, labels, users, members):
    labelled, read = models.Topic.labels.through, models.Topic.readers.through
    labelled.objects.bulk_create(
        labelled(topic=topic, label=labels[2 * (n % members) + k])
        for n, topic in enumerate(topics)
        for k in range(1 + n % 2)
    )
    read.objects.bulk_create(
        read(topic=topic, user=users[n % len(users)]) for n, topic in enumerate(topics) if n % 2
    )


def _fill_posts(models, topics, members, users):
    return models.Post.objects.bulk_create(
        models.Post(
            topic=topics[n % len(topics)],
            author=members[(n * 7 + 3) % len(members)],
            moderator=users[n % len(users)] if n % 3 == 0 else None,
            body=WORDS[n % 5],
            score=Decimal(n % 1000) / 4,
            data=[None, {"n": n}, [1, 2, 3], "text", 1.5][n % 5],
        )
        for n in range(len(topics) * 2)
    )


def _fill_later_keys(models, topics, posts):
    """Keys to rows with higher ids: a parent that is younger, a post pinned in its topic."""
    step = len(topics)
    for n, post in enumerate(posts):
        if n % 3 == 0 and n + step < len(posts):
            post.parent = posts[n + step]
        elif n % 3 == 1 and n - step >= 0:
            post.parent = posts[n - step]
        post.quoted_id = posts[-1 - n].pk if n % 2 else None
    models.Post.objects.bulk_update(posts, ["parent", "quoted_id"], batch_size=500)
    for n, topic in enumerate(topics):
        topic.pinned = posts[n + step] if n % 2 else None
    models.Topic.objects.bulk_update(topics, ["pinned"], batch_size=500)


def _fill_around_posts(models, posts, members):
    for n, post in enumerate(posts):
        if n % 10 == 0:
            child = models.Announcement(post_ptr=post, until=when(n).date())
            child.save_base(raw=True)  # the child's row alone
    models.Vote.objects.bulk_create(
        models.Vote(post=post, member=members[(n * k + k) % len(members)], weight=n / 7)
        for n, post in enumerate(posts)
        for k in (1,) * (n % 2 + 1)
        if n % 2 == 0
    )
    count = len(members)
    models.Follow.objects.bulk_create(
        models.Follow(follower=each, followee=members[(n * 5 + k) % count])
        for n, each in enumerate(members)
        for k in range(1, 5)
    )
    badges = models.Badge.objects.bulk_create(
        models.Badge(member=each, post=posts[n] if n % 2 else None, name=f"badge {n}")
        for n, each in enumerate(members)
    )
    shared = models.Badge.shared_with.through
    shared.objects.bulk_create(
        shared(badge=each, member=members[(n + 1) % count]) for n, each in enumerate(badges)
    )
    _log(models, posts)


def _log(models, posts):
    """The admin's log names rows by their content type, and by their id as text."""
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.auth.models import User
    from django.contrib.contenttypes.models import ContentType

    user = User.objects.first()
    for model, row in ((models.Post, posts[3]), (User, user)):
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(model),
            object_id=str(row.pk),
            object_repr="row",
            action_flag=CHANGE,
        )


def _age(models):
    """Give the automatic times values of long ago, and JSON the null that is not SQL's."""
    for number, post in enumerate(models.Post.objects.order_by("pk").only("pk")):
        models.Post.objects.filter(pk=post.pk).update(
            created=when(number), updated=when(number + 1)
        )
    models.Member.objects.update(joined=LONG_AGO, seen=when(5))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE forum_member SET options = %s WHERE id %% 7 = 0", [json.dumps(None)])


if __name__ == "__main__":
    django.setup()
    fill(int(sys.argv[1]))
