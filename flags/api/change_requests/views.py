"""Change requests over REST, for people's tokens: proposed, read, approved, published, scheduled, merged, declined."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import ProjectQuery
from accounts.api.scope import project_of
from accounts.querysets import environment_named
from flags import services
from flags.api.change_requests.bodies import (
    PROMOTION,
    PROPOSAL,
    ChangeRequestQuery,
    ChangeRequestRevision,
    Declining,
    Merging,
    NewChangeRequest,
    Reviewed,
    Scheduling,
)
from flags.api.change_requests.effects import EffectsBody, effect_body
from flags.api.change_requests.shapes import (
    ChangeRequestBody,
    ChangeRequestPage,
    change_request_body,
    summary_body,
)
from flags.api.pages import ChangeRequestPages
from flags.api.serializers import Said
from flags.models import ChangeRequest
from flags.querysets import change_request_of, change_requests_of
from flags.reviews import effects_of, seen
from flagsite.lib.pages import page_of
from flagsite.lib.preconditions import etag_of
from flagsite.lib.strict import read_body, read_query


def _asked(request: Request, pk: int) -> ChangeRequest:
    read_query(ProjectQuery, request.query_params)
    return change_request_of(project_of(request), pk)


def _answer(change_request: ChangeRequest, status: int = 200) -> Response:
    """Return the change request as it is by now, whatever has been done with it."""
    now = change_request_of(change_request.project, change_request.pk)
    return Response(change_request_body(seen(now)), status=status, headers={"ETag": etag_of(now.version)})


class ChangeRequestListView(APIView):
    """All change requests of a project."""

    @extend_schema(operation_id="list_change_requests", parameters=[ChangeRequestQuery], responses=ChangeRequestPage)
    def get(self, request: Request) -> Response:
        """List change requests, the newest first, a page at a time."""
        query = read_query(ChangeRequestQuery, request.query_params)
        project = project_of(request)
        if "environment" in query:
            environment_named(query["environment"], project=project)
        wanted = {name: query.get(name, "") for name in ("status", "environment", "flag", "segment")}
        rows = change_requests_of(project, **wanted).defer("edits", "told")
        return page_of(ChangeRequestPages, rows, request, summary_body)

    @extend_schema(
        operation_id="create_change_request",
        parameters=[ProjectQuery],
        request=NewChangeRequest,
        responses={201: ChangeRequestBody},
        examples=[PROPOSAL, PROMOTION],
    )
    def post(self, request: Request) -> Response:
        """Propose edits of flags and segments, published together or not at all once they are reviewed.

        This is the way into environments that require an approval: somebody else approves the change request
        (`POST /change-requests/{change_request}/approve`), then it is published.
        """
        read_query(ProjectQuery, request.query_params)
        body = read_body(NewChangeRequest, request.data)
        project, by = project_of(request), actor_of(request)
        return _answer(services.propose_wishes(project=project, wishes=body.pop("edits"), by=by, **body), status=201)


class ChangeRequestView(APIView):
    """One change request."""

    @extend_schema(operation_id="get_change_request", parameters=[ProjectQuery], responses=ChangeRequestBody)
    def get(self, request: Request, change_request: int) -> Response:
        """Return what it would change, or has changed; what it lacks; and what somebody has published in between."""
        return _answer(_asked(request, change_request))

    @extend_schema(
        operation_id="update_change_request",
        parameters=[ProjectQuery],
        request=ChangeRequestRevision,
        responses=ChangeRequestBody,
    )
    def patch(self, request: Request, change_request: int) -> Response:
        """Give it other edits, in place of all that it had; who approved the old ones has not approved these."""
        found = _asked(request, change_request)
        body = read_body(ChangeRequestRevision, request.data)
        by = actor_of(request)
        return _answer(services.revise_by_wishes(found, wishes=body.pop("edits"), by=by, **body))


class ChangeRequestEffectsView(APIView):
    """Whom a change request concerns."""

    @extend_schema(operation_id="change_request_effects", parameters=[ProjectQuery], responses=EffectsBody)
    def get(self, request: Request, change_request: int) -> Response:
        """Return who gains, loses or switches by it, and what a reading of the rules warns of; computed now."""
        found = seen(_asked(request, change_request))
        effects = effects_of(found.difference) if found.is_live and found.difference else []
        return Response({"version": found.change_request.version, "effects": [effect_body(each) for each in effects]})


class ApproveChangeRequestView(APIView):
    """Approving a change request."""

    @extend_schema(
        operation_id="approve_change_request", parameters=[ProjectQuery], request=Reviewed, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Approve it exactly as it stands; nobody approves what they had a hand in."""
        found = _asked(request, change_request)
        services.approve(found, by=actor_of(request), **read_body(Reviewed, request.data))
        return _answer(found)


class PublishChangeRequestView(APIView):
    """Publishing a change request."""

    @extend_schema(
        operation_id="publish_change_request", parameters=[ProjectQuery], request=Reviewed, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Do all its edits now, exactly as they were reviewed, or none."""
        found = _asked(request, change_request)
        return _answer(
            services.publish_change_request(found, by=actor_of(request), **read_body(Reviewed, request.data))
        )


class ScheduleChangeRequestView(APIView):
    """Publishing a change request at a set time."""

    @extend_schema(
        operation_id="schedule_change_request",
        parameters=[ProjectQuery],
        request=Scheduling,
        responses=ChangeRequestBody,
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Let it be published at a moment, in the caller's name; what publishing asks for is asked for now and then."""
        found = _asked(request, change_request)
        body = read_body(Scheduling, request.data)
        at = body.pop("publish_at")
        return _answer(services.schedule_change_request(found, by=actor_of(request), at=at, **body))


class UnscheduleChangeRequestView(APIView):
    """Not publishing a change request at its time."""

    @extend_schema(
        operation_id="unschedule_change_request", parameters=[ProjectQuery], request=Said, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Let it wait for a person again; its approvals stay."""
        found = _asked(request, change_request)
        return _answer(services.unschedule_change_request(found, by=actor_of(request), **read_body(Said, request.data)))


class DeclineChangeRequestView(APIView):
    """Refusing somebody else's change request."""

    @extend_schema(
        operation_id="decline_change_request", parameters=[ProjectQuery], request=Declining, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Decline it, and say why: it can never be published any more. Whoever may approve it may decline it."""
        found = _asked(request, change_request)
        return _answer(services.decline(found, by=actor_of(request), **read_body(Declining, request.data)))


class WithdrawChangeRequestView(APIView):
    """Taking a change request back."""

    @extend_schema(
        operation_id="withdraw_change_request", parameters=[ProjectQuery], request=Said, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Take back what one had a hand in: it can never be published any more."""
        found = _asked(request, change_request)
        return _answer(services.withdraw(found, by=actor_of(request), **read_body(Said, request.data)))


class MergeChangeRequestView(APIView):
    """Bringing a change request together with what somebody has published in between."""

    @extend_schema(
        operation_id="merge_change_request", parameters=[ProjectQuery], request=Merging, responses=ChangeRequestBody
    )
    def post(self, request: Request, change_request: int) -> Response:
        """Give it edits with both changes; it is another version then, which is reviewed anew."""
        found = _asked(request, change_request)
        body = read_body(Merging, request.data)
        choices = body.pop("choices", {})
        return _answer(services.merge(found, choices=choices, by=actor_of(request), **body))
