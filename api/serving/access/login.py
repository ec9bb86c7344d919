"""Serves the log-in page, which takes the token and sets a session cookie."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.requests import Request

from api.bodies import read_body
from api.errors import BodyTimeoutError, BodyTooLargeError
from api.serving.access.gate import CHALLENGE, INVALID
from api.serving.access.sessions import SESSION_SECONDS, Sessions
from api.serving.access.wrong_tokens import WrongTokens

_FOLDER = Path(__file__).parent
_LARGEST_FORM_BYTES = 8192
_MOST_FIELDS = 8
_HEADERS = {
    # The policy is like the API's, but this page may submit its form to its own origin. The page
    # also sends a referrer, because with `no-referrer` browsers would send
    # `Origin: null`, which the server rejects.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
}
_PROBLEM = "<!-- problem -->"


def login_router(sessions: Sessions | None, wrong_tokens: WrongTokens) -> APIRouter:
    """Return the log-in routes; if ``sessions`` is None (no token is set), only ``/session``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/session")
    async def session(request: Request) -> JSONResponse:
        """Report whether the browser has a session; if so, the dashboard shows a log-out button."""
        cookie = request.cookies.get(sessions.cookie) if sessions else None
        logged_in = sessions is not None and cookie is not None and sessions.is_valid(cookie)
        return JSONResponse({"logged_in": logged_in})

    if sessions is None:
        return router

    @router.get("/login")
    async def login() -> HTMLResponse:
        return _page(HTTPStatus.OK)

    @router.get("/login.css")
    async def style() -> FileResponse:
        return FileResponse(_FOLDER / "login.css")

    @router.get("/login.js")
    async def script() -> FileResponse:
        return FileResponse(_FOLDER / "login.js", media_type="text/javascript")

    @router.post("/login")
    async def log_in(request: Request, token: Annotated[str, Depends(_form_token)]) -> Response:
        if not sessions.is_token(token):
            wrong_tokens.note(request.client.host if request.client else "")
            return _page(HTTPStatus.UNAUTHORIZED, INVALID)
        response = RedirectResponse("./", HTTPStatus.SEE_OTHER)
        response.set_cookie(
            sessions.cookie,
            sessions.begin(),
            max_age=SESSION_SECONDS,
            secure=_is_encrypted(request),
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        sessions.end(request.cookies.get(sessions.cookie, ""))
        response = RedirectResponse("./login", HTTPStatus.SEE_OTHER)
        response.delete_cookie(
            sessions.cookie, secure=_is_encrypted(request), httponly=True, samesite="strict"
        )
        return response

    return router


def _page(status: HTTPStatus, problem: str = "") -> HTMLResponse:
    html = (_FOLDER / "login.html").read_text("utf-8")
    if problem:
        html = html.replace("<title>", f"<title>{problem} ", 1)
        html = html.replace(
            _PROBLEM, f'<p class="problem" role="alert" id="problem">{problem}</p>', 1
        )
    challenge = {"WWW-Authenticate": CHALLENGE} if status is HTTPStatus.UNAUTHORIZED else {}
    return HTMLResponse(html, status, _HEADERS | challenge)


async def _form_token(request: Request) -> str:
    """Return the form's token, or an empty string if the form is invalid, too large or too late."""
    try:
        body = await read_body(request, _LARGEST_FORM_BYTES)
    except (BodyTooLargeError, BodyTimeoutError):
        return ""
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return fields.get("token", [""])[0].strip()


def _is_encrypted(request: Request) -> bool:
    """Return whether the browser uses TLS to connect to this server or to a proxy in front of it.

    The request's headers are not verified. This is harmless: a client that forges these headers
    merely gets a cookie that its browser will not send without TLS.
    """
    origin = request.headers.get("origin", "")
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return request.url.scheme == "https" or forwarded == "https" or origin.startswith("https://")
