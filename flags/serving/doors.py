"""What the short road answers: four addresses, each read quickly, or not at all.

A door takes a request that is plain and right, and gives None for any other: a mistake is for Django's view of the same
address to name. So nothing here refuses, and what is taken here the view would have taken too.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from flags import evaluation, recording
from flags.answers import Answer
from flags.api import replies
from flags.api.ofrep import context_of
from flags.api.replies import Reply
from flags.limits import MAX_CONTEXT_BYTES
from flags.serving.callers import Caller
from flagsite.lib.digits import number_of
from flagsite.lib.json_body import unacceptable

Environ = dict[str, Any]
Door = Callable[[Caller, Environ, bytes], Reply | None]

OFREP_FLAG: Final = "/ofrep/v1/evaluate/flags/"
LARGEST: Final = MAX_CONTEXT_BYTES + 1024
"""Bytes of a body that is read here."""


def evaluate(caller: Caller, environ: Environ, body: bytes) -> Reply | None:
    """`POST /evaluate`."""
    asked = _object(environ, body)
    if asked is None or not asked.keys() <= {"flag_key", "context"} or environ.get("QUERY_STRING"):
        return None
    context = evaluation.checked_context(asked.get("context"))
    if "flag_key" not in asked:
        answers = caller.snapshot.answers.all(context)
        evaluation.note_all(caller.environment, context, answers)
        return replies.evaluations(answers, caller.environment)
    key = asked["flag_key"]
    if type(key) is not str:
        return None
    answer = _decided(caller, key, context)
    return replies.evaluation(answer) if answer else None


def ofrep_flag(caller: Caller, environ: Environ, body: bytes) -> Reply | None:
    """`POST /ofrep/v1/evaluate/flags/{key}`."""
    context = _ofrep_context(environ, body)
    if context is None:
        return None
    answer = _decided(caller, environ["PATH_INFO"][len(OFREP_FLAG) :], context)
    return replies.ofrep_evaluation(answer) if answer else None


def ofrep_flags(caller: Caller, environ: Environ, body: bytes) -> Reply | None:
    """`POST /ofrep/v1/evaluate/flags`."""
    context = _ofrep_context(environ, body)
    if context is None:
        return None
    answers = caller.snapshot.answers.all(context)
    evaluation.note_all(caller.environment, context, answers)
    held = environ.get("HTTP_IF_NONE_MATCH", "")
    return replies.ofrep_evaluations(answers, caller.environment, if_none_match=held)


def configuration(caller: Caller, environ: Environ, body: bytes) -> Reply | None:
    """`GET /sdk/config`, with `?since=` or without.

    Who holds a later revision than is known here is left to Django, which asks the database: what is known here may be
    a moment old, and nobody is to be taken back by that.
    """
    query = environ.get("QUERY_STRING", "")
    since = number_of(query.removeprefix("since=")) if query.startswith("since=") else None if query else 0
    held = environ.get("HTTP_IF_NONE_MATCH", "")
    if since is None or body or max(since, *map(_revision, held.split(","))) > caller.snapshot.revision:
        return None
    encodings = environ.get("HTTP_ACCEPT_ENCODING", "")
    who = {"user_agent": environ.get("HTTP_USER_AGENT", ""), "instance": environ.get("HTTP_FLAGSITE_INSTANCE", "")}
    recording.note_poll(caller.environment, **who, revision=caller.snapshot.revision)
    return replies.configuration(caller.snapshot, since=since, if_none_match=held, accept_encoding=encodings)


def _revision(etag: str) -> int:
    """Return the revision that an entity tag of ours names; 0 for anything else."""
    return number_of(etag.strip().removeprefix("W/").strip('"')) or 0


def _decided(caller: Caller, key: str, context: evaluation.Context) -> Answer | None:
    """Return what a flag is, and record it; None for an error, which is the view's to name and record."""
    answer = caller.snapshot.answers.one(key, context)
    if answer.evaluation.error_code is not None:
        return None
    evaluation.note(caller.environment, context, answer)
    return answer


def _ofrep_context(environ: Environ, body: bytes) -> dict[str, Any] | None:
    asked = _object(environ, body)
    return None if asked is None or environ.get("QUERY_STRING") else context_of(asked)


def _object(environ: Environ, body: bytes) -> dict[str, Any] | None:
    """Return the body's object, if it is one that the REST API takes."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "application/json":
        return None
    read = orjson.loads(body)
    return read if isinstance(read, dict) and unacceptable(read) is None else None


def door_of(method: str, path: str) -> tuple[str, Door] | None:
    """Return the door of an address, with the name of its view, under which it is measured."""
    found = _DOORS.get((method, path))
    if found is None and method == "POST" and path.startswith(OFREP_FLAG):
        return "flags.api.ofrep.OfrepFlagView", ofrep_flag
    return found


_DOORS: Final[dict[tuple[str, str], tuple[str, Door]]] = {
    ("POST", "/evaluate"): ("flags.api.sdk.EvaluateView", evaluate),
    ("GET", "/sdk/config"): ("flags.api.sdk.ConfigView", configuration),
    ("POST", "/ofrep/v1/evaluate/flags"): ("flags.api.ofrep.OfrepFlagsView", ofrep_flags),
}
