/** Single values with their exact form in the title: counts, times, scores with their noise, states. */

import { html } from "../vendor/preact-htm.module.js";
import { compact, dollars, duration, exact, mean, plural, relative, summaryWords, utc } from "../format.js";
import { useNow } from "../hooks.js";

const TICK_MS = 5000;

/** A count, shortened. @param {{value: number|null, unit?: string}} props */
export function Count({ value, unit = "" }) {
  if (value == null) return html`<span class="none">–</span>`;
  return html`<span class="number" title=${`${exact(value)}${unit ? ` ${unit}` : ""}`}>${compact(value)}</span>`;
}

/** A time as "5 min ago". @param {{at: string|null}} props */
export function Ago({ at }) {
  const now = useNow(TICK_MS);
  if (!at) return html`<span class="none">–</span>`;
  return html`<time datetime=${at} title=${utc(at)}>${relative(at, now)}</time>`;
}

/** An amount of money. @param {{value: number|null}} props US dollars */
export function Dollars({ value }) {
  if (value == null) return html`<span class="none">–</span>`;
  return html`<span class="number" title=${`${exact(value)} US dollars`}>${dollars(value)}</span>`;
}

/** A span of time. @param {{seconds: number|null}} props */
export function Span({ seconds }) {
  if (seconds == null) return html`<span class="none">–</span>`;
  return html`<span class="number" title=${`${exact(Math.round(seconds * 10) / 10)} s`}>${duration(seconds)}</span>`;
}

/** A mean, never without its noise: "431.2 ± 120.4 n 10", or "n 9/10" if of ten episodes nine were distinct.
 * @param {{summary: import("../types.js").ScoreSummary|null}} props */
export function Score({ summary }) {
  if (!summary) return html`<span class="none">–</span>`;
  const { sd, distinct, n } = summary;
  return html`<span class="score" title=${summaryWords(summary)}>
    <b>${mean(summary.mean)}</b>${" "}<span class="noise">${sd == null ? "" : `± ${mean(sd)}`}</span>${" "}
    <span class="sample">n ${distinct < n ? `${exact(distinct)}/${exact(n)}` : exact(n)}</span>
  </span>`;
}

const STATES = {
  running: ["Running", "good"],
  working: ["Working", "good"],
  waiting: ["Waiting", "warn"],
  paused: ["Paused", "warn"],
  finished: ["Finished", "accent"],
  stopped: ["Stopped", "quiet"],
  failed: ["Failed", "bad"],
  idle: ["Idle", "quiet"],
  done: ["Done", "good"],
  cancelled: ["Cancelled", "quiet"],
  "set aside": ["Set aside", "bad"],
  left: ["Left", "quiet"],
  preempted: ["Preempted", "quiet"],
  crashed: ["Crashed", "bad"],
  lost: ["Lost", "bad"],
};

/** The word that people read for a state. @param {string} state */
export function stateWord(state) {
  return STATES[state]?.[0] ?? state;
}

/** The state of a run or a worker. @param {{state: string, reason?: string|null}} props */
export function State({ state, reason }) {
  const isStalled = state === "running" && Boolean(reason); // Nobody who is connected can play it.
  const tone = isStalled ? "warn" : (STATES[state]?.[1] ?? "quiet");
  const isAlive = (state === "running" && !isStalled) || state === "working";
  return html`<span class=${`state tone-${tone}`} title=${reason || undefined}>
    <span class=${`dot${isAlive ? " alive" : ""}`} aria-hidden="true"></span>${isStalled ? "Stalled" : stateWord(state)}
  </span>`;
}

/** How much of something is done. @param {{done: number, total: number, label: string, slim?: boolean}} props */
export function Bar({ done, total, label, slim = false }) {
  const percent = total > 0 ? Math.min(100, (100 * done) / total) : 0;
  return html`<div class=${`progress${slim ? " slim" : ""}`} role="progressbar" aria-label=${label} aria-valuemin="0"
    aria-valuemax="100" aria-valuenow=${Math.round(percent)}>
    <div class="done" style=${{ transform: `scaleX(${percent / 100})` }}></div>
  </div>`;
}

/** The birth of an individual: "12 · 87", generation and index. @param {{birth: [number, number]|null}} props */
export function Birth({ birth }) {
  if (!birth) return html`<span class="none">–</span>`;
  const [generation, index] = birth;
  const title = `Generation ${generation}, individual ${index}`;
  return html`<span class="number" title=${title}>${generation}·${index}</span>`;
}

/** The length of a chain. @param {{seeds: number[]|null}} props */
export function ChainLength({ seeds }) {
  if (!seeds) return html`<span class="none">–</span>`;
  return html`<span class="number" title=${seeds.join(", ")}>${plural(seeds.length, "seed")}</span>`;
}
