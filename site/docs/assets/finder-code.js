// The code that makes a call: a line for a shell, Python with httpx and with the vendor's SDK, JavaScript, Go. Pure. A
// classic script, so that it also runs under Node.
(() => {
  "use strict";

  const isNode = typeof module === "object" && module.exports;
  const core = isNode ? require("./finder-core.js") : window.ampmapFinder;

  // Pairs of a language and its text.
  function codes(data, call, ampUrl, stream) {
    const sent = core.sent(data, call, ampUrl, stream);
    const vendors = sdk(sent, stream);
    return [
      ["curl", core.curl(data, call, ampUrl, stream)],
      ["Python", python(sent, stream)],
      ...(vendors ? [["Python SDK", vendors]] : []),
      ["JavaScript", javascript(sent)],
      ["Go", go(sent)],
    ];
  }

  function python({ method, url, headers, body, variable }, stream) {
    const rows = headers.map(({ name, value, key }) =>
      key
        ? `    ${text(name)}: f"${value.replace("{api_key}", `{os.environ['${variable}']}`)}",`
        : `    ${text(name)}: ${text(value)},`,
    );
    const given = `${text(method)}, ${text(url)}, headers=headers${body === null ? "" : ", content=body"}, timeout=60`;
    const call = stream
      ? [`with httpx.stream(${given}) as answer:`, "    for line in answer.iter_lines():", "        print(line)"]
      : [`answer = httpx.request(${given})`, "print(answer.status_code, answer.text)"];
    return [
      "import os",
      "",
      "import httpx",
      "",
      "headers = {",
      ...rows,
      "}",
      ...(body === null ? [] : [`body = ${text(JSON.stringify(body))}`]),
      ...call,
    ].join("\n");
  }

  // What the official SDKs call: the end of the URL, which each adds to its `base_url`, and how the call is made.
  const SDKS = [
    [/^(.+)\/v1\/messages$/, "anthropic", "Anthropic", "messages.create"],
    [/^(.+)\/responses$/, "openai", "OpenAI", "responses.create"],
    [/^(.+)\/chat\/completions$/, "openai", "OpenAI", "chat.completions.create"],
  ];
  const GEMINI = /^(.+)\/(v1\w*)\/(publishers\/google\/)?models\/([^:]+):(?:stream)?[gG]enerateContent(?:\?.*)?$/;
  const OWN = /^(content-type|accept|user-agent|anthropic-version)$|^x-stainless|^x-goog/i;

  // Python with the SDK of the vendor whose dialect the call is in; null where there is none for the call.
  function sdk({ url, headers, body, variable }, stream) {
    const others = headers.filter(({ name, key }) => !key && !OWN.test(name));
    const extra = others.map(({ name, value }) => `        ${text(name)}: ${text(value)},`);
    const key = `    api_key=os.environ[${text(variable)}],`;
    for (const [end, module, client, method] of SDKS) {
      const match = end.exec(url);
      if (!match || body === null) continue;
      return [
        "import json",
        "import os",
        "",
        `import ${module}`,
        "",
        `client = ${module}.${client}(`,
        key,
        `    base_url=${text(match[1])},`,
        ...(extra.length ? ["    default_headers={", ...extra, "    },"] : []),
        ")",
        `answer = client.${method}(**json.loads(${text(JSON.stringify(body))}))`,
        ...(stream ? ["for event in answer:", "    print(event)"] : ["print(answer)"]),
      ].join("\n");
    }
    const match = GEMINI.exec(url);
    if (!match || body === null) return null;
    // Amp's client has a placeholder where this SDK has its key, and the key of the proxy in another header.
    const carrier = headers.find((header) => header.key);
    const held = headers.find(({ name, key }) => !key && /^x-goog-api-key$/i.test(name));
    const bearer = carrier.value.replace("{api_key}", `{os.environ['${variable}']}`);
    const rows = held ? [`        ${text(carrier.name)}: f"${bearer}",`, ...extra] : extra;
    return gemini(match, { key: held ? `    api_key=${text(held.value)},` : key, extra: rows, body, stream });
  }

  function gemini([, base, version, isVertex, model], { key, extra, body, stream }) {
    return [
      "import json",
      "import os",
      "",
      "from google import genai",
      "",
      "client = genai.Client(",
      ...(isVertex ? ["    vertexai=True,"] : []),
      key,
      "    http_options={",
      `        "base_url": ${text(base)},`,
      `        "api_version": ${text(version)},`,
      ...(extra.length ? ['        "headers": {', ...extra.map((row) => `    ${row}`), "        },"] : []),
      "    },",
      ")",
      `body = json.loads(${text(JSON.stringify(body))})`,
      `answer = client.models.generate_content${stream ? "_stream" : ""}(`,
      `    model=${text(model)}, contents=body["contents"], config=body.get("generationConfig")`,
      ")",
      ...(stream ? ["for event in answer:", "    print(event.text)"] : ["print(answer.text)"]),
    ].join("\n");
  }

  function javascript({ method, url, headers, body, variable }) {
    const rows = headers.map(({ name, value, key }) =>
      key
        ? `    ${text(name)}: \`${value.replace("{api_key}", `\${process.env.${variable}}`)}\`,`
        : `    ${text(name)}: ${text(value)},`,
    );
    return [
      `const answer = await fetch(${text(url)}, {`,
      `  method: ${text(method)},`,
      "  headers: {",
      ...rows,
      "  },",
      ...(body === null ? [] : [`  body: JSON.stringify(${JSON.stringify(body)}),`]),
      "});",
      "console.log(answer.status, await answer.text());",
    ].join("\n");
  }

  function go({ method, url, headers, body, variable }) {
    const content = body === null ? "nil" : `strings.NewReader(${text(JSON.stringify(body))})`;
    const rows = headers.map(({ name, value, key }) =>
      key
        ? `request.Header.Set(${text(name)}, ${text(value.replace("{api_key}", ""))}+os.Getenv(${text(variable)}))`
        : `request.Header.Set(${text(name)}, ${text(value)})`,
    );
    return [
      `request, err := http.NewRequest(${text(method)}, ${text(url)}, ${content})`,
      "if err != nil {",
      "\tlog.Fatal(err)",
      "}",
      ...rows,
      "answer, err := http.DefaultClient.Do(request)",
      "if err != nil {",
      "\tlog.Fatal(err)",
      "}",
      "defer answer.Body.Close()",
      "io.Copy(os.Stdout, answer.Body)",
    ].join("\n");
  }

  // A string literal of all three languages.
  function text(value) {
    return JSON.stringify(value);
  }

  const code = { codes };
  if (isNode) module.exports = code;
  else window.ampmapCode = code;
})();
