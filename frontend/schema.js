/** From the configuration's JSON schema to form fields, and from what is typed to values. Pure. */

/**
 * @typedef {{
 *   path: string, title: string, help: string, unit: string|null, source: string|null,
 *   kind: "integer"|"number"|"boolean"|"choice"|"list"|"text",
 *   optional: boolean, choices: string[], default: any,
 *   minimum: number|null, maximum: number|null, above: number|null, below: number|null,
 * }} Field  `path`: dotted, as in the server's errors without their first part: budget.frames.
 */

const SCALES = { k: 1e3, m: 1e6, b: 1e9, t: 1e12 };
const SECONDS = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86400 };

function resolve(schema, node) {
  if (!node.$ref) return node;
  const { $ref, ...rest } = node;
  return { ...schema.$defs[$ref.split("/").at(-1)], ...rest };
}

function withoutNull(node) {
  const real = node.anyOf?.filter((option) => option.type !== "null");
  return real?.length === 1 ? { ...real[0], ...node, anyOf: undefined } : node;
}

function kindOf(node) {
  if (node.enum) return "choice";
  if (node.type === "array") return "list";
  return ["integer", "number", "boolean"].includes(node.type) ? node.type : "text";
}

function fieldOf(path, node) {
  const known = withoutNull(node);
  return {
    path,
    title: known.title || path,
    help: known.description || "",
    unit: known.unit || null,
    source: known.source || null,
    kind: kindOf(known),
    optional: Boolean(node.anyOf?.some((option) => option.type === "null")),
    choices: known.enum || [],
    default: known.default ?? null,
    minimum: known.minimum ?? null,
    maximum: known.maximum ?? null,
    above: known.exclusiveMinimum ?? null,
    below: known.exclusiveMaximum ?? null,
  };
}

/** Every field of a schema, nested ones with dotted paths, in the schema's order. `environment` is left out: it has
 * a chooser of its own. @param {Object} schema @returns {Field[]} */
export function fieldsOf(schema) {
  return propertiesOf(schema, schema, "").filter((field) => !field.path.startsWith("environment."));
}

function propertiesOf(schema, parent, prefix) {
  return Object.entries(parent.properties || {}).flatMap(([name, raw]) => {
    const node = resolve(schema, raw);
    if (node.properties) return propertiesOf(schema, node, `${prefix}${name}.`);
    return [fieldOf(prefix + name, node)];
  });
}

/** The options that an environment takes, by the first prefix of its id that fits.
 * @param {Object} schema @param {string} id @returns {Field[]} */
export function optionFields(schema, id) {
  const variants = schema.$defs?.Environment?.properties?.options?.variants || [];
  const variant = variants.find(({ prefix }) => id.startsWith(prefix));
  return variant ? propertiesOf(variant.schema, variant.schema, "environment.options.") : [];
}

/** The value at a dotted path. @param {Object} values @param {string} path */
export function valueAt(values, path) {
  return path.split(".").reduce((value, key) => value?.[key], values);
}

/** A copy with the value at a dotted path replaced. @param {Object} values @param {string} path @param {any} value */
export function withValue(values, path, value) {
  const [key, ...rest] = path.split(".");
  const inner = rest.length ? withValue(values?.[key] ?? {}, rest.join("."), value) : value;
  return { ...values, [key]: inner };
}

/** A configuration with every field: the preset's values over the schema's defaults.
 * @param {Field[]} fields @param {Object} configuration */
export function complete(fields, configuration) {
  return fields.reduce((values, field) => {
    return withValue(values, field.path, valueAt(configuration, field.path) ?? field.default);
  }, configuration);
}

/** Dotted paths whose values differ. @param {Field[]} fields @param {Object} one @param {Object} other */
export function differences(fields, one, other) {
  const text = (values, path) => JSON.stringify(valueAt(values, path) ?? null);
  return fields.map((field) => field.path).filter((path) => text(one, path) !== text(other, path));
}

/** A value as it stands in its input. @param {Field} field @param {any} value */
export function shown(field, value) {
  if (value == null) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function numberFrom(text, unit) {
  const plain = text.toLowerCase().replace(/[\s,_]/g, "");
  const [, digits, suffix] = /^([-+]?[\d.]+(?:e[-+]?\d+)?)([a-z]*)$/.exec(plain) || [];
  const scales = unit === "s" ? SECONDS : SCALES;
  if (digits === undefined || (suffix && !(suffix in scales))) return NaN;
  return Number(digits) * (suffix ? scales[suffix] : 1);
}

function limitsOf({ minimum, maximum, above }) {
  if (minimum != null && maximum != null) return `from ${minimum} to ${maximum.toLocaleString("en-US")}`;
  if (above != null) return `above ${above}`;
  return minimum != null ? `at least ${minimum}` : "";
}

function isOutside(field, value) {
  const { minimum, maximum, above, below } = field;
  return (
    (minimum != null && value < minimum) ||
    (maximum != null && value > maximum) ||
    (above != null && value <= above) ||
    (below != null && value >= below)
  );
}

/** What was typed as a value, or why it is none. Numbers may be written 10M, 1e9, 1,000; spans of time 90, 10 min, 2 h.
 * @param {Field} field @param {string} text @returns {{value: any, problem: string|null}} */
export function parse(field, text) {
  const trimmed = text.trim();
  if (field.kind === "text" || field.kind === "choice") return { value: trimmed || null, problem: null };
  if (field.kind === "list") return parseList(trimmed);
  if (!trimmed) return { value: null, problem: field.optional ? null : "A number is needed here." };
  const value = numberFrom(trimmed, field.unit);
  if (Number.isNaN(value)) return { value: trimmed, problem: "This is not a number. Write it as 1000, 1e6 or 10M." };
  if (field.kind === "integer" && !Number.isInteger(value)) return { value, problem: "A whole number is needed here." };
  return { value, problem: isOutside(field, value) ? `Choose a number ${limitsOf(field)}.` : null };
}

function parseList(text) {
  const values = text ? text.split(/[\s,]+/).filter(Boolean).map(Number) : [];
  const isWrong = values.some((value) => !Number.isInteger(value) || value < 1);
  if (isWrong) return { value: text, problem: "Write whole numbers with commas between: 64, 64." };
  return { value: values, problem: null };
}
