"""The demo: a believable online shop, and everything that serves it in one process."""
