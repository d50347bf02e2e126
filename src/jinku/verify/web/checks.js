"use strict";
// The checks of `jinku.verify`, written again for a browser: SHA-256, HMAC and Ed25519 by WebCrypto, nothing else.
// check(bytes, trust) → {verdict: "good" | "bad" | "open", steps: [{name, state, detail}], facts, limits}

class Fault extends Error {}
const fail = (message) => { throw new Fault(message); };
const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
const SUM_MAX = (1n << 127n) - 1n, SIZE_MAX = (1n << 63n) - 1n, LEAVES_MAX = 1n << 32n;
const PARTS_MAX = 4096, RECEIPT_BYTES_MAX = 4 << 20, ENTRY_BYTES = 280, NOTE_BYTES_MAX = 256 * 1024;
const TAG = "jinku/sum-tree/v2/";
const FIELDS = ["entity", "currency", "day", "as_of", "ledger_size", "customers", "liabilities", "floored", "parts", "limits", "root"];

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of parts) { whole.set(one, at); at += one.length; }
  return whole;
}
const same = (one, two) => one.length === two.length && one.every((byte, at) => byte === two[at]);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
async function hmac(key, message) {
  const imported = await crypto.subtle.importKey("raw", key, {name: "HMAC", hash: "SHA-256"}, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}
function big(value, length) {
  const bytes = new Uint8Array(length);
  for (let rest = BigInt(value), at = length - 1; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
}
function decimal(text, maximum, what) {
  if (!/^(0|[1-9][0-9]{0,38})$/.test(text)) fail(`${what}: not a plain decimal number`);
  const value = BigInt(text);
  return value <= maximum ? value : fail(`${what}: ${text} is more than ${maximum}`);
}
function unhex(text, size, what) {
  if (text.length !== 2 * size || !/^[0-9a-f]*$/.test(text)) fail(`${what}: not ${2 * size} lower-case hex digits`);
  return Uint8Array.from({length: size}, (_, at) => parseInt(text.substr(2 * at, 2), 16));
}
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
function unbase64(text, size, what) {
  let raw = "";
  try { raw = atob(text); } catch { fail(`${what}: not base64`); }
  if (btoa(raw) !== text) fail(`${what}: not canonical base64`);
  const bytes = Uint8Array.from(raw, (one) => one.charCodeAt(0));
  return size === null || bytes.length === size ? bytes : fail(`${what}: ${bytes.length} bytes, not ${size}`);
}
const isObject = (value, names) => value !== null && typeof value === "object" && !Array.isArray(value)
  && Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
function texts(value, names, what) {
  if (!isObject(value, names) || !names.every((name) => typeof value[name] === "string")) fail(`${what}: not the fields that it must have`);
  return value;
}
function list(value, maximum, what) {
  if (!Array.isArray(value) || value.length > maximum || !value.every((one) => typeof one === "string")) fail(`${what}: not a list of texts`);
  return value;
}
const sorted = (value) => Array.isArray(value) ? value.map(sorted) : value === null || typeof value !== "object" ? value
  : Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));

function readReceipt(bytes) {
  if (bytes.length > RECEIPT_BYTES_MAX) fail(`${bytes.length} bytes, more than ${RECEIPT_BYTES_MAX}`);
  let document = null, text = "";
  try {
    text = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes);
    document = JSON.parse(text);
  } catch { fail("not JSON in UTF-8"); }
  const names = ["attestation", "balance", "customer", "format", "limits", "parts", "place", "proof", "salt", "seal"];
  if (!isObject(document, names)) fail("not the fields of a receipt");
  if (JSON.stringify(sorted(document), null, 2) + "\n" !== text) fail("not spelled the one way that a receipt is spelled");
  for (const name of ["balance", "customer", "format", "place", "salt"]) if (typeof document[name] !== "string") fail(`${name}: not a text`);
  if (document.format !== "jinku-balance-receipt/v2") fail("not a jinku-balance-receipt/v2");
  const length = utf8(document.customer).length;
  if (length < 1 || length > 256) fail("the customer's number has not 1 to 256 bytes");
  texts(document.seal, ["entry", "proof"], "seal");
  texts(document.attestation, FIELDS, "attestation");
  list(document.parts, PARTS_MAX, "parts");
  list(document.proof, PARTS_MAX * 32, "proof");
  return document;
}

