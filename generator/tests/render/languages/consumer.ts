// What a user writes: it compiles only if the types say what the data is.
import { type Model, type ProviderId, type Route, RouteError, type RoutePeriod, periodUrl, reference, route, timeline } from "./ampmap.js";

const found: Route = route("gpt-5-codex", { ampUrl: "https://proxy.example" });
const provider: ProviderId = found.provider;
const context: number | undefined = reference.models["openai/gpt-5-codex"]?.limits?.context ?? undefined;
const models: readonly Model[] = Object.values(reference.models);
console.log(found.method, found.url, provider, context, models.length, found.limits?.context === context);
try {
  route("no-such-name");
} catch (error) {
  console.log(error instanceof RouteError ? error.code : error);
}
const last: RoutePeriod | undefined = timeline("smart").at(-1);
console.log(last?.months, last === undefined ? "" : periodUrl(last, "https://proxy.example"));
// @ts-expect-error: the edition has no such provider
const wrong: ProviderId = "no-such-provider";
// @ts-expect-error: facts are read-only
found.url = wrong;
