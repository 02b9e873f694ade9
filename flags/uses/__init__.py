"""Where attributes and segments are named by flags."""
