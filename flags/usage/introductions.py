"""Which SDK asks, by the headers in which it says so. An SDK need not say. Pure."""

import msgspec

from flags.usage.reports import Sdk


def sdk_named(*, user_agent: str, instance: str, revision: int | None = None) -> Sdk | None:
    """Return who asks; None for who does not say, or says what no row can hold.

    Args:
        user_agent: `User-Agent`: its name and version.
        instance: `Flagsite-Instance`: the id that it reports under.
        revision: what it holds, as far as we know.
    """
    if not instance:
        return None
    name, _, version = user_agent.partition("/")
    said = {"name": name, "version": version, "instance": instance, "revision": revision}
    try:
        return msgspec.convert(said, Sdk)
    except msgspec.ValidationError:
        return None
