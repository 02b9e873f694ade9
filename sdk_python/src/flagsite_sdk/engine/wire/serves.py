"""Serves: JSON to model and back."""

from collections.abc import Collection
from typing import Any

from flagsite_sdk.engine.model import BUCKETS, Serve, Share
from flagsite_sdk.engine.wire.reading import Reader, below


def serve(reader: Reader, document: Any, path: str, keys: Collection[str] | None, *, absent: bool = False) -> Serve:
    """Read a serve. With `keys`, its variations have to be among them."""
    nothing = Serve(shares=())
    if absent:  # that it is missing has been said
        return nothing
    if not isinstance(document, dict):
        reader.problem(path, "Must be an object.")
        return nothing
    if "variation" not in document and "split" not in document:
        reader.problem(path, "A serve has a variation or a split.")
        return nothing
    kind = "split" if "split" in document else "variation"
    fields = reader.fields(document, path, required=(kind,), optional=("bucket_by",))
    bucket_by = reader.text(fields.get("bucket_by", "id"), below(path, "bucket_by"))
    if kind == "variation":
        variation = _variation(reader, fields["variation"], below(path, "variation"), keys)
        return Serve(shares=(Share(variation, BUCKETS),), bucket_by=bucket_by)
    return Serve(shares=_shares(reader, fields["split"], below(path, "split"), keys), split=True, bucket_by=bucket_by)


def _shares(reader: Reader, document: Any, path: str, keys: Collection[str] | None) -> tuple[Share, ...]:
    shares: dict[str, Share] = {}
    problems_before = len(reader.problems)
    for at, item in reader.items(document, path):
        fields = reader.fields(item, at, required=("variation", "weight"))
        if "variation" in fields:
            variation = _variation(reader, fields["variation"], below(at, "variation"), keys)
            if variation in shares and variation:
                reader.problem(below(at, "variation"), f"The variation {variation!r} has a weight already.")
            shares[variation] = Share(variation, reader.share(fields.get("weight", 0), below(at, "weight")))
    total = sum(one.buckets for one in shares.values())
    if total != BUCKETS and len(reader.problems) == problems_before:
        reader.problem(path, f"The weights must add up to 100, not {share(total)}.")
    return tuple(shares.values())


def _variation(reader: Reader, key: Any, path: str, keys: Collection[str] | None) -> str:
    if keys is None:
        return reader.key(key, path)
    if isinstance(key, str) and key in keys:
        return key
    reader.problem(path, f"Is not one of the flag's variations: {key!r}.")
    return ""


def share(buckets: int) -> int | float:
    """Buckets as a percentage."""
    return buckets // 1_000 if buckets % 1_000 == 0 else buckets / 1_000


def write_serve(serve: Serve) -> dict[str, Any]:
    """A serve as JSON."""
    document: dict[str, Any]
    if serve.split:
        document = {"split": [{"variation": one.variation, "weight": share(one.buckets)} for one in serve.shares]}
    else:
        document = {"variation": serve.shares[0].variation}
    if serve.bucket_by != "id":
        document["bucket_by"] = serve.bucket_by
    return document
