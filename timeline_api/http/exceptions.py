"""Exceptions as responses: the status, the body, and when to try again."""

import logging
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, DataError, IntegrityError, NotSupportedError, ProgrammingError
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import exception_handler

from shardrouter.exceptions import ShardRouterError, ShardUnavailable, SlotMoved

from ..ops.metrics import SHARDS_MISSING
from ..selectors.blocks import Blocked

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 2


class Unavailable(APIException):
    """503: a database does not answer now. DRF makes Retry-After of `wait`."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("A database does not answer. Try again in a moment.")
    default_code = "unavailable"
    wait = RETRY_AFTER_SECONDS


class Conflict(APIException):
    """409: the request is valid, but conflicts with what is in the database."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("This conflicts with another change. Look again, then try again.")
    default_code = "conflict"


class KeyReused(APIException):
    """422: the Idempotency-Key was used with another body before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = _("This Idempotency-Key was used with another body.")
    default_code = "idempotency_key_reused"


def is_unavailable(error: BaseException) -> bool:
    """Return whether the cause is a database that is down, locked or moving, and no bug."""
    if isinstance(error, SlotMoved):
        return True
    if isinstance(error, ShardRouterError) and not isinstance(error, DatabaseError):
        return isinstance(error.__cause__, DatabaseError)
    mistakes = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
    return isinstance(error, DatabaseError) and not isinstance(error, mistakes)


def unavailable(error: BaseException) -> Unavailable:
    """Return the 503 for `error`, and log and count it. It names the shard if that is known."""
    alias = error.alias if isinstance(error, ShardUnavailable) else None
    logger.warning("database_unavailable: %s", error)
    if not alias:
        return Unavailable()
    SHARDS_MISSING.labels(alias).inc()
    detail = gettext("%(alias)s does not answer. Try again in a moment.")
    return Unavailable(detail % {"alias": alias})


def unavailable_response(error: BaseException) -> HttpResponse:
    """Return the 503 outside DRF's views; otherwise as `unavailable`."""
    response = JsonResponse({"detail": str(unavailable(error).detail)}, status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. Return None (a 500) only for bugs."""
    if is_unavailable(error):
        error = unavailable(error)
    elif isinstance(error, IntegrityError):
        # The account was deleted, or the same row written, between this request's read and write.
        logger.warning("integrity_conflict: %s", error)
        error = Conflict()
    elif isinstance(error, Blocked):
        error = PermissionDenied(gettext("One of you has blocked the other."))
    elif isinstance(error, ObjectDoesNotExist):
        # It was deleted between this request's read and write.
        error = NotFound(gettext("It has just been deleted."))
    return exception_handler(error, context)
