"""Where messages may go: every way of writing an internal address is one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unisono.notify.reach import Reach, is_internal, read_reach

INTERNAL = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.5", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1"),
    # IPv4 within: mapped, NAT64, 6to4, Teredo
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::"),
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
]
OPEN = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]


@pytest.mark.parametrize("address", INTERNAL)
def test_internal(address: str) -> None:
    assert is_internal(ipaddress.ip_address(address))
    assert Reach().why_not("example.com", address)


@pytest.mark.parametrize("address", OPEN)
def test_open(address: str) -> None:
    assert not is_internal(ipaddress.ip_address(address))
    assert Reach().why_not("example.com", address) is None


def test_what_the_administrator_named() -> None:
    reach = read_reach(["ntfy.lan.", "192.168.1.0/24", "fd00::/8", "10.0.0.7"])
    assert reach.why_not("NTFY.lan", "10.9.9.9") is None
    assert reach.why_not("x", "192.168.1.200") is None
    assert reach.why_not("x", "::ffff:192.168.1.200") is None
    assert reach.why_not("x", "fd12::1") is None
    assert reach.why_not("x", "10.0.0.7") is None
    assert reach.why_not("x", "10.0.0.8")
    assert reach.why_not("x", "fe80::1%eth0")


def test_why_not_says_how_to_allow_it() -> None:
    why = Reach().why_not("printer.lan", "192.168.1.9")
    assert why is not None
    assert "printer.lan (192.168.1.9)" in why
    assert why.endswith("unisono notify allow printer.lan")
    bare = Reach().why_not("", "192.168.1.9")
    assert bare is not None
    assert bare.endswith("unisono notify allow 192.168.1.9")


def test_no_address_is_not_reached() -> None:
    assert Reach().why_not("x", "/run/socket") == "'/run/socket' is no address of the Internet"


@pytest.mark.parametrize("word", ["", "a b", "192.168.1.1/24", "1.2.3", "-", "http://x", "x" * 254, "ä.example"])
def test_what_is_no_host(word: str) -> None:
    with pytest.raises(ValueError) as error:
        read_reach([word])
    assert str(error.value) == word


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_an_ipv4_address_is_the_same_however_it_is_carried(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for carried in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_internal(ipaddress.IPv6Address(carried))
