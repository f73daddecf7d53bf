"""Serializers: bodies of requests, checked, and of responses, described."""
