"""Forms of the flags app's pages; what they mean and whether they are allowed is decided by the services."""
