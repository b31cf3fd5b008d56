/** The state of a form for a configuration: what was typed, what it means, what is wrong with it. Pure. */

import { complete, differences, optionFields, parse, shown, valueAt, withValue } from "./schema.js";

/**
 * @typedef {{
 *   fields: import("./schema.js").Field[],
 *   schema: Object,
 *   base: Object,
 *   values: Object,
 *   texts: Object<string, string>,
 *   problems: Object<string, string>,
 *   touched: Object<string, boolean>,
 *   refusals: Object<string, string>,
 *   refusal: string|null,
 * }} Form
 *   `base`: the configuration that changes are counted against. `problems`: found here, shown once touched.
 *   `refusals`: the server's, by path; `refusal`: the one that belongs to no field.
 */

const WHOLE = "configuration";

/** A fresh form. @param {Object} schema @param {import("./schema.js").Field[]} fields @param {Object} configuration
 * @returns {Form} */
export function open(schema, fields, configuration) {
  const base = withOptions(schema, complete(fields, configuration));
  return { fields, schema, base, values: base, texts: {}, problems: {}, touched: {}, refusals: {}, refusal: null };
}

function withOptions(schema, values) {
  return complete(optionFields(schema, values.environment.id), values);
}

/** Every field that the form shows, the environment's options among them. @param {Form} form */
export function allFields(form) {
  return [...form.fields, ...optionFields(form.schema, form.values.environment.id)];
}

/** The text in a field's input. @param {Form} form @param {import("./schema.js").Field} field */
export function textOf(form, field) {
  return form.texts[field.path] ?? shown(field, valueAt(form.values, field.path));
}

/** After typing. @param {Form} form @param {import("./schema.js").Field} field @param {string} text @returns {Form} */
export function type(form, field, text) {
  const { value, problem } = parse(field, text);
  return settle(form, field.path, value, problem, { ...form.texts, [field.path]: text });
}

/** After choosing a value that cannot be wrong. @param {Form} form @param {string} path @param {any} value
 * @returns {Form} */
export function choose(form, path, value) {
  const { [path]: _, ...texts } = form.texts;
  return settle(form, path, value, null, texts);
}

function settle(form, path, value, problem, texts) {
  const { [path]: _, ...problems } = form.problems;
  const { [path]: __, ...refusals } = form.refusals;
  const values = problem ? form.values : withValue(form.values, path, value);
  return { ...form, values, texts, refusals, problems: problem ? { ...problems, [path]: problem } : problems };
}

/** After leaving a field: its problem is shown from now on. @param {Form} form @param {string} path @returns {Form} */
export function touch(form, path) {
  return form.touched[path] ? form : { ...form, touched: { ...form.touched, [path]: true } };
}

/** Another environment: its own options, and a network that fits.
 * @param {Form} form @param {string} id @param {import("./types.js").EnvironmentView} [known] @returns {Form} */
export function chooseEnvironment(form, id, known) {
  const isSameKind = id.startsWith("ALE/") === form.values.environment.id.startsWith("ALE/");
  const options = isSameKind ? form.values.environment.options : {};
  const architecture = known?.description?.architectures[0] ?? usualArchitecture(form, id, isSameKind);
  const values = withOptions(form.schema, { ...form.values, environment: { id, options }, architecture });
  const { ["environment.id"]: _, ...refusals } = form.refusals;
  return { ...form, values, refusals };
}

function usualArchitecture(form, id, isSameKind) {
  if (isSameKind) return form.values.architecture;
  return id.startsWith("ALE/") ? "nature-dqn" : "mlp";
}

/** What to show beside a field, or null. @param {Form} form @param {string} path */
export function complaint(form, path) {
  return form.refusals[path] ?? (form.touched[path] ? form.problems[path] : null) ?? null;
}

/** With every problem shown. @param {Form} form @returns {Form} */
export function touchAll(form) {
  return { ...form, touched: Object.fromEntries(allFields(form).map((field) => [field.path, true])) };
}

/** With the server's objections, each at its field. What fits no field is said above the form.
 * @param {Form} form @param {import("./api.js").Problem} problem @returns {Form} */
export function refuse(form, problem) {
  const paths = new Set([...allFields(form).map((field) => field.path), "environment.id", "name"]);
  const placed = (problem.errors || []).map(({ field, message }) => [pathOf(field), message]);
  const refusals = Object.fromEntries(placed.filter(([path]) => paths.has(path)));
  const rest = placed.filter(([path]) => !paths.has(path)).map(([, message]) => message);
  const general = rest.length ? rest.join(" ") : [problem.message, problem.detail].filter(Boolean).join(": ");
  return { ...form, refusals, refusal: Object.keys(refusals).length && !rest.length ? null : general };
}

function pathOf(field) {
  const path = field.startsWith(`${WHOLE}.`) ? field.slice(WHOLE.length + 1) : field;
  return path === "environment" ? "environment.id" : path.replace(/^hidden\.\d+$/, "hidden");
}

/** Paths that differ from the base. @param {Form} form */
export function changes(form) {
  const paths = differences(allFields(form), form.values, form.base);
  return form.values.environment.id === form.base.environment.id ? paths : ["environment.id", ...paths];
}

/** The part of the configuration to send: what differs from the base; an environment goes whole. @param {Form} form */
export function patch(form) {
  return changes(form).reduce((sent, path) => {
    const whole = path.startsWith("environment.") ? "environment" : path;
    return withValue(sent, whole, valueAt(form.values, whole));
  }, {});
}
