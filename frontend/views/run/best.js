/** The best distinct seed chains of a run, to take away. */

import { html } from "../../vendor/preact-htm.module.js";
import { listBest } from "../../api.js";
import { Button, CopyButton } from "../../components/buttons.js";
import { Empty, Resource } from "../../components/notices.js";
import { Birth, ChainLength, Score } from "../../components/values.js";
import { useResource } from "../../hooks.js";
import { saveBlob } from "../../save.js";

const TOP = 10;
const SHORT_ID = 10;

/** @param {{run: import("../../types.js").RunDetail}} props */
export function Best({ run }) {
  const resource = useResource(`best ${run.id} ${run.generation}`, (signal) => listBest(run.id, TOP, signal));
  return html`<${Resource} resource=${resource}>
    ${({ items }) => (items.length ? html`<${Table} run=${run} items=${items} />` : html`<${Nothing} run=${run} />`)}
  <//>`;
}

function Nothing({ run }) {
  const { algorithm, candidates, test_episodes: tests } = run.configuration;
  if (candidates > 0 || tests > 0) {
    return html`<${Empty} title="No elite is validated yet">
      <p>The first one is known when a generation closes.</p>
    <//>`;
  }
  const change = algorithm === "block-free" ? "Clone it as a generational run" : "Clone it";
  return html`<${Empty} title="This run never plays a policy again">
    <p>Policies are ranked here by fresh episodes, never by the one that they were selected for. The chains of its
      elites are under Generations; play one with <code>neuroevo policy evaluate FILE</code> to learn how good it is.
      ${change} with candidates to have its elites validated.</p>
  <//>`;
}

function Table({ run, items }) {
  return html`<p class="quiet-text intro">
      The ${TOP} best different policies by their mean over test episodes, else validation episodes. The mean of the
      best of many is flattered by luck: play them again before you trust it.
    </p>
    <div class="card"><table class="table">
      <caption class="hidden">Best seed chains</caption>
      <thead><tr>
        <th scope="col" class="right">Rank</th>
        <th scope="col" class="at-small">Policy</th>
        <th scope="col" class="right">Score</th>
        <th scope="col" class="at-medium">Scored by</th>
        <th scope="col" class="at-small">Born</th>
        <th scope="col" class="right at-medium">Chain</th>
        <th scope="col" class="right"><span class="hidden">Take away</span></th>
      </tr></thead>
      <tbody>
        ${items.map((item, place) => html`<${Row} key=${item.policy} run=${run} item=${item} rank=${place + 1} />`)}
      </tbody>
    </table></div>`;
}

function Row({ run, item, rank }) {
  const text = JSON.stringify(item.document, null, 2);
  const shortId = item.policy.slice(0, SHORT_ID);
  return html`<tr>
    <td class="right number">${rank}</td>
    <th scope="row" class="mono at-small" title=${item.policy}>${shortId}</th>
    <td class="right"><${Score} summary=${item} /></td>
    <td class="at-medium" title=${item.engine}>${item.phase}<span class="under">${item.protocol}</span></td>
    <td class="at-small"><${Birth} birth=${item.born} /></td>
    <td class="right at-medium"><${ChainLength} seeds=${item.document.seeds} /></td>
    <td class="right"><div class="row-actions">
      <${CopyButton} text=${text} label=${`Copy the chain of rank ${rank}`} />
      <${Button} kind="small at-small" aria-label=${`Download the chain of rank ${rank}`}
        onClick=${() => download(`${run.name}-${shortId}.json`, text)}>Download<//>
    </div></td>
  </tr>`;
}

function download(name, text) {
  saveBlob(name, new Blob([text], { type: "application/json" }));
}
