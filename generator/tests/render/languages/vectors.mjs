// Asks each module for every vector of its edition: node vectors.mjs route-vectors.json MODULE...
import { deepStrictEqual } from "node:assert";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [file, ...modules] = process.argv.slice(2);
const { vectors } = JSON.parse(readFileSync(file, "utf8"));

function asked({ route }, question) {
  const options = {};
  for (const [name, option] of Object.entries({
    amp_url: "ampUrl",
    operation: "operation",
    provider: "provider",
    stream: "stream",
  })) {
    if (name in question) options[option] = question[name];
  }
  try {
    return { answer: route(question.query, options) };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { error: { code: error.code, ...(error.suggestions.length ? { suggestions: error.suggestions } : {}) } };
  }
}

/** What a timeline says of an edition, in the answer of `route` to a name alone. */
function compare({ timeline, periodUrl }, edition, { query }, answer) {
  const period = timeline(query).find((each) => each.first_edition <= edition && edition <= each.last_edition);
  if (period === undefined) return 0;
  const { provider, wire_model, via_proxy, url } = answer ?? { provider: "", wire_model: "", via_proxy: false, url: "" };
  const found = [period.provider, period.wire_model, period.via_proxy, periodUrl(period)];
  deepStrictEqual(found, [provider, wire_model, via_proxy, url], `${edition}: ${query}`);
  return 1;
}

for (const path of modules) {
  const module = await import(pathToFileURL(path));
  const own = vectors.filter((vector) => vector.edition === module.EDITION);
  for (const { question, answer, error } of own) {
    const found = asked(module, question);
    const compared = answer && found.answer ? Object.keys(answer).map((key) => [key, found.answer[key]]) : undefined;
    const given = compared ? { answer: Object.fromEntries(compared) } : found;
    deepStrictEqual(given, answer ? { answer } : { error }, JSON.stringify(question));
  }
  const alone = vectors.filter(({ question }) => Object.keys(question).join() === "query");
  const told = alone.map(({ edition, question, answer }) => compare(module, edition, question, answer));
  const compared = told.reduce((sum, each) => sum + each, 0);
  if (compared < alone.length / 2) throw new Error(`${path}: ${compared} of ${alone.length} names have a timeline`);
  if (own.length === 0 || module.reference.edition.id !== module.EDITION) throw new Error(`${path}: no vector`);
  console.log(`${module.EDITION}: ${own.length} vectors, ${compared} places in timelines`);
}
