"""What the log has of a request: one line, with its answer, and none of the words that were asked with."""

import pytest

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create


def test_a_request_is_one_line_with_the_names_of_its_parameters(ed: Person, caplog: pytest.LogCaptureFixture) -> None:
    create(ed, boolean())
    caplog.set_level("INFO")
    caplog.clear()
    ed.client().patch(f"/flags/checkout{PRODUCTION}", {"enabled": False})
    ed.client().get("/flags/checkout/audit?user_id=somebody-secret&environment=production")
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(line["event"], line["request"], line["code"], line["user_id"]) for line in lines] == [
        ("request_finished", "PATCH /flags/checkout?environment=…", 200, ed.user.pk),
        ("request_finished", "GET /flags/checkout/audit?user_id=…&environment=…", 200, ed.user.pk),
    ]
    assert len({line["request_id"] for line in lines}) == 2
    assert "somebody-secret" not in caplog.text
