/** What the page knows, and how events change it. The reducer is pure; `Store` only holds and tells. */

/**
 * @typedef {{
 *   connection: import("./live.js").Connection,
 *   unauthorised: boolean,
 *   role: "viewer"|"operator"|"worker"|null,
 *   loads: number,
 *   runs: Object<string, import("./types.js").RunSummary>,
 *   workers: import("./types.js").WorkerView[]|null,
 *   trouble: string|null,
 *   notice: {text: string, bad: boolean, number: number}|null,
 * }} State
 *   `trouble`: what is the matter with the server's database; `loads`: raised when what is shown must be loaded again.
 */

/** @type {State} */
export const EMPTY = {
  connection: { phase: "connecting", retryAt: null },
  unauthorised: false,
  role: null,
  loads: 0,
  runs: {},
  workers: null,
  trouble: null,
  notice: null,
};

/** The state after an event of `/live`. Events that change nothing kept here give the same state.
 * @param {State} state @param {{type: string, [key: string]: any}} event @returns {State} */
export function reduce(state, event) {
  switch (event.type) {
    case "run.changed":
      return withRuns(state, [event.run]);
    case "run.deleted":
      return withoutRun(state, event.run_id);
    case "trouble.changed":
      return state.trouble === event.trouble ? state : { ...state, trouble: event.trouble };
    case "workers.changed":
      return { ...state, workers: event.workers };
    default:
      return state;
  }
}

/** The state with these runs put in or renewed; of details only what a list shows is kept, which events renew.
 * @param {State} state @param {import("./types.js").RunSummary[]} runs @returns {State} */
export function withRuns(state, runs) {
  const added = Object.fromEntries(runs.map((run) => [run.id, summaryOf(run)]));
  return { ...state, runs: { ...state.runs, ...added } };
}

function summaryOf(run) {
  const { configuration, architecture, engine, description, cloned_from, ...summary } = run;
  return summary;
}

/** The state without a run. @param {State} state @param {string} id @returns {State} */
export function withoutRun(state, id) {
  const { [id]: _, ...rest } = state.runs;
  return { ...state, runs: rest };
}

/** Holds the state and tells listeners of each change. */
export class Store {
  /** @param {State} state */
  constructor(state = EMPTY) {
    this.state = state;
    this.listeners = new Set();
  }

  /** @param {(state: State) => State} change */
  update(change) {
    const next = change(this.state);
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }

  /** @param {() => void} listener @returns {() => void} stops it */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
