"""Where webhooks may lead: the public internet, and what the operator has allowed."""

import pytest

from rollouts.notices.endpoints import BadEndpoint, check_endpoint, endpoint_of
from rollouts.notices.networks import address_in, is_allowed, is_public

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "2002:0101:0101::1", "64:ff9b::1.1.1.1"]
NOT_PUBLIC = [
    *("127.0.0.1", "127.8.9.10", "::1", "0.0.0.1", "::", "10.1.2.3", "172.16.0.1", "172.31.255.254", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1"),
    *("224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.88.99.1"),
    *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1"),
    *("2002:7f00:1::1", "2002:a9fe:a9fe::", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1.1.1.1", "5f00::1", "3fff::1"),
]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_anybody_can_reach_is_public(text: str) -> None:
    address = address_in(text)
    assert address is not None
    assert is_public(address)


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_what_only_we_can_reach_is_not_however_it_is_written(text: str) -> None:
    address = address_in(text)
    assert address is not None
    assert not is_public(address)


def test_an_allowed_network_is_allowed_however_its_addresses_are_written() -> None:
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"):
        address = address_in(text)
        assert address is not None
        assert is_allowed(address, ["192.168.0.0/16", "10.0.0.0/8"])
        assert not is_allowed(address, ["192.168.0.0/16", "fd00::/8"])
        assert not is_allowed(address, [])


def test_an_address_is_read_in_its_parts() -> None:
    endpoint = endpoint_of("https://Hooks.Example.com:8443/services/T0/secret?a=b")
    assert (endpoint.host, endpoint.port, endpoint.path) == ("hooks.example.com", 8443, "/services/T0/secret?a=b")
    assert endpoint.masked == "https://hooks.example.com:8443/…"
    assert endpoint_of("https://[2606:4700::1111]").masked == "https://[2606:4700::1111]/"


@pytest.mark.parametrize(
    "text",
    [
        *("", "hooks.example.com", "ftp://hooks.example.com", "file:///etc/passwd", "gopher://x", "https://", "//x"),
        *("https://ann:secret@x.example", "https://ann@x.example", "https://x.example/#a", "https://x.example\\@y/"),
        *("https://x.example/a b", "https://x.example/\r\nHost: y", "https://exämple.com", "https://x.example:99999"),
        *("https://x.example:port", "https://[::1", "https://x.example/\0"),
    ],
)
def test_what_no_webhook_can_have_is_refused(text: str) -> None:
    with pytest.raises(BadEndpoint):
        endpoint_of(text)


OUT_OF_REACH = [
    *("https://127.0.0.1", "https://10.0.0.1/x", "https://[::1]/", "https://169.254.169.254/latest/meta-data"),
    *("https://localhost", "https://a.localhost", "http://hooks.example.com", "https://hooks.example.com:22"),
    *("https://1.1.1.1:6379", "http://1.1.1.1"),
]


@pytest.mark.parametrize("text", OUT_OF_REACH)
def test_what_is_seen_to_be_out_of_reach_is_refused_when_it_is_written(text: str) -> None:
    with pytest.raises(BadEndpoint):
        check_endpoint(endpoint_of(text), allowed=[])


def test_what_is_allowed_may_be_written() -> None:
    check_endpoint(endpoint_of("http://10.0.0.1:8080/x"), allowed=["10.0.0.0/8"])
    check_endpoint(endpoint_of("http://hooks.internal:8080/x"), allowed=["10.0.0.0/8"])
    check_endpoint(endpoint_of("https://hooks.example.com/x"), allowed=[])
    with pytest.raises(BadEndpoint):
        check_endpoint(endpoint_of("http://192.168.0.1/x"), allowed=["10.0.0.0/8"])
