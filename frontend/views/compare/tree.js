/** The tree of shared beginnings: chains grow to the right, and part where they differ. */

import { html } from "../../vendor/preact-htm.module.js";
import { Score } from "../../components/values.js";
import { plural } from "../../format.js";
import { layOut } from "../../lineage.js";
import { Link, policyPath } from "../../router.js";

const MOST_SAID = 3;
const ROW = 40;
const WIDTH = 96; // Percent: room for the last circle.

const across = (x) => `${2 + x * WIDTH}%`;
const down = (row) => (row + 0.5) * ROW;

/** @param {{nodes: import("../../types.js").LineageNode[],
 *   policies: import("../../types.js").PolicyDetail[]}} props */
export function Tree({ nodes, policies }) {
  const { places, policies: order } = layOut(nodes);
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const height = order.length * ROW;
  return html`<section class="section" aria-labelledby="lineage">
    <h2 id="lineage">Shared beginnings</h2>
    <p class="quiet-text intro">${wordsOf(places, order.length)}</p>
    <div class="card tree">
      <svg class="tree-lines" role="img" aria-label=${wordsOf(places, order.length)} height=${height}>
        ${places.map((place, key) => html`<${Branch} key=${key} place=${place} />`)}
        ${places.map((place, key) => html`<${Knot} key=${key} place=${place} />`)}
      </svg>
      <ul aria-label="Policies by lineage">${order.map((id) => html`<${Leaf} key=${id} policy=${byId.get(id)} />`)}</ul>
    </div>
  </section>`;
}

/** What the tree says, in words. @param {import("../../lineage.js").Place[]} places @param {number} count */
function wordsOf(places, count) {
  const shared = places.filter(({ under, length }) => under > 1 && length > 0);
  if (!shared.length) return count > 1 ? "They share no seed." : "Mark more policies to see what they share.";
  const byLength = [...shared].sort((a, b) => a.length - b.length);
  const said = byLength.slice(0, MOST_SAID).map(({ under, length }) => {
    return `${under === count ? `All ${count}` : under} share their first ${plural(length, "seed")}`;
  });
  const rest = byLength.length - said.length;
  const closest = byLength.at(-1);
  const end = rest > 0 ? `; the closest share ${closest.length}` : "";
  return `${said.join(", ")}${end}.`;
}

function Branch({ place: { x, row, parent } }) {
  const from = across(parent?.x ?? 0);
  return html`<line x1=${from} x2=${across(x)} y1=${down(row)} y2=${down(row)} />
    ${parent && html`<line x1=${from} x2=${from} y1=${down(parent.row)} y2=${down(row)} />`}`;
}

function Knot({ place: { x, row, length, under, policies } }) {
  const title = `${plural(length, "seed")}${under > 1 ? `, shared by ${under}` : ""}`;
  return html`<g class=${policies.length ? "end" : "fork"}>
    <circle cx=${across(x)} cy=${down(row)} r="4"><title>${title}</title></circle>
    ${under > 1 && length > 0 && html`<text x=${across(x)} y=${down(row) - 8} text-anchor="end">${length}</text>`}
  </g>`;
}

function Leaf({ policy }) {
  if (!policy) return html`<li></li>`;
  return html`<li><${Link} href=${policyPath(policy)}>${policy.name}<//>
    <span class="under">${plural(policy.length, "seed")}${" "}<span class="at-small-inline">·${" "}
      <${Score} summary=${policy.score} /></span></span></li>`;
}
