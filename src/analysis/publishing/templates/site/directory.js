"use strict";
// Shows the intercommunalités that have a commune of that name or postcode; without a script all of them are shown.
const towns = JSON.parse(document.getElementById("communes").textContent);
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim()
  .replace(/\bst(e?)\b/g, "saint$1");
const known = towns.map(([name, codes, epci]) => ({ name, codes, epci, key: plain(name) }));
const field = document.getElementById("recherche");
const status = document.getElementById("trouve");
const places = [...document.querySelectorAll("section.place")];
const MOST = 8;

const search = () => {
  const asked = plain(field.value);
  if (asked.length < 2) {
    for (const place of places) place.hidden = false;
    status.textContent = "";
    return;
  }
  const exact = known.filter((town) => town.key === asked);
  const found = exact.length ? exact : known.filter((town) =>
    /^\d+$/.test(asked) ? town.codes.split(" ").some((code) => code.startsWith(asked)) : ` ${town.key}`.includes(` ${asked}`));
  const wanted = new Set(found.map((town) => town.epci));
  for (const place of places) place.hidden = !wanted.has(place.dataset.epci);
  const names = found.slice(0, MOST).map((town) => town.name).join(", ") + (found.length > MOST ? "…" : "");
  status.textContent = found.length
    ? `${found.length} commune${found.length > 1 ? "s" : ""} : ${names}. ${wanted.size} intercommunalité${wanted.size > 1 ? "s" : ""} ci-dessous.`
    : "Aucune commune de la région n’a ce nom ou ce code postal.";
};

document.getElementById("cherche").hidden = false;
field.addEventListener("input", search);
