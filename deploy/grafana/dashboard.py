"""The panels as Grafana reads them: one JSON document, the same each time it is made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deploy.grafana.panels import ROWS
from deploy.grafana.questions import Panel

FILE: Final = Path(__file__).parent / "flagsite.json"

_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH: Final = 24  # of Grafana's grid
_HEIGHT: Final = 8


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), indent=2) + "\n"


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    return {
        "uid": "flagsite",
        "title": "Flagsite",
        "description": "Made by `make dashboards`; every metric is explained in docs/reference/metrics.md.",
        "tags": ["flagsite"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": list(_variables())},
        "annotations": {"list": [_revisions()]},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    for name, where in (("project", ""), ("environment", '{project=~"$project"}')):
        query = f"label_values(flagsite_evaluations_total{where}, {name})"
        yield {
            "name": name,
            "label": name.title(),
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": query, "refId": name},
            "definition": query,
            "refresh": 2,  # with every change of the time range
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        }


def _revisions() -> dict[str, Any]:
    """Mark in every panel when something was published."""
    return {
        "name": "Revisions",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "blue",
        "expr": 'sum by (project, environment) (changes(flagsite_stream_revision{project=~"$project", '
        'environment=~"$environment"}[1m])) > 0',
        "titleFormat": "{{project}} {{environment}}",
        "textFormat": "published",
        "step": "60s",
    }


def _panels() -> Iterator[dict[str, Any]]:
    number = top = 0
    for row in ROWS:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": _WIDTH, "h": 1},
        }
        top += 1
        in_a_line = 4 if len(row.panels) % 4 == 0 else 3
        width = _WIDTH // in_a_line
        for place, panel in enumerate(row.panels):
            number += 1
            line, column = divmod(place, in_a_line)
            position = {"x": column * width, "y": top + line * _HEIGHT, "w": width, "h": _HEIGHT}
            yield _panel(panel, number=number, position=position)
        top += -(-len(row.panels) // in_a_line) * _HEIGHT


def _panel(panel: Panel, *, number: int, position: dict[str, int]) -> dict[str, Any]:
    custom = {"fillOpacity": 10, "showPoints": "never", "lineWidth": 1}
    if panel.is_stacked:
        custom |= {"stacking": {"mode": "normal"}, "fillOpacity": 30}
    return {
        "id": number,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "gridPos": position,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": custom}, "overrides": []},
        "options": {
            "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "lastNotNull"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "expr": query.expression,
                "legendFormat": query.legend,
                "datasource": _SOURCE,
            }
            for place, query in enumerate(panel.queries)
        ],
    }
