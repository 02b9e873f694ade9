"""`If-Match`: nobody overwrites what they have not seen."""

import pytest

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

STALE = ['"2"', "2", 'W/"7"', '"one"', '""', '"1", "2"', "-1", "1.0", "9" * 5000, "²", '"1" garbage']
CURRENT = ['"1"', "1", 'W/"1"', "*", "", "  "]


@pytest.mark.parametrize("header", STALE, ids=lambda header: header[:12])
def test_a_stale_version_changes_nothing(ed: Person, header: str) -> None:
    create(ed, boolean())
    client, headers = ed.client(), {"If-Match": header}
    requests = [
        client.patch(f"/flags/checkout{PRODUCTION}", {"enabled": False}, headers=headers),
        client.delete(f"/flags/checkout{PRODUCTION}", headers=headers),
        client.post(f"/flags/checkout/rollout{PRODUCTION}", {"percentage": 5}, headers=headers),
        client.post(f"/flags/checkout/restore{PRODUCTION}", {"revision": 2}, headers=headers),
    ]
    with nothing_changes():
        for response in requests:
            assert_problem(response, 412, "STALE_VERSION")
    assert client.get(f"/flags/checkout{PRODUCTION}").json()["version"] == 1


@pytest.mark.parametrize("header", CURRENT)
def test_the_version_that_was_read_may_be_changed(ed: Person, header: str) -> None:
    create(ed, boolean())
    response = ed.client().patch(f"/flags/checkout{PRODUCTION}", {"enabled": False}, headers={"If-Match": header})
    assert (response.status_code, response.headers["ETag"]) == (200, '"2"')


def test_a_change_for_all_environments_is_a_new_version_of_each(ed: Person) -> None:
    create(ed, boolean())
    ed.client().patch(f"/flags/checkout{PRODUCTION}", {"name": "New name"})
    response = ed.client().patch("/flags/checkout?environment=staging", {"enabled": True}, headers={"If-Match": '"1"'})
    assert_problem(response, 412, "STALE_VERSION")
