"""Invitations over REST, for those who manage the project: the link is shown once, and sent where mail can be."""

from typing import Any, ClassVar

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import mail
from accounts.api.authentication import actor_of
from accounts.api.people import ROLES
from accounts.api.queries import PageQuery, ProjectQuery
from accounts.api.scope import managed_project
from accounts.models import Invitation, Project
from accounts.querysets import invitation_numbered, invitations_into
from accounts.roles import Role
from accounts.services import invite, renew_invitation, withdraw_invitation
from flagsite.lib import clock
from flagsite.lib.digits import number_of
from flagsite.lib.pages import KeyPages, page_of
from flagsite.lib.strict import StrictSerializer, Text, read_body, read_query


class NewInvitation(StrictSerializer):
    """Who is asked to come, and as what."""

    email = Text(max_length=254)
    role = serializers.ChoiceField(choices=ROLES)


class InvitationBody(serializers.Serializer[Any]):
    """An invitation, without its link."""

    id = serializers.IntegerField()
    email = serializers.CharField()
    project = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES, help_text="In this project; it may give others elsewhere.")
    status = serializers.CharField(help_text="open, accepted, withdrawn or expired.")
    invited_by = serializers.CharField()
    accepted_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class InvitationShown(InvitationBody):
    """An invitation whose link was made now: it is shown here and never again."""

    link = serializers.CharField()
    sent = serializers.BooleanField(help_text="Whether it was sent to the address by e-mail too.")


class InvitationPage(serializers.Serializer[Any]):
    """A page of invitations, the newest first; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = InvitationBody(many=True)


class InvitationPages(KeyPages):
    """Invitations, the newest first."""

    order: ClassVar = {"id": number_of}
    descends = True


def invitation_body(invitation: Invitation, project: Project) -> dict[str, Any]:
    """Return an invitation, as far as it concerns the project."""
    return {
        "id": invitation.pk,
        "email": invitation.email,
        "project": project.key,
        "role": next(each.role for each in invitation.roles.all() if each.project_id == project.pk),
        "status": _status(invitation),
        "invited_by": invitation.invited_by.get_username(),
        "accepted_by": invitation.accepted_by.get_username() if invitation.accepted_by else None,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }


def _status(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "open" if invitation.is_open(clock.now()) else "expired"


def _shown(request: Request, invitation: Invitation, project: Project, token: str, status: int) -> Response:
    """Hand the link over: as the answer and, where that can be, by e-mail."""
    path = reverse("accounts_invitation_accept", args=[token])
    link = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    sent = mail.can_send() and mail.send_invitation(invitation, link=link)
    return Response({**invitation_body(invitation, project), "link": link, "sent": sent}, status=status)


class InvitationListView(APIView):
    """Who was asked into a project."""

    @extend_schema(operation_id="list_invitations", parameters=[PageQuery], responses=InvitationPage)
    def get(self, request: Request) -> Response:
        """List invitations, the newest first, a page at a time; what became of each."""
        read_query(PageQuery, request.query_params)
        project = managed_project(request)
        rows = invitations_into(project)
        return page_of(InvitationPages, rows, request, lambda each: invitation_body(each, project))

    @extend_schema(
        operation_id="invite",
        parameters=[ProjectQuery],
        request=NewInvitation,
        responses={201: InvitationShown},
    )
    def post(self, request: Request) -> Response:
        """Invite somebody into the project. The link is shown once; it works once, until it expires."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        body = read_body(NewInvitation, request.data)
        roles = {project: Role(body["role"])}
        invitation, token = invite(email=body["email"], roles=roles, by=actor_of(request))
        return _shown(request, invitation, project, token, 201)


class RenewInvitationView(APIView):
    """Making a link anew that was lost or is too old."""

    @extend_schema(operation_id="renew_invitation", parameters=[ProjectQuery], request=None, responses=InvitationShown)
    def post(self, request: Request, invitation: int) -> Response:
        """Make a new link, shown once; the old one opens nothing any more."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        token = renew_invitation(invitation_numbered(project, invitation), by=actor_of(request))
        return _shown(request, invitation_numbered(project, invitation), project, token, 200)


class WithdrawInvitationView(APIView):
    """Taking an invitation back."""

    @extend_schema(
        operation_id="withdraw_invitation", parameters=[ProjectQuery], request=None, responses=InvitationBody
    )
    def post(self, request: Request, invitation: int) -> Response:
        """Make the link useless."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        withdraw_invitation(invitation_numbered(project, invitation), by=actor_of(request))
        return Response(invitation_body(invitation_numbered(project, invitation), project))
