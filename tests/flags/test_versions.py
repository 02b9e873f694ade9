"""`If-Match`: nobody overwrites what they have not seen."""

import pytest

from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

STALE = ['"2"', "2", "0", 'W/"7"', '"one"', '""', '"1", "2"', "-1", "1.0", "9" * 5000, "²", '"1" garbage']
CURRENT = ['"1"', "1", 'W/"1"', "*", "", "  "]


def test_a_stale_version_changes_nothing(ed: Person, subtests: pytest.Subtests) -> None:
    create(ed, boolean())
    client = ed.client()
    with nothing_changes():
        for header in STALE:
            headers = {"If-Match": header}
            with subtests.test(header[:12]):
                for response in (
                    client.patch(f"/flags/checkout{PRODUCTION}", {"enabled": False}, headers=headers),
                    client.delete(f"/flags/checkout{PRODUCTION}", headers=headers),
                    client.post(f"/flags/checkout/rollout{PRODUCTION}", {"percentage": 5}, headers=headers),
                    client.post(f"/flags/checkout/restore{PRODUCTION}", {"revision": 2}, headers=headers),
                ):
                    assert_problem(response, 412, "STALE_VERSION")


def test_the_version_that_was_read_may_be_changed(ed: Person, subtests: pytest.Subtests) -> None:
    version = create(ed, boolean())["version"]
    for percentage, written in enumerate(CURRENT):
        header = written.replace("1", str(version))
        with subtests.test(header):
            change = {"rollout_percentage": percentage}
            response = ed.client().patch(f"/flags/checkout{PRODUCTION}", change, headers={"If-Match": header})
            assert response.status_code == 200
        version += 1
    assert response.headers["ETag"] == f'"{version}"'


def test_a_change_for_all_environments_is_a_new_version_of_each(ed: Person) -> None:
    create(ed, boolean())
    ed.client().patch(f"/flags/checkout{PRODUCTION}", {"name": "New name"})
    response = ed.client().patch("/flags/checkout?environment=staging", {"enabled": True}, headers={"If-Match": '"1"'})
    assert_problem(response, 412, "STALE_VERSION")
