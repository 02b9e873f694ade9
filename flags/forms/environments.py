"""The form of a new environment."""

from accounts.forms import ProjectChoice, ServiceForm
from accounts.models import Environment
from accounts.roles import Ability
from flags.forms.comment import comment_field


class NewEnvironmentForm(ServiceForm):
    """A new environment, in which every flag starts disabled."""

    project = ProjectChoice(Ability.MANAGE)
    comment = comment_field()

    class Meta:
        model = Environment
        fields = ("project", "key", "name")
