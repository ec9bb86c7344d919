"""Who may come in: one token for REST, WebSocket and page, and sessions for browsers."""

from api.access.gate import Gate
from api.access.login import login_router
from api.access.sessions import Sessions
from api.access.throttle import Throttle

__all__ = ["Gate", "Sessions", "Throttle", "login_router"]
