// The route finder of the front page: a combobox, and the answer below it. It loads data from this site alone: of an
// edition, and what is the same for all. finder-read.js and finder-answer.js say what a text means.
(() => {
  "use strict";

  const root = document.querySelector(".am-finder");
  const core = window.ampmapFinder;
  const { answerTo } = window.ampmapAnswers;
  // The page took the query out of the address before the theme's own search could read its `q`.
  const parameters = new URLSearchParams(window.ampmapQuery || location.search);

  const editions = JSON.parse(root.dataset.editions);
  const state = {
    edition: editions.some(([id]) => id === parameters.get("edition"))
      ? parameters.get("edition")
      : root.dataset.edition,
    ampUrl: parameters.get("amp_url"),
    query: parameters.get("q") || "",
    stream: parameters.has("stream"),
    chosen: parameters.has("edition"),
    share: "",
    data: null,
    lookup: null,
    table: null,
    options: [],
    active: -1,
  };

  const { code, element, load } = window.ampmapParts;
  const { editionCard, routeCard, callsCard, hostedCard, managementCard, timelineCard } = window.ampmapCards;
  const { troubleCard, statusCard, headerCard, errorCard, ruleCard, severalCard } = window.ampmapCauses;

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
    placeholder: "gpt-5-codex, smart, 404, a path, a line of a log …",
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
      element(
        "div",
        { class: "am-finder-main" },
        field("Model, mode, path, status, header, error or a line of a log", input, list),
      ),
      element(
        "details",
        { class: "am-finder-where", open: matchMedia("(min-width: 37.5em)").matches || state.chosen || state.ampUrl },
        element("summary", {}, "amp.url and edition"),
        element("div", { class: "am-finder-more" }, field("amp.url", ampUrl), field("Edition", choice)),
      ),
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
    answer(state.query);
  });
  choice.addEventListener("change", () => look(choice.value));

  function look(edition) {
    choice.value = edition;
    state.edition = edition;
    state.chosen = true;
    start();
  }

  // --- answers

  // Shows the answer to a query and keeps it in the address. While somebody types, an unknown name is no failure yet.
  function answer(query, { quietly = false } = {}) {
    state.query = query.trim();
    state.share = "";
    if (!state.data || !state.query) {
      remember();
      return tell("");
    }
    const build = editionCard(editions, state.query);
    if (build) return showEdition(build);
    if (!isUsable(state.ampUrl || state.data.amp_url)) return;
    if (!state.lookup) {
      const { edition } = state;
      learn(edition).then((lookup) => {
        if (edition !== state.edition) return; // another one was chosen meanwhile
        state.lookup = lookup;
        answer(state.query, { quietly });
      }, failed);
      return;
    }
    const found = answerTo(state.data, state.lookup, state.query);
    state.share = found.read.share;
    remember();
    if (found.kind !== "none") show(found, state.data, state.lookup);
    else if (quietly && state.options.length) tell("");
    else if (found.elsewhere && !state.chosen && !quietly) answerFrom(found.elsewhere);
    else unknown(found);
  }

  function tell(text, ...cards) {
    status.textContent = text;
    result.replaceChildren(...cards);
  }

  function showEdition(card) {
    state.share = state.query;
    remember();
    tell("", card);
  }

  // The answer of another edition, for a name that the usual one lacks.
  function answerFrom(edition) {
    const { query } = state;
    Promise.all([load(`finder/${edition}`), learn(edition)]).then(([data, lookup]) => {
      if (query !== state.query) return; // something else was asked meanwhile
      show(answerTo(data, lookup, query), data, lookup);
      status.replaceChildren(`Edition ${state.edition} does not know `, code(query), `. This holds for ${edition}.`);
    }, failed);
  }

  // Whether it can be amp.url; if not, says so.
  function isUsable(address) {
    try {
      core.fullUrl("/", address);
      return true;
    } catch {
      const like = /^[\w.-]+(:\d+)?(\/|$)/.test(address) ? `, such as http://${address}` : "";
      tell(`amp.url must be an absolute http or https URL${like}.`);
      return false;
    }
  }

  function failed() {
    tell("The finder's data cannot be loaded. The tables below have the same data.");
  }

  function show(found, data, lookup) {
    const ampUrlNow = state.ampUrl || originOf(found, data) || data.amp_url;
    if (!isUsable(ampUrlNow)) return;
    const view = { data, lookup, address: ampUrlNow, stream: state.stream, choose: stream };
    const cards = {
      routes: () => found.answers.map((route) => routeCard(view, route, found.answers.length > 1)),
      calls: () => [
        found.trouble && troubleCard(view, found.trouble, found),
        callsCard(view, found),
        found.like?.length && severalCard(view, { answers: found.like }, take),
      ],
      management: () => [found.trouble && troubleCard(view, found.trouble), managementCard(view, found)],
      hosted: () => [hostedCard(found)],
      status: () => [statusCard(view, found)],
      header: () => [headerCard(view, found)],
      error: () => [errorCard(view, found)],
      rule: () => [ruleCard(view, found)],
      several: () => [severalCard(view, found, take)],
    };
    const shown = [...cards[found.kind](), timelineCard(view, periodsOf(found), timing(data))];
    tell(summary(found, data), ...shown.filter(Boolean));
  }

  // Where the editions send the name that was asked for, or that stood in what was pasted.
  function periodsOf({ kind, answers, read, meant }) {
    const isName = kind === "routes" || kind === "hosted" || kind === "none";
    const name = kind === "routes" && answers.length === 1 && meant ? answers[0].name : meant || read.text;
    return isName && state.table ? core.timeline(state.table, name) : [];
  }

  function timing({ edition }) {
    return { order: editions.map(([id]) => id), edition, look };
  }

  // Where a pasted URL or line of a log was sent, unless that is a provider itself.
  function originOf({ kind, read, calls }, data) {
    if (kind === "calls" && !data.providers[calls[0].provider].via_proxy) return "";
    return read.origin || (read.host ? `https://${read.host}` : "");
  }

  function stream(isStream) {
    state.stream = isStream;
    answer(state.query);
  }

  function summary(found, data) {
    const say = {
      hosted: () => `Amp's own servers call the model of ${found.name}.`,
      management: () => `${found.path} goes to Amp's own servers.`,
      calls: () =>
        `${found.calls.length} ${found.calls.length === 1 ? "call" : "calls"} of ${data.providers[found.calls[0].provider].title}.`,
      routes: () => {
        if (found.answers.length > 1) return `Several providers serve ${found.meant || state.query}.`;
        const [route] = found.answers;
        const provider = data.providers[route.provider];
        return `${found.meant || route.name} goes to ${provider.title}${provider.via_proxy ? "" : " and bypasses the proxy"}.`;
      },
      several: () => `${found.answers.length} names are like this. Choose one.`,
    };
    return say[found.kind]?.() || "";
  }

  // What nothing is called: near names, and the search of the whole site. A name that only another edition has leads there.
  function unknown(found) {
    const { near: names, elsewhere } = found;
    const view = { address: state.ampUrl || state.data.amp_url };
    result.replaceChildren(...[timelineCard(view, periodsOf(found), timing(state.data))].filter(Boolean));
    const near = (text, onclick) => element("button", { type: "button", class: "am-finder-near", onclick }, text);
    const typed = state.query.length > 80 ? "this text" : code(state.query);
    if (elsewhere) {
      const there = near(elsewhere, () => look(elsewhere));
      status.replaceChildren(`Edition ${state.edition} does not know `, typed, "; edition ", there, " does.");
      return;
    }
    const buttons = names.map((name) => near(name, () => take(name)));
    status.replaceChildren(
      `Edition ${state.edition} has no model, agent mode, path, status, header or error called `,
      typed,
      buttons.length ? ". Did you mean " : ". ",
      ...buttons.flatMap((button, index) => (index ? [", ", button] : [button])),
      buttons.length ? "? " : "",
      near("Search all pages", () => window.ampmapSearch(state.query)),
      ".",
    );
  }

  // --- address and data

  let isFree = false;

  // Puts query, edition and amp.url into the page's address, so that it can be shared; never a credential.
  function remember() {
    if (!isFree) return;
    const wanted = new URLSearchParams();
    if (state.share) wanted.set("q", state.share);
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

  // What is known beside an edition's routes is fetched when something is asked.
  async function learn(edition) {
    const [same, own, table] = await Promise.all(["lookup", `lookup/${edition}`, "timelines"].map(load));
    state.table = table;
    return { ...same, ...own };
  }

  async function start() {
    const { edition } = state;
    let data;
    let lookup = null;
    try {
      data = await load(`finder/${edition}`);
      if (state.query) lookup = await learn(edition);
    } catch {
      failed();
      return;
    }
    if (edition !== state.edition) return; // another one was chosen meanwhile
    state.data = data;
    state.lookup = lookup;
    ampUrl.placeholder = data.amp_url;
    ampUrl.value = state.ampUrl || data.amp_url;
    answer(state.query);
    root.dataset.ready = edition;
  }

  input.value = state.query;
  start();
  // The field is what the page is for; on a phone its focus would open the keyboard over it.
  if (!location.hash && matchMedia("(pointer: fine)").matches) input.focus({ preventScroll: true });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select"))
        return;
      event.preventDefault();
      event.stopPropagation(); // the theme would open its search
      input.focus();
    },
    true,
  );
  addEventListener("load", () => {
    setTimeout(() => {
      isFree = true;
      remember();
    });
  });
})();
