/** Which runs a list shows, in what order. Pure. */

/** How each column sorts: a value to compare, and the order that is wanted first. */
const COLUMNS = {
  created: [(run) => Date.parse(run.created_at), "desc"],
  name: [(run) => run.name.toLowerCase(), "asc"],
  state: [(run) => STATES.indexOf(run.state), "asc"],
  generation: [(run) => run.generation, "desc"],
  elite: [(run) => run.elite?.mean ?? -Infinity, "desc"],
  best: [(run) => run.best ?? -Infinity, "desc"],
  frames: [(run) => run.frames, "desc"],
  cost: [(run) => run.cost?.dollars ?? -Infinity, "desc"],
};

/** The states, in the order in which they matter. */
export const STATES = ["running", "waiting", "paused", "failed", "finished", "stopped"];

/** What the address says of the order. @param {Object<string, string>} query
 * @returns {{sort: string, order: "asc"|"desc"}} */
export function sorting({ sort, order }) {
  const column = sort in COLUMNS ? sort : "created";
  return { sort: column, order: order === "asc" || order === "desc" ? order : COLUMNS[column][1] };
}

/** The query after a press on a column's header: its usual order first, then the other.
 * @param {Object<string, string>} query @param {string} column @returns {{sort: string, order: string}} */
export function sortedBy(query, column) {
  const now = sorting(query);
  const usual = COLUMNS[column][1];
  if (now.sort !== column) return { sort: column, order: usual };
  return { sort: column, order: now.order === "asc" ? "desc" : "asc" };
}

/** Runs whose name, id or environment has every word of the search.
 * @param {import("./types.js").RunSummary[]} runs @param {string} [search] */
export function matching(runs, search = "") {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (run) => `${run.name} ${run.id} ${run.environment_id} ${run.architecture_name}`.toLowerCase();
  return runs.filter((run) => words.every((word) => text(run).includes(word)));
}

/** The runs to show. @param {import("./types.js").RunSummary[]} runs @param {Object<string, string>} query */
export function visible(runs, query) {
  const { sort, order } = sorting(query);
  const [value] = COLUMNS[sort];
  const direction = order === "asc" ? 1 : -1;
  const compare = (a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === other) return Date.parse(b.created_at) - Date.parse(a.created_at);
    return (one < other ? -1 : 1) * direction;
  };
  return matching(runs, query.q).filter((run) => !query.state || run.state === query.state).sort(compare);
}

/** How many runs are in each state. @param {import("./types.js").RunSummary[]} runs
 * @returns {Object<string, number>} */
export function countByState(runs) {
  return runs.reduce((counts, run) => ({ ...counts, [run.state]: (counts[run.state] ?? 0) + 1 }), {});
}
