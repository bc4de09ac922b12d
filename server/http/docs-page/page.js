// The page at /docs. It reads openapi.json beside it, and makes a form of each operation. Everything that comes from there, from
// answers and from the person is written as text; the key is kept in the input alone.
const base = new URL(location.pathname.replace(/docs\/?$/, ""), location.origin);
const key = document.getElementById("key");
const permitted = document.getElementById("permitted");

const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const pretty = (value) => JSON.stringify(value, null, 2);

const authorization = () => (key.value.trim() === "" ? {} : { "X-API-Key": key.value.trim() });

const typeOf = ({ type, items, anyOf }) => {
  if (type === "array") return `list of ${items?.type ?? "values"}`;
  return [type].flat().filter(Boolean).join(" or ") || (anyOf ?? []).map(typeOf).join(" or ") || "any";
};

const isJson = ({ type, enum: values }) =>
  values === undefined && ![type].flat().some((each) => ["string", "number", "integer", "boolean"].includes(each));

/** What a schema says beside the type, for people. */
const bounds = (schema) => {
  const items = schema.items ?? {};
  const told = [
    ["at least", schema.minimum, ""],
    ["at most", schema.maximum, ""],
    ["at most", schema.maxLength ?? items.maxLength, "characters"],
    ["at most", schema.maxItems, "items"],
    ["left out means", schema.default === undefined ? undefined : JSON.stringify(schema.default), ""],
    ["one of", items.enum?.join(", "), ""],
  ];
  return told.flatMap(([before, value, after]) =>
    value === undefined ? [] : [`${before} ${value} ${after}`.trimEnd()],
  );
};

/** A text with what stands in backticks as code. */
const prose = (text = "") =>
  text.split("`").map((part, index) => (index % 2 === 0 ? part : make("code", { textContent: part })));

const choices = (schema) => schema.enum ?? ([schema.type].flat().includes("boolean") ? ["true", "false"] : undefined);

const inputFor = (schema, id, required) => {
  const values = choices(schema);
  if (values !== undefined) {
    const options = values.map((value) => make("option", { value, textContent: value }));
    return make("select", { id, required }, make("option", { value: "", textContent: "" }), ...options);
  }
  if (isJson(schema)) return make("textarea", { id, required, rows: 3, spellcheck: false, placeholder: "JSON" });
  if ([schema.type].flat().some((type) => type === "number" || type === "integer")) {
    return make("input", { id, required, type: "number", step: "any" });
  }
  const isLong = (schema.maxLength ?? 0) > 200;
  return isLong ? make("textarea", { id, required, rows: 3 }) : make("input", { id, required, type: "text" });
};

/** The value that was meant; undefined for a field that was left empty. Throws for JSON that is none. */
const meantBy = (schema, { value }) => {
  if (value === "") return undefined;
  if (isJson(schema)) return JSON.parse(value);
  const types = [schema.type].flat();
  if (types.includes("boolean")) return value === "true";
  return types.includes("number") || types.includes("integer") ? Number(value) : value;
};

const fieldOf = (operationId, { name, schema, required, description }) => {
  const id = `${operationId}.${name}`;
  const input = inputFor(schema, id, required);
  const facts = [typeOf(schema), ...(required ? ["required"] : []), ...bounds(schema)].join(", ");
  const help = make("small", { id: `${id}.help` }, ...prose([description, facts].filter(Boolean).join(" · ")));
  input.setAttribute("aria-describedby", help.id);
  const element = make("div", { className: "field" }, make("label", { htmlFor: id, textContent: name }), help, input);
  return { name, schema, input, element };
};

const schemaOf = ({ requestBody }) => requestBody?.content?.["application/json"]?.schema;

const parametersOf = (operation) => {
  const body = schemaOf(operation);
  if (body === undefined) return operation.parameters ?? [];
  return Object.entries(body.properties ?? {}).map(([name, schema]) => ({
    name,
    schema,
    required: body.required?.includes(name) ?? false,
    description: schema.description,
  }));
};

const valuesOf = (fields) => {
  const given = {};
  for (const { name, schema, input } of fields) {
    input.setCustomValidity("");
    try {
      const value = meantBy(schema, input);
      if (value !== undefined) given[name] = value;
    } catch (error) {
      input.setCustomValidity(`This is not JSON: ${error.message}`);
      input.reportValidity();
      return undefined;
    }
  }
  return given;
};

/** What of the values stands in the path is taken out of them. */
const filled = (path, values) =>
  path.replace(/\{(\w+)\}/g, (_, name) => {
    const { [name]: value = "" } = values;
    delete values[name];
    return encodeURIComponent(value);
  });

