// What differs between two editions, from their documents of the route finder. Pure. A classic script, so that it also
// runs under Node.
(() => {
  "use strict";

  const KINDS = { model: "Model", agent_mode: "Agent mode", tool: "Tool" };

  // Rows {kind, name, change, before, after, todo}; `change` is "new", "gone", "moved", "changed".
  function compared(before, after) {
    return [
      ...pairs(answersOf(before), answersOf(after)).map(routeRow),
      ...pairs(hostedOf(before), hostedOf(after)).map(hostedRow),
      ...pairs(providersOf(before), providersOf(after)).map(providerRow),
      ...pairs(managementOf(before), managementOf(after)).map(managementRow),
    ].filter(Boolean);
  }

  function answersOf(data) {
    return new Map(data.answers.map((each) => [`${each.kind} ${nameOf(each)}`, each]));
  }

  // A model is one thing whoever serves it: a change of its provider is a move.
  function nameOf({ kind, name, model }) {
    return kind === "model" ? model.toLowerCase() : name;
  }

  function hostedOf(data) {
    return new Map(Object.entries(data.hosted).map(([name, each]) => [name, { name, ...each }]));
  }

  function providersOf(data) {
    return new Map(Object.entries(data.providers).map(([id, each]) => [id, { id, ...each }]));
  }

  function managementOf(data) {
    const paths = Object.values(data.management).flatMap((family) => family.patterns);
    return new Map(paths.map((path) => [path, path]));
  }

  function pairs(before, after) {
    return [...new Set([...before.keys(), ...after.keys()])].sort().map((key) => [before.get(key), after.get(key)]);
  }

  function routeRow([was, is]) {
    const { kind } = was || is;
    const row = { kind: KINDS[kind], name: kind === "model" ? (is || was).model : (is || was).name };
    const told = (each) => each && `${each.wire_model}\n${each.path}`;
    const both = { ...row, before: told(was), after: told(is) };
    if (!was) return { ...both, change: "new", todo: "Serve it at this path." };
    if (!is) return { ...both, change: "gone", todo: "The client does not call it by this name any more." };
    if (was.path !== is.path || was.provider !== is.provider)
      return { ...both, change: "moved", todo: "Serve it at the path on the right." };
    if (was.wire_model !== is.wire_model)
      return { ...both, change: "changed", todo: "Take the id on the right in the body of the call." };
    return null;
  }

  function hostedRow([was, is]) {
    const { name } = was || is;
    const both = { kind: "Agent mode", name, before: was?.models.join("\n"), after: is?.models.join("\n") };
    if (both.before === both.after) return null;
    const change = was ? (is ? "changed" : "gone") : "new";
    return { ...both, change, todo: "Nothing: Amp's own servers call the model." };
  }

  function providerRow([was, is]) {
    const row = { kind: "Provider", name: (is || was).id, before: was?.base, after: is?.base };
    if (!was)
      return {
        ...row,
        change: "new",
        todo: is.via_proxy ? "Route this base path." : "Nothing: it passes the proxy by.",
      };
    if (!is) return { ...row, change: "gone", todo: "The client does not call this base path any more." };
    if (was.base !== is.base) return { ...row, change: "moved", todo: "Route the base path on the right." };
    return null;
  }

  function managementRow([was, is]) {
    if (was && is) return null;
    const row = { kind: "Management path", name: is || was, before: was, after: is };
    return is
      ? { ...row, change: "new", todo: "Forward it to Amp's own servers." }
      : { ...row, change: "gone", todo: "The client does not call it any more." };
  }

  const core = { compared };
  if (typeof module === "object" && module.exports) module.exports = core;
  else window.ampmapCompare = core;
})();
