/** A figure from the server, drawn by Plotly. */

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.module.js";
import { draw, erase } from "../plot.js";

/** @param {{figure: {data: Object[], layout: Object}|null, label: string, onPick?: (x: number) => void}} props */
export function Chart({ figure, label, onPick }) {
  const element = useRef(null);
  const pick = useRef(onPick);
  const [error, setError] = useState(null);
  pick.current = onPick;
  useEffect(() => {
    if (figure) draw(element.current, figure, { onPick: (x) => pick.current?.(x) }).then(() => setError(null), setError);
  }, [figure]);
  useEffect(() => () => erase(element.current), []);
  return html`<div class="chart">
    ${error && html`<p class="error-text" role="alert">${error.message}. Reload the page to try again.</p>`}
    <div class="plot" role="figure" aria-label=${label} ref=${element}></div>
  </div>`;
}
