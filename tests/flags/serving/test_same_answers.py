"""The short road gives the answers that Django gives."""

import pytest
from pytest_django import Settings

from accounts.models import Environment, Project
from flags import recording
from flags.models import Flag, SdkInstance
from tests.flags.builders import make
from tests.flags.serving.conftest import ANN, EVALUATE, OFREP, Ask, Site, Time

pytestmark = pytest.mark.django_db


ASKS = [
    Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}),
    Ask("all flags", EVALUATE, {"context": ANN}),
    Ask("a flag whose value is an object", EVALUATE, {"flag_key": "theme", "context": ANN}),
    Ask("one flag by OFREP", f"{OFREP}/sale", {"context": {"targetingKey": "ann"}}),
    Ask("all flags by OFREP", OFREP, {"context": {"targetingKey": "ann", "country": "US"}}),
    Ask("nobody by OFREP", OFREP, {}),
    Ask("the configuration", "/sdk/config", method="GET"),
    Ask("the configuration, packed", "/sdk/config", method="GET", more={"HTTP_ACCEPT_ENCODING": "gzip, br"}),
    Ask("a delta", "/sdk/config?since=2", method="GET"),
    Ask("what is held already", "/sdk/config", method="GET", more={"HTTP_IF_NONE_MATCH": "*"}),
    Ask("what is held already by OFREP", OFREP, {"context": ANN}, more={"HTTP_IF_NONE_MATCH": "*"}),
    Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN}, is_short=False),
    Ask("no such flag by OFREP", f"{OFREP}/nope", {"context": ANN}, is_short=False),
    Ask("a key that is no text", EVALUATE, {"flag_key": 7, "context": ANN}, is_short=False),
    Ask("a key that is null", EVALUATE, {"flag_key": None, "context": ANN}, is_short=False),
    Ask("an unknown member", EVALUATE, {"flagkey": "sale", "context": ANN}, is_short=False),
    Ask("no context", EVALUATE, {"flag_key": "sale"}, is_short=False),
    Ask("no id", EVALUATE, {"flag_key": "sale", "context": {"country": "US"}}, is_short=False),
    Ask("an id that is a number", EVALUATE, {"flag_key": "sale", "context": {"id": 7}}, is_short=False),
    Ask("an id that is a number by OFREP", OFREP, {"context": {"targetingKey": 7}}, is_short=False),
    Ask("a big context", EVALUATE, {"context": {"id": "ann", "note": "x" * 65_536}}, is_short=False),
    Ask("a NUL", EVALUATE, {"context": {"id": "a\x00b"}}, is_short=False),
    Ask("no JSON", EVALUATE, b"{", is_short=False),
    Ask("no JSON by OFREP", OFREP, b"{", is_short=False),
    Ask("nothing", EVALUATE, b"", is_short=False),
    Ask("a list", OFREP, [1], is_short=False),
    Ask("a form", EVALUATE, b"a=b", is_short=False, more={"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
    Ask("a parameter without a name", "/sdk/config?=", method="GET", is_short=False),
    Ask("a patch", "/sdk/config", method="GET", is_short=False, more={"HTTP_ACCEPT": "application/json-patch+json"}),
    Ask("JSON among others", "/sdk/config", method="GET", more={"HTTP_ACCEPT": "text/html, application/json;q=0.9"}),
    Ask("an unknown parameter", "/sdk/config?sinse=2", method="GET", is_short=False),
    Ask("a revision that is none", "/sdk/config?since=x", method="GET", is_short=False),
    Ask("another method", "/sdk/config", is_short=False),
    Ask("what no view gives", "/sdk/config", method="GET", is_short=False, more={"HTTP_ACCEPT": "text/html"}),
    Ask("another host", EVALUATE, {"context": ANN}, is_short=False, more={"HTTP_HOST": "elsewhere.example"}),
    Ask("no key", EVALUATE, {"context": ANN}, is_short=False, more={"HTTP_AUTHORIZATION": ""}),
    Ask("a wrong key", EVALUATE, {"context": ANN}, more={"HTTP_AUTHORIZATION": "Bearer fs_srv_0_x"}),
]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
def test_the_short_road_answers_as_django_does(ask: Ask, site: Site, shop: Project) -> None:
    variations = [{"key": key, "value": {"ink": key}} for key in ("dark", "light")]
    make(shop, "theme", type="json", variations=variations)
    assert site.answer(ask) == site.answer(ask, by_django=True)
    assert site.asked_django == (0 if ask.is_short else 1)


def test_over_https_only_plain_http_is_sent_away_and_the_rest_is_the_same(
    server_key: str, time: Time, sale: Flag, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    site = Site(server_key, time)
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    assert site.answer(ask).status == 301
    secure = ask._replace(more={"HTTP_X_FORWARDED_PROTO": "https"})
    assert site.answer(secure) == site.answer(secure, by_django=True)
    assert site.answer(secure).headers["Strict-Transport-Security"] == "max-age=60"
    assert site.asked_django == 1


def test_a_body_that_comes_in_pieces_is_read_to_its_end(site: Site) -> None:
    for ask in (
        Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}),
        Ask("one flag by OFREP", f"{OFREP}/sale", {"context": {"targetingKey": "ann"}}),
    ):
        in_pieces = ask._replace(more={"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"})
        assert site.answer(in_pieces) == site.answer(ask, by_django=True)
    waiting = recording._recorder.buffer.take()
    assert {noted.context_id for noted in waiting.noted} == {"ann"}


def test_what_is_left_to_django_is_recorded_once(site: Site) -> None:
    site.answer(Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN}))
    site.answer(Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}))
    waiting = recording._recorder.buffer.take()
    assert sorted(noted.answers[0].key for noted in waiting.noted) == ["nope", "sale"]


@pytest.mark.parametrize("by_django", [False, True])
def test_who_polls_is_noted_with_what_they_hold_since(
    by_django: bool, site: Site, production: Environment, sale: Flag
) -> None:
    who = {"HTTP_USER_AGENT": "flagsite-python/1.0", "HTTP_FLAGSITE_INSTANCE": "idle"}
    assert site.answer(Ask("a poll", "/sdk/config", method="GET", more=who), by_django=by_django).status == 200
    recording.flush()
    production.refresh_from_db()
    noted = SdkInstance.objects.get(environment=production)
    assert (noted.name, noted.version, noted.instance) == ("flagsite-python", "1.0", "idle")
    assert noted.revision == production.revision
