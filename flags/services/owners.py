"""Who answers for a flag: a person who sees its project."""

from accounts.models import Project, User
from accounts.permissions import abilities_of
from accounts.roles import Ability
from flags.models import Flag
from flagsite.lib.problems import InvalidInput


def set_owner(flag: Flag, name: str) -> None:
    """Let the person of this name answer for the flag, nobody when it is empty; without writing it.

    Whoever is the owner already stays it, also without a role by now.

    Raises:
        InvalidInput: at `owner`, when nobody of that name sees the project.
    """
    if name != owner_name(flag):
        flag.owner = _person(name, project=flag.project) if name else None


def owner_name(flag: Flag) -> str:
    """Return the owner's name; empty when nobody answers for the flag."""
    return flag.owner.username if flag.owner else ""


def may_own(name: str, *, project: Project) -> bool:
    """Tell whether there is a person of this name who sees the project."""
    try:
        return bool(_person(name, project=project))
    except InvalidInput:
        return False


def _person(name: str, *, project: Project) -> User:
    person = User.objects.filter(username=name, is_active=True).first()
    if person is None or Ability.VIEW not in abilities_of(person, project):
        raise InvalidInput.at("owner", f"Nobody called `{name}` sees the project.")
    return person
