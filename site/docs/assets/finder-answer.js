// What the site answers to whatever an operator holds: the route of a name, the call of a path or of a line of a log
// with what went wrong, a status, a header, an error. Pure. A classic script, so that it also runs under Node.
(() => {
  "use strict";

  const isNode = typeof module === "object" && module.exports;
  const reader = isNode ? require("./finder-read.js") : window.ampmapReader;
  const core = isNode ? require("./finder-core.js") : window.ampmapFinder;
  const NAME = 100; // what is longer is no name, and nothing is like it
  const MANAGEMENT = "management.";

  // {kind, read, ...}. `data` is the finder's document of an edition, `lookup` what it knows beside routes.
  function answerTo(data, lookup, typed) {
    const read = reader.read(typed);
    return { read, ...answered(data, lookup, read) };
  }

  function answered(data, lookup, read) {
    if (read.path) return onPath(data, lookup, read);
    if (read.what === "status") return onStatus(lookup, read.status);
    if (read.what === "header") {
      const header = onHeader(data, lookup, read.header);
      if (header.kind !== "none") return header;
    }
    if (read.what === "body") return onBody(data, lookup, read);
    return onText(data, lookup, read.text);
  }

  // --- names

  function onText(data, lookup, text) {
    if (!text || text.length > 20 * NAME) return { kind: "none", near: [] };
    const short = text.length <= NAME;
    const named = short ? core.find(data, text) : { kind: "none" };
    if (named.provider) return { ...named, models: modelsOf(data, named), like: several(data, text)?.answers || [] };
    if (named.kind !== "none") return named;
    const found = [
      onRule(lookup, text),
      onError(lookup, [text]),
      onHeader(data, lookup, text),
      onMessage(lookup, text),
    ];
    const other = found.find(({ kind }) => kind !== "none");
    if (other) return other;
    if (named.elsewhere || !short) return { near: [], ...named };
    return several(data, text) || { ...named, near: core.near(data, text) };
  }

  // The things whose name begins like what is typed, or holds it; one alone is the answer.
  function several(data, text) {
    const like = core.options(data, text).filter(({ kind }) => kind !== "path" && kind !== "management path");
    const answers = like.map((option) => core.find(data, option.text)).filter(({ kind }) => kind === "routes");
    const unique = [...new Set(answers.flatMap((each) => each.answers))];
    if (unique.length === 1) return { kind: "routes", answers: unique, meant: unique[0].name };
    if (unique.length) return { kind: "several", text, answers: unique };
    return like.length === 1 ? core.find(data, like[0].text) : null;
  }

  // --- paths, and lines of logs

  function onPath(data, lookup, read) {
    const found = core.find(data, (read.origin || "") + read.path);
    const trouble = read.status >= 400 ? troubleOf(lookup, read, found) : null;
    const method = read.method && lookup.mentions[read.method] ? read.method : null;
    const base = { ...found, method: read.method, status: read.status, trouble };
    if (found.kind !== "calls")
      return { ...base, methodRules: found.kind === "management" ? about(lookup, method, true) : [] };
    const same = found.calls.filter((call) => !read.method || call.method === read.method);
    const calls = same.length ? same : found.calls;
    const [first] = calls;
    const usual = found.provider ? first : usualOf(data, first);
    return {
      ...base,
      calls,
      usual: usual === first || found.provider ? null : usual,
      methodRules: same.length ? [] : about(lookup, method, false),
      otherMethod: !same.length,
      models: found.provider || found.model ? [] : modelsOf(data, first),
    };
  }

  // The call as the client makes it: the first form of the operation, since a provider's own root comes first.
  function usualOf(data, call) {
    const same = (each) =>
      each.provider === call.provider && each.operation === call.operation && each.stream === call.stream;
    return data.calls.find(same) || call;
  }

  // Models of a provider; of a call, those that make it.
  function modelsOf(data, { provider, operation }) {
    const served = (each) => each.provider === provider && (!operation || each.operation === operation);
    return data.answers.filter((each) => each.kind === "model" && served(each));
  }

  // Rules on a method: those of management, or those of the calls of models.
  function about(lookup, method, isManagement) {
    const rules = method ? lookup.mentions[method] || [] : [];
    return rules.filter((id) => id.startsWith(MANAGEMENT) === isManagement);
  }

  // Who may have made the status: the proxy itself, or the server behind it, in its own words.
  function troubleOf(lookup, read, found) {
    const entry = lookup.statuses[String(read.status)];
    if (!entry) return { status: read.status, phrase: "", meanings: [], suspects: [], answers: [] };
    const provider = found.kind === "calls" ? found.calls[0].provider : null;
    const isManagement = found.kind === "management";
    return {
      status: read.status,
      phrase: entry.phrase,
      page: entry.page,
      meanings: (lookup.meanings[read.status] || []).filter(
        ({ providers }) => provider && providers.includes(provider),
      ),
      suspects: isManagement ? ["management.forwarded"].filter((id) => lookup.rules[id]) : entry.suspects,
      answers: entry.answers.filter((id) => id.startsWith(MANAGEMENT) === isManagement),
      provider,
    };
  }

  // --- statuses, headers, errors, rules

  function onStatus(lookup, status) {
    const entry = lookup.statuses[String(status)];
    const meanings = lookup.meanings[status] || [];
    return entry ? { kind: "status", status, ...entry, meanings } : { kind: "none", near: [] };
  }

  function onHeader(data, lookup, name) {
    const wanted = name.toLowerCase().replace(/:$/, "");
    const places = lookup.headers.filter((each) => each.name.toLowerCase() === wanted);
    if (!places.length) return { kind: "none" };
    const carries = (list) => Object.keys(data.providers).filter((id) => list(data.providers[id]).includes(wanted));
    return {
      kind: "header",
      name: places[0].name,
      places,
      fromClient: carries((each) => each.client_carriers.map((header) => header.toLowerCase())),
      toProvider: carries((each) => [each.upstream_carrier.toLowerCase()]),
      rules: lookup.mentions[wanted] || [],
    };
  }

  function onRule(lookup, text) {
    const id = text.replace(/\[.*$/, ""); // a case has its axes in brackets
    return Object.hasOwn(lookup.rules, id) ? { kind: "rule", id, ...lookup.rules[id] } : { kind: "none" };
  }

  // By the code or type of an error, as a provider or a platform writes it.
  function onError(lookup, codes) {
    const wanted = codes.map((code) => code.toLowerCase());
    const is = (code) => code && wanted.includes(code.toLowerCase());
    const errors = lookup.errors.filter(({ code }) => is(code));
    const meanings = Object.entries(lookup.meanings).flatMap(([status, every]) =>
      every.filter(({ type, code }) => is(type) || is(code)).map((meaning) => ({ status, ...meaning })),
    );
    return errors.length || meanings.length ? { kind: "error", code: codes[0], errors, meanings } : { kind: "none" };
  }

  // By the message of an error, in which `{name}` stands for anything.
  function onMessage(lookup, text) {
    const wanted = text.toLowerCase();
    const errors = lookup.errors.filter(({ message }) => {
      if (!message || wanted.length < 8) return false;
      const parts = message
        .toLowerCase()
        .split(/\{[^}]*\}|<[^>]*>/)
        .map((part) => part.trim());
      return message.toLowerCase().includes(wanted) || inOrder(parts.filter(Boolean), wanted);
    });
    return errors.length ? { kind: "error", code: null, errors, meanings: [] } : { kind: "none" };
  }

  function inOrder(parts, text) {
    let at = 0;
    return (
      parts.join("").length > 7 &&
      parts.every((part) => {
        const place = text.indexOf(part, at);
        at = place + part.length;
        return place >= 0;
      })
    );
  }

  // The error of a body before its model: a body of an answer has both.
  function onBody(data, lookup, read) {
    const error = read.types?.length ? onError(lookup, read.types) : { kind: "none" };
    if (error.kind !== "none") return error;
    const message = read.message ? onMessage(lookup, read.message) : error;
    if (message.kind !== "none") return message;
    if (read.status && lookup.statuses[read.status]) return onStatus(lookup, read.status);
    return read.model ? { ...onText(data, lookup, read.model), meant: read.model } : { kind: "none", near: [] };
  }

  const answers = { answerTo };
  if (isNode) module.exports = answers;
  else window.ampmapAnswers = answers;
})();
