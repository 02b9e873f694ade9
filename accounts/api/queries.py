"""Query parameters that many addresses read: which project, and which page of a list."""

from flagsite.lib.strict import StrictSerializer, Text


class ProjectQuery(StrictSerializer):
    """Which project is meant."""

    project = Text(required=False, help_text="Key of the project; needed by a token that reaches several.")


class PageQuery(ProjectQuery):
    """Which page of a list."""

    cursor = Text(required=False)
    page_size = Text(required=False)
