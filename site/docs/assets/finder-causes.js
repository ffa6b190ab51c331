// The cards on what went wrong: a status with who may have made it, a header, an error, a rule, and a list of names.
// Each takes what is looked at, as finder-cards.js does.
(() => {
  "use strict";

  const core = window.ampmapFinder;
  const { card, code, element, link, prose, row, table } = window.ampmapParts;
  const { aliasNote, curlBlock, ruleItem } = window.ampmapCards;

  // Who may have answered with the status of a line: the proxy to a right call, by its rules, or the server behind it.
  function troubleCard(view, { status, phrase, page, meanings, suspects, answers, provider }, found = {}) {
    const told = [status, phrase].filter(Boolean).join(" ");
    const own = answers.filter((id) => !suspects.includes(id));
    return card(
      ["You got ", page ? link(told, page) : told],
      found.usual ? aliasNote(view, found.calls[0], found.usual) : null,
      suspects.length
        ? [element("p", {}, "If the call was right, the proxy may break one of these rules:"), rules(view, suspects)]
        : null,
      suspects.length ? testLine(suspects) : null,
      meanings.length
        ? [
            element("p", {}, `If ${view.data.providers[provider].title} answered so, it means:`),
            meaningTable(view, meanings),
          ]
        : null,
      own.length ? folded(`Rules on answering with ${status} (${own.length})`, rules(view, own)) : null,
      page ? element("p", {}, link(`All about ${told}`, page)) : null,
    );
  }

  function statusCard(view, { status, phrase, page, meanings, suspects, answers, relays }) {
    const told = [status, phrase].filter(Boolean).join(" ");
    const own = answers.filter((id) => !suspects.includes(id));
    return card(
      link(told, page),
      meanings.length ? [element("p", {}, "From a provider it means:"), meaningTable(view, meanings)] : null,
      suspects.length
        ? [
            element("p", {}, "A proxy that answers a right call so may break:"),
            rules(view, suspects),
            testLine(suspects),
          ]
        : null,
      own.length ? folded(`Rules on answering with ${status} (${own.length})`, rules(view, own)) : null,
      meanings.length ? [element("p", {}, "A proxy relays it:"), rules(view, relays)] : null,
      element("p", {}, link(`All about ${told}`, page)),
    );
  }

  function meaningTable(view, meanings) {
    const name = (id) => view.data.providers[id]?.title || id;
    const rows = meanings.map((each) => [
      link(each.providers.map(name).join(", ") || each.shape, each.page),
      [each.type ? code(each.type) : "", each.type && each.code ? " " : "", each.code ? code(each.code) : ""],
      each.meaning ? prose(each.meaning) : "",
    ]);
    return table(["Provider", "Type and code", "Meaning"], rows);
  }

  function headerCard(view, { name, places, fromClient, toProvider, rules: ids }) {
    const providers = (list) => list.map((id, i) => [i ? ", " : "", link(id, view.data.providers[id].page)]);
    const rows = places.map((each) => [
      link(each.title, each.page),
      each.value ? code(each.value) : "",
      prose(each.when),
      [each.providers.join(", ") || "all", each.note ? [". ", prose(each.note)] : ""],
    ]);
    return card(
      ["Header ", code(name)],
      element(
        "dl",
        { class: "am-facts" },
        fromClient.length ? row("The client's key is in it for", providers(fromClient)) : null,
        toProvider.length ? row("The proxy puts its own key in it for", providers(toProvider)) : null,
      ),
      table(["Set", "Value", "When", "Providers"], rows),
      ids.length ? [element("p", {}, "Rules that name it:"), rules(view, ids), testLine(ids)] : null,
    );
  }

  function errorCard(view, { code: typed, errors, meanings }) {
    return card(
      typed ? ["Error ", code(typed)] : "Error by its message",
      errors.map((each) =>
        element(
          "dl",
          { class: "am-facts" },
          row("Error", link(each.code ? code(each.code) : each.message, each.page), ` (${each.platform})`),
          row("Raised when", prose(each.meaning)),
          row("Remedy", prose(each.remedy)),
          each.status ? row("HTTP status", code(String(each.status))) : null,
        ),
      ),
      meanings.length
        ? table(
            ["Status", "Provider", "Meaning"],
            meanings.map((each) => [
              link(code(each.status), view.lookup.statuses[each.status].page),
              link(each.providers.join(", ") || each.shape, each.page),
              each.meaning ? prose(each.meaning) : "",
            ]),
          )
        : null,
    );
  }

  function ruleCard(view, { id, page }) {
    return card(["Rule ", link(code(id), page)], rules(view, [id]), testLine([id]));
  }

  // What several names may mean, one row each; a press on one takes it.
  function severalCard(view, { answers }, take) {
    const rows = answers.map((route) => [
      element(
        "button",
        { type: "button", class: "am-finder-near", onclick: () => take(nameOf(answers, route)) },
        route.name,
      ),
      view.data.providers[route.provider].title,
      code(core.fullUrl(route.path, view.address)),
    ]);
    return card(`${answers.length} matches`, table(["Name", "Provider", "URL that the client calls"], rows));
  }

  // A model of several providers is named with its provider.
  function nameOf(answers, route) {
    const same = answers.filter(({ name }) => name === route.name);
    return same.length > 1 ? `${route.provider}/${route.model}` : route.name;
  }

  function rules(view, ids) {
    return element(
      "ul",
      { class: "am-duties" },
      ids.map((id) => ruleItem(view, id)),
    );
  }

  function testLine(ids) {
    const select = ids.map((id) => ` \\\n  --select '${id}'`).join("");
    return curlBlock(`ampmap-conformance run --target staging.yaml${select}`, "Test your proxy", "the test command");
  }

  function folded(title, content) {
    return element("details", {}, element("summary", {}, title), content);
  }

  window.ampmapCauses = { troubleCard, statusCard, headerCard, errorCard, ruleCard, severalCard };
})();
