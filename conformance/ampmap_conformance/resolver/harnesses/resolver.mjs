// A resolver of auth modes and its harness, with nothing but Node.
//
//     ampmap-conformance resolve-auth --command "node resolver.mjs"
//
// `resolve` is the resolver; put your own in its place. The loop at the end is the harness.
import { createInterface } from "node:readline";

const PREFERENCE = ["byok", "metered", "shared", "host-session", "local"];

class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code; // null where the platform's code is not known
  }
}

function resolve({ profile, policy, provider, environment }) {
  const left = PREFERENCE.filter(
    (mode) =>
      profile.auth_modes.includes(mode) &&
      provider.auth_modes.includes(mode) &&
      !["system", "org", "project"].some((scope) => denied(policy[scope], profile, mode)),
  );
  if (left.length === 0) throw new Refused("AUTHMODES_UNSATISFIABLE", "profile and policy have no mode in common");
  const mode = left[0];
  if (["host-session", "local"].includes(mode) && environment.runs_on === "cloud")
    throw new Refused("AUTH_MODE_REQUIRES_LOCAL_CAPACITY", `${mode} does not run in the cloud`);
  if (mode === "metered" && !(environment.metered_enabled && environment.metered_key))
    throw new Refused(null, "metered is not available");
  if (mode === "shared" && !environment.shared_quota)
    throw new Refused("SHARED_QUOTA_EXCEEDED", "the quota is used up");
  return mode;
}

// The cell of the model decides, else that of the provider, else that of `*`.
function denied(matrix, profile, mode) {
  for (const key of [profile.model, profile.provider, "*"]) {
    const cell = matrix[key]?.[mode];
    if (cell) return !cell.allowed;
  }
  return false;
}

function answer(request) {
  if (request.cmd === "start")
    return { version: 1, implementation: { name: "sample-node", version: "1", language: "javascript" } };
  try {
    return { seq: request.seq, resolution: { mode: resolve(request) } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { seq: request.seq, error: { code: error.code, message: error.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  process.stdout.write(`${JSON.stringify(answer(request))}\n`);
}