async function readAttestation(fields) {
  if (!/^[A-Z]{3}$/.test(fields.currency)) fail("not a currency");
  const day = new Date(`${fields.day}T00:00:00Z`);
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(fields.day) || fields.day.startsWith("0000") || Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== fields.day) fail("not a day");
  const customers = decimal(fields.customers, LEAVES_MAX, "customers"), liabilities = decimal(fields.liabilities, SUM_MAX, "liabilities");
  const rows = [[0n, customers]];
  for (const word of fields.parts === "-" ? [] : fields.parts.split(" ")) {
    const at = word.indexOf(":");
    const value = decimal(at < 0 ? word : word.slice(0, at), SUM_MAX, "value of a part"), count = decimal(at < 0 ? "" : word.slice(at + 1), LEAVES_MAX, "count of parts");
    if (value <= rows.at(-1)[0] || (value & (value - 1n)) !== 0n || count === 0n) fail("parts are counted by ascending powers of two, none zero");
    rows.push([value, count]);
  }
  let leaves = 0n, total = 0n;
  const table = rows.map(([value, count]) => {
    const row = {start: leaves, value, sum: total};
    leaves += count;
    total += value * count;
    return row;
  });
  if (leaves > LEAVES_MAX || total > SUM_MAX) fail("more than a tree can hold");
  if (total !== liabilities) fail(`the parts are worth ${total}, attested are ${liabilities}`);
  const above = utf8("jinku-attestation/v2\n" + FIELDS.slice(0, -1).map((name) => `${name} ${fields[name]}\n`).join(""));
  decimal(fields.entity, (1n << 32n) - 1n, "entity");
  decimal(fields.floored, SUM_MAX, "floored");
  return {
    customers, total, leaves, table, asOf: decimal(fields.as_of, SIZE_MAX, "as_of"), size: decimal(fields.ledger_size, SIZE_MAX, "ledger_size"),
    limits: unhex(fields.limits, 32, "limits"), root: unhex(fields.root, 32, "root"),
    context: await sha256(utf8(`${TAG}context\0`), above), digest: await sha256(above, utf8(`root ${fields.root}\n`)),
    row(position) { return table.findLast((row) => row.start <= position); },
    before(position) { const row = this.row(position); return row.sum + (position - row.start) * row.value; },
  };
}

async function checkLimits(limits, attested) {
  if (!Array.isArray(limits) || limits.length < 1 || limits.length > 32) fail("not a list of limits");
  for (const one of limits) texts(one, ["en", "zh"], "limits");
  const text = "jinku-limits/v1\n" + limits.map((one) => `en ${one.en}\nzh ${one.zh}\n`).join("");
  if (!same(await sha256(utf8(text)), attested.limits)) fail("what is said not to be proven is not what was attested");
}

function readHolding(receipt, attested) {
  const place = decimal(receipt.place, LEAVES_MAX, "place"), balance = decimal(receipt.balance, SUM_MAX, "balance");
  const parts = receipt.parts.map((one) => decimal(one, LEAVES_MAX, "position"));
  if (place >= attested.customers) fail(`position ${place} is not among the holders`);
  if (new Set(parts).size !== parts.length) fail("a part is counted twice");
  if (!parts.every((one) => attested.customers <= one && one < attested.leaves)) fail("a part stands where no part can stand");
  const worth = parts.reduce((sum, one) => sum + attested.row(one).value, 0n);
  if (worth !== balance) fail(`the parts are worth ${worth}, the balance says ${balance}`);
  return {place, balance, parts, salt: unhex(receipt.salt, 32, "salt")};
}

