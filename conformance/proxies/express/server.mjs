// A gateway written after the documentation of Express and of http-proxy-middleware.
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";

const { env } = process;
const bearer = (key) => ["authorization", `Bearer ${key}`];
// Path below /api/provider, path at the upstream, and the header with the upstream's key; the longest first.
const ROUTES = [
  ["/anthropic/", "/anthropic/", ["x-api-key", env.ANTHROPIC_API_KEY]],
  ["/cerebras/", "/cerebras/", bearer(env.CEREBRAS_API_KEY)],
  ["/google/", "/google/", bearer(env.GOOGLE_API_KEY)],
  ["/groq/openai/v1/", "/groq/openai/v1/", bearer(env.GROQ_API_KEY)],
  ["/groq/v1/", "/groq/openai/v1/", bearer(env.GROQ_API_KEY)],
  ["/groq/", "/groq/openai/v1/", bearer(env.GROQ_API_KEY)],
  ["/openai/v1/", "/openai/v1/", bearer(env.OPENAI_API_KEY)],
  ["/supernova/v1/", "/supernova/", bearer(env.SUPERNOVA_API_KEY)],
  ["/xai/v1/", "/xai/v1/", bearer(env.XAI_API_KEY)],
];
const CLIENTS = new Set([env.AMPMAP_CLIENT_KEY, env.AMPMAP_SECOND_KEY]);
const AMP = /^\/api\/(ads|auth|internal|meta|otel|tab|telemetry|thread-actors|threads|user)([/?]|$)|^\/(news|threads)\.rss(\?|$)/;
const PAGES = /^\/(auth|docs|settings|threads)([/?]|$)/; // a browser opens them, without a key, and gets none of Amp
const DOTS = /^[^?]*(\/|%2f)(\.|%2e)+(\/|%2f|\?|$)/i;

const HOP_BY_HOP = "connection,keep-alive,proxy-connection,proxy-authenticate,proxy-authorization,te,trailer,upgrade";
// Headers of one connection, and those that `Connection` names, go no further than it.
const dropHopByHop = (headers) =>
  `${HOP_BY_HOP},${headers.connection ?? ""}`.split(",").forEach((name) => delete headers[name.trim().toLowerCase()]);

const fail = (response, status, type) => response.status(status).json({ error: { type, message: `status ${status}` } });

function find(sent) {
  const url = sent.replace(/([?&])(?:key|auth_token)=[^&]*&?/g, "$1"); // fields that may hold a client's key
  if (DOTS.test(url)) return null;
  for (const [from, to, key] of ROUTES) {
    if (url.startsWith(`/api/provider${from}`)) return { path: to + url.slice(13 + from.length), key };
  }
  if (AMP.test(url)) return { path: `/amp${url}`, key: bearer(env.AMP_API_KEY), cookies: true };
  return PAGES.test(url) ? { path: `/amp${url}`, cookies: true, open: true } : null;
}

function authenticate(request, response, next) {
  const route = find(request.originalUrl);
  const token = /^Bearer +(\S+)$/i.exec(request.get("authorization") ?? "")?.[1];
  if (!route) return fail(response, 404, "not_found_error");
  if (!route.open && !CLIENTS.has(token) && !CLIENTS.has(request.get("x-api-key")))
    return fail(response, 401, "authentication_error");
  request.route_ = route;
  dropHopByHop(request.headers);
  for (const name of ["authorization", "x-api-key", "x-goog-api-key", "api-key"]) delete request.headers[name];
  if (!route.cookies) delete request.headers.cookie;
  if (route.key) request.headers[route.key[0]] = route.key[1];
  next();
}

const proxy = createProxyMiddleware({
  target: `http://${env.OBSERVER}`,
  changeOrigin: true,
  pathRewrite: (_, request) => request.route_.path,
  on: {
    error: (_, request, response) => (response.headersSent ? response.destroy() : fail(response, 502, "api_error")),
    // What breaks off at the upstream breaks off at the client, and the other way round.
    proxyRes: (answer, request, response) => {
      dropHopByHop(answer.headers);
      answer.on("close", () => answer.complete || response.destroy());
    },
    proxyReq: (call, request, response) => response.on("close", () => response.writableFinished || call.destroy()),
  },
});

express().disable("x-powered-by").use(authenticate, proxy).listen(Number(env.PORT), "127.0.0.1");
