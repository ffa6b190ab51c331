// The route finder of the front page: a combobox, and the answer below it. It asks nobody but this site, for one JSON
// file per edition; what it knows how to do is in finder-core.js.
(() => {
  "use strict";

  const root = document.querySelector(".am-finder");
  if (!root) return;
  const core = window.ampmapFinder;
  const site = new URL("..", document.currentScript.src);
  // The page took the query out of the address before the theme's own search could read its `q`.
  const parameters = new URLSearchParams(window.ampmapQuery || location.search);

  const loaded = new Map();
  const editions = JSON.parse(root.dataset.editions);
  const state = {
    edition: editions.some(([id]) => id === parameters.get("edition"))
      ? parameters.get("edition")
      : root.dataset.edition,
    ampUrl: parameters.get("amp_url"),
    query: parameters.get("q") || "",
    stream: parameters.has("stream"),
    data: null,
    table: null,
    options: [],
    active: -1,
  };

  // --- elements

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value === true) made.setAttribute(key, "");
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== ""));
    return made;
  }

  // Text in which what stands between backticks is code.
  function prose(text) {
    return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? element("code", {}, part) : part));
  }

  const link = (text, page) => element("a", { href: new URL(page, site).href }, text);
  const code = (text) => element("code", {}, text);

  const input = element("input", {
    id: "finder-query",
    class: "am-finder-input",
    type: "text",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "finder-options",
    "aria-autocomplete": "list",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "gpt-5-codex, smart, /api/provider/…",
  });
  const list = element("ul", { id: "finder-options", role: "listbox", "aria-label": "Matching names", hidden: true });
  const ampUrl = element("input", { id: "finder-amp-url", type: "url", spellcheck: "false", autocomplete: "off" });
  const choice = element(
    "select",
    { id: "finder-edition" },
    editions.map(([id, built]) => element("option", { value: id, selected: id === state.edition }, `${id} (${built})`)),
  );
  const status = element("p", { class: "am-finder-status", role: "status" });
  const result = element("div", { class: "am-finder-result" });

  function field(label, control, ...more) {
    return element("div", { class: "am-finder-field" }, element("label", { for: control.id }, label), control, more);
  }

  root.append(
    element(
      "form",
      {
        class: "am-finder-form",
        role: "search",
        "aria-label": "Route finder",
        onsubmit: (event) => event.preventDefault(),
      },
      element("div", { class: "am-finder-main" }, field("Model, alias, agent mode or path", input, list)),
      element("div", { class: "am-finder-more" }, field("amp.url", ampUrl), field("Edition", choice)),
    ),
    status,
    result,
  );

  // --- the list of names

  function showOptions() {
    state.options = state.data ? core.options(state.data, input.value) : [];
    state.active = -1;
    list.replaceChildren(
      ...state.options.map((option, index) =>
        element(
          "li",
          {
            id: `finder-option-${index}`,
            role: "option",
            "aria-selected": "false",
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(option.text),
          },
          element("span", { class: "am-finder-name" }, option.text),
          element("span", { class: "am-finder-kind" }, `${option.kind} · ${option.title}`),
        ),
      ),
    );
    open(state.options.length > 0);
  }

  function open(isOpen) {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) activate(-1);
  }

  function activate(index) {
    state.active = index;
    [...list.children].forEach((item, place) => {
      item.setAttribute("aria-selected", String(place === index));
    });
    if (index < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", `finder-option-${index}`);
      list.children[index].scrollIntoView({ block: "nearest" });
    }
  }

  function take(text) {
    input.value = text;
    open(false);
    answer(text);
  }

  input.addEventListener("input", () => {
    showOptions();
    answer(input.value, { quietly: true });
  });
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const many = state.options.length;
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) showOptions();
      else if (many) {
        const step = event.key === "ArrowDown" ? 1 : state.active < 0 ? 0 : -1;
        activate((state.active + step + many) % many);
      }
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen && state.active >= 0) take(state.options[state.active].text);
      else {
        open(false);
        answer(input.value);
      }
    } else if (event.key === "Escape") {
      if (isOpen) open(false);
      else {
        input.value = "";
        answer("");
      }
    }
  });
  ampUrl.addEventListener("input", () => {
    state.ampUrl = ampUrl.value;
    answer(state.query, { quietly: true });
  });
  choice.addEventListener("change", () => look(choice.value));

  function look(edition) {
    choice.value = edition;
    state.edition = edition;
    start();
  }

  // --- answers

  // Shows the answer to a query and keeps it in the address. While somebody types, an unknown name is no failure yet.
  function answer(query, { quietly = false } = {}) {
    state.query = query.trim();
    remember();
    if (!state.data || !state.query) {
      status.textContent = "";
      result.replaceChildren();
      return;
    }
    const found = core.find(state.data, state.query);
    if (found.kind === "none") {
      unknown(found, quietly);
      return;
    }
    try {
      core.fullUrl("/", address());
    } catch {
      status.textContent = "amp.url must be an absolute http or https URL.";
      result.replaceChildren();
      return;
    }
    status.textContent = "";
    const cards = {
      routes: () => found.answers.map((route) => routeCard(route, found.answers.length > 1)),
      calls: () => [callsCard(found)],
      management: () => [managementCard(found)],
      hosted: () => [hostedCard(found)],
    };
    result.replaceChildren(...cards[found.kind](), ...timelineCard());
    status.textContent = summary(found);
  }

  function address() {
    return state.ampUrl || state.data.amp_url;
  }

  function summary(found) {
    if (found.kind === "hosted") return `Amp's own servers call the model of ${found.name}.`;
    if (found.kind === "management") return `${found.path} goes to Amp's own servers.`;
    if (found.kind === "calls")
      return `${found.calls.length} ${found.calls.length === 1 ? "call" : "calls"} of ${state.data.providers[found.calls[0].provider].title}.`;
    if (found.answers.length > 1) return `Several providers serve ${state.query}.`;
    const [route] = found.answers;
    const provider = state.data.providers[route.provider];
    return `${state.query} goes to ${provider.title}${provider.via_proxy ? "" : " and bypasses the proxy"}.`;
  }

  // A name that only another edition has leads there.
  function unknown({ near: names, elsewhere }, quietly) {
    result.replaceChildren(...timelineCard());
    if (elsewhere && !quietly) {
      const there = element(
        "button",
        { type: "button", class: "am-finder-near", onclick: () => look(elsewhere) },
        elsewhere,
      );
      status.replaceChildren(
        `Edition ${state.edition} does not know `,
        code(state.query),
        "; edition ",
        there,
        " does.",
      );
      return;
    }
    if (quietly && state.options.length) {
      status.textContent = "";
      return;
    }
    const buttons = names.map((name) =>
      element("button", { type: "button", class: "am-finder-near", onclick: () => take(name) }, name),
    );
    status.replaceChildren(
      `Edition ${state.edition} has no model, agent mode or path called `,
      code(state.query),
      buttons.length ? ". Did you mean " : ".",
      ...buttons.flatMap((button, index) => (index ? [", ", button] : [button])),
      buttons.length ? "?" : "",
    );
  }

  function row(label, ...value) {
    return [element("dt", {}, label), element("dd", {}, ...value)];
  }

  function copyable(text, label) {
    const button = element("button", { type: "button", class: "am-copy", "aria-label": `Copy ${label}` }, "Copy");
    button.addEventListener("click", async () => {
      button.textContent = (await copied(text)) ? "Copied" : "Press Ctrl+C";
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
    return button;
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = element("textarea", { class: "am-hidden" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy"); // where the page is not served over https
      area.remove();
      return done;
    }
  }

  function card(title, ...children) {
    return element("section", { class: "am-card" }, element("h3", { class: "am-card-title" }, title), children);
  }

  function urlLine(method, url) {
    return element(
      "div",
      { class: "am-url" },
      element("span", { class: "am-method" }, method),
      element("code", { class: "am-url-text", tabindex: "0" }, url),
      copyable(url, "the URL"),
    );
  }

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

  function routeCard(route, several) {
    const { data } = state;
    const provider = data.providers[route.provider];
    const operation = data.operations[`${route.dialect}/${route.operation}`];
    const streams = Boolean(operation.stream_field || route.stream_path);
    const stream = streams && state.stream;
    const url = core.fullUrl(stream && route.stream_path ? route.stream_path : route.path, address());
    const title = [
      link(code(several ? `${route.provider}/${route.name}` : route.name), route.page),
      element("span", { class: "am-arrow", "aria-label": "goes to" }, " → "),
      link(provider.title, provider.page),
    ];
    const switcher = element("input", { type: "checkbox", id: `finder-stream-${route.provider}`, checked: stream });
    switcher.addEventListener("change", () => {
      state.stream = switcher.checked;
      answer(state.query);
      document.getElementById(switcher.id).focus();
    });
    return card(
      title,
      urlLine(route.method, url),
      bypass(provider),
      element(
        "dl",
        { class: "am-facts" },
        route.kind === "agent_mode" ? row("Primary model", code(route.model)) : row("Model", route.title),
        row("Id on the wire", code(route.wire_model)),
        row("Operation", link(code(route.operation), operation.page), ` (${route.dialect})`),
        row("SDK of the client", route.sdk),
        route.warning ? row("Note", prose(route.warning)) : null,
      ),
      streams
        ? element("p", { class: "am-switch" }, switcher, element("label", { for: switcher.id }, " as a stream"))
        : null,
      curlBlock(core.curl(data, route, address(), stream)),
      headerTable(route),
      duties(provider, operation.rules, route.upstream),
    );
  }

  function curlBlock(line) {
    return element(
      "div",
      { class: "am-curl" },
      element("div", { class: "am-bar" }, element("span", {}, "curl"), copyable(line, "the curl line")),
      element("pre", {}, element("code", { tabindex: "0" }, line)),
    );
  }

  function headerTable(route) {
    const rows = core
      .headers(state.data, route)
      .map(({ name, value, when }) =>
        element(
          "tr",
          {},
          element("td", {}, code(name)),
          element("td", {}, value ? code(value) : "any"),
          element("td", {}, prose(when)),
        ),
      );
    const head = ["Header", "Value", "When"].map((text) => element("th", { scope: "col" }, text));
    return element(
      "details",
      {},
      element("summary", {}, `Headers to send (${rows.length})`),
      element(
        "div",
        { class: "am-scroll" },
        element(
          "table",
          { class: "am-table" },
          element("thead", {}, element("tr", {}, head)),
          element("tbody", {}, rows),
        ),
      ),
    );
  }

  function duties(provider, rules, upstream) {
    if (!provider.via_proxy) {
      return element("p", { class: "am-duty" }, "A proxy does not get this call.");
    }
    const known = rules.filter((id) => state.data.rules[id]).map((id) => [id, state.data.rules[id]]);
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
        known.map(([id, rule]) =>
          element("li", {}, prose(rule.statement), " ", element("small", {}, link(id, rule.page), ` (${rule.level})`)),
        ),
      ),
    );
  }

  function callsCard(found) {
    const { data } = state;
    const provider = data.providers[found.calls[0].provider];
    const [only] = found.calls;
    const rows = found.calls.map((call) =>
      element(
        "tr",
        {},
        element("td", {}, link(code(call.operation), data.operations[`${call.dialect}/${call.operation}`].page)),
        element(
          "td",
          {},
          element("span", { class: "am-method" }, call.method),
          " ",
          code(core.fullUrl(call.path, address())),
        ),
        element("td", {}, call.upstream ? code(call.upstream) : "not stated by the sources"),
      ),
    );
    const head = ["Operation", "URL that the client calls", "URL at the provider"].map((text) =>
      element("th", { scope: "col" }, text),
    );
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
      element(
        "div",
        { class: "am-scroll" },
        element(
          "table",
          { class: "am-table" },
          element("thead", {}, element("tr", {}, head)),
          element("tbody", {}, rows),
        ),
      ),
      element("dl", { class: "am-facts" }, model, carrier),
      found.provider ? null : curlBlock(core.curl(data, only, address(), only.stream === "path")),
      found.provider
        ? null
        : duties(provider, data.operations[`${only.dialect}/${only.operation}`].rules, only.upstream),
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

  // Where the editions send a name, if not all of them send it to one place. Each leads to the newest of its editions.
  function timelineCard() {
    const periods = state.table ? core.timeline(state.table, state.query) : [];
    if (periods.length < 2) return [];
    const order = editions.map(([id]) => id);
    const place = order.indexOf(state.edition);
    const rows = periods.map((period) => {
      const [first, last] = [period.first_edition, period.last_edition];
      const here = order.indexOf(first) <= place && place <= order.indexOf(last);
      const there = element("button", { type: "button", class: "am-finder-near", onclick: () => look(last) }, "Show");
      there.setAttribute("aria-label", `Show ${period.months}`);
      return element(
        "tr",
        { "aria-current": here && "true" },
        element("th", { scope: "row" }, period.months),
        element("td", {}, core.inWords(period, address())),
        element("td", {}, here ? "shown above" : period.path || period.hosted ? there : ""),
      );
    });
    const head = ["Builds of", "Goes to", "Edition"].map((text) => element("th", { scope: "col" }, text));
    return [
      card(
        "In every edition",
        element(
          "div",
          { class: "am-scroll" },
          element(
            "table",
            { class: "am-table am-timeline" },
            element("thead", {}, element("tr", {}, head)),
            element("tbody", {}, rows),
          ),
        ),
      ),
    ];
  }

  function managementCard({ id, family, path }) {
    const asks = {
      "client-key": "the client's key",
      open: "none: a browser opens it",
      unknown: "not stated by the sources",
    };
    const known = family.rules.filter((name) => state.data.rules[name]).map((name) => [name, state.data.rules[name]]);
    return card(
      ["Management route ", link(code(id), family.page)],
      urlLine("any method", core.fullUrl(path, address())),
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
          code(core.fullUrl(path, state.data.amp_url)),
          ".",
        ),
        known.map(([name, rule]) =>
          element(
            "li",
            {},
            prose(rule.statement),
            " ",
            element("small", {}, link(name, rule.page), ` (${rule.level})`),
          ),
        ),
      ),
    );
  }

  // --- address and data

  let isFree = false;

  // Puts query, edition and amp.url into the page's address, so that it can be shared; never a name and password.
  function remember() {
    if (!isFree) return;
    const wanted = new URLSearchParams();
    if (state.query) wanted.set("q", state.query);
    if (state.edition !== root.dataset.edition) wanted.set("edition", state.edition);
    if (state.ampUrl && state.ampUrl !== state.data?.amp_url && !/@/.test(state.ampUrl))
      wanted.set("amp_url", state.ampUrl);
    if (state.stream) wanted.set("stream", "");
    const text = wanted
      .toString()
      .replace(/=(?=&|$)/g, "")
      .replace(/%2F/g, "/")
      .replace(/%3A/g, ":");
    history.replaceState(null, "", `${location.pathname}${text ? `?${text}` : ""}${location.hash}`);
  }

  async function fetched(path) {
    if (!loaded.has(path)) {
      const response = await fetch(new URL(`api/v1/${path}.json`, site));
      if (!response.ok) throw new Error(String(response.status));
      loaded.set(path, await response.json());
    }
    return loaded.get(path);
  }

  async function start() {
    const { edition } = state;
    let data;
    try {
      [data, state.table] = await Promise.all([fetched(`finder/${edition}`), fetched("timelines")]);
    } catch {
      status.textContent =
        "The finder's data cannot be loaded: it requires a web server. The tables below have the same data.";
      return;
    }
    if (edition !== state.edition) return; // another one was chosen meanwhile
    state.data = data;
    ampUrl.placeholder = state.data.amp_url;
    ampUrl.value = state.ampUrl || state.data.amp_url;
    answer(state.query);
    root.dataset.ready = edition;
  }

  input.value = state.query;
  start();
  addEventListener("load", () => {
    setTimeout(() => {
      isFree = true;
      remember();
    });
  });
})();
