"""A request of a Starlette application: its SessionMiddleware where it is installed, else the same steps with itsdangerous.

Its argument is JSON: secret, cookie (or null), change (or null: the session is cleared), maxAge. Writes JSON: before, cookie, isStarlette.
"""
import asyncio
import json
import sys
from base64 import b64decode, b64encode

import itsdangerous

try:
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.requests import Request
except ImportError:
    SessionMiddleware = None


def change_of(session, change):
    if change is None:
        session.clear()
    for key, value in (change or {}).items():
        session[key] = value


def with_starlette(given):
    seen = {}
    lines = []

    async def app(scope, receive, send):
        request = Request(scope)
        seen.update(request.session)
        change_of(request.session, given["change"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        lines.extend(value.decode() for name, value in message.get("headers", []) if name == b"set-cookie")

    cookie = given["cookie"]
    headers = [] if cookie is None else [(b"cookie", ("session=" + cookie).encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    asyncio.run(SessionMiddleware(app, given["secret"], max_age=given["maxAge"])(scope, receive, send))
    value = lines[0].split(";")[0].split("=", 1)[1] if lines else None
    return {"before": seen, "cookie": value, "isStarlette": True}


def with_itsdangerous(given):
    signer = itsdangerous.TimestampSigner(given["secret"])
    session = {}
    if given["cookie"] is not None:
        try:
            session = json.loads(b64decode(signer.unsign(given["cookie"], max_age=given["maxAge"])))
        except itsdangerous.BadSignature:
            pass
    before = dict(session)
    change_of(session, given["change"])
    value = signer.sign(b64encode(json.dumps(session).encode())).decode() if session else "null"
    return {"before": before, "cookie": value, "isStarlette": False}


given = json.loads(sys.argv[1])
print(json.dumps((with_itsdangerous if SessionMiddleware is None else with_starlette)(given)))
