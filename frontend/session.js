/** Joins the store to the server: live events in, notices out. The one place that knows both. */

import { getSession, listWorkers, onUnauthorised, Problem } from "./api.js";
import { Live } from "./live.js";
import { reduce, Store, withoutRun, withRuns } from "./store.js";

export const store = new Store();
const listeners = new Set();
let notices = 0;

const calls = {
  onEvent: (event) => {
    store.update((state) => reduce(state, event));
    for (const listener of listeners) listener(event);
  },
  onResync: reload,
  onConnection: (connection) => {
    store.update((state) => ({ ...state, connection: { ...connection, reason: state.connection.reason } }));
    if (connection.phase === "offline") askWhy();
    if (connection.phase === "online" && store.state.role === null) askRole();
  },
};
const live = new Live(calls, placeOfPage());

/** The newest event when the server sent this page. */
function placeOfPage() {
  const place = document.querySelector("meta[name=live]")?.content ?? "0 0"; // Else everything is loaded again.
  const [epoch, n] = place.split(" ").map(Number);
  return { epoch, n };
}

/** A websocket does not say why it was refused; an ordinary request does. */
async function askWhy() {
  const reason = await listWorkers().then(
    () => null,
    (error) => (error instanceof Problem ? `${error.message}. ${error.detail ?? ""}` : null),
  );
  store.update((state) => ({ ...state, connection: { ...state.connection, reason } }));
}

/** Start following the server. */
export function start() {
  onUnauthorised(() => {
    live.disconnect();
    store.update((state) => ({ ...state, unauthorised: true }));
  });
  live.connect();
  askRole();
}

function askRole() {
  getSession().then(
    ({ role }) => store.update((state) => ({ ...state, role })),
    () => {}, // Asked again when the server is back; what a browser may not do is refused all the same.
  );
}

/** Have everything shown loaded again. */
export function reload() {
  store.update((state) => ({ ...state, loads: state.loads + 1 }));
}

/** Try to reach the server now. */
export function reconnect() {
  live.connect();
}

/** Follow events of these topics too. @param {string[]} topics */
export function follow(topics) {
  live.follow(["runs", "workers", ...topics]);
}

/** Hear every event. @param {(event: Object) => void} listener @returns {() => void} stops it */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Take in runs that a request brought, details or not. @param {import("./types.js").RunSummary[]} runs */
export function keepRuns(runs) {
  store.update((state) => withRuns(state, runs));
}

/** Forget a deleted run. @param {string} id */
export function forgetRun(id) {
  store.update((state) => withoutRun(state, id));
}

/** Say something for a few seconds. @param {string} text @param {boolean} [bad] */
export function notify(text, bad = false) {
  notices += 1;
  const notice = { text, bad, number: notices };
  store.update((state) => ({ ...state, notice }));
}

/** Take the notice away. */
export function dismiss() {
  store.update((state) => ({ ...state, notice: null }));
}
