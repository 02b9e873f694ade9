"""A setting that cannot be used is said when the client is made, and nowhere else."""

import dataclasses
import re
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from flagsite_sdk import FlagClient, InvalidSettings, Settings
from flagsite_sdk.settings import Keywords

URL, KEY = "https://flags.test/prefix/", "fs_srv_abc_s3cret"
README = Path(__file__).parents[1] / "README.md"
FIELDS = {field.name: field for field in dataclasses.fields(Settings)}


def test_every_setting_can_be_given_by_keyword() -> None:
    assert set(Keywords.__annotations__) | {"url", "api_key"} == set(FIELDS)
    hints = typing.get_type_hints(Settings, localns={"ssl": __import__("ssl")})
    keywords = typing.get_type_hints(Keywords, localns={"ssl": __import__("ssl")})
    assert {name: hints[name] for name in keywords} == keywords


def test_every_setting_is_explained_where_it_is_defined() -> None:
    explained = re.findall(r"^        (\w+): ", Settings.__doc__ or "", flags=re.MULTILINE)
    assert explained == list(FIELDS)


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]*)`? \|", README.read_text(), flags=re.MULTILINE)
    listed = dict(rows)
    expected = {name: repr(FIELDS[name].default) for name in Keywords.__annotations__}
    assert {name: listed.get(name) for name in expected} == expected


def test_urls_and_keys_are_taken_apart() -> None:
    settings = Settings(url=URL, api_key=KEY)
    assert settings.base_url == "https://flags.test/prefix"
    assert settings.stream_url == "wss://flags.test/prefix/sdk/stream"
    assert Settings(url="http://flags.test:8000", api_key=KEY).stream_url == "ws://flags.test:8000/sdk/stream"
    assert Settings(url="HTTPS://flags.test", api_key=KEY).stream_url == "wss://flags.test/sdk/stream"
    assert settings.key_id == "abc"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "url", ["", "flags.test", "ftp://flags.test", "http://", "http://a:b@x", "http://x?y", "http://x:1x", 5, None]
)
def test_a_url_must_be_one(url: Any) -> None:
    with pytest.raises(InvalidSettings, match="url"):
        FlagClient(url, KEY)


@pytest.mark.parametrize("key", ["", "secret", "fs_srv_", "fs_srv_a", "fs_srv_a_b c", "fs_srv_a_b\n", None, 5])
def test_a_key_must_be_a_server_key(key: Any) -> None:
    with pytest.raises(InvalidSettings, match="api_key"):
        FlagClient(URL, key)


def test_a_management_token_is_recognised_and_not_shown() -> None:
    with pytest.raises(InvalidSettings, match="management token") as caught:
        FlagClient(URL, "fs_api_abc_s3cret")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("poll_interval", 0),
        ("poll_interval", -1),
        ("poll_interval", float("nan")),
        ("poll_interval", float("inf")),
        ("poll_interval", "30"),
        ("poll_interval", True),
        pytest.param("poll_interval", 10**400, id="more than a float holds"),
        ("start_timeout", sys.maxsize),
        ("start_timeout", -0.1),
        ("close_timeout", None),
        ("event_queue_size", 0),
        ("event_queue_size", 1.5),
        ("record_queue_size", 0),
        ("record_evaluations", 1.5),
        ("record_evaluations", -0.1),
        ("record_evaluations", float("nan")),
        ("record_evaluations", "new-checkout"),
        ("record_evaluations", [5]),
        ("record_evaluations", None),
        ("record_attributes", "email"),
        ("record_attributes", None),
        ("stream_failures_before_polling", True),
        ("stream", 1),
        ("lazy", "yes"),
        ("backoff_cap", 0.1),
        ("bootstrap", 5),
        ("cache_path", 5),
        ("ssl_context", "yes"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidSettings, match=name):
        FlagClient(URL, KEY, **{name: value})


def test_a_setting_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(TypeError, match="pol_interval"):
        FlagClient(URL, KEY, pol_interval=5)  # type: ignore[call-arg]  # on purpose


def test_bad_settings_are_value_errors() -> None:
    assert issubclass(InvalidSettings, ValueError)


def test_offline_needs_no_key() -> None:
    assert FlagClient(URL, offline=True).settings.key_id == ""
