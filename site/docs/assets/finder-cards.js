// The cards that answer a query: a route, the calls of a path, a mode of Amp's servers, a management path. Each takes
// what is looked at, `{data, lookup, address, stream, choose}`: the edition's data, what is known beside routes, amp.url, whether a stream is wanted, and what
// to call when the reader switches that.
(() => {
  "use strict";

  const core = window.ampmapFinder;
  const { card, code, copyable, element, link, prose, row, table, urlLine } = window.ampmapParts;

  const MODEL_OF = { agent_mode: "Primary model", tool: "Default model" };

  function bypass(provider) {
    if (provider.via_proxy) return null;
    return element(
      "div",
      { class: "am-warning", role: "note" },
      element("strong", {}, "Bypasses the proxy. "),
      prose(provider.warning || "The client does not send this call to amp.url: a proxy there does not see it."),
      provider.requires.length
        ? [" It needs ", provider.requires.map((name, i) => [i ? " or " : "", code(name)]), "."]
        : null,
    );
  }

  function routeCard(view, route, several) {
    const { data } = view;
    const provider = data.providers[route.provider];
    const operation = data.operations[`${route.dialect}/${route.operation}`];
    const streams = Boolean(operation.stream_field || route.stream_path);
    const stream = streams && view.stream;
    const url = core.fullUrl(stream && route.stream_path ? route.stream_path : route.path, view.address);
    const title = [
      link(code(several ? `${route.provider}/${route.name}` : route.name), route.page),
      element("span", { class: "am-arrow", "aria-label": "goes to" }, " → "),
      link(provider.title, provider.page),
    ];
    const switcher = element("input", { type: "checkbox", id: `finder-stream-${route.provider}`, checked: stream });
    switcher.addEventListener("change", () => {
      view.choose(switcher.checked);
      document.getElementById(switcher.id).focus();
    });
    return card(
      title,
      urlLine(route.method, url),
      bypass(provider),
      element(
        "dl",
        { class: "am-facts" },
        route.kind === "model" ? row("Model", route.title) : row(MODEL_OF[route.kind], code(route.model)),
        row("Id on the wire", code(route.wire_model)),
        row("Operation", link(code(route.operation), operation.page), ` (${route.dialect})`),
        row("SDK of the client", route.sdk),
        route.limits ? row("Limits of the model", route.limits) : null,
        route.warning ? row("Note", prose(route.warning)) : null,
      ),
      streams
        ? element("p", { class: "am-switch" }, switcher, element("label", { for: switcher.id }, " as a stream"))
        : null,
      codeBlock(window.ampmapCode.codes(data, route, view.address, stream)),
      headerTable(view, route),
      duties(view, provider, operation.rules, (stream && route.stream_upstream) || route.upstream),
    );
  }

  let language = "curl"; // the one that the reader chose last

  // The same call in several languages, of which one is shown.
  function codeBlock(codes) {
    const frame = element("div", { class: "am-curl" });
    const show = (name) => {
      language = name;
      const [, text] = codes.find(([each]) => each === name);
      const choices = codes.map(([each]) =>
        element("button", { type: "button", "aria-pressed": String(each === name), onclick: () => show(each) }, each),
      );
      frame.replaceChildren(
        element(
          "div",
          { class: "am-bar" },
          element("span", { class: "am-languages" }, choices),
          copyable(text, `the ${name} code`),
        ),
        element("pre", {}, element("code", { tabindex: "0" }, text)),
      );
    };
    show(language);
    return frame;
  }

  // One command, with a title.
  function commandBlock(line, title, label) {
    return element(
      "div",
      { class: "am-curl" },
      element("div", { class: "am-bar" }, element("span", {}, title), copyable(line, label)),
      element("pre", {}, element("code", { tabindex: "0" }, line)),
    );
  }

  function headerTable(view, route) {
    const rows = core
      .headers(view.data, route)
      .map(({ name, value, when }) => [code(name), value ? code(value) : "any", prose(when)]);
    return element(
      "details",
      {},
      element("summary", {}, `Headers to send (${rows.length})`),
      table(["Header", "Value", "When"], rows),
    );
  }

  // A requirement of a proxy, with its level.
  function ruleItem(view, id, hasRemedy = false) {
    const rule = view.lookup.rules[id];
    if (!rule) return null;
    return element(
      "li",
      {},
      prose(rule.statement),
      " ",
      element("small", {}, link(id, rule.page), ` (${rule.level})`),
      hasRemedy && rule.remedy ? element("div", { class: "am-remedy" }, "Remedy: ", prose(rule.remedy)) : null,
    );
  }

  function duties(view, provider, rules, upstream) {
    if (!provider.via_proxy) {
      return element("p", { class: "am-duty" }, "A proxy does not get this call.");
    }
    return element(
      "details",
      { open: true },
      element("summary", {}, "What a proxy must do"),
      element(
        "ul",
        { class: "am-duties" },
        element(
          "li",
          {},
          "Send it to ",
          upstream ? code(upstream) : "the provider, whose address no source states",
          ".",
        ),
        element(
          "li",
          {},
          "Read the client's key from ",
          provider.client_carriers.map((name, i) => [i ? " or " : "", code(name)]),
          ", and add the proxy's own in ",
          code(provider.upstream_carrier),
          provider.placeholder_carriers.length
            ? [
                ". ",
                provider.placeholder_carriers.map(code),
                " holds the word ",
                code("placeholder"),
                ", which is not a key",
              ]
            : null,
          ".",
        ),
        rules.map((id) => ruleItem(view, id)),
      ),
    );
  }

  function callsCard(view, found) {
    const { data } = view;
    const provider = data.providers[found.calls[0].provider];
    const [only] = found.calls;
    const rows = found.calls.map((call) => [
      link(code(call.operation), data.operations[`${call.dialect}/${call.operation}`].page),
      [element("span", { class: "am-method" }, call.method), " ", code(core.fullUrl(call.path, view.address))],
      call.upstream ? code(call.upstream) : "not stated by the sources",
    ]);
    const model = found.model
      ? row(
          "Model in the path",
          found.answer
            ? link(code(found.answer.name), found.answer.page)
            : [code(found.model), " (not listed in this edition)"],
        )
      : null;
    const carrier = row(
      "Client's key in",
      provider.client_carriers.map((name, i) => [i ? " or " : "", code(name)]),
    );
    return card(
      link(provider.title, provider.page),
      found.unknown ? element("p", {}, "Unknown path. The paths of the provider are:") : null,
      bypass(provider),
      found.usual && !found.trouble ? aliasNote(view, only, found.usual) : null,
      found.otherMethod ? methodNote(view, found) : null,
      table(["Operation", only.used_by ? "URL" : "URL that the client calls", "URL at the provider"], rows),
      element("dl", { class: "am-facts" }, model, modelsRow(found.models), carrier),
      found.provider ? null : codeBlock(window.ampmapCode.codes(data, only, view.address, only.stream === "path")),
      found.provider
        ? null
        : duties(view, provider, data.operations[`${only.dialect}/${only.operation}`].rules, only.upstream),
    );
  }

  // A path of the provider that the client does not call itself.
  function aliasNote(view, call, usual) {
    return element(
      "div",
      { class: "am-remark", role: "note" },
      element("strong", {}, "An alias. "),
      "This path is used by ",
      call.used_by,
      ". The Amp client calls ",
      code(core.fullUrl(usual.path, view.address)),
      ".",
    );
  }

  function methodNote(view, { method, calls, methodRules }) {
    return element(
      "div",
      { class: "am-remark", role: "note" },
      element("strong", {}, `Not ${method}. `),
      `The client calls this path with ${calls[0].method}. What a proxy must do with ${method}:`,
      element(
        "ul",
        { class: "am-duties" },
        methodRules.map((id) => ruleItem(view, id)),
      ),
    );
  }

  function modelsRow(models) {
    if (!models?.length) return null;
    return row(
      "Models",
      models.map((model, i) => [i ? ", " : "", link(code(model.name), model.page)]),
    );
  }

  function hostedCard({ name, models, page }) {
    const [first, ...others] = models;
    return card(
      ["Agent mode ", link(code(name), page)],
      element(
        "dl",
        { class: "am-facts" },
        row("Model", code(first)),
        others.length ? row("Or", others.join(", ")) : [],
        row("Called by", "Amp's own servers; no model call of the client passes a proxy"),
      ),
    );
  }

  function managementCard(view, { id, family, path }) {
    const asks = {
      "client-key": "the client's key",
      open: "none: a browser opens it",
      unknown: "not stated by the sources",
    };
    return card(
      ["Management route ", link(code(id), family.page)],
      urlLine("any method", core.fullUrl(path, view.address)),
      element(
        "dl",
        { class: "am-facts" },
        row("Purpose", prose(family.purpose)),
        row("Asks for", asks[family.authentication]),
      ),
      element(
        "ul",
        { class: "am-duties" },
        element(
          "li",
          {},
          "A proxy forwards it to Amp's own servers, at ",
          code(core.fullUrl(path, view.data.amp_url)),
          ".",
        ),
        family.rules.map((id) => ruleItem(view, id)),
      ),
    );
  }

  // Where the editions send a name, if not all send it to one place. Each row leads to the newest of its editions.
  function timelineCard(view, periods, { order, edition, look }) {
    if (periods.length < 2) return null;
    const place = order.indexOf(edition);
    const rows = periods.map((period) => {
      const [first, last] = [period.first_edition, period.last_edition];
      const here = order.indexOf(first) <= place && place <= order.indexOf(last);
      const there = element("button", { type: "button", class: "am-finder-near", onclick: () => look(last) }, "Show");
      there.setAttribute("aria-label", `Show ${period.months}`);
      return element(
        "tr",
        { "aria-current": here && "true" },
        element("th", { scope: "row" }, period.months),
        element("td", {}, core.inWords(period, view.address)),
        element("td", {}, here ? "shown above" : period.path || period.hosted ? there : ""),
      );
    });
    const frame = table(["Builds of", "Goes to", "Edition"], []);
    frame.querySelector("table").classList.add("am-timeline");
    frame.querySelector("tbody").append(...rows);
    return card("In every edition", frame);
  }

  // An edition by its id or the version of its build: what it says, and what differs from the edition before. Null for others.
  function editionCard(editions, query) {
    const at = editions.findIndex(([id]) => [id, id.replace("amp-", "")].includes(query.toLowerCase()));
    if (at < 0) return null;
    const [id, built] = editions[at];
    const others = [...new Set([editions[Math.max(0, at - 1)][0], editions[0][0]])].filter((other) => other !== id);
    const links = [
      link("Where it sends each model", `editions/${id}/`),
      ...others.map((other) =>
        link(`What it drops, moves and adds against ${other}`, `editions/compare/?from=${other}&to=${id}`),
      ),
    ];
    return card(
      ["Edition ", code(id)],
      element("p", {}, `The map as it holds for the build of the client of ${built}.`),
      element(
        "ul",
        {},
        links.map((each) => element("li", {}, each)),
      ),
    );
  }

  window.ampmapCards = {
    editionCard,
    routeCard,
    callsCard,
    hostedCard,
    managementCard,
    timelineCard,
    ruleItem,
    commandBlock,
    aliasNote,
  };
})();
