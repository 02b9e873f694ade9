"""Secrets from a manager: AWS Secrets Manager, or HashiCorp Vault's key-value store (version 2).

A manager holds one JSON object of texts, by the names of the variables: `{"SECRET_KEY": "…", …}`. It is asked once, as
a process starts; of what was rotated since, a process learns when it is restarted. Who may ask is the business of the
managers' own clients and variables: boto3's (`AWS_REGION`, a role, `AWS_ENDPOINT_URL`) and hvac's (`VAULT_ADDR`,
`VAULT_TOKEN`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final


class SecretsUnavailable(Exception):
    """The manager gave no secrets; the text says why, and none of them."""


MOST_VERSIONS: Final = 20
"""How many earlier versions are looked through for a secret's value of before; each is a question of the manager."""


@dataclass(frozen=True)
class Secrets:
    """Secrets by name; and the earlier versions, the newest first, for what has to be readable after a rotation."""

    current: Mapping[str, str] = field(default_factory=dict, repr=False)
    earlier: Callable[[], Iterator[Mapping[str, str]]] = field(default=lambda: iter(()), repr=False)

    def before(self, name: str) -> str | None:
        """Return the secret as it was before its own last rotation: other secrets of the object may be newer.

        Raises:
            SecretsUnavailable: when the manager does not give an earlier version.
        """
        for version in islice(self.earlier(), MOST_VERSIONS):
            if version.get(name) not in {None, "", self.current.get(name)}:
                return version[name]
        return None


@lru_cache(maxsize=1)
def secrets_from(place: str, *, region: str | None = None) -> Secrets:
    """Return the secrets at `aws:NAME` or `vault:MOUNT/PATH`; none at the empty place.

    `region` is AWS's: boto3 reads it from AWS_DEFAULT_REGION alone, and everybody else from AWS_REGION.

    Raises:
        SecretsUnavailable: when the place cannot be read.
    """
    if not place:
        return Secrets()
    manager, _, name = place.partition(":")
    if manager not in MANAGERS or not name:
        raise SecretsUnavailable(f"a place is one of {', '.join(f'{each}:…' for each in MANAGERS)}")
    with _told(manager, name):
        return MANAGERS[manager](name, region)


@contextmanager
def _told(manager: str, name: str) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise SecretsUnavailable(f"this needs the extra: pip install 'flagsite[{manager}]'") from None
    except SecretsUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - the clients have trees of exceptions of their own
        raise SecretsUnavailable(f"{type(error).__name__} when asking for {name}") from None


def _of_aws(name: str, region: str | None) -> Secrets:
    import boto3

    client = boto3.client("secretsmanager", region_name=region)
    found = client.get_secret_value(SecretId=name)

    def earlier() -> Iterator[Mapping[str, str]]:
        with _told("aws", name):
            listed = client.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
            for version in sorted(listed, key=lambda each: each["CreatedDate"], reverse=True):
                if version["VersionId"] != found["VersionId"]:
                    text = client.get_secret_value(SecretId=name, VersionId=version["VersionId"])["SecretString"]
                    yield _texts(json.loads(text))

    return Secrets(_texts(json.loads(found["SecretString"])), earlier)


def _of_vault(name: str, region: str | None) -> Secrets:
    import hvac

    del region
    mount, _, path = name.partition("/")
    store = hvac.Client().secrets.kv.v2
    ask = partial(store.read_secret_version, path=path, mount_point=mount, raise_on_deleted_version=True)
    found = ask()["data"]

    def earlier() -> Iterator[Mapping[str, str]]:
        with _told("vault", name):
            for version in range(found["metadata"]["version"] - 1, 0, -1):
                with suppress(hvac.exceptions.InvalidPath):  # it was deleted
                    yield _texts(ask(version=version)["data"]["data"])

    return Secrets(_texts(found["data"]), earlier)


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SecretsUnavailable("what is kept there is no JSON object of texts")
    return found


MANAGERS: Final[dict[str, Callable[[str, str | None], Secrets]]] = {"aws": _of_aws, "vault": _of_vault}