async function checkTree(receipt, holding, attested) {
  const key = await hmac(holding.salt, joined(utf8(`${TAG}key\0`), attested.context, utf8(receipt.customer)));
  const own = new Map([[holding.place, await sha256(utf8(`${TAG}holder\0`), key, big(holding.balance, 16), big(holding.parts.length, 4))]]);
  for (const [at, position] of holding.parts.entries()) {
    own.set(position, await sha256(utf8(`${TAG}part\0`), key, big(attested.row(position).value, 16), big(at + 1, 4)));
  }
  const positions = [...own.keys()].sort((one, two) => (one < two ? -1 : one > two ? 1 : 0));
  const hashes = receipt.proof.map((one) => unbase64(one, 32, "proof")), node = joined(utf8(`${TAG}node\0`), attested.context);
  let taken = 0;
  const climb = async (first, end, low, high) => {
    if (!positions.some((one) => first <= one && one < end)) return taken < hashes.length ? hashes[taken++] : fail("the proof is too short");
    if (end - first === 1n) return own.get(first);
    const middle = first + (1n << BigInt((end - first - 1n).toString(2).length - 1)), inside = attested.before(middle);
    const left = await climb(first, middle, low, inside), right = await climb(middle, end, inside, high);
    return sha256(node, big(inside - low, 16), left, big(high - inside, 16), right);
  };
  const root = await climb(0n, attested.leaves, 0n, attested.total);
  if (taken !== hashes.length) fail("the proof has hashes too many");
  if (!same(root, attested.root)) fail("the balance is not part of the attested total: the root differs");
}

function readNote(text) {
  const raw = utf8(text);
  if (raw.length > NOTE_BYTES_MAX || raw.some((byte) => byte < 32 && byte !== 10)) fail("not a signed note");
  const at = text.lastIndexOf("\n\n");
  if (at < 1 || !text.endsWith("\n")) fail("a note is text, an empty line, and signature lines");
  const body = text.slice(0, at + 1), lines = text.slice(at + 2, -1).split("\n");
  if (lines.length > 64) fail("too many signatures");
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^— ([^ ]*) (.*)$/s.exec(line) ?? fail("not a signature line");
    const material = unbase64(checkName(name) && encoded, null, `signature by ${name}`);
    return material.length < 5 ? fail("a signature is too short") : {name, id: hex(material.slice(0, 4)), signature: material.slice(4)};
  });
  const parts = body.split("\n");
  if (parts.length < 4 || parts.slice(0, -1).includes("")) fail("not a checkpoint");
  return {body, signatures, origin: parts[0], size: decimal(parts[1], SIZE_MAX, "checkpoint size"), root: unbase64(parts[2], 32, "checkpoint root"), extensions: parts.length - 4};
}

function readProof(text) {
  const at = text.indexOf("\n\n");
  if (at < 0 || utf8(text).length > 512 * 1024 || !/^[\x00-\x7f]*$/.test(text.slice(0, at))) fail("not a receipt of the log");
  const lines = text.slice(0, at).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") fail("not a c2sp.org/tlog-proof@v1");
  const extra = lines[0]?.startsWith("extra ") ? unbase64(lines.shift().slice(6), null, "extra") : null;
  if (!lines[0]?.startsWith("index ")) fail("no index line");
  const index = decimal(lines.shift().slice(6), SIZE_MAX, "index");
  if (lines.length > 128) fail("too many hashes");
  return {extra, index, hashes: lines.map((one) => unbase64(one, 32, "proof hash")), note: readNote(text.slice(at + 2))};
}

