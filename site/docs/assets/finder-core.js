// What the route finder knows how to do, without a page: match what is typed, build URLs and curl lines.
// A classic script, so that it also runs under Node, where the tests compare it with `ampmap route`.
(() => {
  "use strict";

  const TEXT = "Reply with one word: pong";
  const MOST = 12;
  const LONGEST = 100; // characters of a name; nothing is like what is longer, and the search for it would take seconds

  // Everything that can be picked: names with what they are, in the order of the data.
  function candidates(data) {
    if (data.candidates) return data.candidates;
    const found = [];
    const add = (text, kind, title) => found.push({ text, kind, title, folded: fold(text), words: fold(title) });
    for (const answer of data.answers) {
      const [modes, full, ids, others] = answer.tiers;
      for (const name of modes) add(name, name === answer.name ? "agent mode" : "id of the agent mode", answer.model);
      for (const name of ids) add(name, "model", answer.title);
      for (const name of others) add(name, answer.kind === "tool" ? "tool" : "other name", answer.title);
      for (const name of full) add(name, "model", answer.title);
    }
    for (const [id, provider] of Object.entries(data.providers)) {
      add(id, "provider", provider.title);
      add(provider.base, "path", provider.title);
    }
    for (const call of data.calls)
      add(call.path, "path", `${call.operation} of ${data.providers[call.provider].title}`);
    for (const [id, family] of Object.entries(data.management))
      for (const pattern of family.patterns) add(pattern, "management path", id);
    const seen = new Set();
    data.candidates = found.filter(({ text, kind }) => !seen.has(text) && seen.add(text) && kind);
    return data.candidates;
  }

  function fold(text) {
    return text.toLowerCase().replace(/[\s_]+/g, "-");
  }

  // The names that what is typed may mean, best first.
  function options(data, typed) {
    const wanted = fold(typed.trim());
    if (wanted.length > LONGEST) return [];
    if (!wanted)
      return candidates(data)
        .filter((each) => each.kind === "agent mode")
        .slice(0, MOST);
    return candidates(data)
      .map((each, place) => ({ each, place, score: score(each, wanted) }))
      .filter(({ score: points }) => points > 0)
      .sort((a, b) => b.score - a.score || a.each.text.length - b.each.text.length || a.place - b.place)
      .slice(0, MOST)
      .map(({ each }) => each);
  }

  function score(candidate, wanted) {
    if (candidate.folded === wanted) return 100;
    if (candidate.folded.startsWith(wanted)) return 80;
    const at = candidate.folded.indexOf(wanted);
    if (at > 0) return /[a-z0-9]/.test(candidate.folded[at - 1]) ? 40 : 60;
    if (candidate.words.includes(wanted)) return 30;
    const parts = wanted.split(/[-/.:]+/).filter(Boolean);
    const whole = `${candidate.folded} ${candidate.words}`;
    return parts.length > 1 && parts.every((part) => whole.includes(part)) ? 20 : 0;
  }

  // What a query means: {kind: "routes" | "calls" | "management" | "hosted" | "none", ...}. Names are matched as `ampmap route`
  // matches them: as written, modes first, then provider/id, id, and what else a model is called.
  function find(data, query) {
    const wanted = query.trim();
    const isPath = /^(https?:)?\/\//i.test(wanted) || wanted.startsWith("/");
    if (isPath) return findPath(data, wanted);
    const exact = byName(data, wanted);
    if (exact.length) return { kind: "routes", answers: exact };
    const folded = data.answers.filter((each) => each.tiers.flat().some((name) => fold(name) === fold(wanted)));
    if (folded.length && wanted) return { kind: "routes", answers: folded };
    const hosted = Object.keys(data.hosted).find((name) => fold(name) === fold(wanted));
    if (hosted) return { kind: "hosted", name: hosted, ...data.hosted[hosted] };
    const provider = Object.keys(data.providers).find((id) => fold(id) === fold(wanted));
    if (provider) return { kind: "calls", provider, calls: data.calls.filter((call) => call.provider === provider) };
    const asPath = /^(api|v1|v1beta|v1beta1)\//.test(wanted) ? findPath(data, `/${wanted}`) : { kind: "none" };
    return asPath.kind === "none"
      ? { kind: "none", near: near(data, wanted), elsewhere: data.elsewhere[fold(wanted)] }
      : asPath;
  }

  function byName(data, wanted) {
    for (let tier = 0; tier < 4; tier += 1) {
      const found = data.answers.filter((answer) => answer.tiers[tier].includes(wanted));
      if (found.length) return found;
    }
    return [];
  }

  function findPath(data, typed) {
    const [path, query] = pathOf(typed);
    const own = data.calls.filter((call) => !data.providers[call.provider].via_proxy && typed.startsWith("http"));
    const pool = /^https?:/i.test(typed) && own.some((call) => sameHost(call.path, typed)) ? own : data.calls;
    const found = closest(pool.filter((call) => matches(call, path, query)));
    if (found.length) {
      const names = named(data, found[0], path);
      return { kind: "calls", calls: found.map((call) => withModel(call, names.model)), ...names };
    }
    const provider = Object.entries(data.providers).find(([, each]) => isBelow(path, pathOf(each.base)[0]));
    if (provider)
      return {
        kind: "calls",
        provider: provider[0],
        calls: data.calls.filter((call) => call.provider === provider[0]),
        unknown: pathOf(provider[1].base)[0] !== path.replace(/\/+$/, ""),
      };
    for (const [id, family] of Object.entries(data.management))
      if (family.patterns.some((pattern) => covers(pattern, path))) return { kind: "management", id, family, path };
    return { kind: "none", near: near(data, path) };
  }

  // Path and query of a path or URL, as they are written.
  function pathOf(text) {
    const rest = text.replace(/^(https?:)?\/\/[^/?#]*/i, "").replace(/#.*$/, "");
    const [path, ...query] = rest.split("?");
    return [path || "/", query.join("?")];
  }

  function sameHost(a, b) {
    try {
      return new URL(a).host === new URL(b).host;
    } catch {
      return false;
    }
  }

  function matches(call, path, query) {
    const [template, wanted] = pathOf(call.path);
    if (wanted && !query.split("&").includes(wanted) && call.stream !== "path") return false;
    return pattern(template).test(path);
  }

  // Of calls that a path fits, those of which most stands in it as it is: `{model}` fits too much.
  function closest(calls) {
    const told = (call) => pathOf(call.path)[0].replace(/\{[a-z_]+\}/g, "").length;
    const most = Math.max(...calls.map(told));
    return calls.filter((call) => told(call) === most);
  }

  function withModel(call, model) {
    if (!model) return call;
    const fill = (text) => (text ? text.replace("{model}", encodeURIComponent(model)) : text);
    return { ...call, path: fill(call.path), upstream: fill(call.upstream), wire_model: model };
  }

  function pattern(template) {
    const escaped = template.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
    return new RegExp(`^${escaped.replace(/\{model\}/g, "(.+)").replace(/\{[a-z_]+\}/g, "[^/]+")}$`);
  }

  function named(data, call, path) {
    const match = pattern(pathOf(call.path)[0]).exec(path);
    if (!match || match[1] === undefined || match[1] === "{model}") return {};
    let model = match[1];
    try {
      model = decodeURIComponent(model);
    } catch {
      // it stays as it is written
    }
    const answers = data.answers.filter(
      (each) => each.kind === "model" && each.provider === call.provider && each.wire_model === model,
    );
    return { model, answer: answers[0] };
  }

  function isBelow(path, base) {
    return path === base || path.startsWith(`${base}/`);
  }

  function covers(family, path) {
    if (!family.endsWith("/*")) return family === path;
    const base = family.slice(0, -2);
    return path === base || path.startsWith(`${base}/`);
  }

  // Names that are like an unknown one, nearest first.
  function near(data, wanted) {
    const folded = fold(wanted);
    if (!folded || folded.length > LONGEST) return [];
    return candidates(data)
      .filter((each) => each.text !== each.title) // an id says more than the same name in other words
      .map((each) => ({ each, away: distance(folded, each.folded) / Math.max(folded.length, each.folded.length) }))
      .filter(({ away }) => away < 0.45)
      .sort((a, b) => a.away - b.away || a.each.text.localeCompare(b.each.text))
      .slice(0, 4)
      .map(({ each }) => each.text);
  }

  // Insertions, deletions, replacements and swaps of neighbours between two texts.
  function distance(a, b) {
    let before = [];
    let last = Array.from({ length: b.length + 1 }, (_, column) => column);
    for (let row = 1; row <= a.length; row += 1) {
      const current = [row];
      for (let column = 1; column <= b.length; column += 1) {
        const cost = a[row - 1] === b[column - 1] ? 0 : 1;
        current[column] = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + cost);
        if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
          current[column] = Math.min(current[column], before[column - 2] + 1);
      }
      [before, last] = [last, current];
    }
    return last[b.length];
  }

  // `new URL(path, amp.url)`, which is the client's own rule. Throws TypeError for an amp.url that is no http URL.
  function fullUrl(path, ampUrl) {
    if (/^https?:/i.test(path)) return path;
    const base = new URL(ampUrl.trim());
    if (!/^https?:$/.test(base.protocol)) throw new TypeError("not an http URL");
    return new URL(path, base).href.replace(/%7B([a-z_]+)%7D/gi, "{$1}");
  }

  // The headers of a call: name, value and when it is sent.
  function headers(data, call) {
    const provider = data.providers[call.provider];
    const operation = data.operations[`${call.dialect}/${call.operation}`];
    const rows = provider.client_carriers
      .filter((name) => !name.startsWith("?"))
      .map((name) => ({ name, value: credential(name), when: "always", key: true }));
    for (const name of provider.placeholder_carriers)
      rows.push({ name, value: "placeholder", when: "always: the word, never a key" });
    if (operation.body !== null) rows.push({ name: "content-type", value: "application/json", when: "always" });
    for (const [name, value] of Object.entries(operation.headers)) rows.push({ name, value, when: "always" });
    for (const header of provider.headers) {
      const when = header.condition || { always: "always", "when-available": "when available" }[header.presence] || "";
      rows.push({ name: header.name, value: header.value || "", when });
    }
    const seen = new Set();
    return rows.filter(({ name }) => !seen.has(name.toLowerCase()) && seen.add(name.toLowerCase()));
  }

  function credential(name) {
    return name === "authorization" ? "Bearer {api_key}" : "{api_key}";
  }

  // A line for a shell that makes the call. The key is taken from the environment, so that it is in no history, and no
  // compression is asked for, since curl prints what comes as it is.
  function curl(data, call, ampUrl, stream) {
    const provider = data.providers[call.provider];
    const operation = data.operations[`${call.dialect}/${call.operation}`];
    const path = stream && call.stream_path ? call.stream_path : call.path;
    const parts = [`curl -sS${stream ? "N" : ""} ${single(fullUrl(path, ampUrl))}`];
    if (call.method !== "GET" && !(call.method === "POST" && operation.body !== null)) parts.push(`-X ${call.method}`);
    for (const { name, value, key, when } of headers(data, call)) {
      if (key) parts.push(`-H "${name}: ${value.replace("{api_key}", `$${provider.key_variable}`)}"`);
      else if (when.startsWith("always") && value && !/[{}]/.test(value) && name.toLowerCase() !== "accept-encoding")
        parts.push(`-H ${single(`${name}: ${value}`)}`);
    }
    if (operation.body !== null) {
      const body = filled(operation.body, { "{model}": call.wire_model || "{model}", "{text}": TEXT });
      if (operation.stream_field) {
        if (stream) body[operation.stream_field] = true;
        else delete body[operation.stream_field];
      }
      parts.push(`--data ${single(JSON.stringify(body))}`);
    }
    return parts.join(" \\\n  ");
  }

  function single(text) {
    return `'${text.replace(/'/g, "'\\''")}'`;
  }

  function filled(value, words) {
    if (typeof value === "string") return Object.entries(words).reduce((text, [a, b]) => text.split(a).join(b), value);
    if (Array.isArray(value)) return value.map((item) => filled(item, words));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner, words)]));
    return value;
  }

  // Where a name goes in one edition after the other, by `timelines.json`. A path has no timeline.
  function timeline(table, query) {
    const name = (query.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).join("-");
    if (/^\s*(\/|https?:)/i.test(query) || !Object.hasOwn(table.names, name)) return [];
    return table.timelines[table.names[name]].map((place) => table.periods[place]);
  }

  // A period of a timeline as `ampmap route` prints it.
  function inWords(period, ampUrl) {
    if (period.path) {
      const model = period.wire_model ? `${period.wire_model} at ` : "";
      return `${model}${fullUrl(period.path, ampUrl)}${period.via_proxy ? "" : ", past the proxy"}`;
    }
    if (period.hosted) return `${period.hosted[0]}, called by Amp's own servers: no model call through amp.url`;
    if (period.among) return `one of ${period.among.join(", ")}`;
    return period.has_calls === false ? "no model call through amp.url" : "not known";
  }

  const core = { candidates, options, find, fullUrl, headers, curl, near, timeline, inWords };
  if (typeof module === "object" && module.exports) module.exports = core;
  else window.ampmapFinder = core;
})();
