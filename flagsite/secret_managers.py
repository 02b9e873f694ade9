"""Secrets from a manager: AWS Secrets Manager, or HashiCorp Vault's key-value store (version 2).

A manager holds one JSON object of texts, by the names of the variables: `{"SECRET_KEY": "…", …}`. It is asked once, as
a process starts; of what was rotated since, a process learns when it is restarted. Who may ask is the business of the
managers' own clients and variables: boto3's (`AWS_REGION`, a role, `AWS_ENDPOINT_URL`) and hvac's (`VAULT_ADDR`,
`VAULT_TOKEN`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final


class SecretsUnavailable(Exception):
    """The manager gave no secrets; the text says why, and none of them."""


@dataclass(frozen=True)
class Secrets:
    """Secrets by name, and those of the version before, for what has to be readable after a rotation."""

    current: Mapping[str, str] = field(default_factory=dict, repr=False)
    previous: Mapping[str, str] = field(default_factory=dict, repr=False)


@lru_cache(maxsize=1)
def secrets_from(place: str) -> Secrets:
    """Return the secrets at `aws:NAME` or `vault:MOUNT/PATH`; none at the empty place.

    Raises:
        SecretsUnavailable: when the place cannot be read.
    """
    if not place:
        return Secrets()
    manager, _, name = place.partition(":")
    if manager not in MANAGERS or not name:
        raise SecretsUnavailable(f"a place is one of {', '.join(f'{each}:…' for each in MANAGERS)}")
    try:
        return MANAGERS[manager](name)
    except ImportError:
        raise SecretsUnavailable(f"this needs the extra: pip install 'flagsite[{manager}]'") from None
    except SecretsUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - the clients have trees of exceptions of their own
        raise SecretsUnavailable(f"{type(error).__name__} when asking for {name}") from None


def _of_aws(name: str) -> Secrets:
    import boto3

    client = boto3.client("secretsmanager")
    current = client.get_secret_value(SecretId=name)["SecretString"]
    try:
        previous = client.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"]
    except client.exceptions.ResourceNotFoundException:
        previous = "{}"  # it was never rotated
    return Secrets(_texts(json.loads(current)), _texts(json.loads(previous)))


def _of_vault(name: str) -> Secrets:
    import hvac

    mount, _, path = name.partition("/")
    store = hvac.Client().secrets.kv.v2
    found = store.read_secret_version(path=path, mount_point=mount, raise_on_deleted_version=True)["data"]
    version = found["metadata"]["version"]
    previous: Any = {}
    if version > 1:
        try:
            before = store.read_secret_version(
                path=path, mount_point=mount, version=version - 1, raise_on_deleted_version=True
            )
            previous = before["data"]["data"]
        except hvac.exceptions.InvalidPath:
            previous = {}  # it was deleted
    return Secrets(_texts(found["data"]), _texts(previous))


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SecretsUnavailable("what is kept there is no JSON object of texts")
    return found


MANAGERS: Final[dict[str, Callable[[str], Secrets]]] = {"aws": _of_aws, "vault": _of_vault}
