"use strict";
// Hours of a contract from its amount and duration, by the very formulas of analysis/buyer/sizing.py and commitment.py.
{
  const YEAR = 12, DUST = 1e-9;
  const form = document.getElementById("calculette");
  const given = form.dataset;
  const coefficients = given.coefficients.split(" ").map(Number);
  const steps = [...form.querySelectorAll("[name^='palier-']")].map((field) => [Number(field.name.slice(7)), Number(field.value)]);
  const field = (name) => document.getElementById(`calculette-${name}`);
  const read = (name) => {
    // Two decimals at most: 250.000 or 250,000 may be meant for 250 000.
    const text = field(name).value.replace(/\s|€|euros?|H\.?T\.?/gi, "").replace(",", ".");
    const value = /^\d+(\.\d{1,2})?$/.test(text) ? Number(text) : NaN;
    return Number.isFinite(value) ? value : NaN;
  };
  const formats = [0, 1].map((digits) => new Intl.NumberFormat("fr-FR", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  const french = (value, digits) => formats[digits].format(value);

  const [spreadExponent, spreadAmount, spreadLow, spreadHigh, spreadOwn] = ["Exposant", "Montant", "De", "A", "Propre"].map((name) => Number(given[`ecart${name}`]));
  const middle = coefficients[(coefficients.length - 1) / 2];

  const hours = (probability, amount) => {
    const most = Number(given.plafond) * amount;
    const own = (Math.min(Math.max(amount, spreadLow), spreadHigh) / spreadAmount) ** (2 * spreadExponent);
    const spread = Math.sqrt(1 - spreadOwn + spreadOwn * own);
    const made = coefficients.map((coefficient) => Math.min(amount ** Number(given.exposant) * middle * (coefficient / middle) ** spread, most));
    const place = Math.min(Math.max(probability * (made.length + 1) - 1, 0), made.length - 1);
    const below = Math.floor(place), above = Math.min(below + 1, made.length - 1);
    return made[below] + (place - below) * (made[above] - made[below]);
  };
  const rounded = (value) => {
    const step = steps.filter(([from]) => from <= value).at(-1)[1];
    return Math.floor(value / step + DUST) * step;
  };

  // The bounds and the sentences of a sheet (`acheteur/regles.csv`): what refuses a value, what is to be confirmed.
  const rules = {
    montant: (value) => value > 0 && value <= Number(given.montantBorne),
    duree: (value) => Number.isInteger(value) && value >= 1 && value <= Number(given.mois),
  };
  const doubt = (amount) => amount < Number(given.montantMin) ? "faible" : amount > Number(given.montantMax) ? "eleve" : "";
  const told = (name, rule) => `${given[`${name}Champ`]} : « ${field(name).value.trim().slice(0, 20)} » ; attendu : ${given[`${rule}Attendu`]}.`;

  const show = () => {
    const amount = read("montant"), months = read("duree");
    const values = { montant: amount, duree: months };
    const wrong = Object.keys(rules).filter((name) => !rules[name](values[name]));
    for (const name of Object.keys(rules)) field(name).setAttribute("aria-invalid", String(wrong.includes(name)));
    const odd = wrong.length ? "" : doubt(amount);
    field("message").textContent = odd ? told("montant", odd) : wrong.map((name) => told(name, name)).join(" ");
    field("resultat").hidden = wrong.length > 0;
    if (wrong.length) return;
    for (const level of ["bas", "mediane", "haut"]) {
      const total = hours(Number(given[level]), amount);
      const year = total * YEAR / Math.max(months, YEAR);
      field(`heures-${level}`).textContent = french(total, 0);
      field(`an-${level}`).textContent = french(year, 0);
      field(`etp-${level}`).textContent = french(year * YEAR / (Number(given.etp) * Math.min(months, YEAR)), 1);
      field(`personnes-${level}`).textContent = french(year / Number(given.personne), 1);
    }
    const promised = rounded(hours(Number(given.engagement), amount));
    const few = promised < Number(given.utile);
    field("engagement").textContent = !few ? `${french(promised, 0)} heures` : "aucune heure : le marché est trop petit";
    field("peu").hidden = !few;
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", show);
  show();
}
