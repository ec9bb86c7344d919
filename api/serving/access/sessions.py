"""Checks the token, and manages the sessions of browsers that logged in with the token."""

import hmac
import secrets
import time
from collections import OrderedDict

SESSION_SECONDS = 30 * 86_400
_MOST_ENDED = 4096


class Sessions:
    """Checks tokens and cookies in constant time.

    A cookie's value is ``expires.nonce.mac``: the end of the session in Unix seconds, random text,
    and the HMAC-SHA256 of both under a key derived from the token. So the server stores no
    sessions, sessions survive a restart, and a new token ends them all.

    When a user logs out, the server adds the session's cookie to a list of invalid cookies. The
    list holds the last 4,096 cookies, and is lost when the process ends. A cookie that is
    no longer on the list is valid again until it expires.
    """

    def __init__(self, token: str) -> None:
        """Derive the key for cookies from ``token``."""
        self._token = token.encode()
        self._key = self._mac(self._token, "system-monitor session")
        # Browsers send a host's cookies to all of its ports. So two monitors on one machine need
        # cookies with different names.
        self.cookie = f"system_monitor_{self._mac(self._key, 'cookie').hex()[:8]}"
        self._ended: OrderedDict[str, None] = OrderedDict()

    def is_token(self, given: str) -> bool:
        """Return whether ``given`` is the token."""
        return hmac.compare_digest(given.encode(), self._token)

    def begin(self) -> str:
        """Begin a session and return its cookie."""
        content = f"{int(time.time()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{content}.{self._mac(self._key, content).hex()}"

    def is_valid(self, cookie: str) -> bool:
        """Return whether ``cookie`` is valid: authentic, not expired, not logged out."""
        content, _, mac = cookie.rpartition(".")
        expected = self._mac(self._key, content).hex()
        if not hmac.compare_digest(mac.encode(), expected.encode()):
            return False
        return int(content.partition(".")[0]) > time.time() and cookie not in self._ended

    def end(self, cookie: str) -> None:
        """End the session of ``cookie``."""
        if self.is_valid(cookie):
            self._ended[cookie] = None
            if len(self._ended) > _MOST_ENDED:
                self._ended.popitem(last=False)

    @staticmethod
    def _mac(key: bytes, content: str) -> bytes:
        return hmac.digest(key, content.encode(), "sha256")
