"""One request to a webhook: to the address that was judged and no other, within bounds."""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rollouts.notices import sending
from rollouts.notices.connecting import READ_SECONDS, TOTAL_SECONDS
from rollouts.notices.networks import address_in
from rollouts.notices.sending import MAX_ANSWER_BYTES, Answer, Post, send
from tests.rollouts.receiver import LOOPBACK, Handler, Receiver, receiving, status


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let a resolver give these answers, one after the other; return the list of names that were asked for."""

    def set_up(*answers: list[str]) -> list[str]:
        waiting, asked, real = list(answers), list[str](), socket.getaddrinfo

        def resolve(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
            if address_in(host) is not None:
                return real(host, port, *rest, **options)
            asked.append(host)
            addresses = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return set_up


def post(address: str, *, allowed: list[str] | None = None) -> Answer:
    return send(Post(address, {"Content-Type": "application/json"}, b"{}", allowed=allowed or []))


def test_an_allowed_receiver_gets_the_body(receiver: Receiver) -> None:
    receiver.replies = [status(202, b"thanks")]
    answer = post(receiver.address, allowed=LOOPBACK)
    assert (answer.status_code, answer.text, answer.is_taken, answer.error) == (202, "thanks", True, "")
    (request,) = receiver.received
    assert (request.path, request.body) == ("/hook?from=flagsite", b"{}")
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
def test_the_loopback_is_refused_unless_it_is_allowed(host: str, receiver: Receiver) -> None:
    for scheme in ("http", "https"):
        answer = post(f"{scheme}://{host}:{receiver.port}/")
        assert not answer.is_taken
        assert answer.status_code is None
        assert answer.error
    assert receiver.received == []


def test_a_name_that_leads_to_a_private_address_is_refused(names: Callable[..., list[str]], receiver: Receiver) -> None:
    names(["127.0.0.1"])
    answer = post(f"http://hooks.example.com:{receiver.port}/")
    assert "not public" in answer.error
    assert receiver.received == []


def test_one_private_address_among_public_ones_is_one_too_many(names: Callable[..., list[str]]) -> None:
    names(["93.184.216.34", "10.0.0.1"])
    assert "not public" in post("https://hooks.example.com/").error


def test_a_name_that_changes_its_mind_is_asked_once(names: Callable[..., list[str]], receiver: Receiver) -> None:
    asked = names(["127.0.0.1"], ["10.0.0.1"])
    answer = post(f"http://hooks.example.com:{receiver.port}/", allowed=LOOPBACK)
    assert (answer.is_taken, asked) == (True, ["hooks.example.com"])
    assert receiver.received[0].headers["host"] == f"hooks.example.com:{receiver.port}"


def test_a_public_address_is_asked_by_https_at_its_ports_only(
    names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: Any, **__: Any) -> None:
        raise AssertionError("must not be connected to")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    names(["93.184.216.34"])
    assert post("http://hooks.example.com/", allowed=LOOPBACK).error == "A public address is reached by https only."
    assert "port" in post("https://hooks.example.com:22/", allowed=LOOPBACK).error


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int, receiver: Receiver) -> None:
    with receiving() as inner:
        receiver.replies = [status(code, Location=inner.address)]
        answer = post(receiver.address, allowed=LOOPBACK)
        assert (answer.status_code, answer.is_taken, inner.received) == (code, False, [])
    assert len(receiver.received) == 1


def test_a_proxy_of_the_environment_is_ignored(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.address, allowed=LOOPBACK).is_taken
        assert proxy.received == []


def test_an_endless_answer_is_cut_off(receiver: Receiver) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.is_over.is_set():
            handler.wfile.write(b"x" * 65_536)

    receiver.replies = [endless]
    begun = time.monotonic()
    answer = post(receiver.address, allowed=LOOPBACK)
    assert time.monotonic() - begun < TOTAL_SECONDS / 2
    assert answer.is_taken
    assert answer.text == "x" * MAX_ANSWER_BYTES


def drip(beginning: bytes) -> Callable[[Handler], None]:
    def reply(handler: Handler) -> None:
        handler.wfile.write(beginning)
        while not handler.server.is_over.wait(0.05):
            handler.wfile.write(b"x")

    return reply


def test_an_answer_that_drips_is_given_up_however_little_comes_each_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.4)
    receiver.replies = [drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")]
    begun = time.monotonic()
    answer = post(receiver.address, allowed=LOOPBACK)
    assert answer.error == "It did not answer in time."
    assert time.monotonic() - begun < 2


def test_a_status_counts_even_if_the_rest_never_comes(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.4)
    receiver.replies = [drip(b"HTTP/1.1 200 OK\r\n\r\nx")]
    answer = post(receiver.address, allowed=LOOPBACK)
    assert answer.is_taken
    assert answer.text.startswith("xx")


def test_somebody_who_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.3)
    begun = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = post(f"http://127.0.0.1:{silent.getsockname()[1]}/", allowed=LOOPBACK)
    assert time.monotonic() - begun < READ_SECONDS / 2
    assert (answer.status_code, answer.error) == (None, "It did not answer in time.")


@pytest.mark.parametrize("rubbish", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 1_000_000, b""])
def test_rubbish_is_a_failure_in_words(rubbish: bytes, receiver: Receiver) -> None:
    def nonsense(handler: Handler) -> None:
        handler.wfile.write(rubbish)

    receiver.replies = [nonsense]
    answer = post(receiver.address, allowed=LOOPBACK)
    assert not answer.is_taken
    assert answer.error


def test_a_closed_port_and_an_unknown_name_are_failures_in_words(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/", allowed=LOOPBACK).error.startswith("No connection")

    def fails(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert "could not be resolved" in post("https://nowhere.example/").error


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS for `hooks.example.com`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.com")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, secret)
    return server, ssl.create_default_context(cafile=certificate)


def test_tls_is_verified_against_the_name_though_the_address_is_connected_to(
    authority: tuple[ssl.SSLContext, ssl.SSLContext],
    names: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, client = authority
    monkeypatch.setattr(sending, "_trust", lambda: client)
    names(["127.0.0.1"])
    with receiving(tls=server) as receiver:
        assert post(f"https://hooks.example.com:{receiver.port}/", allowed=LOOPBACK).is_taken
        other = post(f"https://other.example.com:{receiver.port}/", allowed=LOOPBACK)
        assert "certificate" in other.error.lower()
        monkeypatch.undo()
        names(["127.0.0.1"])
        assert "certificate" in post(f"https://hooks.example.com:{receiver.port}/", allowed=LOOPBACK).error.lower()
        assert len(receiver.received) == 1
