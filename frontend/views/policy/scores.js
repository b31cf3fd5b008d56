/** How a policy scores: each protocol by itself, with how its episodes are spread. */

import { html } from "../../vendor/preact-htm.module.js";
import { Strip } from "../../components/strip.js";
import { Score } from "../../components/values.js";
import { byProtocol, rangeOf } from "../../scores.js";

const SOURCES = { validation: "Validation", test: "Test", job: "Asked for", document: "From its document" };

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Scores({ policy: { scores, episodes, protocol } }) {
  if (!scores.length && !episodes.length) return null;
  const groups = byProtocol(scores, episodes, protocol);
  return html`<section class="section" aria-labelledby="scores">
    <h2 id="scores">Scores</h2>
    ${groups.length > 1 &&
    html`<p class="quiet-text intro">Scores of different protocols say nothing of each other: they stand apart.</p>`}
    ${groups.map((group) => html`<${Group} key=${group.protocol} group=${group} />`)}
  </section>`;
}

function Group({ group: { protocol, isOwn, scores, rows } }) {
  const range = rows.length ? rangeOf(rows) : null;
  return html`<section class="card" aria-label=${`Protocol: ${protocol}`}>
    <header class="card-head"><h3>${protocol}</h3>
      ${!isOwn && html`<span class="tag">another protocol than its own</span>`}</header>
    ${scores.length > 0 && html`<${Table} protocol=${protocol} scores=${scores} />`}
    ${range && html`<div class="spread">${rows.map(
      (row) => html`<${Strip} key=${row.source} name=${SOURCES[row.source] ?? row.source} scores=${row.scores}
        range=${range} />`,
    )}</div>`}
  </section>`;
}

function Table({ protocol, scores }) {
  return html`<table class="table">
    <caption class="hidden">Scores under the protocol: ${protocol}</caption>
    <thead><tr><th scope="col">Made by</th><th scope="col" class="right">Score</th>
      <th scope="col" class="at-small">Engine</th></tr></thead>
    <tbody>${scores.map(
      (score, place) => html`<tr key=${place}>
        <th scope="row">${SOURCES[score.source] ?? score.source}</th>
        <td class="right"><${Score} summary=${score} /></td>
        <td class="at-small engine">${score.engine ?? html`<span class="none">not known</span>`}</td>
      </tr>`,
    )}</tbody>
  </table>`;
}
