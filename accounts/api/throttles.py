"""The REST API's place in which requests are counted: after the key was found to be in force, before the view."""

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts import rates
from accounts.models import ApiToken, ServerKey


class ByKey(BaseThrottle):
    """Count a request for its key; one without a key opens nothing that would be dear."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Let the request through.

        Raises:
            TooManyRequests: when its key has asked too often; DRF's own refusal would not say when to come back.
        """
        del view
        if isinstance(request.auth, ServerKey | ApiToken) and rates.COUNTED not in request.META:
            rates.take(request.auth)
        return True
