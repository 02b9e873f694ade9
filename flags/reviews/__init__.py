"""What a review says of a change request, to whoever asks: the admin's page and the REST API. It writes nothing."""

from flags.reviews.effects import Effect, effects_of
from flags.reviews.seen import Seen, seen
from flags.services.change_requests import Told

__all__ = ["Effect", "Seen", "Told", "effects_of", "seen"]
