/** A figure from the server, drawn by Plotly. */

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.module.js";
import { draw, erase } from "../plot.js";

/** @param {{figure: {data: Object[], layout: Object}, label: string, onPick?: (x: number) => void,
 *   mark?: number|null}} props `mark`: where on the x axis an upright line stands */
export function Chart({ figure, label, onPick, mark = null }) {
  const element = useRef(null);
  const pick = useRef(onPick);
  const [{ isDrawn, error }, setState] = useState({ isDrawn: false, error: null });
  pick.current = onPick;
  useEffect(() => {
    const done = () => setState({ isDrawn: true, error: null });
    const fail = (reason) => setState({ isDrawn: false, error: reason });
    draw(element.current, figure, { onPick: (x) => pick.current?.(x), mark }).then(done, fail);
  }, [figure, mark]);
  useEffect(() => () => erase(element.current), []);
  return html`<div class="chart" aria-busy=${!isDrawn && !error}>
    ${!isDrawn && !error && html`<div class="bone" role="status" aria-label="Loading the chart"></div>`}
    ${error && html`<p class="error-text" role="alert">${error.message}. Reload the page to try again.</p>`}
    <div class="plot" role="figure" aria-label=${label} ref=${element}></div>
  </div>`;
}
