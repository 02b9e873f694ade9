"""Leaf helpers: each decides one small thing for every app and imports none of them."""
