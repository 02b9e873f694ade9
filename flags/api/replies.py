"""Answers apart from who carries them: Django's views, or the short road in front of Django (`flags.serving`)."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson
from django.http import HttpResponse
from flagsite_sdk.engine.result import ErrorCode

from accounts.models import Environment
from flags.answers import Answer
from flags.errors import FlagNotFound, FlagUnusable
from flags.snapshots import EnvironmentSnapshot, Update
from flagsite.lib.preconditions import accepts_gzip, is_held
from flagsite.lib.problems import CONTENT_TYPE, InvalidInput, Refusal, of_refusal

_JSON: Final = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """A status, headers and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @classmethod
    def of_refusal(cls, refusal: Refusal) -> "Reply":
        """Answer with a problem."""
        headers = {"Content-Type": CONTENT_TYPE, **refusal.headers}
        return cls(refusal.status, headers, orjson.dumps(of_refusal(refusal)))

    def response(self) -> HttpResponse:
        """Return it as Django has it."""
        response = HttpResponse(self.body, status=self.status, headers=self.headers)
        if "Content-Type" not in self.headers:
            del response.headers["Content-Type"]  # Django's own, which says what there is none of
        return response


def evaluation(answer: Answer) -> Reply:
    """Answer with one flag's evaluation.

    Raises:
        FlagNotFound: when there is no such flag.
        InvalidInput: when the context cannot be used.
        FlagUnusable: when the flag's definition cannot be used.
    """
    found = answer.evaluation
    match found.error_code:
        case None:
            return Reply(200, _JSON, answer.body)
        case ErrorCode.FLAG_NOT_FOUND:
            raise FlagNotFound(f"There is no flag `{answer.key}`.")
        case ErrorCode.INVALID_CONTEXT:
            raise InvalidInput.at("context", found.error or "The context cannot be used.")
        case _:
            raise FlagUnusable(f"The flag `{answer.key}` cannot be used: {found.error}")


def evaluations(answers: Sequence[Answer], environment: Environment) -> Reply:
    """Answer with all flags' evaluations; a flag that cannot be used says so in its place."""
    parts = b",".join([answer.among_all for answer in answers]), _revision(answers, environment)
    return Reply(200, _JSON, b'{"flags":{%b},"revision":%d}' % parts)


def ofrep_evaluation(answer: Answer) -> Reply:
    """Answer with one flag's evaluation, as OFREP has it."""
    statuses = {None: 200, ErrorCode.FLAG_NOT_FOUND: 404}
    return Reply(statuses.get(answer.evaluation.error_code, 400), _JSON, answer.ofrep)


def ofrep_evaluations(answers: Sequence[Answer], environment: Environment, *, if_none_match: str) -> Reply:
    """Answer with all flags' evaluations, as OFREP has them, or with 304 when the client holds the same."""
    parts = b",".join([answer.ofrep for answer in answers]), _revision(answers, environment)
    body = b'{"flags":[%b],"metadata":{"revision":%d}}' % parts
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if is_held(if_none_match, etag):
        return Reply(304, {"ETag": etag})
    return Reply(200, {**_JSON, "ETag": etag}, body)


def _revision(answers: Sequence[Answer], environment: Environment) -> int:
    return answers[0].evaluation.revision if answers else environment.revision


def configuration(snapshot: EnvironmentSnapshot, *, since: int, if_none_match: str, accept_encoding: str) -> Reply:
    """Answer with the snapshot, a delta to a revision that is held, or 304 when nothing is new."""
    held = f'"{snapshot.revision}"'
    if is_held(if_none_match, held):
        return Reply(304, {"ETag": held})
    return _update(snapshot.since(since) if since else snapshot.whole(), accept_encoding)


def _update(update: Update, accept_encoding: str) -> Reply:
    """Answer with bytes that were encoded and compressed once for everybody."""
    headers = {
        **_JSON,
        "ETag": f'"{update.revision}"',
        "Vary": "Accept-Encoding",
        "Cache-Control": "private, no-cache",
    }
    if update.compressed is not None and accepts_gzip(accept_encoding):
        return Reply(200, {**headers, "Content-Encoding": "gzip"}, update.compressed)
    return Reply(200, headers, update.body)
