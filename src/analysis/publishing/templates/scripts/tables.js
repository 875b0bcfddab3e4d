"use strict";
// Headings of long tables become buttons by which sortable-tablesort sorts them; still longer tables get a filter.
// Without a script tables are whole, in their own order; on paper they are whole too.
for (const table of document.querySelectorAll("table.sortable")) {
  const LONG = 15;
  const made = (tag, values, ...inside) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...inside);
    return element;
  };
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/\s+/g, " ").trim();
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const number = (column) => heads[column].classList.contains("n");
  const said = made("p", { className: "hidden" });
  said.setAttribute("role", "status");

  heads.forEach((head, column) => {
    head.append(made("button", { type: "button" }, ...head.childNodes));
    // First the largest numbers, but the first letters.
    head.addEventListener("click", () => table.classList.toggle("asc", !number(column)), true);
  });
  table.addEventListener("sort-start", () => {
    for (const row of rows) {
      [...row.cells].forEach((cell, column) => {
        if (number(column)) cell.dataset.sort = cell.dataset.v ?? "";  // what is hidden or not known comes last
      });
    }
  }, { once: true });
  table.addEventListener("sort-end", () => {
    const head = table.tHead.querySelector("[aria-sort]");
    const order = head.ariaSort === "ascending" ? "croissant" : "décroissant";
    said.textContent = `${table.caption.textContent} : tri par « ${head.textContent.trim()} », ordre ${order}.`;
  });

  const scroll = table.closest(".scroll");
  scroll.before(said);
  if (rows.length > LONG) {
    const field = made("input", { type: "search", autocomplete: "off" });
    const count = made("output");
    const words = rows.map((row) => plain([...row.cells].map((cell) => cell.textContent).join(" ")));
    const filter = () => {
      const asked = plain(field.value);
      rows.forEach((row, place) => { row.hidden = !words[place].includes(asked); });
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = asked ? `${shown} ligne${shown > 1 ? "s" : ""} sur ${rows.length}` : `${rows.length} lignes`;
    };
    field.addEventListener("input", filter);
    filter();
    const label = made("label", {}, "Filtrer les lignes", made("span", { className: "hidden" }, ` : ${table.caption.textContent}`), field);
    // The title stands above the filter, which would seem to be of what comes before; the caption is still read aloud.
    const title = made("p", { className: "caption", ariaHidden: "true", textContent: table.caption.textContent });
    table.caption.className = "hidden";
    scroll.before(title, made("p", { className: "tools" }, label, count));
  }
}
