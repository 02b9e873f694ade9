"""A pytest plugin (`-p tests.chance`): what Hypothesis makes up is the same in each run of the suite.

A run then judges the change that it was made for, and not its luck. `make fuzz` looks elsewhere each time.
"""

from hypothesis import settings

settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("searching", deadline=None, print_blob=True)
settings.load_profile("suite")
