"""Writing many rows of which the database may refuse some: the others are written all the same.

It finds out which by halving; it does not know why a row is refused, nor says what is in it, which may be anybody's.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import structlog
from django.db import DataError, IntegrityError

log = structlog.get_logger(__name__)

Row = TypeVar("Row")

REFUSED: Final = (DataError, IntegrityError, ValueError)
"""What is wrong with a row; the last is raised before the database sees it, such as by a text that is no Unicode.
Anything else (the database is away, the table is not there) is no matter of rows."""
MAX_TRIES: Final = 1_000
"""Some forty refused rows of 20,000 are found with these; of more, whatever was in hand with them is given up."""


def write_what_can_be(rows: Sequence[Row], write: Callable[[Sequence[Row]], object]) -> list[Row]:
    """Write the rows, and return those that were refused.

    Args:
        rows: What is to be written.
        write: Writes all it is given or, where it raises, nothing.
    """
    refused: list[Row] = []
    errors: Counter[str] = Counter()
    waiting, tries = [rows] if rows else [], 0
    while waiting:
        piece, tries = waiting.pop(), tries + 1
        try:
            write(piece)
        except REFUSED as error:
            if len(piece) > 1 and tries < MAX_TRIES:
                middle = len(piece) // 2
                waiting += [piece[middle:], piece[:middle]]
            else:
                refused += piece
                errors[type(error.__cause__ or error).__name__] += len(piece)
    if refused:
        log.warning("rows_refused", number=len(refused), errors=dict(errors))
    return refused
