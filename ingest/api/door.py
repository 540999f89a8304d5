"""What every request and answer passes: a limit on bodies, headers that keep browsers from trouble."""

from __future__ import annotations

from collections.abc import MutableMapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing may be loaded, framed or run by default; a page that needs more says so itself.
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SAFE_HEADERS = {
    "content-security-policy": NOTHING,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Addresses of payment pages are secrets of their payers.
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin-allow-popups",  # 3-D Secure may open a window
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SafeHeaders:
    """Adds the headers above to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", [])}
                more = [
                    (name.encode(), text.encode()) for name, text in SAFE_HEADERS.items() if name.encode() not in given
                ]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Refuses bodies over `limit_bytes` with 413, whether their length is announced or not."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app, self._limit = app, limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > self._limit:
            await _refuse(send)
            return
        read = 0
        begun = False

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except _TooLarge:
            if not begun:
                await _refuse(send)


def _announced(scope: MutableMapping[str, object]) -> int:
    headers: list[tuple[bytes, bytes]] = scope["headers"]  # type: ignore[assignment]
    text = next((value for name, value in headers if name == b"content-length"), b"0")
    return int(text) if text.isdigit() else 0


async def _refuse(send: Send) -> None:
    body = b'{"type":"about:blank","title":"Content Too Large","status":413,"detail":"The body is too large."}'
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
