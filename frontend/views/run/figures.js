/** A run in numbers, and where its open generation stands. */

import { html } from "../../vendor/preact-htm.module.js";
import { budgetProgress, secondsLeft } from "../../budget.js";
import { Figure, Figures } from "../../components/figures.js";
import { Bar, Count, Span } from "../../components/values.js";
import { compact, duration, exact, mean, plural, score, summaryWords } from "../../format.js";

const NONE = () => html`<span class="none">–</span>`;

/** @param {{run: import("../../types.js").RunDetail, newest: import("../../types.js").GenerationView|null}} props */
export function KeyFigures({ run, newest }) {
  const limits = budgetProgress(run);
  const isAlive = run.state === "running";
  return html`<${Figures}>
    <${Elite} summary=${run.elite} isValidated=${run.configuration.candidates > 0} />
    <${Best} run=${run} />
    <${Population} newest=${newest} />
    <${Figure} name="Generations" note=${noteOf(limits, "Generations")}>${compact(run.generation)}<//>
    <${Figure} name="Frames" note=${noteOf(limits, "Frames") ?? html`<${Count} value=${run.steps} unit="steps" />${" "}steps`}>
      <${Count} value=${run.frames} unit="frames" /><//>
    <${Figure} name="Speed" note="frames a second">${isAlive ? html`<${Count} value=${run.progress?.frames_per_second ?? null} unit="frames/s" />` : html`<${NONE} />`}<//>
    <${Figure} name="Time" note=${noteOf(limits, "Time") ?? timeNote(run)}><${Span} seconds=${run.active_seconds} /><//>
    <${BudgetFigure} limits=${limits} />
  <//>`;
}

function Elite({ summary, isValidated }) {
  if (!isValidated) return html`<${Figure} name="Validated elite" note="this run does not validate"><${NONE} /><//>`;
  if (!summary) return html`<${Figure} name="Validated elite" note="after the first generation"><${NONE} /><//>`;
  const { sd, n, distinct } = summary;
  return html`<${Figure} name="Validated elite" note=${`n ${n}, ${distinct === n ? "all distinct" : `${distinct} distinct`}`}>
    <span class="accent" title=${summaryWords(summary)}>${mean(summary.mean)}${sd != null && html`${" "}<span class="noise">± ${mean(sd)}</span>`}</span>
  <//>`;
}

function Best({ run }) {
  const { episodes } = run.configuration;
  const note = episodes === 1 ? "single episode" : `fitness over ${plural(episodes, "episode")}`;
  return html`<${Figure} name="Best" note=${note}>${run.best == null ? html`<${NONE} />` : html`<span title=${`${exact(run.best)}: the best fitness so far, luck included`}>${score(run.best)}</span>`}<//>`;
}

function Population({ newest }) {
  if (!newest) return html`<${Figure} name="Population" note="after the first generation"><${NONE} /><//>`;
  const { sd, episodes, number } = newest;
  return html`<${Figure} name="Population" note=${`n ${exact(episodes)}, generation ${number}`}>
    <span title=${`mean ${exact(newest.mean)}, standard deviation ${exact(sd)}`}>${mean(newest.mean)}${" "}<span class="noise">± ${mean(sd)}</span></span>
  <//>`;
}

function noteOf(limits, name) {
  const row = limits.find((limit) => limit.name === name);
  return row ? `of ${name === "Time" ? duration(row.limit) : compact(row.limit)}` : null;
}

function timeNote(run) {
  const left = run.state === "running" ? secondsLeft(run) : null;
  return left == null ? "without pauses" : `about ${duration(left)} left`;
}

function BudgetFigure({ limits }) {
  if (!limits.length) return html`<${Figure} name="Budget" note="runs until stopped">none<//>`;
  const [{ name, unit, done, limit, fraction, secondsLeft: left }] = limits;
  const spent = unit === "s" ? `${duration(done)} of ${duration(limit)}` : `${compact(done)} of ${compact(limit)}`;
  const note = html`<${Bar} slim done=${fraction} total=${1} label=${`Budget: ${spent} ${name.toLowerCase()}`} />
    <span>${name.toLowerCase()} ${spent}${left == null || fraction >= 1 ? "" : `, about ${duration(left)} left`}</span>`;
  return html`<${Figure} name="Budget" note=${note}>${Math.floor(fraction * 100)}%<//>`;
}

/** The bar of the open generation. @param {{run: import("../../types.js").RunDetail}} props */
export function OpenGeneration({ run }) {
  const { progress } = run;
  if (!progress || !["running", "paused"].includes(run.state)) return null;
  const { generation, phase, done, total, seconds_left: left } = progress;
  const label = `Generation ${generation}, ${phase}`;
  return html`<section class="card open-generation" aria-label="Open generation">
    <p><b>Generation ${generation}</b>${" "}<span class="quiet-text">${phase}</span></p>
    <${Bar} done=${done} total=${total} label=${label} />
    <p class="number quiet-text"><span>${exact(done)} of ${exact(total)} episodes</span>
      ${run.state === "running" && left != null && html`<span>${" "}· ${duration(left)} left</span>`}</p>
  </section>`;
}
