"""Which addresses may be called: the list, and what names lead to."""

from __future__ import annotations

import msgspec
import pytest

from unisono.access.outside import Outside

LIST = Outside(
    ("ntfy.sh", "*.example.org", "nas.lan:5000", "192.168.1.20:8080", "[fd00::1]:80", "fd00::2"),
    ("10.1.0.0/16", "fd12::/16"),
)


@pytest.mark.parametrize(
    ("host", "port", "on_it"),
    [
        ("ntfy.sh", 443, True),
        ("NTFY.sh.", 80, True),
        ("evil-ntfy.sh", 443, False),
        ("ntfy.sh.evil.com", 443, False),
        ("a.example.org", 443, True),
        ("a.b.example.org", 443, True),
        ("example.org", 443, False),
        ("badexample.org", 443, False),
        ("nas.lan", 5000, True),
        ("nas.lan", 22, False),
        ("192.168.1.20", 8080, True),
        ("192.168.1.20", 80, False),
        ("fd00::1", 80, True),
        ("fd00::1", 81, False),
        ("fd00::2", 81, True),
        ("127.0.0.1", 80, False),
    ],
)
def test_hosts_on_the_list(host: str, port: int, on_it: bool) -> None:
    assert LIST.names(host, port) is on_it


def test_a_wildcard_names_no_addresses() -> None:
    assert not Outside(("*.0.0.1",)).names("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("10.1.2.3", True),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:8.8.8.8", True),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("fd12::1", True),
        ("2002:7f00:1::", False),
        ("2002:808:808::", True),
        ("64:ff9b::127.0.0.1", False),
        ("64:ff9b::8.8.8.8", True),
        ("2001:0:7f00:1::", False),
    ],
)
def test_what_a_name_may_lead_to(address: str, admitted: bool) -> None:
    assert LIST.admits("ntfy.sh", address) is admitted


def test_an_internal_address_that_is_on_the_list_itself_is_named() -> None:
    assert LIST.admits("192.168.1.20", "192.168.1.20")


@pytest.mark.parametrize("hosts", [[""], ["*"], ["*."], ["a.*.b"], ["http://a.b"], ["a.b:0"], ["a.b:99999"], ["a.b:x"]])
def test_what_is_no_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="is no host"):
        msgspec.convert({"hosts": hosts}, Outside)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="does not appear to be"):
        msgspec.convert({"internal": ["home"]}, Outside)
