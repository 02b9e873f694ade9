"""The name and version that the SDK gives itself on the wire."""

NAME = "flagsite-python"
__version__ = "0.1.0"  # a test holds it equal to pyproject.toml; reading it from there costs 30 ms at import
USER_AGENT = f"{NAME}/{__version__}"
