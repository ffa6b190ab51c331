// What a report.json says, as the page shows it. A report may come from anywhere: every field is read with its type, and
// what has another type is left out. Pure. A classic script, so that it also runs under Node.
(() => {
  "use strict";

  const VERSIONS = [1, 2];
  const LARGEST = 128 * 1024 * 1024;
  const LONGEST = 20_000;
  const VERDICTS = [
    ["fail", "what was seen breaks a rule that must hold"],
    ["flaky", "the case was repeated and did not come out alike"],
    ["unexpected-pass", "the baseline names the case as a known failure, and it passes"],
    ["error", "the kit itself failed in the case"],
    ["known-failure", "the baseline names the failure, with a reason"],
    ["warn", "what was seen breaks a rule that should hold"],
    ["pass", "the proxy keeps the rule in this case"],
    ["blocked", "a case that this one builds on did not pass"],
    ["not-testable", "the run could not see what decides the case"],
    ["not-applicable", "the rule does not bind this proxy, by what it claims or serves"],
  ];
  const GOOD = ["pass", "blocked", "not-testable", "not-applicable"];
  const LEVELS = ["must", "should", "may"];
  const WORDS = {
    conformant: "conformant",
    outside: "nothing wrong as seen from outside",
    partial: "partial: what was decided conforms, but the proxy does not serve all that a client needs",
    "non-conformant": "not conformant",
    incomplete: "incomplete: too little was tested, or the run was interrupted",
    error: "error: the kit failed, and the proxy was not judged",
  };

  // The report in a text: {problem} in a sentence for people, or what the page shows.
  function read(content) {
    let data;
    try {
      data = JSON.parse(content);
    } catch (error) {
      const isPage = /^\s*</.test(content.slice(0, 200));
      const hint = isPage ? " It looks like a page: report.json lies in the same folder." : "";
      return { problem: `The file is not JSON: ${text(error.message, 200)}.${hint}` };
    }
    if (!isRecord(data)) return { problem: "The file is JSON, but not a report: a report is an object." };
    const version = data.schema_version;
    if (!VERSIONS.includes(version)) return { problem: versionProblem(version) };
    for (const name of ["target", "reference", "summary"])
      if (!isRecord(data[name])) return { problem: `The file is not a report: its field ${name} is not an object.` };
    if (!Array.isArray(data.results)) return { problem: "The file is not a report: its field results is not a list." };
    return shown(data);
  }

  function versionProblem(version) {
    if (version === undefined)
      return "The file is JSON, but not a report of ampmap-conformance: it has no schema_version.";
    if (typeof version === "number" && version > Math.max(...VERSIONS))
      return `The report has schema version ${version}, and this page reads ${VERSIONS.join(" and ")}: a newer kit wrote it. Look at the report.html beside it.`;
    return `The report has a schema version that this page does not know; it reads ${VERSIONS.join(" and ")}.`;
  }

  function shown(data) {
    const { target, summary } = data;
    const rules = isRecord(data.rules) ? data.rules : {};
    const results = records(data.results).map((each) => resultOf(each, rules));
    const byId = new Map(results.map((each) => [each.id, each]));
    const told = records(data.causes).map((each) => causeOf(each, byId, rules));
    return {
      name: text(target.name) || "a proxy without a name",
      version: text(target.version, 200),
      verdict: text(summary.verdict, 50),
      words: own(WORDS, summary.verdict) ? WORDS[summary.verdict] : text(summary.verdict, 200),
      facts: factsOf(data),
      editions: records(data.editions).map(editionOf),
      levels: countsBy(summary.by_level, LEVELS),
      profiles: countsBy(summary.by_profile, null),
      parts: records(summary.parts).map(partOf),
      notices: noticesOf(data),
      isGrouped: told.length === 0 && data.schema_version === 1,
      causes: told.length ? told : grouped(results, rules),
      groups: groupsOf(results, rules),
      verdicts: verdictsIn(results),
      total: results.length,
    };
  }

  function factsOf({ target, reference, kit, server, editions, requests, clients }) {
    const several = records(editions).length > 0;
    return [
      ["Address", text(target.base_url)],
      ["Claims", texts(target.claims).join(", ") || "none"],
      ["Providers", texts(target.providers).join(", ")],
      ["Server", isRecord(server) ? text(server.name) : ""],
      ["Edition", several ? "" : text(reference.edition)],
      ["Kit", isRecord(kit) && text(kit.version, 100) ? `ampmap ${text(kit.version, 100)}` : ""],
      [
        "Clients",
        records(clients)
          .map(({ name, version }) => `${text(name, 100)} ${text(version, 100)}`)
          .join(", "),
      ],
      ["Requests sent", isRecord(requests) ? String(count(requests.sent)) : ""],
    ].filter(([, value]) => value);
  }

  function editionOf({ edition, verdict, cases, shared, counts }) {
    return {
      edition: text(edition, 200),
      words: own(WORDS, verdict) ? WORDS[verdict] : text(verdict, 200),
      cases: count(cases),
      shared: count(shared),
      red: isRecord(counts)
        ? ["fail", "flaky", "unexpected-pass", "error"].reduce((sum, name) => sum + count(counts[name]), 0)
        : 0,
    };
  }

  function partOf({ tier, feature, executed, red, known }) {
    const name = text(feature, 200) ? `${text(tier, 50)}: ${text(feature, 200)}` : text(tier, 50);
    return { name, executed: count(executed), red: count(red), known: count(known) };
  }

  function noticesOf({ target, notices, baseline }) {
    const told = [
      ...records(target.left_out).map((each) => `Not served: ${text(each.text)}`),
      ...records(isRecord(baseline) ? baseline.problems : []).map(
        (each) => `${text(each.place)}: ${text(each.message)}`,
      ),
      ...records(notices).map((each) => text(each.text)),
    ];
    return [...new Set(told)].filter(Boolean);
  }

  // Rows of a table of counts: a name, and the cases by verdict.
  function countsBy(given, order) {
    if (!isRecord(given)) return [];
    const names = Object.keys(given).filter((name) => isRecord(given[name]));
    const wanted = order ? order.filter((name) => names.includes(name)) : names;
    return wanted
      .map((name) => [
        text(name, 200),
        VERDICTS.map(([verdict]) => [verdict, count(given[name][verdict])]).filter(([, cases]) => cases),
      ])
      .filter(([, counts]) => counts.length);
  }

  function resultOf(each, rules) {
    const requirement = text(each.requirement, 200);
    return {
      id: text(each.id, 500),
      requirement,
      statement: statementOf(rules, requirement),
      level: text(each.level, 20),
      verdict: text(each.verdict, 50),
      reason: text(each.reason),
      expected: text(each.expected),
      actual: text(each.actual),
      editions: texts(each.editions),
      known: isRecord(each.known) ? text(each.known.reason) : "",
      isScored: each.scored !== false,
      again: isRecord(each.reproduce) ? text(each.reproduce.command) : "",
      curl: isRecord(each.reproduce) ? text(each.reproduce.curl) : "",
      exchanges: records(each.exchanges).map(hopsOf),
    };
  }

  function causeOf(each, byId, rules) {
    const first = byId.get(text(each.shown, 500));
    const remedy = isRecord(each.remedy) ? each.remedy : null;
    return {
      verdict: text(each.verdict, 50),
      isScored: each.scored !== false,
      level: text(each.level, 20),
      severity: text(each.severity, 20),
      summary: text(each.summary) || first?.reason || "",
      rules: texts(each.requirements).map((id) => ({ id, statement: statementOf(rules, id) })),
      actual: text(each.actual) || first?.actual || "",
      remedy: remedy && { text: text(remedy.text), lines: text(remedy.lines), docs: address(remedy.docs) },
      cases: texts(each.cases),
      blocks: count(each.blocks),
      first,
    };
  }

  // Causes of a report that has none: what came out in the same way under the same rule.
  function grouped(results, rules) {
    const found = new Map();
    for (const each of results) {
      if (GOOD.includes(each.verdict)) continue;
      const key = JSON.stringify([each.requirement, each.verdict, each.reason]);
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(each);
    }
    const order = (cases) => VERDICTS.findIndex(([verdict]) => verdict === cases[0].verdict);
    return [...found.values()]
      .sort((a, b) => order(a) - order(b))
      .map((cases) => ({
        verdict: cases[0].verdict,
        isScored: cases.some((each) => each.isScored),
        level: cases[0].level,
        severity: own(rules, cases[0].requirement) ? text(rules[cases[0].requirement]?.severity, 20) : "",
        summary: cases[0].reason || cases[0].requirement,
        rules: [{ id: cases[0].requirement, statement: cases[0].statement }],
        actual: cases[0].actual,
        remedy: null,
        cases: cases.map((each) => each.id),
        blocks: 0,
        first: cases[0],
      }));
  }

  // Cases by rule, in the order of the report.
  function groupsOf(results, rules) {
    const found = new Map();
    for (const each of results) {
      if (!found.has(each.requirement)) found.set(each.requirement, []);
      found.get(each.requirement).push(each);
    }
    return [...found].map(([rule, cases]) => ({ rule, statement: statementOf(rules, rule), cases }));
  }

  function verdictsIn(results) {
    const counts = new Map();
    for (const { verdict } of results) counts.set(verdict, (counts.get(verdict) || 0) + 1);
    const known = VERDICTS.filter(([verdict]) => counts.has(verdict));
    const others = [...counts.keys()].filter((name) => !VERDICTS.some(([verdict]) => verdict === name));
    return [...known, ...others.map((name) => [name, "a verdict that this page does not know"])].map(
      ([verdict, meaning]) => ({ verdict, meaning, cases: counts.get(verdict) }),
    );
  }

  // What was sent on each hop: pairs of a title and a text.
  function hopsOf({ request, response, upstream }) {
    const hops = [
      ["client to proxy", messageOf(request)],
      ["proxy to client", messageOf(response)],
    ];
    for (const each of records(upstream)) {
      const who = text(each.persona, 100) || "upstream";
      hops.push([`proxy to ${who}`, messageOf(each.request)], [`${who} to proxy`, messageOf(each.response)]);
    }
    return hops.filter(([, message]) => message);
  }

  function messageOf(message) {
    if (!isRecord(message)) return "";
    const headers = Array.isArray(message.headers) ? message.headers : [];
    const lines = headers.filter((each) => Array.isArray(each)).map(([name, value]) => `${text(name)}: ${text(value)}`);
    return [text(message.start), ...lines, "", text(message.body), text(message.broken)].join("\n").trim();
  }

  function statementOf(rules, id) {
    return own(rules, id) && isRecord(rules[id]) ? text(rules[id].statement) : "";
  }

  // --- reading what may be anything

  const own = (object, name) => typeof name === "string" && Object.hasOwn(object, name);
  const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const records = (value) => (Array.isArray(value) ? value.filter(isRecord) : []);
  const texts = (value) => (Array.isArray(value) ? value.map((each) => text(each, 500)).filter(Boolean) : []);
  const count = (value) => (Number.isSafeInteger(value) && value > 0 ? value : 0);

  function text(value, longest = LONGEST) {
    if (typeof value !== "string") return "";
    return value.length > longest ? `${value.slice(0, longest)} ... (cut)` : value;
  }

  // An address that may be a link; others would run a script, or read the disk.
  function address(value) {
    return /^https?:\/\//i.test(text(value, 2000)) ? text(value, 2000) : "";
  }

  const reader = { read, GOOD, LARGEST };
  if (typeof module === "object" && module.exports) module.exports = reader;
  else window.ampmapReport = reader;
})();
