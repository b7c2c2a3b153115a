// What the pages share: calls of the API, forms, and which step of a page is
// shown. Text reaches the page through textContent only, and nothing is kept:
// no storage, no log.

export class ApiError extends Error {
  constructor(status, { message, code, data } = {}) {
    super(message || `The server answered with status ${status}.`);
    this.status = status;
    this.code = code;
    this.reason = data?.reason;
    this.issues = data?.issues ?? [];
  }
}

async function call(method, path, body) {
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    });
    text = await response.text();
  } catch {
    throw new ApiError(0, {
      message: "The server cannot be reached. Try again in a moment.",
    });
  }
  const answer = parsed(text);
  if (response.ok) return answer;
  const error = answer?.json ?? answer ?? {};
  if (response.status === 429) error.message = tooMany(response);
  throw new ApiError(response.status, error);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function tooMany(response) {
  const seconds = Number(response.headers.get("retry-after"));
  const wait = seconds > 0 ? `${seconds} seconds` : "a minute";
  return `Too many tries. Wait ${wait} and try again.`;
}

// POSTs to Better Auth's routes, whose bodies are plain.
export function auth(route, body = {}) {
  return call("POST", `/api/auth/${route}`, body);
}

// Runs a procedure of /v1, whose bodies are wrapped in {"json": ...}.
export async function rpc(procedure, input = {}) {
  return (await call("POST", `/v1/${procedure}`, { json: input }))?.json;
}

// The user who is signed in in this browser, or null.
export async function currentUser() {
  return (await call("GET", "/api/auth/get-session"))?.user ?? null;
}

export function organizations() {
  return call("GET", "/api/auth/organization/list");
}

// The query, which is taken out of the address bar and the history at once:
// it may hold secrets.
export function takeQuery() {
  const query = new URLSearchParams(location.search);
  history.replaceState(null, "", location.pathname);
  return query;
}

const steps = () => [...document.querySelectorAll("[data-step]")];

// Shows one step of the page. From the second on, the focus goes to its
// heading, so that a screen reader says where the user is now.
export function show(name) {
  const isFirst = steps().every((step) => step.hidden);
  for (const step of steps()) step.hidden = step.dataset.step !== name;
  forgetPasswords();
  say("");
  const heading = document.querySelector(`[data-step="${name}"] h1`);
  document.title = `${heading.textContent} · Libretto Cloud`;
  if (!isFirst) heading.focus();
}

function forgetPasswords() {
  for (const field of document.querySelectorAll("[autocomplete$=-password]")) {
    field.value = "";
  }
}

// Puts `text` wherever the page names `what`.
export function fill(what, text) {
  for (const place of document.querySelectorAll(`[data-fill="${what}"]`)) {
    if (place instanceof HTMLInputElement) place.value = text;
    else place.textContent = text;
  }
}

// The one line that screen readers read out without being asked.
export function say(text) {
  document.getElementById("status").textContent = text;
}

// An error that is about one field of the form.
export class FieldError extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

function complainAbout(input, message) {
  document.getElementById(`${input.id}-error`).textContent = message;
  input.setAttribute("aria-invalid", String(message !== ""));
}

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && field.willValidate);

function messageFor(field) {
  if (field.validity.valid) return "";
  const isMissing = field.validity.valueMissing;
  return (isMissing ? field.dataset.missing : field.dataset.wrong) ?? "";
}

// Marks what is wrong and goes to the first of it. True when all is well.
function check(form) {
  for (const field of fieldsOf(form)) complainAbout(field, messageFor(field));
  const first = fieldsOf(form).find((field) => !field.validity.valid);
  first?.focus();
  return first === undefined;
}

// What the server found wrong with single fields; true when that was all.
function showIssues(form, issues) {
  const fields = issues.map(({ path }) => form.elements[path?.[0]]);
  if (fields.length === 0 || fields.includes(undefined)) return false;
  for (const field of fields) complainAbout(field, field.dataset.wrong ?? "");
  fields[0].focus();
  return true;
}

function showFailure(form, error) {
  if (error instanceof FieldError) {
    const field = form.elements[error.field];
    complainAbout(field, error.message);
    field.focus();
  } else if (!showIssues(form, error.issues ?? [])) {
    form.querySelector("[role=alert]").textContent = error.message;
  }
}

// Runs `action` with the form's values when it is submitted and complete, one
// at a time; shows beside the fields or above the button what it throws.
export function onSubmit(name, action) {
  const form = document.forms[name];
  let isBusy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isBusy) return;
    form.querySelector("[role=alert]").textContent = "";
    if (!check(form)) return;
    isBusy = true;
    form.setAttribute("aria-busy", "true");
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      showFailure(form, error);
    } finally {
      isBusy = false;
      form.removeAttribute("aria-busy");
    }
  });
}

// What a page does when it is opened. A failure is said where the page would
// have been.
export async function start(action) {
  say("One moment …");
  try {
    await action();
  } catch (error) {
    say(error.message);
  }
}

// Runs `action` for each button of the page that is named so.
export function onClick(name, action) {
  for (const button of document.querySelectorAll(`button[name=${name}]`)) {
    button.addEventListener("click", async () => {
      try {
        await action();
      } catch (error) {
        say(error.message);
      }
    });
  }
}

for (const box of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(box.dataset.reveals);
  const apply = () => (field.type = box.checked ? "text" : "password");
  box.addEventListener("change", apply);
  // Browsers remember what is typed into fields of text.
  field.form.addEventListener("submit", () => {
    box.checked = false;
    apply();
  });
}
