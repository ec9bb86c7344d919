"""Request bodies, read up to a limit."""

from starlette.requests import Request


async def read_body(request: Request, limit: int) -> bytes | None:
    """Return the body of ``request``, or None if it is longer than ``limit`` bytes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return body
