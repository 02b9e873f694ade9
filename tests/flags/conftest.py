"""Two flags of the shop, on in production, and an editor at the admin."""

import pytest

from accounts.models import Project
from flags.models import Flag
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import make


@pytest.fixture
def desk(ed: Person) -> Desk:
    return Desk(ed)


@pytest.fixture
def sale(shop: Project) -> Flag:
    return make(shop, "sale", tags=["marketing"])


@pytest.fixture
def banner(shop: Project) -> Flag:
    variations = [{"key": key, "value": f"Text {key}", "name": key.upper()} for key in ("a", "b", "c")]
    return make(shop, "banner", type="string", variations=variations)
