"""How much of everything there may be. Each limit is named in the message of the refusal and in docs/reference."""

from typing import Final

MAX_VARIATIONS: Final = 100
MAX_RULES: Final = 500
MAX_TARGETED_IDS: Final = 10_000
MAX_TAGS: Final = 20
MAX_CONTEXT_BYTES: Final = 64 * 1024
MAX_REPORT_BYTES: Final = 1024 * 1024
MAX_REPORT_ROWS: Final = 5_000
MAX_MERGED_REVISIONS: Final = 500
"""Revisions that are folded into one delta for a reader that lags behind; one further behind gets the snapshot."""
MAX_KEPT_DELTA_BYTES: Final = 8 * 1024 * 1024
"""Bytes of deltas that a process keeps of an environment; a reader who needs older ones gets the snapshot."""
