/** A policy's line of descent: each ancestor with its score, and where the gains came from. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { listAncestors } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Resource } from "../../components/notices.js";
import { Sparkline } from "../../components/sparkline.js";
import { Score } from "../../components/values.js";
import { plural, score, signed } from "../../format.js";
import { useResource } from "../../hooks.js";
import { Link, policyPath } from "../../router.js";
import { withGains } from "../../scores.js";

const SHOWN = 20;

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Ancestors({ policy }) {
  const resource = useResource(`ancestors ${policy.id}`, (signal) => listAncestors(policy.id, signal));
  return html`<section class="section" aria-labelledby="ancestors">
    <h2 id="ancestors">Ancestors</h2>
    <${Resource} resource=${resource}>
      ${({ items }) => (items.length > 1 ? html`<${Line} items=${withGains(items)} />`
        : html`<p class="quiet-text">It is of the first generation: it has none.</p>`)}
    <//>
  </section>`;
}

const middle = ({ validation, fitness }) => validation?.mean ?? fitness;

function Line({ items }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? items : items.slice(0, SHOWN);
  const known = items.map(middle).filter((value) => value != null).reverse();
  const most = items.reduce((top, { gain }) => Math.max(top, gain ?? 0), 0);
  return html`<p class="quiet-text intro line-intro"><${Sparkline} values=${known} />
      <span>${plural(items.length, "individual")} from the first generation on, the newest first. A gain is what a
        mutation added to its parent's score: noise included.</span></p>
    <div class="card"><table class="table">
      <caption class="hidden">Ancestors, newest first</caption>
      <thead><tr><th scope="col">Born</th><th scope="col" class="right at-small">Fitness</th>
        <th scope="col" class="right">Validation</th><th scope="col" class="right">Gain</th>
        <th scope="col">Policy</th></tr></thead>
      <tbody>
        ${shown.map((one) => html`<${Row} key=${`${one.generation} ${one.index}`} one=${one} most=${most} />`)}
      </tbody>
    </table></div>
    ${shown.length < items.length && html`<div class="more"><${Button} onClick=${() => setWhole(true)}>
      Show all ${plural(items.length, "ancestor")}<//></div>`}`;
}

function Row({ one, most }) {
  const { generation, index, fitness, validation, gain, policy } = one;
  return html`<tr>
    <th scope="row" class="number" title=${`Generation ${generation}, individual ${index}`}>${generation}·${index}</th>
    <td class="right number at-small">${score(fitness)}</td>
    <td class="right"><${Score} summary=${validation} /></td>
    <td class="right number"><${Gain} gain=${gain} most=${most} /></td>
    <td>${policy ? html`<${Play} id=${policy} generation=${generation} />` : html`<span class="none">–</span>`}</td>
  </tr>`;
}

function Play({ id, generation }) {
  const label = `Play the ancestor of generation ${generation}`;
  return html`<${Link} href=${policyPath({ id })} aria-label=${label}>play<//>`;
}

function Gain({ gain, most }) {
  if (gain == null) return html`<span class="none">–</span>`;
  if (gain <= 0) return html`<span class="quiet-text">${gain ? signed(gain) : "0"}</span>`;
  return html`<span class="gain"><span class="gain-bar" aria-hidden="true"
    style=${{ transform: `scaleX(${gain / most})` }}></span>${signed(gain)}</span>`;
}
