/** Scores of episodes as dots in stacks, with their mean and one standard deviation to each side. */

import { html } from "../vendor/preact-htm.module.js";
import { mean, plural, score, summaryWords } from "../format.js";
import { dots, placeOf, rangeOf, summaryOf } from "../scores.js";

const WIDTH = 600;
const MARGIN = 8;
const STEP = 7;
const RADIUS = 3.2;
const MOST_LEVELS = 12;

const across = (x) => MARGIN + x * (WIDTH - 2 * MARGIN);

/** @param {{name: string, scores: number[], range: [number, number]}} props */
export function Strip({ name, scores, range }) {
  const summary = summaryOf(scores);
  const points = dots(scores, range);
  const levels = 1 + points.reduce((most, { level }) => Math.max(most, level), 0);
  const step = levels > MOST_LEVELS ? (STEP * MOST_LEVELS) / levels : STEP;
  const height = Math.max(4, Math.min(levels, MOST_LEVELS)) * STEP + 2 * RADIUS;
  const ends = rangeOf([{ scores }]).map(score);
  const label = `${name}: ${summaryWords(summary)}, from ${ends[0]} to ${ends[1]}`;
  return html`<figure class="strip">
    <figcaption><b>${name}</b>${" "}<span class="quiet-text number">${plural(scores.length, "episode")}, mean
      ${" "}${mean(summary.mean)}${summary.sd == null ? "" : ` ± ${mean(summary.sd)}`}</span></figcaption>
    <svg role="img" aria-label=${label} viewBox=${`0 0 ${WIDTH} ${height}`}>
      <${Spread} summary=${summary} range=${range} height=${height} />
      ${points.map(
        ({ x, level }, place) => html`<circle key=${place} cx=${across(x)} cy=${height - RADIUS - level * step - 1}
          r=${RADIUS} />`,
      )}
    </svg>
    <p class="strip-axis quiet-text number" aria-hidden="true"><span>${score(range[0])}</span>
      <span>${range[1] > range[0] ? score(range[1]) : ""}</span></p>
  </figure>`;
}

function Spread({ summary, range, height }) {
  const clamp = (value) => across(Math.min(1, Math.max(0, placeOf(value, range))));
  const { mean: middle, sd } = summary;
  const [left, right] = [clamp(middle - (sd ?? 0)), clamp(middle + (sd ?? 0))];
  return html`<rect class="strip-sd" x=${left} y="0" width=${right - left} height=${height} />
    <line class="strip-mean" x1=${clamp(middle)} x2=${clamp(middle)} y1="0" y2=${height} />`;
}
