"""Whether a change may enter an environment that asks for more than a role: a comment, or somebody's approval.

Asked once, where every change is published; which roads lead there is not known here. The installation itself needs
neither: what it does by itself was allowed when somebody set it up.
"""

from accounts.actors import Actor
from accounts.models import Environment
from flags.errors import ApprovalRequired
from flagsite.lib.problems import InvalidInput


def require_clearance(environment: Environment, *, by: Actor, comment: str) -> None:
    """Let the change pass or refuse it.

    Raises:
        ApprovalRequired: when the environment requires an approval, and this is neither approved nor an emergency.
        InvalidInput: at `comment`, when the environment is protected and nobody says why.
    """
    if by.user is None:
        return
    cleared = by.clearance
    if environment.requires_approval and not (cleared.approved_by or cleared.is_emergency):
        raise ApprovalRequired(
            f"Nobody has approved this change of {environment} yet. Somebody who had no hand in it must, as it is now, "
            "before it is published or scheduled."
            if cleared.change_request
            else f"Changes of {environment} need somebody's approval: propose a change request "
            "(over REST: POST /change-requests). Turning a flag off in an emergency needs none "
            "(POST /flags/{key}/turn-off).",
        )
    if environment.is_protected and not comment.strip():
        raise InvalidInput.at("comment", f"{environment} is protected: say why.")
