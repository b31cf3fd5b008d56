/** A policy's picture: a moment of its recording, or bars drawn from its id, which is a digest of its chain. */

import { html } from "../vendor/preact-htm.module.js";
import { posterUrl } from "../api.js";

const BARS = 32;
const STEP = 10;
const HEIGHT = 210;

/** Heights of the bars, each from 0 to 1. @param {string} id hexadecimal */
export function bars(id) {
  return Array.from({ length: BARS }, (_, place) => parseInt(id.slice(2 * place, 2 * place + 2), 16) / 255);
}

/** Decoration: what stands beside it says what it is. @param {{id: string,
 *   rollout: import("../types.js").RolloutView|null}} props */
export function Poster({ id, rollout }) {
  if (rollout?.poster) {
    return html`<img class="poster" src=${posterUrl(rollout.id)} alt="" loading="lazy" decoding="async" />`;
  }
  return html`<svg class="poster poster-bars" viewBox=${`0 0 ${BARS * STEP} ${HEIGHT}`} aria-hidden="true"
    focusable="false" preserveAspectRatio="xMidYMid slice">
    ${bars(id).map((value, place) => {
      const height = 24 + value * (HEIGHT / 2 - 24);
      return html`<rect key=${place} x=${place * STEP + 2} y=${(HEIGHT - height) / 2} width=${STEP - 4}
        height=${height} rx="3" opacity=${0.25 + 0.6 * value} />`;
    })}
  </svg>`;
}
