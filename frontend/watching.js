/** Which generation's elite a run's page plays; the slider and the chart's marker share it. */

import { useEffect, useRef, useState } from "./vendor/preact-htm.module.js";
import { listElites } from "./api.js";
import { useEvents, useResource } from "./hooks.js";
import { setQuery } from "./router.js";

const PAUSE_MS = 1000; // Quick runs close several generations a second.
const SETTLE_MS = 300; // Browsers refuse to have their address changed with every pixel of a slider.
const DRAWN_WHOLE = 1000; // Generations up to which figures draw each of them.

/** Place in the list of the elite of this generation, else of the nearest before it; null: the last.
 * @param {import("./types.js").EliteView[]} items ascending @param {number|null} generation */
export function nearest(items, generation) {
  if (generation == null) return items.length - 1;
  const after = items.findIndex((item) => item.generation > generation);
  return Math.max(0, (after < 0 ? items.length : after) - 1);
}

/** The generation since which the policy at a place of the list has been the elite: carried ones are not bred anew.
 * @param {import("./types.js").EliteView[]} items ascending @param {number} place */
export function since(items, place) {
  let first = place;
  while (items[first - 1]?.policy === items[place].policy) first -= 1;
  return items[first].generation;
}

/** The elites, those of this recording with one more if they had none: then there was none to be shown.
 * @param {{items: import("./types.js").EliteView[]}|null} listing
 * @param {import("./types.js").RolloutView} rollout */
export function withRecording(listing, rollout) {
  const isNew = ({ policy, recordings }) => policy === rollout.policy && !recordings;
  if (!listing?.items.some(isNew)) return listing;
  return { items: listing.items.map((item) => (isNew(item) ? { ...item, recordings: 1 } : item)) };
}

function longest(figure) {
  const series = figure.data.map(({ x }) => x).filter(Array.isArray);
  return series.reduce((best, x) => (x.length > best.length ? x : best), []);
}

/** Where a generation lies on a figure's x axis; null where that cannot be known.
 * @param {{data: {x?: any}[]}} figure @param {string} axis @param {number|null} generation */
export function placeOnAxis(figure, axis, generation) {
  if (generation == null || axis === "generation") return generation;
  const x = longest(figure);
  return x.length < DRAWN_WHOLE ? (x[generation] ?? null) : null;
}

/** The generation at a place of a figure's x axis; null where that cannot be known.
 * @param {{data: {x?: any}[]}} figure @param {string} axis @param {number} place */
export function generationAt(figure, axis, place) {
  if (axis === "generation") return Math.round(place);
  const x = longest(figure);
  const found = x.length < DRAWN_WHOLE ? x.indexOf(place) : -1;
  return found < 0 ? null : found;
}

/** @param {string} id a run's @param {Object<string, string>} query `watch`: the generation
 * @returns {{items: import("./types.js").EliteView[], generation: number|null, isChosen: boolean,
 *   choices: number, choose: (generation: number) => void}} `generation`: whose elite is shown; `choices`: how often
 *   one was chosen on the page */
export function useWatching(id, query) {
  const resource = useResource(`elites ${id}`, (signal) => listElites(id, signal));
  const inAddress = /^\d+$/.test(query.watch ?? "") ? Number(query.watch) : null;
  const [{ chosen, choices }, setChosen] = useState({ chosen: inAddress, choices: 0 });
  const [later, write, written] = [useRef(null), useRef(null), useRef(inAddress)];
  useEffect(() => {
    // What was written here follows a choice that may be older than the newest.
    if (inAddress !== written.current) setChosen({ chosen: inAddress, choices: 0 });
    written.current = inAddress;
  }, [inAddress]);
  useEvents((event) => {
    if (event.type === "rollout.changed") resource.change((listing) => withRecording(listing, event.rollout));
    if (event.type !== "generation.closed" || event.run_id !== id) return;
    later.current ??= setTimeout(() => {
      later.current = null;
      resource.reload();
    }, PAUSE_MS);
  });
  useEffect(() => () => [later, write].forEach(({ current }) => clearTimeout(current)), [id]);
  const choose = (generation) => {
    setChosen((old) => ({ chosen: generation, choices: old.choices + 1 }));
    clearTimeout(write.current);
    write.current = setTimeout(() => {
      written.current = generation;
      setQuery({ watch: String(generation) });
    }, SETTLE_MS);
  };
  const items = (resource.data?.items ?? []).filter(({ recordings }) => recordings);
  const shown = items[nearest(items, chosen)]?.generation ?? chosen; // What plays is what the chart marks.
  return { items, generation: shown, isChosen: chosen != null, choices, choose };
}
