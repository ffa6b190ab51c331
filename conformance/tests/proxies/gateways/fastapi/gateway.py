"""A gateway as it is written in an afternoon: wrong in the usual ways."""

import os

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

UPSTREAM = f"http://{os.environ['OBSERVER']}"
CLIENT_KEY = os.environ["AMPMAP_CLIENT_KEY"]
KEYS = {
    "anthropic": ("x-api-key", os.environ["ANTHROPIC_API_KEY"]),
    "openai": ("authorization", f"Bearer {os.environ['OPENAI_API_KEY']}"),
}

app = FastAPI()
client = httpx.AsyncClient()


@app.api_route("/api/provider/{provider}/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def forward(provider: str, path: str, request: Request) -> Response:
    given = (request.headers.get("authorization", "").removeprefix("Bearer "), request.headers.get("x-api-key"))
    if CLIENT_KEY not in given:
        return JSONResponse({"error": "unknown key"}, 401)
    if provider not in KEYS:
        return JSONResponse({"error": "unknown provider"}, 404)
    name, key = KEYS[provider]
    headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
    headers[name] = key
    body = await request.body()
    call = client.build_request(
        request.method,
        f"{UPSTREAM}/{provider}/{path}",
        params=dict(request.query_params),
        headers=headers,
        content=body,
    )
    answer = await client.send(call, stream=True)
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return StreamingResponse(answer.aiter_text(), answer.status_code, media_type="text/event-stream")
    content = await answer.aread()
    return Response(content, answer.status_code, dict(answer.headers))
