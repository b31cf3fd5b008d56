/** A strip of key figures. */

import { html } from "../vendor/preact-htm.module.js";

/** @param {{children: any}} props */
export function Figures({ children }) {
  return html`<dl class="figures card">${children}</dl>`;
}

/** @param {{name: string, note?: any, children: any}} props */
export function Figure({ name, note, children }) {
  return html`<div class="figure"><dt>${name}</dt><dd><div class="figure-value">${children}</div>
    ${note && html`<div class="figure-note">${note}</div>`}</dd></div>`;
}
