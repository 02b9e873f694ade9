"""The app of changes of flags over time."""

from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    """What Django is told of the app."""

    name = "rollouts"
    verbose_name = "Rollouts"

    def ready(self) -> None:
        """Hand the flags app what its pages tell of ramps, how these end with their flag, and which are watched."""
        from flags.admin.flags.rollout_cards import cards_found_by
        from flags.admin.notices import notices_found_by
        from flags.movers import moved_by
        from flags.usage.watched import salts_found_by
        from rollouts.admin.attention import notices_of
        from rollouts.admin.flag_cards import cards_of
        from rollouts.querysets import salts_watched
        from rollouts.services.of_flags import Ramps

        cards_found_by(cards_of)
        notices_found_by(notices_of)
        moved_by(Ramps())
        salts_found_by(salts_watched)
