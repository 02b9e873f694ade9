"""The signing key of an installation that was given none: made once, kept in its data directory."""

import secrets
from pathlib import Path


def own_secret_key(directory: Path) -> str:
    """Return the directory's key, so that sessions survive a restart.

    Of several processes that start at once, all get the key of the one that was first: the file appears whole.
    """
    file = directory / "secret_key"
    if not file.exists():
        fresh = directory / f"secret_key.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        try:
            file.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_text()
