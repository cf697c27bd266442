// The sample: rows are hidden and ordered, never made, so that no caption is ever read as markup.
const PAGE_ROWS = 50;
const table = document.getElementById("samples");
if (table) {
  const byId = (name) => document.getElementById(name);
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => ({
    row,
    place,
    type: row.dataset.type,
    rule: row.dataset.rule,
    score: "score" in row.dataset ? Number(row.dataset.score) : null,
    text: row.textContent.toLocaleLowerCase(),
  }));
  const orders = {
    "": (a, b) => a.place - b.place,
    down: (a, b) => byScore(a, b, -1),
    up: (a, b) => byScore(a, b, 1),
  };
  let most = PAGE_ROWS;

  // Those without a score come last in either direction.
  function byScore(a, b, sign) {
    if (a.score === null || b.score === null) {
      return (a.score === null) - (b.score === null) || a.place - b.place;
    }
    return sign * (a.score - b.score) || a.place - b.place;
  }

  // An empty bound is none; where one is given, what has no score is not found.
  function within(score) {
    const least = byId("least")?.value ?? "";
    const greatest = byId("greatest")?.value ?? "";
    if (score === null) return least === "" && greatest === "";
    return (least === "" || score >= Number(least)) && (greatest === "" || score <= Number(greatest));
  }

  function show() {
    const type = byId("type").value;
    const rule = byId("rule").value;
    const wanted = byId("text").value.toLocaleLowerCase().trim();
    const found = rows.filter(
      (entry) =>
        (!type || entry.type === type || entry.type.startsWith(type + "/")) &&
        (!rule || entry.rule === rule) &&
        within(entry.score) &&
        entry.text.includes(wanted),
    );
    found.sort(orders[byId("order").value]);
    const visible = new Set(found.slice(0, most));
    for (const entry of rows) entry.row.hidden = !visible.has(entry);
    body.append(...Array.from(visible, (entry) => entry.row));
    byId("shown").textContent = `${visible.size} shown of ${found.length} found, ${rows.length} in all`;
    byId("more").hidden = found.length <= most;
  }

  byId("controls").hidden = false;
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("controls").addEventListener("input", () => {
    most = PAGE_ROWS;
    show();
  });
  byId("more").addEventListener("click", () => {
    most += PAGE_ROWS;
    show();
  });
  show();
}
