"use strict";
// Shows the intercommunalités of that name, or that have a commune of that name or postcode; all of them without a script.
const towns = JSON.parse(document.getElementById("communes").textContent);
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim()
  .replace(/\bst(e?)\b/g, "saint$1");
const known = towns.map(([name, codes, epci]) => ({ name, codes, epci, key: plain(name) }));
const field = document.getElementById("recherche");
const status = document.getElementById("trouve");
const places = [...document.querySelectorAll(".place")];
const folds = [...document.querySelectorAll("details.places")];
const MOST = 8;
const many = (count, word) => `${count} ${word}${count > 1 ? "s" : ""}`;

// The first letters of a name, by which many are known: CUD, CAPSO, MEL; « CA » counts for two.
const SMALL = /^(de|du|des|d|la|le|les|l|et|en|a|au|aux|sur)$/;
const initials = (name) => plain(name).split(" ").filter((word) => !SMALL.test(word))
  .map((word) => /^c[acu]$/.test(word) ? word : word[0]).join("");

const search = () => {
  const asked = plain(field.value);
  const all = asked.length < 2;
  const exact = known.filter((town) => town.key === asked);
  const found = all ? [] : exact.length ? exact : known.filter((town) =>
    /^\d+$/.test(asked) ? town.codes.split(" ").some((code) => code.startsWith(asked)) : ` ${town.key}`.includes(` ${asked}`));
  const wanted = new Set(found.map((town) => town.epci));
  for (const place of places) {
    const named = ` ${plain(place.dataset.name)}`.includes(` ${asked}`) || initials(place.dataset.name) === asked;
    place.hidden = !(all || named || wanted.has(place.dataset.epci));
  }
  for (const fold of folds) {
    fold.hidden = !fold.querySelector(".place:not([hidden])");
    fold.open = !all && !fold.hidden;
  }
  const shown = places.filter((place) => !place.hidden).length;
  const names = found.slice(0, MOST).map((town) => town.name).join(", ") + (found.length > MOST ? "…" : "");
  status.textContent = all ? "" : !shown ? "Aucune commune ni intercommunalité de la région n'a ce nom ou ce code postal."
    : `${found.length ? `${many(found.length, "commune")} : ${names}. ` : ""}${many(shown, "intercommunalité")} ci-dessous.`;
};

document.getElementById("cherche").hidden = false;
field.addEventListener("input", search);
field.addEventListener("keydown", (event) => {
  const links = places.filter((place) => !place.hidden).map((place) => place.querySelector("a[href$='.html']")).filter(Boolean);
  if (event.key === "Enter" && plain(field.value).length > 1 && links.length) {
    event.preventDefault();
    if (links.length === 1) links[0].click(); else links[0].focus();
  }
});
