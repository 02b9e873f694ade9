"""Reads of people: who has which role where, and who is invited."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q, QuerySet

from accounts.errors import InvitationNotFound, PersonNotFound
from accounts.models import Invitation, Project, ProjectGroupPermission, ProjectUserPermission, User
from accounts.roles import Ability, Role, role_with
from flagsite.lib import clock


@dataclass(frozen=True)
class Held:
    """A role that somebody has in a project; through which group, when it is not their own."""

    project: Project
    role: Role
    group: str = ""

    def __str__(self) -> str:
        return f"{self.role} (through the group {self.group})" if self.group else str(self.role)


def people_of(project: Project) -> list[tuple[User, Held]]:
    """Return who has which role in the project, by name, in a number of queries that does not grow."""
    people = people_with_roles(project)
    return [(user, held) for user in people.order_by("username") for held in roles_held(user)]


def people_in(projects: QuerySet[Project]) -> QuerySet[User]:
    """Return everybody who has a role in one of the projects, of their own or through a group."""
    own = ProjectUserPermission.objects.filter(content_object__in=projects)
    through_groups = ProjectGroupPermission.objects.filter(content_object__in=projects)
    members = Q(pk__in=User.groups.through.objects.filter(group__in=through_groups.values("group")).values("user"))
    return User.objects.filter(Q(pk__in=own.values("user")) | members)


def people_who_see(project: Project) -> QuerySet[User]:
    """Return everybody who sees the project: by a role in it, or because they are superusers."""
    there = people_in(Project.objects.filter(pk=project.pk))
    return User.objects.filter(Q(pk__in=there.values("pk")) | Q(is_superuser=True))


def people_with_roles(project: Project) -> QuerySet[User]:
    """Return everybody who has a role in the project, with what `roles_held` reads of them."""
    projects = Project.objects.filter(pk=project.pk)
    return with_roles(people_in(projects), projects)


def person_with_role(person: User, project: Project) -> User:
    """Return one person with what `roles_held` reads of them, as far as the project is concerned."""
    return with_roles(User.objects.filter(pk=person.pk), Project.objects.filter(pk=project.pk)).get()


def person_named(username: str) -> User:
    """Return somebody by the name with which they sign in.

    Raises:
        PersonNotFound: when nobody is called so.
    """
    person = User.objects.filter(username=username).first()
    if person is None:
        raise PersonNotFound(f"There is nobody called `{username[:150]}`.")
    return person


def people_seen_from(projects: QuerySet[Project], *, user: User) -> QuerySet[User]:
    """Return the person themselves and everybody who has a role in one of the projects."""
    return User.objects.filter(Q(pk=user.pk) | Q(pk__in=people_in(projects).values("pk")))


def with_roles(people: QuerySet[User], projects: QuerySet[Project]) -> QuerySet[User]:
    """Return the people with what `roles_held` reads of them, in a number of queries that does not grow."""
    own, through_groups = (
        model.objects.filter(content_object__in=projects).select_related("permission", "content_object")
        for model in (ProjectUserPermission, ProjectGroupPermission)
    )
    groups = Group.objects.order_by("name").prefetch_related(
        Prefetch("projectgrouppermission_set", queryset=through_groups, to_attr="granted")
    )
    return people.prefetch_related(
        Prefetch("projectuserpermission_set", queryset=own, to_attr="granted"),
        Prefetch("groups", queryset=groups, to_attr="with_grants"),
    )


def roles_held(person: Any) -> list[Held]:
    """Return the roles of somebody who was read by `with_roles`: by project, their own first."""
    found = _roles_in(person.granted, "")
    for group in person.with_grants:
        found += _roles_in(group.granted, group.name)
    return sorted(found, key=lambda held: (held.project.key, held.group))


def _roles_in(rows: Iterable[Any], group: str) -> list[Held]:
    known = {ability.value for ability in Ability}
    granted: dict[Project, set[Ability]] = {}
    for row in rows:
        if row.permission.codename in known:
            granted.setdefault(row.content_object, set()).add(Ability(row.permission.codename))
    roles = ((project, role_with(frozenset(abilities))) for project, abilities in granted.items())
    return [Held(project, role, group) for project, role in roles if role]


def invitations_into(project: Project) -> QuerySet[Invitation]:
    """Return the invitations that give a role in the project, with their roles."""
    into = Invitation.objects.filter(roles__project=project).select_related("invited_by", "accepted_by")
    return into.prefetch_related("roles")


def invitation_numbered(project: Project, pk: int) -> Invitation:
    """Return one invitation into the project.

    Raises:
        InvitationNotFound: when it has none of that number.
    """
    invitation = invitations_into(project).filter(pk=pk).first()
    if invitation is None:
        raise InvitationNotFound(f"There is no invitation {pk} into the project `{project.key}`.")
    return invitation


def open_invitations_to(email: str) -> list[Invitation]:
    """Return the invitations to the address that can be accepted now, the oldest first."""
    unused = Invitation.objects.filter(email__iexact=email, accepted_at=None, withdrawn_at=None)
    return list(unused.filter(expires_at__gt=clock.now()).order_by("pk"))
