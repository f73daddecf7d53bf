"""Serializers that describe responses in OpenAPI. They render nothing: `representations` makes the
bodies."""

from rest_framework import serializers

from ...domain import entities
from ..openapi import examples
from ..openapi.examples import example


class IdField(serializers.CharField):
    """A decimal string: ids have 63 bits, and JavaScript's numbers have 53."""


@example(examples.AUTHOR)
class AuthorSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    display_name = serializers.CharField(read_only=True)
    avatar_url = serializers.URLField(
        read_only=True, allow_null=True, help_text="Null when no picture was uploaded."
    )
    url = serializers.URLField(read_only=True)


@example(examples.ACCOUNT)
class AccountSerializer(AuthorSerializer):
    bio = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=0)
    follower_count = serializers.IntegerField(read_only=True, min_value=0)
    following_count = serializers.IntegerField(read_only=True, min_value=0)
    pinned_message = IdField(read_only=True, allow_null=True)
    is_suspended = serializers.BooleanField(read_only=True)
    messages_url = serializers.URLField(read_only=True)
    followers_url = serializers.URLField(read_only=True)
    following_url = serializers.URLField(read_only=True)
    email = serializers.EmailField(
        required=False, help_text="For the owner alone.", write_only=False
    )
    followed_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )
    blocked_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )
    muted_by_me = serializers.BooleanField(required=False, help_text="With a member's login only.")
    blocks_me = serializers.BooleanField(required=False, help_text="With a member's login only.")


@example({"count": 3, "account": examples.AUTHOR})
class UnreadSerializer(serializers.Serializer):
    count = serializers.IntegerField(read_only=True, min_value=0)
    account = AuthorSerializer(read_only=True)


class IncludedSerializer(serializers.Serializer):
    """What `?include=` asks for. A visitor has no head."""

    head = UnreadSerializer(required=False, allow_null=True)


@example(examples.ACCOUNT)
class AccountWithHeadSerializer(AccountSerializer):
    included = IncludedSerializer(required=False)


class EntitySerializer(serializers.Serializer):
    """A name or a tag in the text, from the character `start` to before `end`, by code points."""

    type = serializers.ChoiceField(choices=[entities.MENTION, entities.TAG], read_only=True)
    start = serializers.IntegerField(read_only=True, min_value=0)
    end = serializers.IntegerField(read_only=True, min_value=0)
    value = serializers.CharField(read_only=True)


class ParentSerializer(serializers.Serializer):
    """What a message replies to; it may have been deleted since."""

    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    url = serializers.URLField(read_only=True)


class MessageBaseSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    edited_at = serializers.DateTimeField(read_only=True, allow_null=True)
    revision = serializers.IntegerField(read_only=True, min_value=0)
    url = serializers.URLField(read_only=True)
    author = AuthorSerializer(
        read_only=True, allow_null=True, help_text="null when the message was deleted."
    )
    mentions = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="The names in the text."
    )
    entities = EntitySerializer(many=True, read_only=True)
    in_reply_to = ParentSerializer(read_only=True, allow_null=True)
    reply_count = serializers.IntegerField(read_only=True, min_value=0)
    like_count = serializers.IntegerField(read_only=True, min_value=0)
    repost_count = serializers.IntegerField(read_only=True, min_value=0)
    is_deleted = serializers.BooleanField(
        read_only=True, help_text="Whether it is the gap that a message has left."
    )
    liked_by_me = serializers.BooleanField(required=False, help_text="With a member's login only.")
    reposted_by_me = serializers.BooleanField(
        required=False, help_text="With a member's login only."
    )


class OriginalSerializer(MessageBaseSerializer):
    repost_of = serializers.CharField(read_only=True, allow_null=True, help_text="Always null.")


@example(examples.MESSAGE)
class MessageSerializer(MessageBaseSerializer):
    repost_of = OriginalSerializer(
        read_only=True, allow_null=True, help_text="The message that this one, a repost, shows."
    )


@example(examples.MESSAGE)
class MessageWithHeadSerializer(MessageSerializer):
    included = IncludedSerializer(required=False)


@example(examples.REVISION)
class RevisionSerializer(serializers.Serializer):
    revision = serializers.IntegerField(read_only=True, min_value=0)
    text = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class HistoryIncludedSerializer(IncludedSerializer):
    """What `?include=` asks of a message's history."""

    message = MessageSerializer(required=False, allow_null=True)


@example(examples.results(examples.REVISION))
class HistorySerializer(serializers.Serializer):
    results = RevisionSerializer(many=True, read_only=True)
    included = HistoryIncludedSerializer(required=False)


@example(examples.results(examples.MESSAGE))
class ConversationSerializer(serializers.Serializer):
    results = MessageSerializer(many=True, read_only=True)


@example(examples.NOTIFICATION)
class NotificationSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    kind = serializers.ChoiceField(
        choices=["follow", "mention", "reply", "like", "repost"], read_only=True
    )
    created_at = serializers.DateTimeField(read_only=True)
    is_read = serializers.BooleanField(read_only=True)
    account_count = serializers.IntegerField(
        read_only=True, min_value=1, help_text="How many did it, on one day."
    )
    accounts = AuthorSerializer(many=True, read_only=True, help_text="The latest of them.")
    message = MessageSerializer(read_only=True, allow_null=True)


