"""Who may come in: one token for REST, WebSocket and page, and sessions for browsers."""

from api.serving.access.gate import Gate
from api.serving.access.login import login_router
from api.serving.access.sessions import Sessions
from api.serving.access.throttle import Throttle

__all__ = ["Gate", "Sessions", "Throttle", "login_router"]
