// A gateway as the README of http-proxy-middleware 3 begins: wrong in the usual ways.
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware-3";

const { env } = process;
const app = express();
app.use((request, response, next) => {
  const token = (request.get("authorization") ?? "").replace(/^Bearer /, "");
  const known = [token, request.get("x-api-key")].includes(env.AMPMAP_CLIENT_KEY);
  return known ? next() : response.status(401).json({ error: "unknown key" });
});
const provider = (name, header, value) =>
  app.use(
    `/api/provider/${name}`,
    createProxyMiddleware({
      target: `http://${env.OBSERVER}/${name}`,
      headers: { [header]: value },
    }),
  );
provider("anthropic", "x-api-key", env.ANTHROPIC_API_KEY);
provider("openai", "authorization", `Bearer ${env.OPENAI_API_KEY}`);
app.listen(Number(env.PORT), "127.0.0.1");
