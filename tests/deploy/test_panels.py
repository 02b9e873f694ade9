"""What a panel shows of series that are written down here, by promtool: above all where some are not there at all."""

from pathlib import Path

import pytest

from deploy.grafana.dashboard import dashboard
from tests.deploy.prometheus import as_prometheus_reads_it, needs_prometheus, promtool_finds

pytestmark = needs_prometheus

SHOP = 'project="shop", environment="production"'
RIGHT = {f'flagsite_evaluations_total{{{SHOP}, flag="sale", variation="on"}}': "0+90x60"}
WRONG = {f'flagsite_evaluation_errors_total{{{SHOP}, flag="typo", code="FLAG_NOT_FOUND"}}': "0+10x60"}


def shown(title: str) -> str:
    """The one question that a panel asks."""
    (panel,) = [each for each in dashboard()["panels"] if each["title"] == title]
    (target,) = panel["targets"]
    return as_prometheus_reads_it(target["expr"], interval="5m")


@pytest.mark.parametrize(
    ("series", "share"),
    [(RIGHT | WRONG, 0.1), (RIGHT, 0), (WRONG, 1)],
    ids=["some fail", "nothing has ever failed", "everything fails"],
)
def test_the_share_of_errors_is_shown_whatever_happens(series: dict[str, str], share: float, tmp_path: Path) -> None:
    promtool_finds(tmp_path, series, shown("Share of errors"), [("{}", share)])
