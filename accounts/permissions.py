"""Whether somebody may do something: asked here by services, API and admin alike."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actors import Actor
from accounts.errors import MissingRole, ProjectNotFound
from accounts.models import Project, ProjectGroupPermission, ProjectUserPermission, User
from accounts.roles import IN_WORDS, Ability, Role, role_with
from flagsite.lib.prepared import Given, Prepared


def abilities_by_project(user: User) -> dict[int, frozenset[Ability]]:
    """Return what the person may do, by project id, in two queries however many projects there are.

    A superuser has every ability everywhere, which `abilities_of` knows; this returns the granted ones only.
    """
    if not user.is_active:
        return {}
    found: defaultdict[int, set[Ability]] = defaultdict(set)
    own = ProjectUserPermission.objects.filter(user=user)
    through_groups = ProjectGroupPermission.objects.filter(group__in=user.groups.all())
    known = [ability.value for ability in Ability]
    for rows in (own, through_groups):
        granted = rows.filter(permission__codename__in=known)
        for project, codename in granted.values_list("content_object_id", "permission__codename"):
            found[project].add(Ability(codename))
    return {project: frozenset(abilities) for project, abilities in found.items()}


def abilities_of(user: User, project: Project) -> frozenset[Ability]:
    """Return what the person may do in the project."""
    if user.is_active and user.is_superuser:
        return frozenset(Ability)
    return abilities_by_project(user).get(project.pk, frozenset())


def granted(project: str = "pk") -> Q:
    """Return the condition that a person has an ability in a project: `user` and `ability` are given when it is asked.

    Groups are looked through where their own role does not grant it. `project` is what is compared with its key.
    """
    wanted = {"content_object": OuterRef(project), "permission__codename": Given("ability")}
    own = ProjectUserPermission.objects.filter(user=Given("user"), **wanted)
    of_a_group = ProjectGroupPermission.objects.filter(group__user=Given("user"), **wanted)
    return Q(Exists(own)) | Q(Exists(of_a_group))


_GRANTED: Final = Prepared(lambda: Project.objects.filter(granted(), pk=Given("project")).only("pk").order_by())


def has_ability(user: User, ability: Ability, project: Project) -> bool:
    """Tell whether the person may do it in the project."""
    if not user.is_active or user.is_superuser:
        return user.is_active
    return _GRANTED.one(user=user.pk, ability=ability.value, project=project.pk) is not None


def role_of(user: User, project: Project) -> Role | None:
    """Return the person's role in the project, or None."""
    return role_with(abilities_of(user, project))


def require(by: Actor, ability: Ability, project: Project) -> None:
    """Let the actor pass or refuse.

    Raises:
        ProjectNotFound: when they may not even see the project: its existence is none of their business.
        MissingRole: when they see it but may not do this.
    """
    if by.user is None or has_ability(by.user, ability, project):
        return
    if ability is Ability.VIEW or not has_ability(by.user, Ability.VIEW, project):
        raise ProjectNotFound(f"There is no project `{project.key}`.")
    raise MissingRole(f"{by.label} may not {IN_WORDS[ability]} in the project `{project.key}`.")


def require_superuser(by: Actor, what: str) -> None:
    """Let a superuser, or the installation itself, pass or refuse.

    Raises:
        MissingRole: saying `what` only a superuser may do.
    """
    if by.user is not None and not by.user.is_superuser:
        raise MissingRole(f"Only a superuser may {what}.")


@dataclass(frozen=True)
class Access:
    """Everything that one person may do, read once: what a page with many rows and links asks."""

    user: User
    granted: Mapping[int, frozenset[Ability]]

    @classmethod
    def of(cls, user: User) -> "Access":
        """Return the access of a person, in two queries."""
        return cls(user, abilities_by_project(user))

    @property
    def unlimited(self) -> bool:
        """Tell whether this is a superuser, who may do everything everywhere."""
        return self.user.is_active and self.user.is_superuser

    def may(self, ability: Ability, project: int | None = None) -> bool:
        """Tell whether the person may do it in the project of this id; without one, in any project at all."""
        held = self.granted.values() if project is None else [self.granted.get(project, frozenset())]
        return self.unlimited or any(ability in each for each in held)

    def projects(self, ability: Ability) -> QuerySet[Project]:
        """Return the projects in which the person may do it."""
        if self.unlimited:
            return Project.objects.all()
        return Project.objects.filter(pk__in=[pk for pk, held in self.granted.items() if ability in held])
