"""Reads the bodies of requests, limited in size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from api.errors import BodyTimeoutError, BodyTooLargeError

_SECONDS = 10.0


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of ``request``, or an empty body if the client disconnects too early.

    Raises BodyTooLargeError beyond ``limit`` bytes, and BodyTimeoutError after 10 s.
    """
    body = b""
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise BodyTooLargeError(f"The body is too large: the limit is {limit} bytes.")
    except TimeoutError:
        raise BodyTimeoutError(f"The body did not arrive within {_SECONDS:g} s.") from None
    except ClientDisconnect:
        return b""
    return body
