/** What a run costs and how far it is: arithmetic on configurations. Pure. */

/** Episodes that one generation plays, by phase. The carried elite is one of the candidates.
 * @param {import("./types.js").Configuration} configuration */
export function episodesOfGeneration({ population, episodes, candidates, validation_episodes, test_episodes }) {
  const evaluation = (population || 0) * (episodes || 0);
  const validation = (candidates || 0) * (validation_episodes || 0);
  const test = test_episodes || 0;
  return { evaluation, validation, test, total: evaluation + validation + test };
}

/** Emulator frames of one generation if every episode ran to its limit; null where the length has none.
 * @param {import("./types.js").Configuration} configuration */
export function mostFrames(configuration) {
  const { max_steps: steps, frame_skip: skip } = configuration.environment.options;
  return steps ? episodesOfGeneration(configuration).total * steps * (skip || 1) : null;
}

/** Each limit of the budget with how far the run is, the furthest first.
 * @param {import("./types.js").RunDetail} run
 * @returns {{name: string, unit: string, done: number, limit: number, fraction: number, secondsLeft: number|null}[]} */
export function budgetProgress(run) {
  const { budget } = run.configuration;
  const perSecond = (done) => (run.active_seconds > 0 ? done / run.active_seconds : 0);
  const rows = [
    ["Generations", "generations", run.generation, budget.generations, perSecond(run.generation)],
    ["Frames", "frames", run.frames, budget.frames, perSecond(run.frames)],
    ["Time", "s", run.active_seconds, budget.seconds, 1],
    ["Target score", "points", run.elite?.mean ?? 0, budget.target_score, 0],
  ];
  return rows.filter(([, , , limit]) => limit != null).map(budgetRow).sort((a, b) => b.fraction - a.fraction);
}

function budgetRow([name, unit, done, limit, rate]) {
  const fraction = limit > 0 ? Math.min(1, Math.max(0, done / limit)) : Number(done >= limit);
  return { name, unit, done, limit, fraction, secondsLeft: rate > 0 ? Math.max(0, limit - done) / rate : null };
}

/** Seconds until the first limit is reached at the speed so far; null when none can be told (no limit, no data, or
 * only a target score). @param {import("./types.js").RunDetail} run */
export function secondsLeft(run) {
  const known = budgetProgress(run).map((row) => row.secondsLeft).filter((seconds) => seconds != null);
  return known.length ? Math.min(...known) : null;
}

/** The preset that a configuration differs least from, the first of equals.
 * @param {import("./types.js").PresetView[]} presets
 * @param {(preset: import("./types.js").PresetView) => number} distance */
export function nearestPreset(presets, distance) {
  return presets.reduce((best, preset) => (best && distance(best) <= distance(preset) ? best : preset), null);
}
