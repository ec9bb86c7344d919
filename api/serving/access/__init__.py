"""Uses one token to control access to REST, the WebSocket and the page.

A browser logs in with the token, and then has a session.
"""

from api.serving.access.gate import Gate
from api.serving.access.login import login_router
from api.serving.access.sessions import Sessions
from api.serving.access.wrong_tokens import WrongTokens

__all__ = ["Gate", "Sessions", "WrongTokens", "login_router"]
