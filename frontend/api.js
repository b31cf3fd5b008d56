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

async function request(method, path, { query, body, signal } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await send(method, path, { query, text, signal });
  return response.status === 204 ? null : response.json();
}

async function send(method, path, { query = {}, text, signal, range } = {}) {
  const given = Object.entries(query).flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
  const wanted = given.filter(([, value]) => value != null);
  const search = wanted.length ? `?${new URLSearchParams(wanted)}` : "";
  const headers = text === undefined ? {} : { "Content-Type": "application/json" };
  if (range) headers.Range = range;
  let response;
  try {
    response = await fetch(ROOT + path + search, { method, headers, body: text, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.status === 401 && !(method === "POST" && path === "/session")) refused();
  if (!response.ok) throw new Problem(response.status, await problemOf(response));
  return response;
}

const at = (id) => `/runs/${encodeURIComponent(id)}`;

/** Who this browser is. @param {AbortSignal} [signal]
 * @returns {Promise<{name: string, role: "viewer"|"operator"|"worker", is_browser: boolean}>} */
export const getSession = (signal) => request("GET", "/session", { signal });

/** Have this browser let in. @param {{token: string}} body */
export const signIn = (body) => request("POST", "/session", { body });

/** @param {AbortSignal} [signal] @returns {Promise<{items: import("./types.js").TokenView[]}>} */
export const listTokens = (signal) => request("GET", "/tokens", { signal });

/** @param {{name: string, role: string, days?: number}} body
 * @returns {Promise<import("./types.js").TokenView & {secret: string}>} */
export const createToken = (body) => request("POST", "/tokens", { body });

/** @param {string} id @returns {Promise<null>} */
export const revokeToken = (id) => request("DELETE", `/tokens/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<import("./types.js").TokenView & {secret: string}>} */
export const rotateToken = (id) => request("POST", `/tokens/${encodeURIComponent(id)}/rotate`);

/** @param {{role: string}} body @returns {Promise<{path: string, role: string, expires_at: string}>} */
export const createLink = (body) => request("POST", "/tokens/links", { body });

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

/** One that was set aside gets work again. @param {string} id */
export const letWorkerIn = (id) => request("POST", `/workers/${encodeURIComponent(id)}/let-in`);

/** @param {string} id @returns {Promise<null>} */
export const deleteRun = (id) => request("DELETE", at(id));

/** @param {string} id @param {{cursor?: string, limit?: number, order?: "asc"|"desc", chains?: boolean}} query
 * @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").GenerationView[], next_cursor: string|null}>} */
export const listGenerations = (id, query, signal) => request("GET", `${at(id)}/generations`, { query, signal });

/** @param {string} id @param {number} number @returns {Promise<import("./types.js").GenerationView>} */
export const getGeneration = (id, number) => request("GET", `${at(id)}/generations/${number}`);

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

/** @param {AbortSignal} [signal] @returns {Promise<{items: import("./types.js").RefusedView[]}>} */
export const listRefusedWorkers = (signal) => request("GET", "/workers/refused", { signal });

const policy = (id) => `/policies/${encodeURIComponent(id)}`;

/** @param {{environment?: string, origin?: string, run?: string, tag?: string, search?: string, sort?: string,
 *   order?: "asc"|"desc", cursor?: string, limit?: number}} query @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").PolicySummary[], next_cursor: string|null}>} */
export const listPolicies = (query, signal) => request("GET", "/policies", { query, signal });

/** What a list can be narrowed to. @param {{environment?: string, origin?: string, run?: string, tag?: string,
 *   search?: string}} query @param {AbortSignal} [signal] @returns {Promise<import("./types.js").PolicyFacets>} */
export const countPolicies = (query, signal) => request("GET", "/policies/facets", { query, signal });

/** @param {string} id @param {AbortSignal} [signal] @returns {Promise<import("./types.js").PolicyDetail>} */
export const getPolicy = (id, signal) => request("GET", policy(id), { signal });

/** @param {string} text a chain document @returns {Promise<import("./types.js").PolicyDetail>} */
export const importPolicy = async (text) => (await send("POST", "/policies", { text })).json();

/** @param {string} id @param {{name?: string, tags?: string[]}} body
 * @returns {Promise<import("./types.js").PolicyDetail>} */
export const changePolicy = (id, body) => request("PATCH", policy(id), { body });

/** @param {string} id @returns {Promise<null>} */
export const deletePolicy = (id) => request("DELETE", policy(id));

/** @param {string} id @param {"json"|"safetensors"|"onnx"|"card"} format
 * @returns {Promise<{name: string, blob: Blob}>} */
export async function exportPolicy(id, format) {
  const response = await send("GET", `${policy(id)}/export`, { query: { format } });
  const [, name] = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "") ?? [];
  return { name: name ?? `${id.slice(0, 16)}.${format}`, blob: await response.blob() };
}

/** @param {string[]} ids @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").LineageNode[]}>} */
export const traceLineage = (ids, signal) => request("GET", "/policies/lineage", { query: { id: ids }, signal });

/** @param {string} id @param {{cursor?: string, limit?: number}} query @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").Ancestor[], next_cursor: string|null}>} newest first */
export const listAncestors = (id, query, signal) => request("GET", `${policy(id)}/ancestors`, { query, signal });

/** Have a recording's actions replayed. @param {string} id @returns {Promise<import("./types.js").JobView>} */
export const verifyRollout = (id) => request("POST", `/rollouts/${encodeURIComponent(id)}/verifications`);

/** @param {string} id @returns {Promise<import("./types.js").RolloutView>} */
export const getRollout = (id, signal) => request("GET", `/rollouts/${encodeURIComponent(id)}`, { signal });

/** Have a video that does not play removed and made again. @param {string} id
 * @returns {Promise<import("./types.js").RolloutView>} */
export const replaceVideo = (id) => request("POST", `/rollouts/${encodeURIComponent(id)}/videos`);

/** Where a recording's picture is. @param {string} id */
export const posterUrl = (id) => `${ROOT}/rollouts/${encodeURIComponent(id)}/poster.jpg`;

/** Where a recording's video is. @param {string} id */
export const videoUrl = (id) => `${ROOT}/rollouts/${encodeURIComponent(id)}/video.mp4`;

/** Have a recording's video made again if it is not kept any more. @param {string} id @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").RolloutView|null>} null: it is there */
export async function requestVideo(id, signal) {
  const range = "bytes=0-0"; // A look at whether it is there: the player loads it by itself.
  const response = await send("GET", `/rollouts/${encodeURIComponent(id)}/video.mp4`, { signal, range });
  return response.status === 202 ? response.json() : null;
}

/** @param {string} id a run's @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").EliteView[]}>} */
export const listElites = (id, signal) => request("GET", `${at(id)}/elites`, { signal });

/** @param {string} id a policy's @param {AbortSignal} [signal]
 * @returns {Promise<{items: import("./types.js").RolloutView[]}>} */
export const listRollouts = (id, signal) => request("GET", `${policy(id)}/rollouts`, { signal });

/** @param {string} id @param {{episodes: number, environment?: {options: Object}}} body `environment`: what differs
 *   from the policy's own @returns {Promise<import("./types.js").JobView>} */
export const testPolicy = (id, body) => request("POST", `${policy(id)}/tests`, { body });

/** @param {string} id @param {{seed?: number}} body @returns {Promise<import("./types.js").RolloutView>} */
export const recordPolicy = (id, body) => request("POST", `${policy(id)}/rollouts`, { body });

/** @param {string} id @returns {Promise<null>} */
export const cancelJob = (id) => request("DELETE", `/jobs/${encodeURIComponent(id)}`);
