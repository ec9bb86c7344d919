"""Serves the dashboard's files, which ``hatch_build.py`` builds into ``api/static``."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles

from api.errors import PageNotBuiltError

_FOLDER = Path(__file__).parents[1] / "static"
# Browsers may keep these files forever, because a file whose contents change gets a new name.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def serve_page(app: FastAPI, folder: Path = _FOLDER) -> None:
    """Serve the files in ``folder`` at the root of ``app``."""
    files = StaticFiles(directory=folder, html=True, check_dir=False)

    # This is a route, because a mount would also match other methods and WebSockets.
    @app.get("/{path:path}", include_in_schema=False)
    async def page(path: str, request: Request) -> Response:
        if not path and not (folder / "index.html").is_file():
            raise PageNotBuiltError(
                "The dashboard is not built: run `make run`, or `pip install .` again."
            )
        response = await files.get_response(path, request.scope)
        if path.startswith("assets/"):
            response.headers.update(_FOREVER)
        return response
