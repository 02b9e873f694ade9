"""What rollouts refuses."""

from flagsite.lib.problems import Conflict, NotFound


class RampNotFound(NotFound):
    """The flag has had no ramp in the environment."""

    code = "RAMP_NOT_FOUND"


class RampTemplateNotFound(NotFound):
    """Neither Flagsite nor the project has a template of that key."""

    code = "RAMP_TEMPLATE_NOT_FOUND"


class RuleNotFound(NotFound):
    """The flag's state has no such rule."""

    code = "RULE_NOT_FOUND"


class RampInTheWay(Conflict):
    """The flag already has a ramp in the environment that is not over."""

    code = "RAMP_IN_THE_WAY"


class WrongMoment(Conflict):
    """This cannot be done with a ramp that stands where it does: it is over, or paused, or runs."""

    code = "WRONG_MOMENT"


class RampOverridden(Conflict):
    """Somebody has changed by hand what the ramp moves: it was paused, and takes no step past that."""

    code = "RAMP_OVERRIDDEN"


class WebhookNotFound(NotFound):
    """The project has no such webhook."""

    code = "WEBHOOK_NOT_FOUND"


class MailNoticeNotFound(NotFound):
    """The project has no such e-mail notice."""

    code = "MAIL_NOTICE_NOT_FOUND"


class DeliveryNotFound(NotFound):
    """The project has no such delivery, or no longer."""

    code = "DELIVERY_NOT_FOUND"
