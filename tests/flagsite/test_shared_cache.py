"""What stands in Redis is read as data: whoever can write there runs nothing in our processes."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from redis import Redis

from flagsite.lib.plain_values import PlainValues

REDIS = os.environ["TEST_REDIS_URL"]
KEY = "test-shared-cache"
ROOT = Path(__file__).resolve().parents[2]


class Evil:
    """Pickled, it leaves a file behind when it is read."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.fixture
def shared() -> Iterator[RedisCache]:
    cache = RedisCache(REDIS, {"OPTIONS": {"serializer": PlainValues()}, "KEY_PREFIX": KEY})
    yield cache
    cache.delete("it")
    cache.close()


@pytest.mark.parametrize("value", [1, True, "text", None, [1795370091.25, 2.5], {"a": [1, "b"]}])
def test_what_sign_in_keeps_is_kept(shared: RedisCache, value: Any) -> None:
    shared.set("it", value)
    assert (shared.get("it"), type(shared.get("it"))) == (value, type(value))


def test_a_counter_counts(shared: RedisCache) -> None:
    assert shared.add("it", 1)
    assert not shared.add("it", 1)
    assert (shared.incr("it"), shared.get("it")) == (2, 2)


def test_what_somebody_planted_is_not_run(shared: RedisCache, tmp_path: Path) -> None:
    trace = tmp_path / "was-run"
    planted = pickle.dumps(Evil(trace))
    with Redis.from_url(REDIS) as redis:
        redis.set(shared.make_key("it"), planted)
    with pytest.raises(ValueError, match="line 1 column 1"):
        shared.get("it")
    assert not trace.exists()
    pickle.loads(planted)  # noqa: S301 - this is what is avoided
    assert trace.exists()


def test_it_is_what_an_installation_with_redis_uses(tmp_path: Path) -> None:
    code = "from django.core.cache import cache; print(type(cache._cache._serializer).__name__)"
    environment = {
        **os.environ,
        "REDIS_URL": REDIS,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "flagsite.settings",
    }
    told = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, capture_output=True)
    assert told.stdout.decode().strip() == "PlainValues"