function checkSeal(entry, attested, index) {
  const view = new DataView(entry.buffer, entry.byteOffset), booked = view.getBigUint64(16, true);
  const expected = joined(Uint8Array.of(5, 1), new Uint8Array(14), big(booked, 8).reverse(), attested.digest, Uint8Array.of(1, 0, 0, 0));
  if (!same(entry, joined(expected, new Uint8Array(ENTRY_BYTES - expected.length)))) fail("the log entry does not seal this attestation");
  if (index < attested.size || booked < attested.asOf) fail("the entry cannot speak of what came after it");
  return booked;
}

async function checkInclusion(entry, proof) {
  if (proof.extra !== null && !same(proof.extra, entry)) fail("the log's receipt carries another entry");
  const rest = [...proof.hashes], {size, root} = proof.note;
  if (proof.index >= size) fail(`entry ${proof.index} is not among ${size}`);
  const climb = async (index, count, leaf) => {
    if (count === 1n) return rest.length === 0 ? leaf : fail("the proof has hashes too many");
    if (rest.length === 0) fail("the proof is too short");
    const beside = rest.pop(), left = 1n << BigInt((count - 1n).toString(2).length - 1);
    return index < left ? sha256(Uint8Array.of(1), await climb(index, left, leaf), beside)
      : sha256(Uint8Array.of(1), beside, await climb(index - left, count - left, leaf));
  };
  if (!same(await climb(proof.index, size, await sha256(Uint8Array.of(0), entry)), root)) fail("the entry is not in the log that was signed");
}

function checkName(name) {
  if (!name || utf8(name).length > 255 || /[\s+\x00-\x1f\x1c-\x1f\x85]/u.test(name)) fail("not a key's name");
  return true;
}
async function readKey(vkey) {
  const [name, id, encoded] = [vkey.split("+")[0], vkey.split("+")[1] ?? "", vkey.split("+").slice(2).join("+")];
  const material = unbase64(checkName(name) && encoded, null, "public key");
  const sizes = {1: 33, 4: 33, 6: 1313};
  if (material.length !== sizes[material[0]]) fail(`${name}: a key of a type that is unknown here`);
  if (hex((await sha256(utf8(`${name}\n`), material)).slice(0, 4)) !== id) fail(`${name}: the key does not have the id ${id}`);
  return {name, id, kind: material[0], public: material.slice(1)};
}
async function readTrust(trust) {
  const keys = await Promise.all(trust.keys.map(readKey)), witnesses = await Promise.all(trust.witnesses.map(readKey));
  const names = new Set(keys.map((one) => one.name)), others = new Set(witnesses.map((one) => one.name));
  if (names.size > 1) fail("the log's keys have several names");
  if (witnesses.some((one) => names.has(one.name) || one.kind === 1)) fail("a log cannot witness itself, and a witness's key has type 4 or 6");
  const owners = new Map();
  for (const one of [...keys, ...witnesses]) {
    const material = hex(one.public);
    if ((owners.get(material) ?? one.name) !== one.name) fail("one key stands under two names");
    owners.set(material, one.name);
  }
  const quorum = trust.quorum === null ? others.size : trust.quorum;
  if (!Number.isInteger(quorum) || quorum < 0 || quorum > others.size) fail(`a quorum of ${quorum} among ${others.size} witnesses cannot be met`);
  return {keys, witnesses, quorum};
}
// The keys that signed the note, with the time of a cosignature; one that does not verify condemns the whole note.
async function signers(note, keys, skipped) {
  const found = new Map();
  for (const line of note.signatures) {
    const key = keys.find((one) => one.name === line.name && one.id === line.id);
    if (!key) continue;
    if (key.kind === 6) { skipped.add(key.name); continue; }
    const time = key.kind === 4 ? new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0) : null;
    if (line.signature.length !== (key.kind === 4 ? 72 : 64) || (time ?? 0n) > SIZE_MAX) fail(`the signature by ${key.name} is not valid`);
    const message = key.kind === 4 ? `cosignature/v1\ntime ${time}\n${note.body}` : note.body;
    const imported = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
    if (!await crypto.subtle.verify("Ed25519", imported, line.signature.slice(-64), utf8(message))) fail(`the signature by ${key.name} is not valid`);
    if (time === null || !found.has(key) || found.get(key) < time) found.set(key, time);
  }
  return found;
}

