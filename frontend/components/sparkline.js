/** A curve the size of a word. */

import { html } from "../vendor/preact-htm.module.js";
import { plural, score } from "../format.js";

const WIDTH = 112;
const HEIGHT = 28;
const MARGIN = 3;

/** Points of the curve, from the left edge to the right, scaled to the values' range.
 * @param {number[]} values @returns {[number, number][]} */
export function curve(values) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const step = values.length > 1 ? (WIDTH - 2 * MARGIN) / (values.length - 1) : 0;
  const y = (value) => (span > 0 ? HEIGHT - MARGIN - ((value - low) / span) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2);
  return values.map((value, place) => [MARGIN + place * step, y(value)]);
}

/** The validated elites of a run. @param {{values: number[]}} props */
export function Sparkline({ values }) {
  if (!values.length) return html`<span class="none">–</span>`;
  const points = curve(values).map(([x, y]) => [x.toFixed(1), y.toFixed(1)]);
  const [lastX, lastY] = points.at(-1);
  const ends = `from ${score(values[0])} to ${score(values.at(-1))}`;
  const label = `Elite over ${plural(values.length, "generation")} shown: ${ends}`;
  return html`<svg class="sparkline" role="img" aria-label=${label} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
    width=${WIDTH} height=${HEIGHT}>
    <polyline points=${points.map((point) => point.join(",")).join(" ")} />
    <circle cx=${lastX} cy=${lastY} r="2.5" />
  </svg>`;
}
