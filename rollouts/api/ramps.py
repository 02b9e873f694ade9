"""Ramps over REST, for people's tokens. Shape only: what is done with a ramp is decided by the services."""

from collections.abc import Callable
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import actor_of
from accounts.api.scope import project_of, scope_of
from flags.api.serializers import DeleteQuery, Said, ScopeQuery
from flagsite.lib.digits import number_of
from flagsite.lib.moments import moment_of
from flagsite.lib.pages import KeyPages, page_of
from flagsite.lib.preconditions import etag_of, version_wanted
from flagsite.lib.problems import InvalidInput
from flagsite.lib.strict import read_body, read_query
from rollouts import services
from rollouts.api.bodies import check_body, ramp_body, template_body
from rollouts.api.serializers import (
    Advance,
    CheckPage,
    CheckQuery,
    NewRamp,
    RampBody,
    RampChange,
    TemplateBody,
    TemplateChange,
)
from rollouts.models import Ramp
from rollouts.querysets import checks_of, latest_ramp, ramps
from rollouts.templates import template_named, templates_of


def _answer(ramp: Ramp, status: int = 200) -> Response:
    fresh = ramps().get(pk=ramp.pk)
    return Response(ramp_body(fresh), status=status, headers={"ETag": etag_of(fresh.version)})


def _done(request: Request, key: str, service: Callable[..., Ramp], shape: type[Said] = Said) -> Response:
    """Do something with the flag's ramp, by a service that takes what the body says, who it is, and what they saw."""
    read_query(ScopeQuery, request.query_params)
    body, ramp = read_body(shape, request.data or {}), latest_ramp(key, environment=scope_of(request).environment)
    return _answer(service(ramp, by=actor_of(request), if_version=version_wanted(request), **body))


class RampView(APIView):
    """The ramp of a flag in one environment: the one that is active, or was last."""

    @extend_schema(operation_id="get_ramp", parameters=[ScopeQuery], responses=RampBody)
    def get(self, request: Request, key: str) -> Response:
        """Return the ramp."""
        read_query(ScopeQuery, request.query_params)
        return _answer(latest_ramp(key, environment=scope_of(request).environment))

    @extend_schema(operation_id="start_ramp", parameters=[ScopeQuery], request=NewRamp, responses={201: RampBody})
    def post(self, request: Request, key: str) -> Response:
        """Start a ramp; its first step is taken at once when it is due."""
        read_query(ScopeQuery, request.query_params)
        body, scope = read_body(NewRamp, request.data), scope_of(request)
        if ("template" in body) == ("steps" in body):
            raise InvalidInput.at("steps", "Say either the steps or the template that has them.")
        if "template" in body:
            template = template_named(body.pop("template"), project=scope.project)
            body = {"steps": template.steps, "guardrails": template.guardrails, **body}
        ramp = services.start_ramp(
            project=scope.project, environment=scope.environment, key=key, by=actor_of(request), **body
        )
        return _answer(ramp, status=201)

    @extend_schema(operation_id="change_ramp", parameters=[ScopeQuery], request=RampChange, responses=RampBody)
    def patch(self, request: Request, key: str) -> Response:
        """Replace the steps to come, or the guardrails."""
        return _done(request, key, services.change_ramp, RampChange)

    @extend_schema(operation_id="stop_ramp", parameters=[DeleteQuery], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Stop the ramp where it stands; who is inside stays inside."""
        comment = read_query(DeleteQuery, request.query_params).get("comment", "")
        ramp = latest_ramp(key, environment=scope_of(request).environment)
        services.stop_ramp(ramp, by=actor_of(request), if_version=version_wanted(request), comment=comment)
        return Response(status=204)


class PauseView(APIView):
    """Holding a ramp."""

    @extend_schema(operation_id="pause_ramp", parameters=[ScopeQuery], request=Said, responses=RampBody)
    def post(self, request: Request, key: str) -> Response:
        """Take no step until somebody resumes it."""
        return _done(request, key, services.pause_ramp)


class ResumeView(APIView):
    """Letting a paused ramp go on."""

    @extend_schema(operation_id="resume_ramp", parameters=[ScopeQuery], request=Said, responses=RampBody)
    def post(self, request: Request, key: str) -> Response:
        """Go on from where the flag stands now."""
        return _done(request, key, services.resume_ramp)


class AdvanceView(APIView):
    """Taking a step that is not due."""

    @extend_schema(operation_id="advance_ramp", parameters=[ScopeQuery], request=Advance, responses=RampBody)
    def post(self, request: Request, key: str) -> Response:
        """Take the next step now, or jump to one."""
        return _done(request, key, services.advance_ramp, Advance)


class RollbackView(APIView):
    """Undoing a ramp."""

    @extend_schema(operation_id="roll_back_ramp", parameters=[ScopeQuery], request=Said, responses=RampBody)
    def post(self, request: Request, key: str) -> Response:
        """Let nobody in any more, at once."""
        return _done(request, key, services.roll_back_ramp)


class ApproveView(APIView):
    """A second person's word."""

    @extend_schema(operation_id="approve_ramp", parameters=[ScopeQuery], request=Said, responses=RampBody)
    def post(self, request: Request, key: str) -> Response:
        """Let a ramp begin that waits for approval."""
        return _done(request, key, services.approve_ramp)


class CheckPages(KeyPages):
    """Looks at guardrails, the newest first."""

    order: ClassVar = {"at": moment_of, "pk": number_of}
    descends = True


class ChecksView(APIView):
    """The looks at a ramp's guardrails."""

    @extend_schema(operation_id="list_ramp_checks", parameters=[CheckQuery], responses=CheckPage)
    def get(self, request: Request, key: str) -> Response:
        """List what was found, the newest first."""
        read_query(CheckQuery, request.query_params)
        ramp = latest_ramp(key, environment=scope_of(request).environment)
        return page_of(CheckPages, checks_of(ramp), request, check_body)


class RampTemplatesView(APIView):
    """The templates of ramps in a project."""

    @extend_schema(operation_id="list_ramp_templates", parameters=[ScopeQuery], responses=TemplateBody(many=True))
    def get(self, request: Request) -> Response:
        """List them: those that come with Flagsite, then the project's own."""
        read_query(ScopeQuery, request.query_params)
        return Response([template_body(template) for template in templates_of(project_of(request))])


class RampTemplateView(APIView):
    """A project's own template of ramps."""

    @extend_schema(
        operation_id="save_ramp_template", parameters=[ScopeQuery], request=TemplateChange, responses=TemplateBody
    )
    def put(self, request: Request, key: str) -> Response:
        """Create or replace it."""
        read_query(ScopeQuery, request.query_params)
        body, project = read_body(TemplateChange, request.data), project_of(request)
        services.save_ramp_template(project=project, key=key, by=actor_of(request), **body)
        return Response(template_body(template_named(key, project=project)))

    @extend_schema(operation_id="delete_ramp_template", parameters=[ScopeQuery], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Delete it."""
        read_query(ScopeQuery, request.query_params)
        services.delete_ramp_template(project=project_of(request), key=key, by=actor_of(request))
        return Response(status=204)