async function check(bytes, trust) {
  const steps = [], facts = {};
  const step = async (name, work) => {
    const record = {name, state: "bad", detail: ""};
    steps.push(record);
    const answer = await work(record);
    if (record.state === "bad") record.state = "good";
    return answer;
  };
  let limits = [];
  try {
    const policy = await step("keys", async (record) => {
      const read = await readTrust(trust);
      if (read.keys.length === 0) { record.state = "open"; record.detail = "noKey"; }
      return read;
    });
    const receipt = await step("form", async () => readReceipt(bytes));
    const attested = await step("total", async () => readAttestation(receipt.attestation));
    await step("limits", async () => checkLimits(receipt.limits, attested));
    limits = receipt.limits;
    const holding = await step("parts", async () => readHolding(receipt, attested));
    await step("tree", async () => checkTree(receipt, holding, attested));
    const entry = unbase64(receipt.seal.entry, ENTRY_BYTES, "entry");
    const proof = await step("log", async () => { const read = readProof(receipt.seal.proof); await checkInclusion(entry, read); return read; });
    const booked = await step("seal", async () => checkSeal(entry, attested, proof.index));
    const skipped = new Set();
    await step("signature", async (record) => {
      if (policy.keys.length === 0) { record.state = "open"; record.detail = "noKey"; return; }
      if (proof.note.origin !== policy.keys[0].name) fail(`the checkpoint is of ${proof.note.origin}`);
      const signed = await signers(proof.note, policy.keys, skipped), able = policy.keys.filter((one) => one.kind !== 6);
      if (signed.size < able.length || policy.keys.some((one) => one.kind === 6 && !skipped.has(one.name))) fail("a key of the log that you trust has not signed");
      if (proof.note.extensions && signed.size === 0) fail("lines that no trusted signature covers");
      if (able.length < policy.keys.length) { record.state = "open"; record.detail = "postQuantum"; }
    });
    await step("witnesses", async (record) => {
      const unread = new Set(), found = await signers(proof.note, policy.witnesses, unread);
      const names = new Map();
      for (const [key, time] of found) names.set(key.name, time > (names.get(key.name) ?? 0n) ? time : names.get(key.name));
      facts.witnesses = [...names].map(([name, time]) => `${name} (${new Date(Number(time) * 1000).toISOString().slice(0, 19)}Z)`).join(", ");
      const open = [...unread].filter((name) => !names.has(name)).length;
      if (names.size + open < policy.quorum) fail(`${names.size} of the witnesses that you trust have cosigned, ${policy.quorum} must`);
      if (names.size < policy.quorum) { record.state = "open"; record.detail = "postQuantum"; }
      else if (policy.witnesses.length === 0) { record.state = "open"; record.detail = "noWitness"; record.minor = true; }
    });
    Object.assign(facts, {
      customer: receipt.customer, balance: holding.balance, ...Object.fromEntries(["entity", "currency", "day", "customers", "liabilities", "floored", "root"].map((name) => [name, receipt.attestation[name]])),
      asOf: attested.asOf, booked, entry: proof.index, origin: proof.note.origin, size: proof.note.size,
    });
  } catch (error) {
    const last = steps.at(-1);
    if (last.state !== "bad") steps.push({name: "form", state: "bad", detail: ""});
    steps.at(-1).detail = error instanceof Fault ? error.message : `${error.name}: ${error.message}`;
    return {verdict: "bad", steps, facts: {}, limits: []};
  }
  const open = steps.some((one) => one.state === "open" && !one.minor);
  return {verdict: open ? "open" : "good", steps, facts, limits};
}
