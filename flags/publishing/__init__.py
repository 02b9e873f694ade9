"""The last stretch of every change's road: whether it may enter, the revision, and waking those who wait."""
