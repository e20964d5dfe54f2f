"""Whether a host is this machine alone, so that what is said to it stays here."""

from ipaddress import ip_address


def is_loopback_host(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address, an IPv6 one without brackets."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
