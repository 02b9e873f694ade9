"""deploy/grafana: the file is what the code makes, and its panels stand beside each other."""

from collections import Counter
from itertools import product

from deploy.grafana.dashboard import FILE, dashboard, text

PANELS = dashboard()["panels"]


def test_the_file_is_what_make_dashboards_writes() -> None:
    assert FILE.read_text() == text()


def test_no_two_panels_lie_upon_each_other_and_none_sticks_out() -> None:
    covered: Counter[tuple[int, int]] = Counter()
    for panel in PANELS:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        covered.update(product(columns, range(place["y"], place["y"] + place["h"])))
    assert set(covered.values()) == {1}
    assert max(column for column, _ in covered) < 24


def test_panels_have_numbers_and_names_of_their_own_and_say_what_they_mean() -> None:
    assert len({panel["id"] for panel in PANELS}) == len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert all(panel["description"].endswith(".") for panel in PANELS if panel["type"] != "row")
