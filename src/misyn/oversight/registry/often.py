"""How often somebody may do something, without knowing, or keeping, who it is.

Rules
-----
1. An address becomes an HMAC under the registry's secret and the day; it is not stored, and tomorrow it is another.
2. Behind proxies of one's own (``proxies`` in ``registry.json``), the address that the outermost of them saw counts.
   What a client says of itself never does.
3. Whoever is over the limit is told when to come back, and loses nothing that was sent before.
4. An address of IPv6 counts by its /64: one connection has billions of them.

Example:
    >>> masked("2001:db8::1"), masked("192.0.2.7"), masked("nonsense")
    ('2001:db8::', '192.0.2.7', '')
"""

from __future__ import annotations

import hmac
import ipaddress
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from misyn.errors import MisynError
from misyn.oversight.registry import clock, here
from misyn.oversight.registry.models import Count

LIMITS = {"ask": 6, "follow": 60, "sign-in": 20, "upload": 12, "write": 240}
EVERYBODY = {"ask": 600, "upload": 600}  # all together: what a flood from many addresses can do in an hour


class TooOften(MisynError):
    """Somebody did this too often in this hour."""


def count(request: HttpRequest, what: str) -> None:
    """Count one try, or refuse it.

    Raises:
        TooOften: the limit of this hour is reached.
    """
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    keys = [(_key(what, address(request), hour.date().isoformat()), LIMITS[what])]
    if what in EVERYBODY:
        keys.append((_key(what, "everybody", ""), EVERYBODY[what]))
    with transaction.atomic():
        for key, most in keys:
            row, _ = Count.objects.get_or_create(key=key, hour=hour)
            if row.n >= most:
                raise TooOften("this was done very often in the last hour. Next: try again in an hour")
            Count.objects.filter(pk=row.pk).update(n=F("n") + 1)
        Count.objects.filter(hour__lt=hour - timedelta(days=1)).delete()


def address(request: HttpRequest) -> str:
    """Give the address that counts (rules 2 and 4)."""
    proxies = here.place().proxies
    seen = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    whole = [*seen, request.META.get("REMOTE_ADDR", "")] if proxies else [request.META.get("REMOTE_ADDR", "")]
    return masked(whole[-1 - proxies] if len(whole) > proxies else whole[0])


def masked(text: str) -> str:
    """Spell an address; of IPv6 only its network (rule 4)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def _key(what: str, who: str, day: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{what}\n{who}\n{day}".encode(), "sha256").hexdigest()
