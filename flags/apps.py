"""The app of flags and what follows from changing them."""

from django.apps import AppConfig


class FlagsConfig(AppConfig):
    """What Django is told of the app."""

    name = "flags"
    verbose_name = "Feature flags"  # the model is called flags already

    def ready(self) -> None:
        """Hand the segments app the road by which its changes reach the environments, and what flags use and ask."""
        from flags.publishing.publish import publish_segments
        from flags.uses.attributes import attributes_known, values_seen
        from flags.uses.segments import flags_using
        from segments.attributes import attributes_found_by
        from segments.publishing import publish_through
        from segments.uses import uses_found_by

        publish_through(publish_segments)
        uses_found_by(flags_using)
        attributes_found_by(attributes_known, values_seen)
