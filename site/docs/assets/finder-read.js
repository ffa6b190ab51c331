// What a pasted text holds: method, host, path, status, header, model, error. Pure, and linear in the length of the text.
// A classic script, so that it also runs under Node.
(() => {
  "use strict";

  const LONGEST = 20_000;
  const NAME = 100; // no name, path or header is longer
  const METHODS = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS";
  const KEYS = {
    method: ["method", "request_method", "requestmethod", "http_method", "verb", "http.request.method"],
    path: ["uri", "request_uri", "path", "requestpath", "url", "target", "request_path", "http.target", "url.path"],
    status: ["status", "status_code", "statuscode", "response_code", "downstreamstatus", "code", "http.status_code"],
    host: ["host", "authority", "requesthost", "http_host", "http.host", "server_name"],
    request: ["request", "request_line", "requestline", "req"],
  };
  const SECRET_NAME = /key|token|secret|passw|auth|signature|credential|^bearer$|^basic$/i;
  const SECRET =
    /^(?:sk|pk|rk|csk)[-_]|^(?:gsk|xai|amp|sgamp|ghp)_|^AIza|^xai-\w{20}|^(?=.*\d)(?=.*[A-Z])(?=.*[a-z])[\w+/=-]{32,}$|^[\da-f]{32,}$/;

  // {what, method, host, path, status, header, model, code, message, text, share}; what is not there is undefined.
  // `what` is "path", "log", "status", "header", "body" or "text". `share` is what may stand in an address: it holds no
  // credential, and is "" for logs and bodies, of which a reader cannot know what they hold.
  function read(typed) {
    const text = typed.slice(0, LONGEST).trim();
    const found = asJson(text) || asPath(text) || asStatus(text) || asHeader(text) || asLine(text) || { what: "text" };
    const share = shared(found, text);
    return { text, ...found, share };
  }

  // --- the forms

  function asJson(text) {
    const at = text.indexOf("{");
    if (at < 0 || text[at + 1] === "}" || !/^\s*"/.test(text.slice(at + 1, at + 50)) || /^\/|^https?:/.test(text))
      return null;
    let value;
    try {
      value = JSON.parse(text.slice(at));
    } catch {
      return cutJson(text);
    }
    const flat = flattened(value);
    const line = fromFields(flat);
    if (line.path) return { what: "log", ...line };
    const error = value.error && typeof value.error === "object" ? value.error : value;
    const code = [error.code, error.type, error.status].find((each) => typeof each === "string" && each !== "error");
    const message = typeof error.message === "string" ? error.message : text_(value.error);
    const model = text_(value.model);
    if (!model && !code && !message) return null;
    const status = [error.code, error.status, value.status].map(asCode).find(Boolean);
    return { what: "body", model, code, message, types: [error.type, error.code, error.status].filter(text_), status };
  }

  // A body that was cut short, as logs do: its model, or its error.
  function cutJson(text) {
    const field = (name) => new RegExp(`"${name}"\\s*:\\s*"([^"]{1,${NAME}})"`).exec(text)?.[1];
    const model = field("model");
    const code = field("code") || (model ? undefined : field("type"));
    return model || code ? { what: "body", model, code, message: field("message"), types: code ? [code] : [] } : null;
  }

  function asPath(text) {
    const line = new RegExp(
      `^(?:(${METHODS})\\s+)?((?:https?:)?//[^\\s"]+|/[^\\s"]*)(?:\\s+HTTP/[\\d.]+)?(?:\\s+([1-5]\\d\\d))?$`,
    );
    const match = line.exec(text);
    return match && { what: "path", method: match[1], ...located(match[2]), status: asCode(match[3]) };
  }

  function asStatus(text) {
    const match = /^(?:HTTP\/[\d.]+\s+|status[:= ]+)?([1-5]\d\d)(?:\s+[a-z' -]{1,40})?$/i.exec(text);
    return match && { what: "status", status: Number(match[1]) };
  }

  function asHeader(text) {
    const match = /^(?:-H\s+)?['"]?([a-z][a-z0-9-]{1,60}):(?:\s+(.*))$/is.exec(text);
    return match && !/\n/.test(match[2]) ? { what: "header", header: match[1], value: match[2] } : null;
  }

  // A line of an access log, a request line within other words, or a command with a URL in it.
  function asLine(text) {
    if (!/[\s=]/.test(text)) return null;
    const pairs = /(?:^|\s)[\w.]+=/.test(text) ? fromFields(logfmt(text)) : {};
    if (pairs.path) return { what: "log", ...pairs };
    const request = inQuotes(text) || inWords(text);
    if (!request) return null;
    return { what: "log", ...request, status: statusIn(text, request.end) };
  }

  function inQuotes(text) {
    const match = new RegExp(`\\b(${METHODS})\\s+"?((?:https?:/)?/[^\\s"]*)`).exec(text);
    return match && { method: match[1], ...located(match[2]), end: match.index + match[0].length };
  }

  function inWords(text) {
    const match = /(?:^|[\s'"=(])(https?:\/\/[^\s'"]+|\/(?:api|v1|v1beta|v1beta1)\/[^\s'"]*)/.exec(text);
    return match && { ...located(match[1]), end: match.index + match[0].length };
  }

  // After the request in the combined form, before it in that of Gin, between bars.
  function statusIn(text, end) {
    const after = /^"?(?:\s+HTTP\/[\d.]+)?"?[\s|:,-]*(?:status[:= ]+|->\s*)?([1-5]\d\d)(?!\d)/i.exec(text.slice(end));
    const before = /(?:\||\s)\s*([1-5]\d\d)\s*(?:\||\s)/.exec(text.slice(0, end));
    return asCode(after?.[1] || before?.[1]);
  }

  function logfmt(text) {
    const fields = {};
    for (const [, name, quoted, bare] of text.matchAll(/([\w.]{1,60})=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g))
      fields[name.toLowerCase()] = quoted ?? bare;
    return fields;
  }

  // Names of fields in lower case, also those of objects within, by their last part.
  function flattened(value, into = {}, depth = 0) {
    if (value && typeof value === "object" && !Array.isArray(value) && depth < 4)
      for (const [name, inner] of Object.entries(value)) {
        if (inner && typeof inner === "object") flattened(inner, into, depth + 1);
        else into[name.toLowerCase()] ??= inner;
      }
    return into;
  }

  function fromFields(fields) {
    const first = (names) => names.map((name) => fields[name]).find((each) => each !== undefined && each !== null);
    const line = text_(first(KEYS.request));
    const request = line ? inQuotes(line) || inWords(` ${line}`) : null;
    const named = KEYS.path.map((name) => text_(fields[name])).find((each) => /^(?:https?:\/)?\//.test(each || ""));
    const where = request || (named ? located(named) : {});
    const method = request?.method || text_(first(KEYS.method))?.toUpperCase();
    return { method, ...where, host: where.host || text_(first(KEYS.host)), status: asCode(first(KEYS.status)) };
  }

  // --- parts

  function located(url) {
    const match = /^(?:(https?:)?\/\/(?:[^/?#@]*@)?([^/?#]*))?([^#]*)/i.exec(url);
    const origin = match[2] ? `${(match[1] || "https:").toLowerCase()}//${match[2]}` : undefined;
    return { host: match[2] || undefined, origin, path: match[3] || "/" };
  }

  function asCode(value) {
    return /^[1-5]\d\d$/.test(String(value)) ? Number(value) : undefined;
  }

  function text_(value) {
    return typeof value === "string" && value ? value : undefined;
  }

  // --- what may be shown to others

  function shared(found, text) {
    if (found.what === "log" || found.what === "body") return "";
    if (found.what === "header") return mayHide(found.header) ? "" : found.header;
    if (found.what === "status") return String(found.status);
    if (found.what === "path") {
      const path = harmless(found.path);
      return path && [found.method, (found.origin || "") + path, found.status].filter(Boolean).join(" ");
    }
    return text.length > NAME || mayHide(text) ? "" : text;
  }

  // Whether a word looks like a credential, or stands behind one that is called like one.
  function mayHide(text) {
    const words = text.split(/[\s=:;,'"()]+/).filter(Boolean);
    return words.some((word, at) => SECRET.test(word) || (at < words.length - 1 && SECRET_NAME.test(word)));
  }

  // A path without what its query has by a name like that of a credential; "" where a segment may be one.
  function harmless(path) {
    const [before, ...query] = path.split("?");
    if (before.split("/").some(mayHide)) return "";
    const kept = query
      .join("?")
      .split("&")
      .filter(
        (pair) => pair && !SECRET_NAME.test(pair.split("=")[0]) && !SECRET.test(pair.split("=").slice(1).join("=")),
      );
    return kept.length ? `${before}?${kept.join("&")}` : before;
  }

  const reader = { read };
  if (typeof module === "object" && module.exports) module.exports = reader;
  else window.ampmapReader = reader;
})();
