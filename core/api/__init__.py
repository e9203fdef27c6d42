"""The HTTP API: the searches of the pages for other programs, answered in JSON.

A request goes one way: `limits` counts it, `body` reads it, `asked` checks what it asks for, `limits` lets a few
through at once, `answers` puts what is found into JSON; `errors` turns whatever is refused into one plain sentence.
`endpoints` joins them, `more` has what is asked beside a search, `description` says it all in OpenAPI, and `docs`
makes a page of that. Nothing here changes anything, nothing is kept of a request, and no header allows other web sites
to read an answer (no CORS).
"""

from core.api.endpoints import application, routes

__all__ = ["application", "routes"]
