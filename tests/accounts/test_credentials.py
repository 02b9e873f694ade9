"""The text of a key."""

import hashlib

import pytest

from accounts.credentials import Credential, Kind

ID, SECRET = "0123456789ab", "s3cr3t-_S3CR3T"


@pytest.mark.parametrize(("kind", "prefix"), [(Kind.SERVER, "fs_srv_"), (Kind.API, "fs_api_")])
def test_a_new_key_reads_back_as_itself(kind: Kind, prefix: str) -> None:
    credential = Credential.new(kind)
    assert str(credential).startswith(prefix)
    assert Credential.parse(str(credential)) == credential


def test_no_two_keys_are_the_same() -> None:
    keys = {str(Credential.new(Kind.API)) for _ in range(100)}
    assert len(keys) == 100
    assert len({len(key) for key in keys}) == 1


def test_what_is_stored_of_a_secret_is_its_sha_256() -> None:
    credential = Credential(Kind.SERVER, ID, SECRET)
    assert credential.digest == hashlib.sha256(SECRET.encode()).hexdigest()
    assert credential.opens(credential.digest)
    assert not credential.opens(Credential(Kind.SERVER, ID, SECRET + "x").digest)
    assert not credential.opens("")


def test_a_key_that_is_printed_by_mistake_does_not_give_its_secret_away() -> None:
    assert SECRET not in repr(Credential(Kind.SERVER, ID, SECRET))
    assert SECRET not in f"{[Credential(Kind.SERVER, ID, SECRET)]}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fs_srv_",
        f"fs_srv_{ID}",
        f"fs_srv_{ID}_",
        f"fs_xxx_{ID}_{SECRET}",
        f"FS_SRV_{ID}_{SECRET}",
        f"fs_srv_{ID.upper()}_{SECRET}",
        f"fs_srv_{ID[:-1]}_{SECRET}",
        f"fs_srv_{ID}_{SECRET} ",
        f" fs_srv_{ID}_{SECRET}",
        f"fs_srv_{ID}_{SECRET}\n",
        f"fs_srv_{ID}_{SECRET}é",
        f"fs_srv_{ID}_{SECRET}\0",
        f"fs_srv_٠١٢٣٤٥٦٧٨٩٠١_{SECRET}",
        f"fs_srv_{ID}_{'x' * 129}",
    ],
)
def test_what_is_no_key_is_not_looked_up(text: str) -> None:
    assert Credential.parse(text) is None
