/** What a configuration costs, beside the form, with the button that starts it. */

import { html } from "../vendor/preact-htm.module.js";
import { episodesOfGeneration, mostFrames } from "../budget.js";
import { changes } from "../form.js";
import { compact, duration, exact, plural } from "../format.js";

/** @param {{form: import("../form.js").Form, workers: import("../types.js").WorkerView[], isBusy: boolean,
 *   action: string}} props */
export function Cost({ form, workers, isBusy, action }) {
  const { values } = form;
  const episodes = episodesOfGeneration(values);
  const count = changes(form).length;
  return html`<aside class="card cost" aria-label="Summary">
    <h2>A generation costs</h2>
    <p class="cost-total">
      <span class="number" title=${exact(episodes.total)}>${compact(episodes.total)}</span>${" "}episodes
    </p>
    <dl class="facts">
      <dt>Evaluation</dt>
      <dd><${Product} one=${values.population} other=${values.episodes} total=${episodes.evaluation} /></dd>
      <dt>Validation</dt>
      <dd><${Product} one=${values.candidates} other=${values.validation_episodes} total=${episodes.validation} /></dd>
      <dt>Test</dt>
      <dd>${episodes.test ? exact(episodes.test) : "none"}</dd>
      <dt>Frames</dt>
      <dd><${Frames} frames=${mostFrames(values)} workers=${workers} /></dd>
      <dt>Ends</dt>
      <dd>${endOf(values.budget)}</dd>
    </dl>
    <button type="submit" class="button primary wide" disabled=${isBusy} aria-busy=${isBusy}>
      ${isBusy ? "Starting…" : action}
    </button>
    <p class="help">
      ${count ? `${plural(count, "change")} to what you began with.` : "As you began with, unchanged."}
    </p>
  </aside>`;
}

function Product({ one, other, total }) {
  if (!total) return "none";
  return html`<span class="number">
    ${exact(total)}${" "}<span class="quiet-text">= ${exact(one)} × ${exact(other)}</span>
  </span>`;
}

function Frames({ frames, workers }) {
  if (!frames) return "as long as the game allows";
  const speed = workers.reduce((sum, worker) => sum + worker.frames_per_second, 0);
  const time = speed > 0 ? `: ${duration(frames / speed)} at today's ${compact(speed)} frames/s` : "";
  const title = `${exact(frames)} if every episode ran to its limit`;
  return html`<span class="number" title=${title}>at most ${compact(frames)}</span>${time}`;
}

function endOf({ generations, frames, seconds, target_score: target }) {
  const limits = [
    generations != null && `after ${plural(generations, "generation")}`,
    frames != null && `after ${compact(frames)} frames`,
    seconds != null && `after ${duration(seconds)}`,
    target != null && `at a validated ${exact(target)}`,
  ].filter(Boolean);
  return limits.length ? limits.join(", or ") : "when you stop it";
}
