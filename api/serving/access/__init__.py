"""Uses one token to control access to REST, the WebSocket and the dashboard.

A browser that logs in with the token gets a session.
"""

from api.serving.access.gate import Gate
from api.serving.access.login import login_router
from api.serving.access.sessions import Sessions
from api.serving.access.wrong_tokens import WrongTokens

__all__ = ["Gate", "Sessions", "WrongTokens", "login_router"]