const requestOf = ({ method, path, operation }, given) => {
  const values = { ...given };
  const url = new URL(filled(path, values).replace(/^\//, ""), base);
  if (schemaOf(operation) !== undefined) {
    return { url, method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) };
  }
  for (const [name, value] of Object.entries(values)) {
    for (const each of [value].flat()) url.searchParams.append(name, each);
  }
  return { url, method, headers: {} };
};

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same request in a shell; the key is left to a variable. */
const curlOf = ({ url, method, headers, body }, isOpen) =>
  [
    `curl -X ${method} ${quoted(url.href)}`,
    ...(isOpen ? [] : ['-H "X-API-Key: $CCTELEGRAM_KEY"']),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ].join(" \\\n  ");

const shown = (text) => {
  try {
    return pretty(JSON.parse(text));
  } catch {
    return text;
  }
};

const send = async ({ url, ...request }, isOpen) => {
  const began = performance.now();
  const headers = { ...request.headers, ...(isOpen ? {} : authorization()) };
  const answer = await fetch(url, { ...request, headers, cache: "no-store", credentials: "omit" });
  const text = await answer.text();
  const left = answer.headers.get("x-ratelimit-remaining");
  const facts = [
    `${answer.status} ${answer.statusText}`,
    `${Math.round(performance.now() - began)} ms`,
    `request ${answer.headers.get("x-request-id") ?? "without id"}`,
    ...(left === null ? [] : [`${left} more before the rate limit`]),
  ];
  return { className: answer.ok ? "good" : "bad", told: facts.join(" · "), text: shown(text) };
};

const showAnswer = (output, { className, told, text }) =>
  output.replaceChildren(make("p", { className, textContent: told }), make("pre", { textContent: text, tabIndex: 0 }));

const formOf = (entry) => {
  const { operation } = entry;
  const fields = parametersOf(operation).map((parameter) => fieldOf(operation.operationId, parameter));
  const button = make("button", { type: "submit", textContent: "Send" });
  const command = make("pre", { tabIndex: 0 });
  const output = make("div", { role: "status" });
  const form = make("form", {}, ...fields.map(({ element }) => element), button, command, output);
  const isOpen = operation.security?.length === 0;
  form.addEventListener("input", ({ target }) => target.setCustomValidity?.(""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = valuesOf(fields);
    if (values === undefined) return;
    const request = requestOf(entry, values);
    command.textContent = curlOf(request, isOpen);
    button.disabled = true;
    const failed = (error) => ({ className: "bad", told: "No answer came", text: String(error) });
    showAnswer(output, await send(request, isOpen).catch(failed));
    button.disabled = false;
  });
  command.textContent = curlOf(requestOf(entry, {}), isOpen);
  return form;
};

const schemas = (operation) => {
  const answer = operation.responses?.["200"]?.content?.["application/json"]?.schema;
  const known = { Arguments: schemaOf(operation), Answer: answer };
  return Object.entries(known).flatMap(([name, schema]) => {
    if (schema === undefined) return [];
    const text = make("pre", { textContent: pretty(schema), tabIndex: 0 });
    return [make("details", {}, make("summary", { textContent: `${name} as JSON Schema` }), text)];
  });
};

const showOperation = (entry) => {
  const { method, path, operation } = entry;
  const summary = make(
    "summary",
    {},
    make("span", { className: "method", textContent: method }),
    make("code", { className: "path", textContent: path }),
    make("span", { className: "quiet", textContent: operation.summary ?? "" }),
  );
  const details = make("details", { className: "operation" }, summary);
  details.dataset.path = path;
  // Made when somebody looks.
  details.addEventListener("toggle", () => {
    if (!details.open || details.children.length > 1) return;
    const description = make("p", { className: "description" }, ...prose(operation.description));
    details.append(make("div", {}, description, formOf(entry), ...schemas(operation)));
  });
  return details;
};

const show = ({ info, paths, tags }) => {
  const entries = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const link = make("a", { href: "openapi.json", textContent: "openapi.json" });
  document.getElementById("about").replaceChildren(`Version ${info.version}. ${info.description} This is `, link, ".");
  link.href = new URL("openapi.json", base).href;
  const sections = tags.map(({ name, description }) => {
    const own = entries.filter(({ operation }) => operation.tags?.includes(name));
    const title = make("h2", { textContent: name });
    return make("section", {}, title, make("p", { textContent: description ?? "" }), ...own.map(showOperation));
  });
  document.getElementById("operations").replaceChildren(...sections);
};

const checkKey = async () => {
  const answer = await fetch(new URL("tools", base), { headers: authorization(), credentials: "omit" });
  const body = await answer.json();
  const names = answer.ok ? body.tools.map(({ name }) => name) : [];
  const all = [...document.querySelectorAll("[data-path^='/tools/']")];
  for (const each of all) {
    each.classList.toggle("forbidden", answer.ok && !names.includes(each.dataset.path.slice("/tools/".length)));
  }
  const known = new Set(all.map(({ dataset }) => dataset.path)).size;
  return answer.ok ? `This key may call ${names.length} of ${known} tools.` : body.message;
};

document.getElementById("access").addEventListener("submit", async (event) => {
  event.preventDefault();
  permitted.textContent = await checkKey().catch((error) => `No answer came: ${error.message}`);
});

fetch(new URL("openapi.json", base), { credentials: "omit" })
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => {
    document.getElementById("about").textContent = `openapi.json cannot be read: ${error.message}`;
  });
