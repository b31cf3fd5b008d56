/** The REST interface: one function an endpoint. Errors are `Problem` (the server's answer) or `Unreachable`. */

const ROOT = "/api/v1";

/** The server refused: a problem document (RFC 9457) with errors of single fields. */
export class Problem extends Error {
  /** @param {number} status
   * @param {{title?: string, detail?: string, errors?: import("./types.js").FieldError[]}} body */
  constructor(status, body) {
    super(body.title || `The server answered ${status}`);
    this.status = status;
    this.detail = body.detail || null;
    this.errors = body.errors || [];
  }
}

/** No answer: the server is down, or the network is. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer");
    this.detail = "The page reconnects by itself. If it stays so, look whether the server still runs.";
  }
}

let refused = () => {};

/** Have `callback` called whenever the server no longer knows this browser. @param {() => void} callback */
export function onUnauthorised(callback) {
  refused = callback;
}

async function problemOf(response) {
  try {
    return await response.json();
  } catch {
    return { detail: "Its answer was not a problem document: something else may be listening at this address." };
  }
}

async function request(method, path, { query = {}, body, signal } = {}) {
  const given = Object.entries(query).filter(([, value]) => value != null);
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const sent = body === undefined ? undefined : JSON.stringify(body);
  let response;
  try {
    response = await fetch(ROOT + path + search, { method, headers, body: sent, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.status === 401) refused();
  if (!response.ok) throw new Problem(response.status, await problemOf(response));
  return response.status === 204 ? null : response.json();
}

const at = (id) => `/runs/${encodeURIComponent(id)}`;

/** @param {{state?: string, cursor?: string, limit?: number}} query @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").RunSummary[], next_cursor: string|null}>} */
export const listRuns = (query, signal) => request("GET", "/runs", { query, signal });

/** @param {{preset?: string, name?: string, configuration?: Object}} body
 * @returns {Promise<import("./types.js").RunDetail>} */
export const createRun = (body) => request("POST", "/runs", { body });

/** @param {string} id @param {{name?: string, configuration?: Object}} body
 * @returns {Promise<import("./types.js").RunDetail>} */
export const cloneRun = (id, body) => request("POST", `${at(id)}/clone`, { body });

/** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").RunDetail>} */
export const getRun = (id, signal) => request("GET", at(id), { signal });

/** @param {string} id @param {{name?: string, weight?: number, budget?: Object}} body
 * @returns {Promise<import("./types.js").RunDetail>} */
export const changeRun = (id, body) => request("PATCH", at(id), { body });

/** @param {string} id @returns {Promise<import("./types.js").RunDetail>} */
export const pauseRun = (id) => request("POST", `${at(id)}/pause`);

/** @param {string} id @returns {Promise<import("./types.js").RunDetail>} */
export const resumeRun = (id) => request("POST", `${at(id)}/resume`);

/** @param {string} id @returns {Promise<import("./types.js").RunDetail>} */
export const stopRun = (id) => request("POST", `${at(id)}/stop`);

/** @param {string} id @returns {Promise<null>} */
export const deleteRun = (id) => request("DELETE", at(id));

/** @param {string} id @param {{cursor?: string, limit?: number, order?: "asc"|"desc"}} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").GenerationView[], next_cursor: string|null}>} */
export const listGenerations = (id, query, signal) => request("GET", `${at(id)}/generations`, { query, signal });

/** @param {string} id @param {number} generation @param {{cursor?: string, limit?: number}} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").IndividualView[], next_cursor: string|null}>} */
export const listIndividuals = (id, generation, query, signal) =>
  request("GET", `${at(id)}/generations/${generation}/individuals`, { query, signal });

/** @param {string} id @param {number} top @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").BestPolicy[]}>} */
export const listBest = (id, top, signal) => request("GET", `${at(id)}/best`, { query: { top }, signal });

/** @param {string} id @param {string} name @param {{x: string, theme: string}} query @param {AbortSignal} [signal]
 * @returns {Promise<{data: Object[], layout: Object}>} */
export const getFigure = (id, name, query, signal) => request("GET", `${at(id)}/figures/${name}`, { query, signal });

/** @param {AbortSignal} [signal] @returns {Promise<{items: import("./types.js").EnvironmentView[]}>} */
export const listEnvironments = (signal) => request("GET", "/environments", { signal });

/** @param {AbortSignal} [signal] @returns {Promise<import("./types.js").Presets>} */
export const getPresets = (signal) => request("GET", "/presets", { signal });

/** @param {AbortSignal} [signal] @returns {Promise<{items: import("./types.js").WorkerView[]}>} */
export const listWorkers = (signal) => request("GET", "/workers", { signal });
