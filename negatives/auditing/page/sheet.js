// One question after another; texts enter the page as text nodes alone.
const sheet = JSON.parse(document.getElementById("sheet").textContent);
const questions = sheet.questions;
const steps = sheet.items.flatMap((item) => questions.map((question) => ({ item, question })));
const storeName = `negatives-sheet-${sheet.name}`;
const main = document.getElementById("main");

let kept = true; // whether this browser remembers answers between visits
let saved = 0; // complete items when they were last saved to a file
const state = load();
let place = firstOpen();

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(storeName) ?? "{}");
    return { reader: found.reader ?? "", answers: found.answers ?? {} };
  } catch {
    kept = false;
    return { reader: "", answers: {} };
  }
}

function store() {
  try {
    localStorage.setItem(storeName, JSON.stringify(state));
  } catch {
    kept = false;
  }
}

function answerOf(step) {
  return (state.answers[step.item.item] ?? {})[step.question.name];
}

function firstOpen() {
  const open = steps.findIndex((step) => answerOf(step) === undefined);
  return open < 0 ? steps.length : open;
}

function complete() {
  return sheet.items.filter((item) =>
    questions.every((question) => answerOf({ item, question }) !== undefined),
  );
}

function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function texts(pieces, mark) {
  return pieces.map(([text, marked]) =>
    marked && mark ? node(mark, text ? {} : { class: "empty" }, text) : text,
  );
}

function answer(yes) {
  if (place >= steps.length) return;
  const { item, question } = steps[place];
  state.answers[item.item] = { ...state.answers[item.item], [question.name]: yes };
  store();
  place += 1;
  show();
}

function back() {
  place = Math.max(place - 1, 0);
  show();
}

function save() {
  const lines = complete().map(({ item }) => {
    const said = questions.map(({ name }) => [name, state.answers[item][name]]);
    return JSON.stringify({ item, ...Object.fromEntries(said) });
  });
  saved = lines.length;
  const reader = state.reader.replace(/[^\p{L}\p{N}_-]+/gu, "-") || "reader";
  const address = URL.createObjectURL(new Blob(lines.map((line) => line + "\n")));
  node("a", { href: address, download: `answers-${reader}.jsonl` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function bar() {
  const reader = node("input", {
    id: "reader",
    autocomplete: "off",
    oninput: (event) => {
      state.reader = event.target.value;
      store();
    },
  });
  reader.value = state.reader;
  const done = complete().length;
  const parts = [
    node("label", { for: "reader" }, "Your name "),
    reader,
    node("button", { type: "button", class: "save", onclick: save }, `Save answers (${done})`),
  ];
  return node("div", { class: "bar" }, ...parts);
}

function shownTexts({ item, question }) {
  const parts = [
    node("p", { class: "label" }, "Text to judge"),
    node("p", { class: "text", dir: "auto" }, ...texts(item.text, question.blind ? "" : "mark")),
  ];
  if (!question.blind) {
    parts.push(
      node("p", { class: "label true" }, "True caption of a photograph"),
      node("p", { class: "text", dir: "auto" }, ...texts(item.caption, "mark")),
    );
  }
  return node("div", { class: "card shown" }, ...parts);
}

function button(yes, label, key, said) {
  const given = { type: "button", "aria-pressed": String(said === yes), onclick: () => answer(yes) };
  return node("button", given, label, node("kbd", { "aria-hidden": "true" }, key));
}

function asked(step) {
  const said = answerOf(step);
  const question = node("h1", { class: "question", tabindex: "-1" }, step.question.text);
  return [
    shownTexts(step),
    question,
    node("p", { class: "hint muted" }, step.question.hint),
    node(
      "div",
      { class: "answers" },
      button(true, "Yes", "Y", said),
      button(false, "No", "N", said),
      node("button", { type: "button", class: "back", onclick: back }, "Back",
        node("kbd", { "aria-hidden": "true" }, "B")),
    ),
  ];
}

function finished() {
  return [
    node("h1", { tabindex: "-1", class: "question" }, "All items are judged. Thank you."),
    node("p", {}, "Save the answers and hand the file to whoever gave you this page."),
    node("div", { class: "answers" },
      node("button", { type: "button", onclick: save }, "Save answers"),
      node("button", { type: "button", class: "back", onclick: back }, "Back")),
  ];
}

function show() {
  const item = Math.min(Math.floor(place / questions.length) + 1, sheet.items.length);
  const progress = node("progress", { max: String(steps.length), value: String(place),
    "aria-label": "Progress" });
  const where = node("p", { class: "muted hint" }, `Item ${item} of ${sheet.items.length}`);
  const notes = kept ? [] : [node("p", { class: "note", role: "status" },
    "This browser keeps no answers between visits: save them before you close the page.")];
  main.replaceChildren(bar(), progress, where, ...notes,
    ...(place < steps.length ? asked(steps[place]) : finished()));
  main.querySelector("h1").focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.target.id === "reader" || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = { y: () => answer(true), n: () => answer(false), b: back }[event.key.toLowerCase()];
  if (act && !event.repeat) {
    event.preventDefault();
    act();
  }
});
addEventListener("beforeunload", (event) => {
  if (!kept && complete().length > saved) event.preventDefault();
});
show();
