/** What a configuration costs, beside the form, with the button that starts it. */

import { html } from "../vendor/preact-htm.module.js";
import { episodesOfGeneration, mostFrames } from "../budget.js";
import { changes } from "../form.js";
import { compact, duration, exact, plural } from "../format.js";

/** @param {{form: import("../form.js").Form, workers: import("../types.js").WorkerView[], isBusy: boolean, action: string}} props */
export function Cost({ form, workers, isBusy, action }) {
  const { values } = form;
  const episodes = episodesOfGeneration(values);
  const count = changes(form).length;
  return html`<aside class="card cost" aria-label="Summary">
    <h2>A generation costs</h2>
    <p class="cost-total"><span class="number" title=${exact(episodes.total)}>${compact(episodes.total)}</span> episodes</p>
    <dl class="facts">
      <dt>Evaluation</dt><dd>${product(values.population, values.episodes, episodes.evaluation)}</dd>
      <dt>Validation</dt><dd>${episodes.validation ? product(values.candidates, values.validation_episodes, episodes.validation) : "none"}</dd>
      <dt>Test</dt><dd>${episodes.test ? exact(episodes.test) : "none"}</dd>
      <${Frames} frames=${mostFrames(values)} workers=${workers} />
      <dt>Ends</dt><dd>${endOf(values.budget)}</dd>
    </dl>
    <button type="submit" class="button primary wide" disabled=${isBusy} aria-busy=${isBusy}>${isBusy ? "Starting…" : action}</button>
    <p class="help">${count ? `${plural(count, "change")} to what you began with.` : "As you began with, unchanged."}</p>
  </aside>`;
}

function product(one, other, total) {
  return html`<span class="number">${exact(total)}${" "}<span class="quiet-text">= ${exact(one || 0)} × ${exact(other || 0)}</span></span>`;
}

function Frames({ frames, workers }) {
  if (!frames) return html`<dt>Frames</dt><dd>as long as the game allows</dd>`;
  const speed = workers.reduce((sum, worker) => sum + worker.frames_per_second, 0);
  const time = speed > 0 ? `: ${duration(frames / speed)} at today's ${compact(speed)} frames/s` : "";
  return html`<dt>Frames</dt><dd><span class="number" title=${`${exact(frames)} if every episode ran to its limit`}>at most ${compact(frames)}</span>${time}</dd>`;
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
