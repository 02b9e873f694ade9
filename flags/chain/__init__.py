"""A chain of revisions: the digests that tie it, whether it is whole, and heads kept elsewhere."""
