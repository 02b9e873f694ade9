"""What a process is told by its environment, and what stops it at start."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from flagsite import env


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), (" on ", True), ("TRUE", True), ("0", False), ("", False)]
)
def test_a_switch_is_read_in_the_usual_words(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("SWITCH", text)
    assert env.boolean("SWITCH", default=not value) is value


def test_what_is_not_set_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENT", raising=False)
    assert env.boolean("ABSENT", default=True) is True
    assert env.integer("ABSENT", default=7) == 7
    assert env.text("ABSENT", "so") == "so"
    assert env.path("ABSENT", Path("/there")) == Path("/there")
    assert env.listing("ABSENT") == []


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_a_switch_that_cannot_be_read_names_its_variable(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SWITCH", text)
    with pytest.raises(ImproperlyConfigured, match="SWITCH must be true or false"):
        env.boolean("SWITCH", default=True)


@pytest.mark.parametrize(("text", "reason"), [("many", "whole number"), ("1.5", "whole number"), ("0", "at least 1")])
def test_a_number_that_cannot_be_used_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    monkeypatch.setenv("SIZE", text)
    with pytest.raises(ImproperlyConfigured, match=f"SIZE must be .*{reason}"):
        env.integer("SIZE", default=5, least=1)


def test_lists_are_split_at_commas_and_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example, ,b.example,")
    assert env.listing("HOSTS") == ["a.example", "b.example"]


def test_networks_are_checked_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXIES", "10.0.0.0/8,::1")
    assert env.networks("PROXIES") == ["10.0.0.0/8", "::1"]
    monkeypatch.setenv("PROXIES", "10.0.0.0/8,nonsense")
    with pytest.raises(ImproperlyConfigured, match=r"PROXIES must be a list of networks: .*nonsense"):
        env.networks("PROXIES")


def test_a_path_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "var")
    assert env.path("PLACE", Path("/there")).is_absolute()
