"""What the dashboard shows, in its order.

Metrics are those of docs/reference/metrics.md. Gauges of which every process has its own picture are reduced by `max`,
those that add up by `sum`.
"""

from typing import Final

from deploy.grafana.flag_panels import FLAGS
from deploy.grafana.work_panels import WORK

ROWS: Final = (*FLAGS, *WORK)
