"""What spans say of evaluations and changes: the words of the semantic conventions, no more of anybody than allowed."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import feature_flag_attributes as words
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.contexts import HASHED
from flags.snapshots import snapshot_of
from flags.stream.feed import Feed
from flagsite.lib import tracing
from tests.conftest import Person
from tests.flags.builders import decide, make

pytestmark = pytest.mark.django_db


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.start(provider)
    yield exporter
    tracing.stop()


def one(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.name == name]
    return found


def evaluation(spans: InMemorySpanExporter) -> dict[str, Any]:
    (event,) = one(spans, "flagsite.evaluate").events
    assert event.name == "feature_flag.evaluation"
    return dict(event.attributes or {})


def test_an_evaluation_is_said_in_the_words_of_the_semantic_conventions(
    sdk: APIClient, production: Environment, spans: InMemorySpanExporter
) -> None:
    rule = {"id": "us", "if": {"attribute": "country", "operator": "equals", "value": "US"}}
    make(production.project, "checkout", rules=[{**rule, "serve": {"variation": "on"}}])
    spans.clear()
    decide(sdk, "checkout", id="ann", country="US", email="ann@harbour.example")
    production.refresh_from_db()
    assert evaluation(spans) == {
        words.FEATURE_FLAG_KEY: "checkout",
        words.FEATURE_FLAG_PROVIDER_NAME: "Flagsite",
        words.FEATURE_FLAG_SET_ID: "shop/production",
        words.FEATURE_FLAG_VERSION: str(production.revision),
        words.FEATURE_FLAG_CONTEXT_ID: "ann",
        words.FEATURE_FLAG_RESULT_VARIANT: "on",
        words.FEATURE_FLAG_RESULT_REASON: words.FeatureFlagResultReasonValues.TARGETING_MATCH.value,
        "flagsite.reason": "RULE_MATCH",
        "flagsite.rule": "us",
    }


def test_an_id_is_hashed_where_the_project_says_so_and_one_of_nobody_is_left_out(
    sdk: APIClient, shop: Project, spans: InMemorySpanExporter
) -> None:
    make(shop, "checkout")
    shop.hash_context_ids = True
    shop.save()
    spans.clear()
    decide(sdk, "checkout", id="ann")
    assert evaluation(spans)[words.FEATURE_FLAG_CONTEXT_ID].startswith(HASHED)
    spans.clear()
    decide(sdk, "checkout", id="")
    assert words.FEATURE_FLAG_CONTEXT_ID not in evaluation(spans)


def test_an_error_has_its_type_and_a_key_that_is_none_is_left_out(
    sdk: APIClient, shop: Project, spans: InMemorySpanExporter
) -> None:
    sdk.post("/evaluate", {"flag_key": "unheard-of", "context": {"id": "ann"}})
    said = evaluation(spans)
    assert (said[ERROR_TYPE], said[words.FEATURE_FLAG_RESULT_REASON]) == ("flag_not_found", "error")
    assert said[words.FEATURE_FLAG_KEY] == "unheard-of"
    spans.clear()
    sdk.post("/evaluate", {"flag_key": "anything a caller SENDS", "context": {"id": "ann"}})
    assert words.FEATURE_FLAG_KEY not in evaluation(spans)


def test_of_all_flags_at_once_only_the_number_is_said(
    sdk: APIClient, shop: Project, spans: InMemorySpanExporter
) -> None:
    make(shop, "checkout")
    make(shop, "banner")
    spans.clear()
    sdk.post("/evaluate", {"context": {"id": "ann"}})
    span = one(spans, "flagsite.evaluate")
    assert (span.events, (span.attributes or {})["flagsite.evaluations"]) == ((), 2)


def test_a_refused_change_says_of_which_kind_it_was_and_not_what_was_sent(
    ed: Person, shop: Project, spans: InMemorySpanExporter
) -> None:
    make(shop, "checkout")
    spans.clear()
    rules = [{"if": {"attribute": "email", "operator": "regex", "value": "(secret"}, "serve": {"variation": "on"}}]
    assert ed.client().patch("/flags/checkout", {"rules": rules}).status_code == 400
    span = one(spans, "flags.update_flag")
    assert dict(span.attributes or {}) == {"error.type": "InvalidInput"}
    assert (span.events, span.status.description) == ((), None)


def test_a_carrier_of_another_process_that_is_none_begins_a_new_trace() -> None:
    strangers: list[object] = [None, "text", [], {}, {"traceparent": 5}, {"other": "x"}]
    for found in strangers:
        assert tracing.carrier_in(found) == {}
    assert tracing.carrier() == {}, "nobody traces"


def test_the_trace_of_a_change_goes_with_the_deltas_that_lead_to_it_and_with_nothing_else(
    production: Environment,
) -> None:
    make(production.project, "checkout")
    make(production.project, "banner")
    production.refresh_from_db()
    trace = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
    feed = Feed(production, snapshots=Mock())
    feed.catch_up(production.revision)
    feed.show(trace)
    bodies = {since: _told(feed, production.revision - since) for since in (0, 1, 2)}
    assert [bodies[since].pop("trace", None) for since in (0, 1, 2)] == [None, trace, trace]
    assert "trace" not in orjson.loads(feed.compose().body), "a snapshot is packed once for everybody"
    kept = snapshot_of(production)
    assert bodies[1] == orjson.loads(kept.since(production.revision - 1).body), "what is kept knows no trace"
    make(production.project, "another")
    feed.catch_up(production.revision + 1)
    feed.show()
    assert "trace" not in _told(feed, production.revision), "that was another change's"


def _told(feed: Feed, since: int) -> dict[str, Any]:
    parcel = feed.parcel(since, lambda update: update.body)
    assert parcel is not None
    told: dict[str, Any] = orjson.loads(parcel.message)
    return told
