"""For whom the stages speak: whether nothing else of a flag changes, so that they tell of everybody, seen or not."""

import msgspec
from flagsite_sdk.engine.model import Flag, Serve

_NOTHING = Serve(shares=())


def only_buckets_change(before: Flag | None, after: Flag | None) -> bool:
    """Tell whether the widths of gates and the weights of splits are all that changes: then what loses, surely does."""
    if before is None or after is None:
        return False
    return _without_buckets(before) == _without_buckets(after)


def only_stages_change(before: Flag | None, after: Flag | None) -> bool:
    """Tell whether stages are all that changes: then nobody loses of whom they do not tell it.

    Rules may come and go. Those that stay keep their conditions and their order: a rule that moves takes people from
    others without a change of its own.
    """
    if before is None or after is None:
        return False
    stay = {rule.id for rule in before.rules} & {rule.id for rule in after.rules}
    return _without_stages(before, stay) == _without_stages(after, stay)


def _without_buckets(flag: Flag) -> tuple[bytes, list[tuple[bool, str]]]:
    rules = [msgspec.structs.replace(rule, rollout=0, serve=_NOTHING, name="") for rule in flag.rules]
    rest = msgspec.structs.replace(flag, rollout=0, fallthrough=_NOTHING, rules=tuple(rules))
    serves = [*(rule.serve for rule in flag.rules), flag.fallthrough]
    return msgspec.json.encode(rest), [(serve.split, serve.bucket_by) for serve in serves]


def _without_stages(flag: Flag, stay: set[str]) -> bytes:
    rules = [msgspec.structs.replace(one, rollout=0, serve=_NOTHING, name="") for one in flag.rules if one.id in stay]
    rest = msgspec.structs.replace(flag, enabled=True, rollout=0, fallthrough=_NOTHING, rules=tuple(rules))
    return msgspec.json.encode(rest)
