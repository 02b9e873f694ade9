"""Webhooks over REST, for those who manage the project: an address may hold a secret, and so may an answer."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import PageQuery, ProjectQuery
from accounts.api.scope import managed_project, project_of
from flagsite.lib.pages import page_of
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.strict import read_body, read_query
from rollouts.api.receiver_shapes import (
    DeliveryBody,
    DeliveryPage,
    DeliveryPages,
    ReceiverPages,
    delivery_body,
    fields_of,
)
from rollouts.api.webhook_shapes import (
    Rotation,
    WebhookBody,
    WebhookChange,
    WebhookPage,
    WebhookWithSecret,
    webhook_body,
)
from rollouts.models import Webhook
from rollouts.querysets import deliveries_of, delivery_of, webhook_of, webhooks_of
from rollouts.services import notices


def _asked(request: Request, pk: int) -> Webhook:
    read_query(ProjectQuery, request.query_params)
    return webhook_of(managed_project(request), pk)


def _answer(webhook: Webhook, status: int = 200, **also: str) -> Response:
    return Response(webhook_body(webhook) | also, status=status, headers={"ETag": etag_of(webhook.version)})


class WebhookListView(APIView):
    """All webhooks of a project."""

    @extend_schema(operation_id="list_webhooks", parameters=[PageQuery], responses=WebhookPage)
    def get(self, request: Request) -> Response:
        """List webhooks, a page at a time."""
        read_query(PageQuery, request.query_params)
        return page_of(ReceiverPages, webhooks_of(managed_project(request)), request, webhook_body)

    @extend_schema(
        operation_id="create_webhook",
        parameters=[ProjectQuery],
        request=WebhookChange,
        responses={201: WebhookWithSecret},
    )
    def post(self, request: Request) -> Response:
        """Create a webhook; `name` and `address` are needed. The secret is shown once."""
        read_query(ProjectQuery, request.query_params)
        fields: Any = fields_of(read_body(WebhookChange, request.data))
        webhook, secret = notices.create_webhook(project=project_of(request), fields=fields, by=actor_of(request))
        return _answer(webhook, status=201, secret=secret)


class WebhookView(APIView):
    """One webhook."""

    @extend_schema(operation_id="get_webhook", parameters=[ProjectQuery], responses=WebhookBody)
    def get(self, request: Request, webhook: int) -> Response:
        """Return the webhook, without its secret."""
        return _answer(_asked(request, webhook))

    @extend_schema(
        operation_id="update_webhook", parameters=[ProjectQuery], request=WebhookChange, responses=WebhookBody
    )
    def patch(self, request: Request, webhook: int) -> Response:
        """Change the fields that are sent."""
        found = _asked(request, webhook)
        fields: Any = fields_of(read_body(WebhookChange, request.data))
        by, version = actor_of(request), version_wanted(request)
        return _answer(notices.update_webhook(found, fields=fields, by=by, if_version=version))

    @extend_schema(operation_id="delete_webhook", parameters=[ProjectQuery], responses={204: None})
    def delete(self, request: Request, webhook: int) -> Response:
        """Delete the webhook, what waits for it, and its log."""
        found = _asked(request, webhook)
        notices.delete_webhook(found, by=actor_of(request), if_version=version_wanted(request))
        return Response(status=204)


class WebhookRotateView(APIView):
    """Replacing a webhook's secret."""

    @extend_schema(
        operation_id="rotate_webhook", parameters=[ProjectQuery], request=Rotation, responses=WebhookWithSecret
    )
    def post(self, request: Request, webhook: int) -> Response:
        """Make another secret, shown once; the one before signs beside it for a while."""
        found = _asked(request, webhook)
        hours = read_body(Rotation, request.data).get("overlap_hours", notices.OVERLAP_HOURS)
        rotated, secret = notices.rotate_webhook(
            found, by=actor_of(request), overlap_hours=hours, if_version=version_wanted(request)
        )
        return _answer(rotated, secret=secret)


class WebhookTestView(APIView):
    """Trying a webhook out."""

    @extend_schema(operation_id="test_webhook", parameters=[ProjectQuery], request=None, responses={202: DeliveryBody})
    def post(self, request: Request, webhook: int) -> Response:
        """Send something that says that it is only a test; what came of it is among the deliveries."""
        (delivery,) = notices.send_test(_asked(request, webhook), by=actor_of(request))
        return Response(delivery_body(delivery), status=202)


class DeliveryListView(APIView):
    """What was told to a webhook, and what is still to be."""

    @extend_schema(operation_id="list_deliveries", parameters=[PageQuery], responses=DeliveryPage)
    def get(self, request: Request, webhook: int) -> Response:
        """List deliveries with each attempt, the newest first."""
        read_query(PageQuery, request.query_params)
        found = webhook_of(managed_project(request), webhook)
        return page_of(DeliveryPages, deliveries_of(found), request, delivery_body)


class SendAgainView(APIView):
    """Trying a delivery once more, of a webhook or an e-mail notice."""

    @extend_schema(
        operation_id="send_delivery_again", parameters=[ProjectQuery], request=None, responses={202: DeliveryBody}
    )
    def post(self, request: Request, delivery: UUID) -> Response:
        """Send it once more, under the id by which its receiver knows it, with all its attempts anew."""
        read_query(ProjectQuery, request.query_params)
        found = delivery_of(managed_project(request), delivery)
        again = notices.send_again(found, by=actor_of(request))
        return Response(delivery_body(again), status=202)
