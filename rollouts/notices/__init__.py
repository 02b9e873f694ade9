"""What is told of ramps, and how it gets there: bodies, signatures, addresses, one request, when to try again.

No room in here writes a row; whom to tell and what became of it is decided by `rollouts.services.notices`.
"""
