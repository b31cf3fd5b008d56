/** What is said of a policy wherever it is shown: where it is from, how it scores against people, its tags. */

import { html } from "../vendor/preact-htm.module.js";
import { percent } from "../format.js";
import { Link } from "../router.js";

const KINDS = { imported: "imported", shipped: "shipped with the product" };

/** Where a policy is from: its run and generation, a file, or here.
 * @param {{origin: import("../types.js").Origin}} props */
export function OriginOf({ origin }) {
  if (origin.kind !== "run") return html`<span>${KINDS[origin.kind] ?? origin.kind}</span>`;
  const born = origin.generation == null ? "" : `, generation ${origin.generation}`;
  const name = origin.run_name ?? origin.run;
  if (!origin.run) return html`<span>a run since deleted${born}</span>`;
  return html`<span><${Link} href=${`/runs/${origin.run}`}>${name}<//>${born}</span>`;
}

/** A human-normalised score. @param {{value: number|null}} props */
export function Normalised({ value }) {
  if (value == null) return null;
  const title = "Human-normalised: 0% is random play, 100% is people";
  return html`<span class="normalised number" title=${title}>
    ${percent(value)}${" "}<span class="quiet-text">of human</span>
  </span>`;
}

/** Tags, each a way to all policies that have it. @param {{tags: string[]}} props */
export function Tags({ tags }) {
  if (!tags.length) return null;
  return html`<ul class="policy-tags" aria-label="Tags">
    ${tags.map((tag) => {
      const href = `/policies?${new URLSearchParams({ tag })}`;
      return html`<li key=${tag}><${Link} class="tag" href=${href}>${tag}<//></li>`;
    })}
  </ul>`;
}
