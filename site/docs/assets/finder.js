// The route finder of the front page: a combobox, and the answer below it. It asks nobody but this site, for one JSON
// file per edition; what it knows how to do is in finder-core.js.
(() => {
  "use strict";

  const root = document.querySelector(".am-finder");
  if (!root) return;
  const core = window.ampmapFinder;
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
    options: [],
    active: -1,
  };

  const { code, element, site } = window.ampmapParts;
  const { routeCard, callsCard, hostedCard, managementCard } = window.ampmapCards;

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
    const view = { data: state.data, address: address(), stream: state.stream, choose: stream };
    const cards = {
      routes: () => found.answers.map((route) => routeCard(view, route, found.answers.length > 1)),
      calls: () => [callsCard(view, found)],
      management: () => [managementCard(view, found)],
      hosted: () => [hostedCard(found)],
    };
    result.replaceChildren(...cards[found.kind]());
    status.textContent = summary(found);
  }

  function address() {
    return state.ampUrl || state.data.amp_url;
  }

  function stream(isStream) {
    state.stream = isStream;
    answer(state.query);
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
    result.replaceChildren();
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

  async function start() {
    const { edition } = state;
    try {
      if (!loaded.has(edition)) {
        const response = await fetch(new URL(`api/v1/finder/${edition}.json`, site));
        if (!response.ok) throw new Error(String(response.status));
        loaded.set(edition, await response.json());
      }
    } catch {
      status.textContent =
        "The finder's data cannot be loaded: it requires a web server. The tables below have the same data.";
      return;
    }
    if (edition !== state.edition) return; // another one was chosen meanwhile
    state.data = loaded.get(edition);
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
