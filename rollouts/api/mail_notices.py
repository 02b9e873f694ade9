"""E-mail notices over REST, for those who manage the project: who is told by e-mail what happens to ramps."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.queries import PageQuery, ProjectQuery
from accounts.api.scope import managed_project
from accounts.models import Project, User
from accounts.querysets import people_who_see
from flagsite.lib.pages import page_of
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.problems import InputError, InvalidInput
from flagsite.lib.strict import Many, Text, read_body, read_query
from rollouts.api.receiver_shapes import (
    DeliveryBody,
    DeliveryPage,
    DeliveryPages,
    ReceiverBody,
    ReceiverChange,
    ReceiverPages,
    delivery_body,
    fields_of,
    receiver_body,
)
from rollouts.models import MailNotice
from rollouts.querysets import deliveries_of, mail_notice_of, mail_notices_of
from rollouts.services import notices
from rollouts.services.notices.mails import MAX_ADDRESSES


class MailNoticeChange(ReceiverChange):
    """What may be changed of an e-mail notice. What is absent stays as it is."""

    addresses = Many(child=Text(), required=False, max_length=MAX_ADDRESSES)
    people = Many(
        child=Text(), required=False, max_length=MAX_ADDRESSES, help_text="Names of people who see the project."
    )


class MailNoticeBody(ReceiverBody):
    """An e-mail notice. `failing_since` is when the first attempt failed since the last one that did not."""

    addresses = serializers.ListField(child=serializers.CharField())
    people = serializers.ListField(child=serializers.CharField(), help_text="Told as long as they see the project.")


class MailNoticePage(serializers.Serializer[Any]):
    """A page of e-mail notices; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = MailNoticeBody(many=True)


class TestedMails(serializers.Serializer[Any]):
    """What a test sends: an e-mail to each whom the notice names."""

    results = DeliveryBody(many=True)


def mail_notice_body(notice: MailNotice) -> dict[str, Any]:
    """Return an e-mail notice as `MailNoticeBody` describes it."""
    people = sorted(person.get_username() for person in notice.people.all())
    return receiver_body(notice) | {"addresses": notice.addresses, "people": people}


def _fields(request: Request, project: Project) -> Any:
    fields = fields_of(read_body(MailNoticeChange, request.data))
    return fields | ({"people": _people_named(fields["people"], project)} if "people" in fields else {})


def _people_named(names: list[str], project: Project) -> list[User]:
    """Return the people; whether somebody of another project has such a name is not told."""
    found = {person.get_username(): person for person in people_who_see(project).filter(username__in=names)}
    missing = [(place, name) for place, name in enumerate(names) if name not in found]
    if missing:
        raise InvalidInput.of(
            InputError(f"people[{place}]", f"Nobody who sees the project is called `{name[:150]}`.")
            for place, name in missing
        )
    return list(found.values())


def _asked(request: Request, pk: int) -> MailNotice:
    read_query(ProjectQuery, request.query_params)
    return mail_notice_of(managed_project(request), pk)


def _answer(notice: MailNotice, status: int = 200) -> Response:
    return Response(mail_notice_body(notice), status=status, headers={"ETag": etag_of(notice.version)})


class MailNoticeListView(APIView):
    """All e-mail notices of a project."""

    @extend_schema(operation_id="list_mail_notices", parameters=[PageQuery], responses=MailNoticePage)
    def get(self, request: Request) -> Response:
        """List e-mail notices, a page at a time."""
        read_query(PageQuery, request.query_params)
        return page_of(ReceiverPages, mail_notices_of(managed_project(request)), request, mail_notice_body)

    @extend_schema(
        operation_id="create_mail_notice",
        parameters=[ProjectQuery],
        request=MailNoticeChange,
        responses={201: MailNoticeBody},
    )
    def post(self, request: Request) -> Response:
        """Create an e-mail notice; `name` is needed, and an address or a person."""
        read_query(ProjectQuery, request.query_params)
        project = managed_project(request)
        fields = _fields(request, project)
        return _answer(notices.create_mail_notice(project=project, fields=fields, by=actor_of(request)), status=201)


class MailNoticeView(APIView):
    """One e-mail notice."""

    @extend_schema(operation_id="get_mail_notice", parameters=[ProjectQuery], responses=MailNoticeBody)
    def get(self, request: Request, mail_notice: int) -> Response:
        """Return the e-mail notice."""
        return _answer(_asked(request, mail_notice))

    @extend_schema(
        operation_id="update_mail_notice",
        parameters=[ProjectQuery],
        request=MailNoticeChange,
        responses=MailNoticeBody,
    )
    def patch(self, request: Request, mail_notice: int) -> Response:
        """Change the fields that are sent."""
        found = _asked(request, mail_notice)
        fields = _fields(request, found.project)
        by, version = actor_of(request), version_wanted(request)
        return _answer(notices.update_mail_notice(found, fields=fields, by=by, if_version=version))

    @extend_schema(operation_id="delete_mail_notice", parameters=[ProjectQuery], responses={204: None})
    def delete(self, request: Request, mail_notice: int) -> Response:
        """Delete the e-mail notice, what waits for it, and its log."""
        found = _asked(request, mail_notice)
        notices.delete_mail_notice(found, by=actor_of(request), if_version=version_wanted(request))
        return Response(status=204)


class MailNoticeTestView(APIView):
    """Trying an e-mail notice out."""

    @extend_schema(
        operation_id="test_mail_notice", parameters=[ProjectQuery], request=None, responses={202: TestedMails}
    )
    def post(self, request: Request, mail_notice: int) -> Response:
        """Send everybody whom it names an e-mail that says that it is only a test."""
        sent = notices.send_test(_asked(request, mail_notice), by=actor_of(request))
        return Response({"results": [delivery_body(each) for each in sent]}, status=202)


class MailDeliveryListView(APIView):
    """What was told by an e-mail notice, and what is still to be."""

    @extend_schema(operation_id="list_mail_deliveries", parameters=[PageQuery], responses=DeliveryPage)
    def get(self, request: Request, mail_notice: int) -> Response:
        """List deliveries with each attempt, the newest first."""
        read_query(PageQuery, request.query_params)
        found = mail_notice_of(managed_project(request), mail_notice)
        return page_of(DeliveryPages, deliveries_of(found), request, delivery_body)
