/** A run in numbers, and where its open generation stands. */

import { html } from "../../vendor/preact-htm.module.js";
import { budgetProgress, secondsLeft } from "../../budget.js";
import { Figure, Figures } from "../../components/figures.js";
import { Bar, Count, Dollars, Span } from "../../components/values.js";
import { compact, dollars, duration, exact, mean, summaryWords } from "../../format.js";

const LATER = "after the first generation";

/** @param {{run: import("../../types.js").RunDetail, generations: import("../../types.js").GenerationView[]}} props
 *   `generations`: those known, newest first */
export function KeyFigures({ run, generations }) {
  const limits = budgetProgress(run);
  const isAlive = run.state === "running";
  const steps = html`<${Count} value=${run.steps} unit="steps" />${" "}steps`;
  const speed = isAlive ? (run.progress?.frames_per_second ?? null) : null;
  return html`<${Figures}>
    <${Elite} run=${run} />
    <${Best} run=${run} />
    <${Population} run=${run} newest=${generations[0]} />
    <${Figure} name="Generations" note=${noteOf(limits, "Generations")}>${compact(run.generation)}<//>
    <${Figure} name="Frames" note=${noteOf(limits, "Frames") ?? steps}>
      <${Count} value=${run.frames} unit="frames" />
    <//>
    <${Figure} name="Speed" note="frames a second"><${Count} value=${speed} unit="frames/s" /><//>
    <${Figure} name="Time" note=${noteOf(limits, "Time") ?? "without pauses"}>
      <${Span} seconds=${run.active_seconds} />
    <//>
    <${Cost} cost=${run.cost} />
    <${BudgetFigure} limits=${limits} left=${isAlive ? secondsLeft(run) : null} />
  <//>`;
}

/** A mean with its noise as a key figure; a dash where there is none yet. */
function MeanFigure({ name, note, summary, isMain = false }) {
  if (!summary) return html`<${Figure} name=${name} note=${note}><span class="none">–</span><//>`;
  return html`<${Figure} name=${name} note=${note}>
    <span class=${isMain ? "accent" : ""} title=${summaryWords(summary)}>
      ${mean(summary.mean)}${" "}<span class="noise">${summary.sd == null ? "" : `± ${mean(summary.sd)}`}</span>
    </span>
  <//>`;
}

function Elite({ run }) {
  const isValidated = run.configuration.candidates > 0;
  const note = isValidated ? (run.elite ? sampleOf(run.elite) : LATER) : "this run does not validate";
  return html`<${MeanFigure} name="Validated elite" note=${note} summary=${isValidated ? run.elite : null} isMain />`;
}

/** The highest that an elite was ever validated at; without validation, its fitness. */
function Best({ run }) {
  const { best_elite: known } = run;
  if (run.best == null) return html`<${MeanFigure} name="Best elite" note=${LATER} summary=${null} />`;
  if (known) return html`<${MeanFigure} name="Best elite" note=${sampleOf(known)} summary=${known} />`;
  const note = `not validated, n ${exact(run.configuration.episodes)}`;
  return html`<${Figure} name="Best elite" note=${note}><span title=${exact(run.best)}>${mean(run.best)}</span><//>`;
}

function Population({ run, newest }) {
  if (!newest) return html`<${MeanFigure} name="Population" note=${LATER} summary=${null} />`;
  const { population: n } = run.configuration;
  const summary = { mean: newest.mean, sd: newest.sd, n, distinct: n };
  const note = `n ${exact(n)}, generation ${newest.number}`;
  return html`<${MeanFigure} name="Population" note=${note} summary=${summary} />`;
}

function sampleOf({ n, distinct }) {
  return `n ${exact(n)}, ${distinct === n ? "all distinct" : `${exact(distinct)} distinct`}`;
}

function noteOf(limits, name) {
  const row = limits.find((limit) => limit.name === name);
  return row ? `of ${name === "Time" ? duration(row.limit) : compact(row.limit)}` : null;
}

/** What the run has cost; left out where no price is known. */
function Cost({ cost }) {
  if (!cost) return null;
  const notes = [];
  if (cost.forecast != null) notes.push(`about ${dollars(cost.forecast)} by its budget's end`);
  if (cost.score_per_dollar != null) notes.push(`${compact(cost.score_per_dollar)} points a dollar`);
  return html`<${Figure} name="Cost" note=${notes.join(", ")}><${Dollars} value=${cost.dollars} /><//>`;
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
