"""A gateway written after the documentation of FastAPI and of httpx (streaming requests and responses)."""

import re
from http.cookiejar import DefaultCookiePolicy
from os import environ

import httpx
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

BEARER = {name: ("authorization", f"Bearer {key}") for name, key in environ.items() if name.endswith("_API_KEY")}
# Path below /api/provider, path at the upstream, and the header with the upstream's key; the longest first.
ROUTES = [
    ("/anthropic/", "/anthropic/", ("x-api-key", environ["ANTHROPIC_API_KEY"])),
    ("/cerebras/", "/cerebras/", BEARER["CEREBRAS_API_KEY"]),
    ("/google/", "/google/", BEARER["GOOGLE_API_KEY"]),
    ("/groq/openai/v1/", "/groq/openai/v1/", BEARER["GROQ_API_KEY"]),
    ("/groq/v1/", "/groq/openai/v1/", BEARER["GROQ_API_KEY"]),
    ("/groq/", "/groq/openai/v1/", BEARER["GROQ_API_KEY"]),
    ("/openai/v1/", "/openai/v1/", BEARER["OPENAI_API_KEY"]),
    ("/supernova/v1/", "/supernova/", BEARER["SUPERNOVA_API_KEY"]),
    ("/xai/v1/", "/xai/v1/", BEARER["XAI_API_KEY"]),
]
CLIENTS = {environ["AMPMAP_CLIENT_KEY"], environ["AMPMAP_SECOND_KEY"]}
AMP = re.compile(
    r"/api/(ads|auth|internal|meta|otel|tab|telemetry|thread-actors|threads|user)(/|$)|/(news|threads)\.rss"
)
PAGES = re.compile(r"/(auth|docs|settings|threads)(/|$)")  # a browser opens them, without a key, and gets none of Amp
DOTS = re.compile(r"(?i)(/|%2f)(\.|%2e)+(/|%2f|$)")
OF_CONNECTION = re.compile("connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade")
CREDENTIALS = {"authorization", "x-api-key", "x-goog-api-key", "api-key", "host"}

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
client = httpx.AsyncClient(timeout=httpx.Timeout(600, connect=5), trust_env=False)
client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # cookies are the clients' own


def find(path):
    for start, to, key in ROUTES:
        if path.startswith(f"/api/provider{start}"):
            return to + path.removeprefix(f"/api/provider{start}"), [key]
    return f"/amp{path}", [BEARER["AMP_API_KEY"]] if AMP.match(path) else []


def end_to_end(raw, dropped=frozenset()):
    pairs = [(name.decode("latin-1").lower(), value) for name, value in raw]
    listed = ",".join(value.decode("latin-1").lower() for name, value in pairs if name == "connection")
    dropped = dropped | {name.strip() for name in listed.split(",")}
    kept = [(name, value) for name, value in pairs if name not in dropped and not OF_CONNECTION.fullmatch(name)]
    return [(name.encode("latin-1"), value) for name, value in kept]


async def relay(answer):
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


@app.api_route("/{_:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def forward(request: Request):
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"]
    query = re.sub(rb"(^|&)(key|auth_token)=[^&]*", b"", query).lstrip(b"&")
    is_open, (to, key) = PAGES.match(path), find(path)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if DOTS.search(path) or not (key or is_open):
        raise HTTPException(404, "no such route")
    if not is_open and not {request.headers.get("x-api-key"), scheme.lower() == "bearer" and token.strip()} & CLIENTS:
        raise HTTPException(401, "unknown key", {"WWW-Authenticate": "Bearer"})
    headers = end_to_end(request.headers.raw, CREDENTIALS | (set() if to.startswith("/amp/") else {"cookie"})) + key
    body = request.stream() if {"content-length", "transfer-encoding"} & set(request.headers) else None
    url = httpx.URL(f"http://{environ['OBSERVER']}").copy_with(raw_path=to.encode() + (b"?" + query if query else b""))
    try:
        answer = await client.send(httpx.Request(request.method, url, headers=headers, content=body), stream=True)
    except httpx.RequestError as error:
        raise HTTPException(502, "the upstream cannot be reached") from error
    response = StreamingResponse(relay(answer), answer.status_code)
    response.raw_headers = end_to_end(answer.headers.raw)
    return response
