/** What is shown instead of data, or above it: empty, loading, failed, notes. */

import { html } from "../vendor/preact-htm.module.js";
import { Button } from "./buttons.js";
import { Icon } from "./icons.js";

/** Nothing there yet, and what to do. @param {{title: string, level?: "h1"|"h2", children?: any}} props */
export function Empty({ title, level = "h2", children }) {
  return html`<div class="empty"><${level}>${title}<//>${children}</div>`;
}

/** The shape of what is on its way. @param {{rows?: number, label?: string}} props */
export function Loading({ rows = 4, label = "Loading" }) {
  return html`<div class="loading" role="status" aria-label=${label}>
    ${Array.from({ length: rows }, (_, row) => html`<div key=${row} class="bone"></div>`)}
  </div>`;
}

/** A request that failed, with a way to try again. @param {{error: Error, onRetry: () => void}} props */
export function Failure({ error, onRetry }) {
  return html`<div class="empty" role="alert">
    <h2>${error.message}</h2>
    ${error.detail && html`<p>${error.detail}</p>`}
    <p><${Button} icon="reset" onClick=${onRetry}>Try again<//></p>
  </div>`;
}

/** A remark about what is below it. @param {{tone?: "warn"|"bad"|"accent"|"quiet", children?: any}} props */
export function Note({ tone = "quiet", children, ...rest }) {
  const icon = tone === "bad" || tone === "warn" ? "alert" : "info";
  return html`<div class=${`note tone-${tone}`} ...${rest}><${Icon} name=${icon} /><div>${children}</div></div>`;
}

/** Data, or what stands for it while there is none.
 * @param {{resource: {data: any, error: Error|null, reload: () => void}, rows?: number,
 *   children: (data: any) => any}} props */
export function Resource({ resource, rows, children }) {
  if (resource.data != null) return children(resource.data);
  if (resource.error) return html`<${Failure} error=${resource.error} onRetry=${resource.reload} />`;
  return html`<${Loading} rows=${rows} />`;
}