@example(examples.TREND)
class TagSerializer(serializers.Serializer):
    tag = serializers.CharField(read_only=True)
    message_count = serializers.IntegerField(read_only=True, min_value=1)


@example(examples.results(examples.TREND))
class TrendingSerializer(serializers.Serializer):
    results = TagSerializer(many=True, read_only=True)
    included = IncludedSerializer(required=False)


class MessageAddressSerializer(serializers.Serializer):
    """What the address of a message's page is made of, and when it was written or last edited."""

    id = IdField(read_only=True)
    username = serializers.CharField(read_only=True)
    modified_at = serializers.DateTimeField(read_only=True)


@example(examples.SITEMAP)
class SitemapSerializer(serializers.Serializer):
    messages = MessageAddressSerializer(many=True, read_only=True)
    trending = TagSerializer(many=True, read_only=True)


@example(examples.results(examples.ACCOUNT), component="People")
class AccountListSerializer(serializers.Serializer):
    results = AccountSerializer(many=True, read_only=True)


@example(examples.results(examples.AUTHOR), component="Names")
class NamesSerializer(serializers.Serializer):
    results = AuthorSerializer(many=True, read_only=True)


@example(examples.TOKEN)
class TokenSerializer(serializers.Serializer):
    id = IdField(read_only=True)
    name = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    current = serializers.BooleanField(
        read_only=True, help_text="Whether this request was made with it."
    )


@example({"token": f"{examples.ID}.s3cr3t", "account": examples.ACCOUNT})
class IssuedTokenSerializer(serializers.Serializer):
    token = serializers.CharField(
        read_only=True, help_text="Shown this once. Send it as `Authorization: Bearer TOKEN`."
    )
    account = AccountSerializer(read_only=True)


@example(examples.EXPORT)
class ExportSerializer(serializers.Serializer):
    """Everything that the API keeps of one account, but for secrets."""

    exported_at = serializers.DateTimeField(read_only=True)
    account = AccountSerializer(read_only=True)
    avatar = serializers.CharField(
        read_only=True, allow_null=True, help_text="The uploaded picture, as a data URL."
    )
    messages = MessageSerializer(many=True, read_only=True)
    revisions = serializers.ListField(child=serializers.DictField(), read_only=True)
    reposts = serializers.ListField(child=serializers.DictField(), read_only=True)
    likes = serializers.ListField(child=serializers.DictField(), read_only=True)
    following = serializers.ListField(child=serializers.DictField(), read_only=True)
    followers = serializers.ListField(child=serializers.DictField(), read_only=True)
    blocked = serializers.ListField(child=serializers.DictField(), read_only=True)
    muted = serializers.ListField(child=serializers.DictField(), read_only=True)
    reports = serializers.ListField(child=serializers.DictField(), read_only=True)
    notifications = serializers.ListField(child=serializers.DictField(), read_only=True)
    tokens = TokenSerializer(many=True, read_only=True)


@example({"detail": "There is no such message."})
class DetailSerializer(serializers.Serializer):
    detail = serializers.CharField(read_only=True)


class PageSerializer(serializers.Serializer):
    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    included = IncludedSerializer(required=False)


@example(examples.page("timelines/public", examples.MESSAGE))
class MessagePageSerializer(PageSerializer):
    results = MessageSerializer(many=True, read_only=True)


class HomeIncludedSerializer(IncludedSerializer):
    """What `?include=` asks of the home timeline."""

    suggestions = AccountSerializer(many=True, required=False, allow_null=True)


@example(examples.page("timelines/home", examples.MESSAGE))
class HomePageSerializer(MessagePageSerializer):
    included = HomeIncludedSerializer(required=False)


class PublicIncludedSerializer(IncludedSerializer):
    """What `?include=` asks of the public timeline."""

    trending = TagSerializer(many=True, required=False, allow_null=True)


@example(examples.page("timelines/public", examples.MESSAGE))
class PublicPageSerializer(MessagePageSerializer):
    included = PublicIncludedSerializer(required=False)


class ProfileIncludedSerializer(IncludedSerializer):
    """What `?include=` asks of a member's messages."""

    account = AccountSerializer(required=False, allow_null=True)
    pinned = MessageSerializer(required=False, allow_null=True)


@example(examples.page("accounts/alice/messages", examples.MESSAGE))
class ProfilePageSerializer(MessagePageSerializer):
    included = ProfileIncludedSerializer(required=False)


class RepliesIncludedSerializer(IncludedSerializer):
    """What `?include=` asks of the replies to a message: the message, or the gap that it has left;
    what it replies to; its author."""

    message = MessageSerializer(required=False, allow_null=True)
    ancestors = MessageSerializer(many=True, required=False, allow_null=True)
    account = AccountSerializer(required=False, allow_null=True)


@example(examples.page("messages/161514131211109876/replies", examples.MESSAGE))
class RepliesPageSerializer(MessagePageSerializer):
    included = RepliesIncludedSerializer(required=False)


@example(examples.page("notifications", examples.NOTIFICATION))
class NotificationPageSerializer(PageSerializer):
    results = NotificationSerializer(many=True, read_only=True)


@example(examples.page("accounts/alice/followers", examples.ACCOUNT))
class AccountPageSerializer(PageSerializer):
    results = AccountSerializer(many=True, read_only=True)


@example(examples.page("tokens", examples.TOKEN))
class TokenPageSerializer(PageSerializer):
    results = TokenSerializer(many=True, read_only=True)
