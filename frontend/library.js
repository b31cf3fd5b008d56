/** What the library's address asks for, and how events change what is shown of it. Pure. */

import { renewed } from "./rollouts.js";

export const SORTS = [
  ["normalised", "Human-normalised score"],
  ["score", "Score"],
  ["created", "Time"],
  ["length", "Length of the chain"],
  ["name", "Name"],
];
export const ORIGINS = [
  ["", "All"],
  ["run", "From runs"],
  ["shipped", "Shipped"],
  ["imported", "Imported"],
];
const FILTERS = ["environment", "origin", "tag", "run"];
export const MOST_PICKED = 12;

/** The order that the address names. Human-normalised first: scores of different games say nothing of each other.
 * @param {Object<string, string>} query @returns {{sort: string, order: "asc"|"desc"}} */
export function ordering({ sort, order }) {
  const chosen = SORTS.some(([name]) => name === sort) ? sort : SORTS[0][0];
  const usual = chosen === "name" ? "asc" : "desc";
  return { sort: chosen, order: order === "asc" || order === "desc" ? order : usual };
}

/** The filters that the address names. @param {Object<string, string>} query */
export function filtersOf(query) {
  const filters = Object.fromEntries(FILTERS.map((name) => [name, query[name] || undefined]));
  if (!ORIGINS.some(([name]) => name === query.origin)) delete filters.origin;
  return { ...filters, search: query.q || undefined };
}

/** The request that the address stands for. @param {Object<string, string>} query */
export function wish(query) {
  return { ...filtersOf(query), ...ordering(query) };
}

/** What a filter offers, with how many policies each choice would show; what is chosen is always among it.
 * @param {import("./types.js").Facet[]} facets @param {string} chosen @param {(value: string) => string} [wordsOf]
 * @returns {[string, string][]} value and text */
export function choices(facets, chosen, wordsOf = (value) => value) {
  const isOffered = !chosen || facets.some(({ value }) => value === chosen);
  const all = isOffered ? facets : [...facets, { value: chosen, name: null, count: 0 }];
  const words = all.map(({ value, name }) => name ?? wordsOf(value));
  return all.map(({ value, count }, place) => {
    const isAlone = words.indexOf(words[place]) === words.lastIndexOf(words[place]);
    const text = isAlone ? words[place] : `${words[place]}, ${value}`;
    return [value, `${text} (${count.toLocaleString("en-US")})`];
  });
}

/** Whether the address leaves something out. @param {Object<string, string>} query */
export function isFiltered(query) {
  return Boolean(query.q) || FILTERS.some((name) => query[name]);
}

/** A page of policies, with one that changed in its place. One that is not there is left out.
 * @template {{items: import("./types.js").PolicySummary[]}} P @param {P|null} page
 * @param {import("./types.js").PolicySummary} policy @returns {P|null} */
export function withPolicy(page, policy) {
  if (!page?.items.some(({ id }) => id === policy.id)) return page;
  return { ...page, items: page.items.map((item) => (item.id === policy.id ? policy : item)) };
}

/** Two pages as one; what was listed already, because it moved in between, is not listed again. */
export function joined(page, next) {
  const known = new Set(page.items.map(({ id }) => id));
  return { items: [...page.items, ...next.items.filter(({ id }) => !known.has(id))], next_cursor: next.next_cursor };
}

/** A policy's details after an event about a recording of it. @param {import("./types.js").PolicyDetail|null} detail
 * @param {import("./types.js").RolloutView} rollout */
export function withRollout(detail, rollout) {
  if (!detail || rollout.policy !== detail.id) return detail;
  return { ...detail, rollouts: renewed(detail.rollouts, rollout) };
}

/** A policy's details after an event about a job for it. @param {import("./types.js").PolicyDetail|null} detail
 * @param {import("./types.js").JobView} job */
export function withJob(detail, job) {
  if (!detail || job.policy !== detail.id) return detail;
  return { ...detail, jobs: [job, ...detail.jobs.filter(({ id }) => id !== job.id)] };
}

/** Policies marked for comparison. @param {Object<string, string>} query @returns {string[]} */
export function picked({ pick }) {
  return (pick ?? "").split(",").filter(Boolean);
}

/** The query's part after one was marked or unmarked; only so many fit on a page.
 * @param {Object<string, string>} query @param {string} id @returns {{pick: string|null}} */
export function toggled(query, id) {
  const before = picked(query);
  const after = before.includes(id) ? before.filter((one) => one !== id) : [...before, id].slice(-MOST_PICKED);
  return { pick: after.join(",") || null };
}

/** What names a policy in marks: enough of its id to be its alone. @param {{id: string}} policy */
export const mark = ({ id }) => id.slice(0, 16);

/** Tags as they were typed: between commas, each once. @param {string} text */
export function tagsOf(text) {
  return [...new Set(text.split(",").map((tag) => tag.trim()).filter(Boolean))];
}
