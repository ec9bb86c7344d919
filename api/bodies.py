"""Reads request bodies, with limits on their size and on the time to read them."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from api.errors import BodyTimeoutError, BodyTooLargeError

_SECONDS = 10.0


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of ``request``, or an empty body if the client disconnects while sending it.

    Raises BodyTooLargeError if the body is longer than ``limit`` bytes, and BodyTimeoutError if it
    takes longer than 10 s to arrive.
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
