"""The contract for people and programs: /openapi.json, /asyncapi.json, /schemas/..., and /docs to read and try it.

The page is Swagger UI out of an installed package. It asks nothing of the outside, and its content policy would not
let it: scripts and styles come from here, none stands in the page itself.
"""

from __future__ import annotations

import functools
import mimetypes
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, request

from services.ingress.refusals import RefusedError
from shared.wire.documents import ASYNCAPI, OPENAPI, documents

_OURS = Path(__file__).parent / "docs_page"
_THEIRS = Path(str(files("flask_swagger_ui"))) / "dist"
_ASSETS = {
    "start.js": _OURS,
    "page.css": _OURS,
    "swagger-ui-bundle.js": _THEIRS,
    "swagger-ui.css": _THEIRS,
    "favicon-32x32.png": _THEIRS,
}
_KEPT_S = 3600
"""Seconds for which a browser need not ask again for a script or a style."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def docs() -> Blueprint:
    """Return the addresses of the documents. Nobody must prove who they are: they hold no secret."""
    blueprint = Blueprint("docs", __name__)
    for path in (OPENAPI, ASYNCAPI):
        blueprint.add_url_rule(
            f"/{path}", endpoint=path.replace(".", "_"), view_func=_document, methods=["GET"], defaults={"path": path}
        )
    blueprint.add_url_rule("/schemas/<name>", view_func=_schema, methods=["GET"])
    blueprint.add_url_rule("/docs", view_func=_page, methods=["GET"], strict_slashes=False)
    blueprint.add_url_rule("/docs/<name>", view_func=_asset, methods=["GET"])
    return blueprint


def _document(path: str) -> Response:
    return Response(documents()[path], content_type="application/json")


def _schema(name: str) -> Response:
    found = documents().get(f"schemas/{name}")
    if found is None:
        raise RefusedError(404, why="no_such_schema", detail="There is no schema of this name.")
    return Response(found, content_type="application/schema+json")


def _page() -> Response:
    answer = _file(_OURS / "page.html")
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


def _asset(name: str) -> Response:
    folder = _ASSETS.get(name)
    if folder is None:
        raise RefusedError(404, why="no_such_file", detail="The page uses no file of this name.")
    answer = _file(folder / name)
    answer.cache_control.max_age = _KEPT_S
    return answer


def _file(path: Path) -> Response:
    kind, _ = mimetypes.guess_type(path.name)
    answer = Response(_content(path), mimetype=kind)
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@functools.cache
def _content(path: Path) -> bytes:
    """Return a file of the page; its few files are read once."""
    return path.read_bytes()
