// The code that makes a call: a line for a shell, Python with httpx, JavaScript, Go. Pure. A classic script, so that it
// also runs under Node.
(() => {
  "use strict";

  const isNode = typeof module === "object" && module.exports;
  const core = isNode ? require("./finder-core.js") : window.ampmapFinder;

  // Pairs of a language and its text.
  function codes(data, call, ampUrl, stream) {
    const sent = core.sent(data, call, ampUrl, stream);
    return [
      ["curl", core.curl(data, call, ampUrl, stream)],
      ["Python", python(sent, stream)],
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
