"""Giving people roles in projects and taking them away."""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import MissingRole
from accounts.models import Project, ProjectUserPermission, User
from accounts.permissions import abilities_of, require, role_of
from accounts.roles import ABILITIES, Ability, Role


@transaction.atomic
def grant_role(*, user: User, role: Role, project: Project, by: Actor) -> None:
    """Give the person exactly this role in the project, in place of any other.

    Raises:
        MissingRole: when the actor may not manage the project, or has less than the role.
    """
    require_to_grant(role, project, by)
    _set_role(user, role, project, by)


@transaction.atomic
def withdraw_role(*, user: User, project: Project, by: Actor) -> None:
    """Take the person's role in the project away.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    require(by, Ability.MANAGE, project)
    _set_role(user, None, project, by)


def require_to_grant(role: Role, project: Project, by: Actor) -> None:
    """Let the actor pass when they may give the role, or refuse.

    Raises:
        ProjectNotFound: when they may not even see the project.
        MissingRole: when they may not manage people there, or have less themselves than the role would give.
    """
    require(by, Ability.MANAGE, project)
    if by.user is not None and not ABILITIES[role] <= abilities_of(by.user, project):
        raise MissingRole(f"{by.label} has less than the role {role} in the project `{project.key}`.")


def _set_role(user: User, role: Role | None, project: Project, by: Actor) -> None:
    """Let the person hold what the role takes; when they hold exactly that, nothing is written."""
    own = ProjectUserPermission.objects.filter(user=user, content_object=project)
    wanted = {ability.value for ability in ABILITIES[role]} if role else set()
    if set(own.values_list("permission__codename", flat=True)) == wanted:
        return
    old = role_of(user, project) if not user.is_superuser else None
    own.delete()
    about_projects = ContentType.objects.get_for_model(Project)
    for permission in Permission.objects.filter(content_type=about_projects, codename__in=wanted):
        ProjectUserPermission.objects.create(user=user, content_object=project, permission=permission)
    record(
        Action.UPDATE,
        user,
        by=by,
        project=project,
        old={"role": old},
        new={"role": role},
    )
