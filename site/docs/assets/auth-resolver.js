// The resolver on the page of auth modes: the platform's documented steps on the data of `auth-data.js`.
// Everything happens on the page; nothing is sent. Under Node it only exports `resolve`, for the tests.
(() => {
  "use strict";

  const SCOPES = ["system", "org", "project"];
  const MISPLACED = {
    "host-session": ["resolution-step-4-local-pool", "auth-mode-requires-local-capacity"],
    local: ["errors-local-mode-inferred", "auth-mode-requires-local-capacity"],
  };

  // The mode of a dispatch or the error in which it ends, with the step that decided and every step before it.
  function resolve(data, question) {
    const { profile, policy, environment } = question;
    const provider = data.providers[profile.provider];
    const trace = [];
    const note = (step, rule, says) => trace.push({ step, rule, says });
    const listed = (modes) => modes.join(", ") || "nothing";

    let asked = data.preference.filter((mode) => profile.auth_modes.includes(mode));
    note("profile", "profiles-set", `the profile asks for ${listed(asked)}`);
    if (new Set(profile.auth_modes).size < profile.auth_modes.length)
      note("profile", "profiles-mode-twice", "a mode that is named twice counts once");
    const foreign = profile.auth_modes.filter((mode) => !data.preference.includes(mode));
    if (foreign.length) note("profile", "profiles-mode-unknown", `no auth mode is called ${listed(foreign)}`);
    const lacking = asked.filter((mode) => !provider.auth_modes.includes(mode));
    if (lacking.length)
      note("profile", "profiles-mode-unsupported", `${profile.provider} does not support ${listed(lacking)}`);
    asked = asked.filter((mode) => !lacking.includes(mode));

    let allowed = data.preference;
    for (const scope of SCOPES) {
      const matrix = policy[scope];
      const keyOf = (mode) => [profile.model, profile.provider, "*"].find((key) => matrix[key]?.[mode]);
      const denied = allowed.filter((mode) => keyOf(mode) && !matrix[keyOf(mode)][mode].allowed);
      const removed = denied.map((mode) => `${mode} (by ${keyOf(mode)})`);
      allowed = allowed.filter((mode) => !denied.includes(mode));
      note("cascade", "resolution-step-1-cascade", `${scope} removes ${listed(removed)}`);
      const company = provider.config_namespace;
      if (company !== profile.provider && matrix[company])
        note("cascade", "access-matrix-provider-key", `${scope} has cells for ${company}, which are left aside`);
    }

    const left = allowed.filter((mode) => asked.includes(mode));
    note("intersection", "resolution-step-2-intersection", `in both: ${listed(left)}`);
    if (!left.length) return refused(data, trace, "authmodes-unsatisfiable", "intersection", null, profile.provider);

    const mode = left[0];
    const localLast = left.length > 1 && left[left.length - 1] === "local";
    const order = localLast ? "preference-order-local-last" : "resolution-step-3-preference";
    note("preference", order, `${mode} comes first`);

    const found = obstacles(data, mode, environment);
    if (found.length) {
      for (const [step, rule] of found) note(step, rule, `${mode} is refused`);
      const [step, , error] = found[0];
      if (found.length > 1)
        note(step, "resolution-order-of-later-checks", "the sources do not state which of these comes first");
      const others = left.slice(1);
      const retried = mode === "metered" && others.includes("shared");
      const rule = retried ? "resolution-metered-retry" : "resolution-no-retry-inferred";
      if (others.length) note(step, rule, `${listed(others)} would be left and is not tried`);
      return refused(data, trace, error, step, mode, profile.provider);
    }
    const { provider: rewritten, modes, runtime_provider } = data.rewrite;
    const rewrites = profile.provider === rewritten && modes.includes(mode);
    const runtime = rewrites ? runtime_provider : profile.provider;
    if (rewrites) note("runtime-provider", "resolution-step-5-gemini", `${profile.provider} runs as ${runtime}`);
    const open = openRules(data, trace);
    return { outcome: "resolved", mode, runtime_provider: runtime, step: "preference", open, trace };
  }

  function obstacles(data, mode, place) {
    const found = [];
    if (place.runs_on !== "unknown" && !data.modes[mode].environments.includes(place.runs_on))
      found.push(["capacity", ...(MISPLACED[mode] ?? ["resolution-cloud-mode-on-local", null])]);
    if (mode === "metered" && !place.metered_enabled)
      found.push(["entitlement", "entitlement-flag", "not-entitled-to-metered"]);
    if (mode === "metered" && !place.metered_key) found.push(["key-pool", "entitlement-key-pool", "no-metered-key"]);
    if (mode === "shared" && !place.shared_quota) found.push(["quota", "quota-shared", "shared-quota-exceeded"]);
    return found;
  }

  function refused(data, trace, error, step, mode, provider) {
    const known = data.errors[error];
    const told = known?.message && known.message !== "unknown";
    return {
      outcome: "refused",
      error,
      code: known?.code ?? "unknown",
      message: told
        ? known.message.replace("{provider}", provider)
        : (known?.raised_when ?? "The sources do not name an error."),
      step,
      mode,
      open: openRules(data, trace),
      trace,
    };
  }

  function openRules(data, trace) {
    return [...new Set(trace.map((step) => step.rule))].filter((rule) => rule in data.open);
  }

  if (typeof module !== "undefined") {
    module.exports = { resolve };
    return;
  }

  // --- the page

  const here = document.currentScript?.src;

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (key in made && typeof value !== "string") made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function labelled(text, control) {
    return element("label", { class: "auth-label" }, text, control);
  }

  function chooser(options) {
    const select = element("select");
    for (const [value, text] of options) select.append(element("option", { value }, text));
    return select;
  }

  const STATES = [
    ["", "-", "says nothing"],
    ["no", "no", "denies"],
    ["yes", "yes", "allows"],
  ];

  function show(box, data) {
    const modes = data.preference;
    const provider = chooser(Object.entries(data.providers).map(([id, p]) => [id, `${p.title} (${id})`]));
    const model = element("input", { type: "text", spellcheck: "false", size: "30" });
    const checks = new Map(modes.map((mode) => [mode, element("input", { type: "checkbox", value: mode })]));
    const place = chooser([
      ["unknown", "not chosen yet"],
      ["cloud", "in a cloud sandbox"],
      ["local", "on local capacity"],
    ]);
    const flags = {
      metered_enabled: "the organisation is entitled to metered",
      metered_key: "the platform has a metered key for the provider",
      shared_quota: "the quota of shared is not used up",
    };
    const states = new Map(
      Object.keys(flags).map((flag) => [flag, element("input", { type: "checkbox", checked: true })]),
    );
    const cells = new Map();
    const matrices = SCOPES.map((scope) => {
      const table = element("table", { class: "auth-matrix" });
      const keys = ["model", "provider", "*"];
      const head = element("tr", {}, element("th", {}, ""), ...keys.map((key) => element("th", { scope: "col" }, key)));
      table.append(element("thead", {}, head));
      const body = element("tbody");
      for (const mode of modes) {
        const row = element("tr", {}, element("th", { scope: "row" }, mode));
        for (const key of keys) {
          const button = element("button", { type: "button", class: "auth-cell" });
          cells.set(`${scope} ${key} ${mode}`, { button, state: 0 });
          button.addEventListener("click", () => {
            turn(`${scope} ${key} ${mode}`, (cells.get(`${scope} ${key} ${mode}`).state + 1) % STATES.length);
            update();
          });
          row.append(element("td", {}, button));
        }
        body.append(row);
      }
      table.append(body);
      const name = { system: "System", org: "Organisation", project: "Project" }[scope];
      return element("details", {}, element("summary", {}, `${name} policy`), table);
    });
    const examples = chooser([
      ["", "choose one"],
      ...data.examples.map((e, at) => [String(at), `${e.requirement.replace("auth-modes.", "")}: ${e.case}`]),
    ]);
    const result = element("div", { class: "auth-result", "aria-live": "polite" });

    function turn(name, state) {
      const cell = cells.get(name);
      const [, text, meaning] = STATES[state];
      cell.state = state;
      cell.button.textContent = text;
      cell.button.dataset.state = STATES[state][0] || "none";
      cell.button.setAttribute("aria-label", `${name}: ${meaning}`);
    }

    function question() {
      const ids = { model: model.value, provider: provider.value, "*": "*" };
      const policy = { system: {}, org: {}, project: {} };
      for (const [name, { state }] of cells) {
        const [scope, key, mode] = name.split(" ");
        if (!state) continue;
        policy[scope][ids[key]] ??= {};
        policy[scope][ids[key]][mode] = { allowed: state === 2 };
      }
      return {
        profile: {
          auth_modes: modes.filter((mode) => checks.get(mode).checked),
          model: model.value,
          provider: provider.value,
        },
        policy,
        environment: {
          runs_on: place.value,
          ...Object.fromEntries([...states].map(([flag, control]) => [flag, control.checked])),
        },
      };
    }

    function ask(example) {
      const { profile, policy, environment } = example;
      provider.value = profile.provider;
      model.value = profile.model;
      for (const [mode, control] of checks) control.checked = profile.auth_modes.includes(mode);
      place.value = environment.runs_on;
      for (const [flag, control] of states) control.checked = environment[flag];
      const ids = { model: profile.model, provider: profile.provider, "*": "*" };
      for (const name of cells.keys()) {
        const [scope, key, mode] = name.split(" ");
        const cell = policy[scope][ids[key]]?.[mode];
        turn(name, cell ? (cell.allowed ? 2 : 1) : 0);
      }
      matrices.forEach((details, at) => {
        details.open = Object.keys(policy[SCOPES[at]]).length > 0;
      });
    }

    function update() {
      for (const [mode, control] of checks) {
        const offered = data.providers[provider.value].auth_modes.includes(mode);
        control.parentElement.classList.toggle("auth-unsupported", !offered);
      }
      const answer = resolve(data, question());
      result.dataset.outcome = answer.outcome;
      const resolved = answer.outcome === "resolved";
      const code = answer.code === "unknown" ? "no known code" : answer.code;
      const lines = [
        element("p", { class: "auth-answer" }, resolved ? `Resolved to ${answer.mode}` : `Refused: ${code}`),
        element("p", {}, `Decided by the step “${data.steps[answer.step]}”.`),
      ];
      if (!resolved) lines.push(element("p", {}, answer.message));
      if (resolved && answer.runtime_provider !== provider.value)
        lines.push(element("p", {}, `It runs as ${answer.runtime_provider}.`));
      const steps = answer.trace.map((step) => element("li", {}, `${data.steps[step.step]}: ${step.says}`));
      lines.push(element("ol", {}, ...steps));
      for (const rule of answer.open)
        lines.push(element("p", { class: "auth-open" }, `No source states this (${rule}): ${data.open[rule]}`));
      result.replaceChildren(...lines);
    }

    const set = element("fieldset", {}, element("legend", {}, "The profile's set"));
    for (const [mode, control] of checks) set.append(element("label", {}, control, ` ${mode}`));
    const where = element("fieldset", {}, element("legend", {}, "The run"), labelled("It takes place ", place));
    for (const [flag, text] of Object.entries(flags)) where.append(element("label", {}, states.get(flag), ` ${text}`));
    const policies = element("fieldset", {}, element("legend", {}, "Access policy"));
    policies.append(element("p", {}, "Press a cell to change it: it is empty, denies, or allows."), ...matrices);
    box.replaceChildren(
      labelled("Example ", examples),
      labelled("Provider ", provider),
      labelled("Model ", model),
      set,
      policies,
      where,
      result,
    );

    for (const name of cells.keys()) turn(name, 0);
    provider.addEventListener("change", () => (model.value = data.providers[provider.value].model));
    examples.addEventListener("change", () => examples.value && ask(data.examples[Number(examples.value)]));
    box.addEventListener("change", update);
    model.addEventListener("input", update);
    checks.get(modes[0]).checked = checks.get(modes[1]).checked = true;
    model.value = data.providers[provider.value].model;
    update();
  }

  function begin() {
    const boxes = [...document.querySelectorAll(".auth-resolver")];
    if (!boxes.length || !here) return;
    const script = element("script", { src: new URL("auth-data.js", here).href });
    script.addEventListener("load", () => {
      for (const box of boxes) show(box, window.AMPMAP_AUTH);
    });
    document.head.append(script);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
