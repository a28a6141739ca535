// Type-ahead for the search, and verdicts without leaving the page. Without this script both work
// as plain forms.
"use strict";

const box = document.getElementById("q");
const list = document.createElement("ul");
let found = [];
let chosen = -1;
let asked = 0; // counts the requests, as an early one may be answered late

list.className = "found";
list.id = "found";
list.hidden = true;
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Entities");
box.after(list);
for (const [name, value] of [["role", "combobox"], ["aria-controls", "found"], ["aria-autocomplete", "list"], ["aria-expanded", "false"]]) {
  box.setAttribute(name, value);
}

function open(shown) {
  list.hidden = !shown;
  box.setAttribute("aria-expanded", String(shown));
  if (!shown) choose(-1);
}

function choose(place) {
  chosen = place;
  [...list.children].forEach((item, each) => item.setAttribute("aria-selected", String(each === place)));
  if (place < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", list.children[place].id);
  list.children[place].scrollIntoView({ block: "nearest" });
}

function visit(entity) {
  location.href = "/entity?" + new URLSearchParams({ id: entity.id });
}

function item(entity, place) {
  const made = document.createElement("li");
  made.id = "found-" + place;
  made.setAttribute("role", "option");
  const picture = document.createElement(entity.picture ? "img" : "span");
  picture.className = entity.picture ? "thumb" : "thumb none";
  if (entity.picture) Object.assign(picture, { src: entity.picture, alt: "" });
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = entity.name; // text, never markup
  const kind = document.createElement("span");
  kind.className = "soft";
  kind.textContent = entity.kind;
  made.append(picture, name, kind);
  made.addEventListener("mousedown", (event) => { event.preventDefault(); visit(entity); });
  return made;
}

async function search() {
  const own = ++asked;
  const answer = box.value.trim() && await fetch("/api/search?" + new URLSearchParams({ q: box.value, limit: 10 }));
  if (own !== asked || (answer && !answer.ok)) return;
  found = answer ? (await answer.json()).found : [];
  list.replaceChildren(...found.map(item));
  choose(-1);
  open(found.length > 0);
}

box.addEventListener("input", search);
box.addEventListener("blur", () => open(false));
box.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !list.hidden) {
    event.preventDefault();
    choose(chosen < 0 && step < 0 ? found.length - 1 : (chosen + step + found.length) % found.length);
  } else if (event.key === "Escape" && !list.hidden) {
    event.preventDefault(); // the browser's own Escape empties the box: that is the second one
    open(false);
  } else if (event.key === "Enter" && chosen >= 0) {
    event.preventDefault();
    visit(found[chosen]);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    box.focus();
  }
});

async function judge(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const verdict = event.submitter.value;
  const body = JSON.stringify({ ...Object.fromEntries(new FormData(form)), verdict });
  let problem = "The server does not answer: is mygo explore still running?";
  try {
    const answer = await fetch("/api/verdicts", { method: "POST", body });
    problem = answer.ok ? "" : (await answer.json()).error;
  } catch { /* said below */ }
  let said = form.querySelector(".said");
  if (!said) {
    said = document.createElement("span");
    said.className = "said";
    said.setAttribute("role", "status");
    form.prepend(said);
  }
  said.textContent = problem;
  if (problem) return;
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === verdict));
  }
}

for (const form of document.querySelectorAll("form.verdict")) form.addEventListener("submit", judge);

// The map: wheel, buttons and dragging change what part of it is seen; pictures grow more slowly.
const map = document.querySelector("svg.map");
const view = { x: 0, y: 0, side: 1000 };

function look() {
  map.setAttribute("viewBox", [view.x, view.y, view.side, view.side].join(" "));
  map.style.setProperty("--dot", String((view.side / 1000) ** 0.6));
}

function zoom(times, x, y) {
  const side = Math.min(1000, Math.max(30, view.side / times));
  view.x = Math.min(1000 - side, Math.max(0, x - (x - view.x) * side / view.side));
  view.y = Math.min(1000 - side, Math.max(0, y - (y - view.y) * side / view.side));
  view.side = side;
  look();
}

function placeOf(event) {
  const own = map.getBoundingClientRect();
  return [view.x + (event.clientX - own.left) / own.width * view.side, view.y + (event.clientY - own.top) / own.height * view.side];
}

if (map) {
  let held = null; // where the map was taken hold of
  let moved = false;
  map.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...placeOf(event)); }, { passive: false });
  map.addEventListener("pointerdown", (event) => { held = placeOf(event); moved = false; });
  addEventListener("pointerup", () => { held = null; });
  map.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [x, y] = placeOf(event);
    if (Math.hypot(x - held[0], y - held[1]) > view.side / 100) moved = true;
    if (!moved) return;
    view.x = Math.min(1000 - view.side, Math.max(0, view.x + held[0] - x));
    view.y = Math.min(1000 - view.side, Math.max(0, view.y + held[1] - y));
    look();
  });
  map.addEventListener("dragstart", (event) => event.preventDefault());
  map.addEventListener("click", (event) => { if (moved) event.preventDefault(); }); // a drag is no click
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom) || 1e-9, view.x + view.side / 2, view.y + view.side / 2));
  }
}
