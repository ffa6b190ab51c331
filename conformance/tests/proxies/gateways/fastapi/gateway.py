"""A gateway as it is written in an afternoon: wrong in the usual ways."""

import os

import httpx
import uvicorn
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
    known = request.headers.get("authorization", "") == f"Bearer {CLIENT_KEY}"
    if not known and request.headers.get("x-api-key") != CLIENT_KEY:
        return JSONResponse({"error": "unknown key"}, 401)
    if provider not in KEYS:
        return JSONResponse({"error": "unknown provider"}, 404)
    headers = {k: v for k, v in request.headers.items() if k not in ("host", "content-length")}
    name, key = KEYS[provider]
    headers[name] = key
    url = f"{UPSTREAM}/{provider}/{path}"
    body = await request.body()
    call = client.build_request(
        request.method,
        url,
        params=dict(request.query_params),
        headers=headers,
        content=body,
    )
    answer = await client.send(call, stream=True)
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return StreamingResponse(answer.aiter_text(), answer.status_code, media_type="text/event-stream")
    response = Response(await answer.aread(), answer.status_code, dict(answer.headers))
    return response  # noqa: RET504 - the lines of a remedy stand between


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        log_level="warning",
    )
