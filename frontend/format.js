/** Numbers, times and scores as people read them. Pure: the present moment is passed in. */

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const EXACT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });
const CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SCALES = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];
const UNITS = [
  [86400, "d", 3600, "h"],
  [3600, "h", 60, "min"],
  [60, "min", 1, "s"],
];
const NEGLIGIBLE_SECONDS = 5;
const EMPTY = "–";

/** The number with thousands separated and up to six decimals: 1,340,221. @param {number} value */
export function exact(value) {
  return EXACT.format(value);
}

/** Up to 9,999 as it is, above with three digits and a scale: 1.34M. @param {number|null|undefined} value */
export function compact(value) {
  if (value == null) return EMPTY;
  const size = Math.abs(value);
  if (size < 10_000) return size < 100 && !Number.isInteger(value) ? value.toPrecision(2) : WHOLE.format(value);
  const [scale, letter] = SCALES.find(([least]) => Number(size.toPrecision(3)) >= least);
  return `${Number((value / scale).toPrecision(3))}${letter}`;
}

/** A score in game points: one decimal below 1,000, none above. @param {number|null|undefined} value */
export function score(value) {
  if (value == null) return EMPTY;
  if (Math.abs(value) >= 1000 || Number.isInteger(value)) return WHOLE.format(value);
  return value.toFixed(1);
}

/** A mean of scores: one decimal below 1,000, so that columns of them line up. @param {number|null|undefined} value */
export function mean(value) {
  if (value == null) return EMPTY;
  return Math.abs(value) >= 1000 ? WHOLE.format(value) : value.toFixed(1);
}

/** A human-normalised score: 0% is random play, 100% people. @param {number|null|undefined} value */
export function percent(value) {
  return value == null ? EMPTY : `${WHOLE.format(100 * value)}%`;
}

/** US dollars to the cent; below ten cents, two digits. @param {number|null|undefined} value */
export function dollars(value) {
  if (value == null) return EMPTY;
  return `$${value >= 0.1 || value === 0 ? CENTS.format(value) : value.toFixed(1 - Math.floor(Math.log10(value)))}`;
}

/** A size in bytes: "1.2 kB". @param {number} value */
export function size(value) {
  const [number, scale] = /^([\d.,]+)(\D?)$/.exec(compact(value)).slice(1);
  return `${number} ${scale === "B" ? "G" : scale}B`;
}

/** A difference with its sign: "+12.5". @param {number} value */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${score(Math.abs(value))}`;
}

/** A place in a video: "1:04.25". @param {number} seconds */
export function clock(seconds) {
  const hundredths = Math.round((Number.isFinite(seconds) ? seconds : 0) * 100);
  const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000];
  return `${minutes}:${(rest / 100).toFixed(2).padStart(5, "0")}`;
}

/** Mean and noise in words: "mean 431.2, standard deviation 120.4, over 10 episodes (9 distinct)".
 * @param {import("./types.js").ScoreSummary} summary */
export function summaryWords({ mean: middle, sd, n, distinct }) {
  const spread = sd == null ? "" : `, standard deviation ${exact(sd)}`;
  const episodes = `${n} ${n === 1 ? "episode" : "episodes"}`;
  return `mean ${exact(middle)}${spread}, over ${episodes}${distinct < n ? ` (${distinct} distinct)` : ""}`;
}

/** A span of time with two units at most: "2 h 5 min". @param {number|null|undefined} seconds */
export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return EMPTY;
  const whole = Math.max(0, Math.round(seconds));
  const unit = UNITS.find(([size]) => whole >= size);
  if (!unit) return `${whole} s`;
  const [size, name, smaller, smallerName] = unit;
  const rest = Math.floor((whole % size) / smaller);
  return rest ? `${Math.floor(whole / size)} ${name} ${rest} ${smallerName}` : `${Math.floor(whole / size)} ${name}`;
}

/** How long ago, with one unit: "5 min ago". @param {string} iso @param {number} now milliseconds */
export function relative(iso, now) {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < NEGLIGIBLE_SECONDS) return "just now";
  const unit = UNITS.find(([size]) => seconds >= size);
  return unit ? `${Math.floor(seconds / unit[0])} ${unit[1]} ago` : `${Math.floor(seconds)} s ago`;
}

/** Exact time: "2026-01-31 15:04:05 UTC". @param {string} iso */
export function utc(iso) {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "1 run", "3 runs", "1,204 runs". @param {number} count @param {string} noun @param {string} [many] */
export function plural(count, noun, many = `${noun}s`) {
  return `${WHOLE.format(count)} ${count === 1 ? noun : many}`;
}

/** What went wrong, in one line.
 * @param {Error & {detail?: string|null, errors?: {message: string}[]}} error as `api.js` throws them */
export function reasonOf({ message, detail, errors = [] }) {
  const all = [message, detail, ...errors.map((error) => error.message)].filter(Boolean);
  return all.map((text, place) => (place < all.length - 1 ? text.replace(/\.$/, "") : text)).join(": ");
}

/** An environment without its package and version: ALE/Frostbite-v5 is "Frostbite". @param {string} id */
export function environmentName(id) {
  return id.replace(/^ALE\//, "").replace(/-v\d+$/, "");
}

/** A value of a configuration as text. @param {any} value */
export function setting(value) {
  if (value == null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(setting).join(", ") || "none";
  return typeof value === "number" ? exact(value) : String(value);
}
