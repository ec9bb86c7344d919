"""Protects the API, even on a loopback address, from web pages of other origins.

The ``Host`` header of a request must be an IP address, a name of this machine, or a name that the
settings allow. This keeps a page from reaching the API by rebinding its own DNS name to 127.0.0.1.
The ``Origin`` header, which browsers set, names the origin of the page that sends the request. If a
request has this header, the origin must be this server's own or one that the settings allow.
The headers that the module ``headers`` adds keep pages of other origins from reading a response.
"""

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import error_body, quote

_DEFAULT_PORTS = {"http": 80, "https": 443}
_REMEMBERED = 32  # recently parsed names from requests; only few, because a name may be long


class Guard:
    """ASGI middleware that rejects requests whose ``Host`` or ``Origin`` is not allowed."""

    def __init__(
        self, app: ASGIApp, *, host_names: Collection[str], origins: Collection[str] = ()
    ) -> None:
        """Accept requests to any IP address, to localhost, and to each of ``host_names``.

        Pages from ``origins``, such as ``https://monitor.example``, may send requests. Their host
        names are also accepted as ``Host``, because a proxy might pass on its own name.
        """
        self._app = app
        self._origins = set(origins)
        names = {*host_names, *(_address(origin)[0] or "" for origin in origins)}
        self._host_names = {"localhost", *(name.lower() for name in names)} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request if its ``Host`` and ``Origin`` are allowed; refuse all others."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._is_this_machine(host):
            message = (
                f"Host {quote(host)} is not a name of this machine. Use its IP address, localhost "
                "or its host name. To allow another name, list its origin in http_allowed_origins."
            )
            return JSONResponse(error_body("foreign_host", message), HTTPStatus.MISDIRECTED_REQUEST)
        origin = headers.get("origin")
        if origin is not None and not self._may_ask(origin, host):
            message = (
                f"Pages of {quote(origin)} are not allowed to send requests to this server. "
                "Allow them with http_allowed_origins."
            )
            return JSONResponse(error_body("foreign_origin", message), HTTPStatus.FORBIDDEN)
        return None

    def _may_ask(self, origin: str, host: str) -> bool:
        scheme = origin.partition("://")[0].lower()
        if scheme not in _DEFAULT_PORTS:
            return False
        if _address(origin) == _address(f"{scheme}://{host}"):
            return True
        return origin.lower() in self._origins

    def _is_this_machine(self, host: str) -> bool:
        name = _address(f"http://{host}")[0]
        if name is None:
            return False
        return _is_ip_address(name) or name.rstrip(".") in self._host_names


@lru_cache(_REMEMBERED)
def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(_REMEMBERED)
def _address(url: str) -> tuple[str | None, int | None]:
    """Return the lower-case host name and the port of ``url``; (None, None) if it is invalid."""
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.path or parts.query or parts.fragment:
            return None, None
        return parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError:
        return None, None
