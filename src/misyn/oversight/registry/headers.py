"""What every answer says to browsers: no script, no style in pages, nothing from elsewhere, nowhere to be framed.

Rules
-----
1. The policy allows this server's own style sheet and pictures, forms that come back here, and nothing else.
2. A report page carries its style inside; it is allowed by the digest of exactly that style.
3. Pages of signed-in people and receipts are never stored by anybody's cache.

Sources: W3C Content Security Policy Level 3; OWASP Secure Headers.

Example:
    >>> "script" in POLICY
    False
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}


class Headers:
    """Middleware: puts the headers on every answer that does not carry its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with headers."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers and (request.method == "POST" or "sessionid" in request.COOKIES):
            response.headers["Cache-Control"] = "no-store"
        if request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response
