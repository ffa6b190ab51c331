// The page that shows a report.json: a file is dropped or chosen, read here, and rendered. Nothing is sent or kept.
(() => {
  "use strict";

  const root = document.querySelector(".am-report");
  const { code, copyable, element, link, prose, table } = window.ampmapParts;
  const { read, GOOD, LARGEST } = window.ampmapReport;
  const pages = JSON.parse(root.dataset.rules);
  const AT_ONCE = 200;
  const FOLDER = "ampmap-report";

  const status = element("p", { class: "am-finder-status", role: "status" });
  const shown = element("div", {});
  const input = element("input", { type: "file", id: "am-report-file", accept: ".json,application/json" });
  const place = element(
    "div",
    { class: "am-drop" },
    element("label", { for: input.id }, "Drop a report.json here, or choose it"),
    input,
  );
  input.addEventListener("change", () => {
    open(input.files);
    input.value = ""; // so that the same file, written anew, can be chosen again
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
    root.addEventListener(kind, (event) => {
      event.preventDefault();
      place.classList.toggle("am-over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop") open(event.dataTransfer.files);
    });
  root.append(place, status, shown);

  async function open(files) {
    const [file] = files;
    if (!file) return refuse("What was dropped is not a file.");
    if (files.length > 1) return refuse(`${files.length} files were dropped; the page shows one report at a time.`);
    if (file.size > LARGEST) {
      const sizes = [file.size, LARGEST].map((bytes) => `${Math.round(bytes / 1024 / 1024)} MB`);
      return refuse(
        `${file.name} has ${sizes[0]}, and this page reads at most ${sizes[1]}. Look at the report.html beside it.`,
      );
    }
    status.textContent = `${file.name} is read ...`;
    let report;
    try {
      report = read(await file.text());
    } catch (error) {
      report = { problem: `${file.name} cannot be read: ${error.message}.` };
    }
    if (report.problem) return refuse(report.problem);
    status.textContent = `${file.name}: ${report.total.toLocaleString("en")} cases. The file has not left this page.`;
    shown.replaceChildren(...view(report));
  }

  function refuse(problem) {
    status.textContent = problem;
    shown.replaceChildren();
  }

  function view(report) {
    const { name, version, words, facts, editions, notices, causes, isGrouped } = report;
    return [
      element(
        "section",
        { class: `am-card am-verdict ${tone(report.verdict)}` },
        element("h2", { class: "am-card-title" }, `${name} ${version}`.trim()),
        element("p", {}, element("strong", {}, words)),
        element(
          "dl",
          { class: "am-facts" },
          facts.map(([label, value]) => [element("dt", {}, label), element("dd", {}, value)]),
        ),
        notices.length
          ? element(
              "ul",
              {},
              notices.map((each) => element("li", {}, each)),
            )
          : null,
      ),
      titled("Cases by level", countTable("Level", report.levels)),
      editions.length ? titled("Editions", editionTable(editions)) : null,
      element("h2", { id: "causes" }, causesTitle(causes.length)),
      isGrouped && causes.length
        ? element(
            "p",
            {},
            "A kit of an earlier version wrote this report: it has no causes and remedies. ",
            "Cases of a rule with the same reason stand together.",
          )
        : null,
      ...causes.map(causeCard),
      report.parts.length ? titled("Core and features", partTable(report.parts)) : null,
      titled("By profile", countTable("Profile", report.profiles)),
      element("h2", { id: "cases" }, "Every case"),
      everyCase(report),
      element("h2", { id: "badge" }, "A badge"),
      element(
        "p",
        {},
        "The kit wrote ",
        code("badge.svg"),
        " beside the report. In a README that lies next to the folder:",
      ),
      block(`<a href="${FOLDER}/summary.md"><img alt="Amp conformance" src="${FOLDER}/badge.svg"></a>`, "the badge"),
    ].filter(Boolean);
  }

  function causesTitle(count) {
    return count ? `${count} ${count === 1 ? "cause" : "causes"}` : "Nothing is wrong";
  }

  const titled = (title, content) => element("section", {}, element("h2", {}, title), content);

  function tone(verdict) {
    if (verdict === "conformant" || verdict === "outside" || verdict === "pass") return "am-good";
    return ["warn", "known-failure", "partial", "incomplete"].includes(verdict) ? "am-doubtful" : "am-bad";
  }

  function editionTable(editions) {
    const rows = editions.map(({ edition, words, cases, red, shared }) => [
      code(edition),
      words,
      `${cases}`,
      `${red}`,
      `${shared}`,
    ]);
    return table(["Edition", "Verdict", "Cases", "Failing", "Made for an earlier edition"], rows);
  }

  function countTable(head, rows) {
    const told = rows.map(([name, counts]) => [
      name,
      counts.map(([verdict, cases]) => `${cases} ${verdict}`).join(", "),
    ]);
    return table([head, "Cases"], told);
  }

  function partTable(parts) {
    const rows = parts.map(({ name, executed, red, known }) => [
      name,
      `${executed - red - known} of ${executed}`,
      `${known}`,
    ]);
    return table(["Part", "Passed", "Known failures"], rows);
  }

  // The page of a rule, if this site has it: a rule that was renamed is found by its old name.
  function ruleLink(id) {
    const now = Object.hasOwn(pages, id) ? pages[id] || id : null;
    if (!now) return code(id);
    const [profile] = now.split(".", 1);
    return link(code(id), `requirements/${profile}/#${now.slice(profile.length + 1)}`);
  }

  function causeCard(cause) {
    const { verdict, isScored, severity, level, summary, rules, cases, blocks, first, actual, remedy } = cause;
    const counted = `${cases.length} ${cases.length === 1 ? "case" : "cases"}${blocks ? `, blocks ${blocks} more` : ""}`;
    const about = [isScored ? verdict : `unscored ${verdict}`, level, severity && `severity ${severity}`, counted];
    return element(
      "section",
      { class: `am-card am-verdict ${tone(verdict)}` },
      element("h3", { class: "am-card-title" }, prose(summary)),
      element("p", { class: "am-about" }, about.filter(Boolean).join(", ")),
      element(
        "dl",
        { class: "am-facts" },
        rules.map(({ id, statement }) => line(ruleLink(id), prose(statement))),
        line("Expected", first?.expected),
        line("Seen", actual),
        remedy
          ? line("Remedy", [prose(remedy.text), remedy.docs ? [" ", outside("documentation", remedy.docs)] : null])
          : null,
      ),
      remedy?.lines ? block(remedy.lines, "the lines of the remedy") : null,
      first ? caseBody(first) : null,
    );
  }

  const line = (label, value) => (value?.length ? [element("dt", {}, label), element("dd", {}, value)] : null);
  const outside = (words, address) => element("a", { href: address, rel: "noreferrer" }, words);

  function block(text, label) {
    return element(
      "div",
      { class: "am-curl" },
      element("div", { class: "am-bar" }, copyable(text, label)),
      element("pre", { tabindex: "0" }, code(text)),
    );
  }

  function caseBody({ again, curl, exchanges }) {
    return [
      again ? block(again, "the command that repeats the case") : null,
      curl ? folded("curl", () => [block(curl, "the curl command")]) : null,
      exchanges.length
        ? folded("What was sent and answered", () =>
            exchanges
              .flat()
              .map(([title, message]) => [element("p", {}, title), element("pre", { tabindex: "0" }, code(message))]),
          )
        : null,
    ];
  }

  // A fold whose content is made when it is opened: a report may have many thousands of them.
  function folded(title, make) {
    const fold = element("details", {}, element("summary", {}, title));
    fold.addEventListener(
      "toggle",
      () => fold.childElementCount === 1 && fold.append(...make().flat().filter(Boolean)),
      { once: true },
    );
    return fold;
  }

  function everyCase({ groups, verdicts }) {
    const words = element("input", { type: "search", id: "am-report-words" });
    const select = element("select", { id: "am-report-verdict" }, element("option", { value: "" }, "any"));
    select.append(
      ...verdicts.map(({ verdict, cases }) => element("option", { value: verdict }, `${verdict} (${cases})`)),
    );
    const fields = [
      ["Words", words],
      ["Verdict", select],
    ].map(([label, field]) => element("div", {}, element("label", { for: field.id }, label), field));
    const counted = element("output", { for: words.id });
    const list = element("div", {});

    function apply() {
      const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (each) => {
        const content = `${each.id} ${each.verdict} ${each.reason}`.toLowerCase();
        return (!select.value || each.verdict === select.value) && asked.every((word) => content.includes(word));
      };
      const left = groups
        .map((group) => ({ ...group, cases: group.cases.filter(fits) }))
        .filter(({ cases }) => cases.length);
      const total = left.reduce((sum, { cases }) => sum + cases.length, 0);
      counted.textContent = `${total} ${total === 1 ? "case" : "cases"} of ${left.length} rules`;
      list.replaceChildren(...left.map(ruleFold));
    }

    for (const field of [words, select]) field.addEventListener("input", apply);
    apply();
    const legend = verdicts.map(({ verdict, meaning }) => line(code(verdict), meaning));
    return element(
      "div",
      {},
      element("dl", { class: "am-facts" }, legend),
      element("div", { class: "am-filter" }, fields, counted),
      list,
    );
  }

  function ruleFold({ rule, statement, cases }) {
    const bad = cases.filter(({ verdict }) => !GOOD.includes(verdict)).length;
    const title = [
      code(rule),
      ` ${cases.length} ${cases.length === 1 ? "case" : "cases"}${bad ? `, ${bad} amiss` : ""}`,
    ];
    return folded(title, () => [
      element("p", {}, ruleLink(rule), " ", prose(statement)),
      ...cases.slice(0, AT_ONCE).map(caseFold),
      cases.length > AT_ONCE
        ? element("p", {}, `${cases.length - AT_ONCE} more: narrow them by words or verdict.`)
        : null,
    ]);
  }

  function caseFold(each) {
    const title = [
      element("strong", {}, each.verdict),
      " ",
      each.id,
      each.reason ? `: ${each.reason.slice(0, 300)}` : "",
    ];
    return folded(title, () => [
      element(
        "dl",
        { class: "am-facts" },
        line("Reason", each.reason),
        line("Expected", each.expected),
        line("Seen", each.actual),
        line("Known because", each.known),
        line("Editions", each.editions.join(", ")),
      ),
      ...caseBody(each),
    ]);
  }
})();
