/** The run's curves: which figure, along which axis; drawn again whenever a generation closes. */

import { html, useEffect, useRef } from "../../vendor/preact-htm.module.js";
import { getFigure } from "../../api.js";
import { Segmented } from "../../components/buttons.js";
import { Chart } from "../../components/chart.js";
import { Resource } from "../../components/notices.js";
import { plural, summaryWords } from "../../format.js";
import { useEvents, useResource } from "../../hooks.js";
import { setQuery } from "../../router.js";
import { useTheme } from "../../theme.js";
import { generationAt, placeOnAxis } from "../../watching.js";

const FIGURES = [
  ["learning", "Learning"],
  ["spread", "Spread"],
  ["speed", "Speed"],
];
const AXES = [
  ["generation", "Generations"],
  ["frames", "Frames"],
  ["time", "Time"],
  ["cost", "Cost"],
];
const PAUSE_MS = 1000; // Quick runs close several generations a second: one drawing for all of them.

const chosen = (options, value) => (options.some(([name]) => name === value) ? value : options[0][0]);

/** The figure that the address asks for. It needs the run's id alone, so that it is on its way while the run is.
 * @param {string} id @param {Object<string, string>} query */
export function useFigure(id, query) {
  const name = chosen(FIGURES, query.figure);
  const x = chosen(AXES, query.x);
  const theme = useTheme();
  const load = (signal) => getFigure(id, name, { x, theme }, signal);
  const resource = useResource(`${id} ${name} ${x} ${theme}`, load);
  useReloadOnClose(id, resource.reload);
  return { name, x, resource };
}

/** @param {{run: import("../../types.js").RunDetail, figure: ReturnType<typeof useFigure>,
 *   watching: ReturnType<typeof import("../../watching.js").useWatching>}} props */
export function RunChart({ run, figure, watching }) {
  const { name, x, resource } = figure;
  const axes = AXES.filter(([axis]) => axis !== "cost" || run.cost);
  const shown = useRef(null);
  shown.current = resource.data ?? shown.current; // The old curve stays while another is on its way.
  const pick = (value) => {
    const generation = generationAt(shown.current, x, value);
    if (generation == null) return;
    if (watching.items.length) watching.choose(generation);
    else setQuery({ generation: String(generation) });
  };
  return html`<section class="card chart-card" aria-labelledby="curves">
    <div class="card-head">
      <h2 id="curves" class="hidden">Curves</h2>
      <${Segmented} label="Figure" name="figure" options=${FIGURES} value=${name}
        onChange=${(value) => setQuery({ figure: value === FIGURES[0][0] ? null : value })} />
      <${Segmented} label="Horizontal axis" name="x" options=${axes} value=${x}
        onChange=${(value) => setQuery({ x: value === AXES[0][0] ? null : value })} />
    </div>
    <${Resource} resource=${{ ...resource, data: shown.current }} rows=${6}>
      ${(drawn) => html`<${Chart} figure=${drawn} label=${describe(name, run)} onPick=${pick}
        mark=${placeOnAxis(drawn, x, watching.generation)} />`}
    <//>
  </section>`;
}

function useReloadOnClose(id, reload) {
  const timer = useRef(null);
  useEvents((event) => {
    if (event.type !== "generation.closed" || event.run_id !== id || timer.current) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      reload();
    }, PAUSE_MS);
  });
  useEffect(() => () => clearTimeout(timer.current), [id]);
}

function describe(name, run) {
  const title = { learning: "Learning curve", spread: "Spread of the scores", speed: "Speed" }[name];
  const elite = run.elite ? `; validated elite: ${summaryWords(run.elite)}` : "";
  return `${title} over ${plural(run.generation, "generation")}${elite}`;
}
