/** How a policy scores: by protocol, and how its episodes are spread. */

import { html } from "../../vendor/preact-htm.module.js";
import { Strip } from "../../components/strip.js";
import { Score } from "../../components/values.js";
import { byProtocol, rangeOf } from "../../scores.js";

const SOURCES = { validation: "Validation", test: "Test", job: "Asked for", document: "From its document" };

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Scores({ policy: { scores, episodes } }) {
  if (!scores.length && !episodes.length) return null;
  return html`<section class="section" aria-labelledby="scores">
    <h2 id="scores">Scores</h2>
    <${Table} scores=${scores} />
    ${byProtocol(episodes).map(
      ({ protocol, rows }) => html`<${Spread} key=${protocol} protocol=${protocol} rows=${rows} />`,
    )}
  </section>`;
}

function Table({ scores }) {
  return html`<div class="card"><table class="table">
    <caption class="hidden">Scores by protocol: only those of one protocol may be compared</caption>
    <thead><tr><th scope="col">Made by</th><th scope="col" class="right">Score</th><th scope="col">Protocol</th>
      <th scope="col" class="at-medium">Engine</th></tr></thead>
    <tbody>${scores.map(
      (score, place) => html`<tr key=${place}>
        <th scope="row">${SOURCES[score.source] ?? score.source}</th>
        <td class="right"><${Score} summary=${score} /></td>
        <td class="protocol">${score.protocol}</td>
        <td class="at-medium engine" title=${score.engine ?? undefined}>
          ${score.engine ?? html`<span class="none">not known</span>`}</td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

function Spread({ protocol, rows }) {
  const range = rangeOf(rows);
  return html`<div class="card padded spread">
    <p class="help">${protocol}</p>
    ${rows.map(
      ({ source, scores }) => html`<${Strip} key=${source} name=${SOURCES[source] ?? source} scores=${scores}
        range=${range} />`,
    )}
  </div>`;
}
