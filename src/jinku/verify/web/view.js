const SETTINGS = {{SETTINGS}};
const TEXTS = {{TEXTS}};
const EXPONENTS = {JPY: 0, KRW: 0, CLP: 0, ISK: 0, VND: 0, BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3};
const element = (id) => document.getElementById(id);
let language = (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
let given = null, shown = null;
const say = (name) => TEXTS[name]?.[language] ?? name;

function money(digits, currency) {
  const exponent = EXPONENTS[currency] ?? 2, text = String(digits).padStart(exponent + 1, "0");
  const whole = text.slice(0, text.length - exponent).replace(/\B(?=([0-9]{3})+$)/g, ",");
  return `${whole}${exponent ? "." + text.slice(-exponent) : ""} ${currency}`;
}
function moment(nanoseconds) {
  const milliseconds = Number(nanoseconds / 1000000n);
  return milliseconds > 8.64e15 ? `${nanoseconds} ns` : new Date(milliseconds).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
function made(tag, text, name) {
  const one = document.createElement(tag);
  one.textContent = text;
  if (name) one.className = name;
  return one;
}
function fill(parent, children) { parent.replaceChildren(...children); }

function render() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = say(one.dataset.text);
  for (const one of ["zh", "en"]) element(one).setAttribute("aria-pressed", String(language === one));
  if (!shown) return;
  const {verdict, steps, facts, limits} = shown;
  element("result").hidden = false;
  element("result").className = verdict;
  element("verdict").textContent = say(`verdict_${verdict}`);
  element("why").textContent = say(`why_${verdict}`);
  const rows = facts.customer === undefined ? [] : [
    ["customer", facts.customer], ["balance", money(facts.balance, facts.currency), "big"], ["day", `${facts.day} (${moment(facts.asOf)})`],
    ["entity", facts.entity], ["liabilities", `${money(facts.liabilities, facts.currency)} · ${facts.customers}`],
    ...(facts.floored === "0" ? [] : [["floored", money(facts.floored, facts.currency)]]),
    ["sealed", `${facts.origin} #${facts.entry} (${moment(facts.booked)})`], ["cosigned", facts.witnesses || "–"], ["root", facts.root],
  ];
  fill(element("facts"), rows.flatMap(([name, value, kind]) => {
    const cell = made("dd", "", kind);
    cell.append(made("bdi", String(value)));
    return [made("dt", say(`fact_${name}`)), cell];
  }));
  fill(element("steps"), steps.map((one) => {
    const line = made("li", "");
    line.dataset.step = one.name;
    line.dataset.state = one.state;
    line.append(made("span", say(`state_${one.state}`), `mark ${one.state}`), ` ${say(`step_${one.name}`)}`);
    if (one.detail) line.append(made("span", say(one.detail), "detail"));
    return line;
  }));
  const own = limits.length ? limits : SETTINGS.limits;
  fill(element("limits"), own.map((one) => made("li", one[language])));
}

const lines = (id) => element(id).value.split(/\s+/).filter(Boolean);
async function run() {
  const bytes = given ?? new TextEncoder().encode(element("paste").value);
  const quorum = element("quorum").value === "" ? null : Number(element("quorum").value);
  shown = await check(bytes, {keys: lines("keys"), witnesses: lines("witnesses"), quorum});
  render();
  element("result").focus();
}
async function take(file) {
  given = new Uint8Array(await file.arrayBuffer());
  await run();
}

element("zh").addEventListener("click", () => { language = "zh"; render(); });
element("en").addEventListener("click", () => { language = "en"; render(); });
element("check").addEventListener("click", run);
element("paste").addEventListener("input", () => { given = null; });
element("file").addEventListener("change", (event) => { if (event.target.files[0]) take(event.target.files[0]); });
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    element("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });
}
element("keys").value = SETTINGS.keys.join("\n");
element("witnesses").value = SETTINGS.witnesses.join("\n");
element("quorum").value = SETTINGS.quorum ?? "";
element("trust").open = SETTINGS.keys.length === 0;
render();
