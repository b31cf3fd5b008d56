/** A run in numbers, and where its open generation stands. */

import { html } from "../../vendor/preact-htm.module.js";
import { budgetProgress, secondsLeft } from "../../budget.js";
import { Figure, Figures } from "../../components/figures.js";
import { Bar, Count, Span } from "../../components/values.js";
import { compact, duration, exact, mean, summaryWords } from "../../format.js";

const Nothing = () => html`<span class="none">–</span>`;

/** @param {{run: import("../../types.js").RunDetail, generations: import("../../types.js").GenerationView[]}} props
 *   `generations`: those known, newest first */
export function KeyFigures({ run, generations }) {
  const limits = budgetProgress(run);
  const isAlive = run.state === "running";
  return html`<${Figures}>
    <${Elite} summary=${run.elite} isValidated=${run.configuration.candidates > 0} />
    <${Best} run=${run} generations=${generations} />
    <${Population} run=${run} newest=${generations[0]} />
    <${Figure} name="Generations" note=${noteOf(limits, "Generations")}>${compact(run.generation)}<//>
    <${Figure} name="Frames" note=${noteOf(limits, "Frames") ?? html`<${Count} value=${run.steps} unit="steps" />${" "}steps`}>
      <${Count} value=${run.frames} unit="frames" /><//>
    <${Figure} name="Speed" note="frames a second">${isAlive ? html`<${Count} value=${run.progress?.frames_per_second ?? null} unit="frames/s" />` : html`<${Nothing} />`}<//>
    <${Figure} name="Time" note=${noteOf(limits, "Time") ?? "without pauses"}><${Span} seconds=${run.active_seconds} /><//>
    <${BudgetFigure} limits=${limits} left=${isAlive ? secondsLeft(run) : null} />
  <//>`;
}

function Elite({ summary, isValidated }) {
  if (!isValidated) return html`<${Figure} name="Validated elite" note="this run does not validate"><${Nothing} /><//>`;
  if (!summary) return html`<${Figure} name="Validated elite" note="after the first generation"><${Nothing} /><//>`;
  return html`<${Figure} name="Validated elite" note=${sampleOf(summary)}><span class="accent"><${MeanWithNoise} summary=${summary} /></span><//>`;
}

/** The highest that an elite was ever validated at; without validation, its fitness. */
function Best({ run, generations }) {
  const { candidates, episodes } = run.configuration;
  if (run.best == null) return html`<${Figure} name="Best elite" note="after the first generation"><${Nothing} /><//>`;
  const validation = generations.find((row) => row.validation?.mean === run.best)?.validation;
  if (validation) return html`<${Figure} name="Best elite" note=${sampleOf(validation)}><${MeanWithNoise} summary=${validation} /><//>`;
  const note = candidates > 0 ? `n ${exact(run.configuration.validation_episodes)}` : `not validated, n ${exact(episodes)}`;
  return html`<${Figure} name="Best elite" note=${note}><span title=${exact(run.best)}>${mean(run.best)}</span><//>`;
}

function MeanWithNoise({ summary }) {
  return html`<span title=${summaryWords(summary)}>${mean(summary.mean)}${summary.sd != null && html`${" "}<span class="noise">± ${mean(summary.sd)}</span>`}</span>`;
}

function sampleOf({ n, distinct }) {
  return `n ${exact(n)}, ${distinct === n ? "all distinct" : `${exact(distinct)} distinct`}`;
}

function Population({ run, newest }) {
  if (!newest) return html`<${Figure} name="Population" note="after the first generation"><${Nothing} /><//>`;
  const { sd, number } = newest;
  return html`<${Figure} name="Population" note=${`n ${exact(run.configuration.population)}, generation ${number}`}>
    <span title=${`mean ${exact(newest.mean)}, standard deviation ${exact(sd)}`}>${mean(newest.mean)}${" "}<span class="noise">± ${mean(sd)}</span></span>
  <//>`;
}

function noteOf(limits, name) {
  const row = limits.find((limit) => limit.name === name);
  return row ? `of ${name === "Time" ? duration(row.limit) : compact(row.limit)}` : null;
}

function BudgetFigure({ limits, left }) {
  if (!limits.length) return html`<${Figure} name="Budget" note="runs until stopped">none<//>`;
  const [{ name, unit, done, limit, fraction }] = limits;
  const spent = unit === "s" ? `${duration(done)} of ${duration(limit)}` : `${compact(done)} of ${compact(limit)}`;
  const note = html`<${Bar} slim done=${fraction} total=${1} label=${`Budget: ${spent} ${name.toLowerCase()}`} />
    <span>${name.toLowerCase()} ${spent}${left == null ? "" : `, about ${duration(left)} left`}</span>`;
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
