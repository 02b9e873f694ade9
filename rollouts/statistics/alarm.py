"""How much evidence an alarm takes.

The share of false alarms α is of a whole ramp, also of one that goes down and up again. Each time that it goes down a
fresh test begins; the first may spend α/2, the next α/4, and so on: together never more than α (the union bound).
"""


def evidence_needed(false_alarms: float, *, epoch: int = 0) -> float:
    """Return the E at which a guardrail raises an alarm.

    Args:
        false_alarms: the share of harmless ramps that may ever alarm, between 0 and 1.
        epoch: how often the percentage has gone down.

    Raises:
        ValueError: when the share is not between 0 and 1, or the epoch is negative.
    """
    if not 0 < false_alarms < 1:
        raise ValueError(f"a share of {false_alarms} false alarms is not between 0 and 1")
    if epoch < 0:
        raise ValueError(f"there is no epoch {epoch}")
    return float(2 ** (epoch + 1)) / false_alarms


def is_alarm(evidence: float, *, false_alarms: float, epoch: int = 0) -> bool:
    """Tell whether this much evidence is an alarm."""
    return evidence >= evidence_needed(false_alarms, epoch=epoch)
