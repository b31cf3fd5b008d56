/** Closed generations, each with its elite. */

import { html } from "../../vendor/preact-htm.module.js";
import { getGeneration } from "../../api.js";
import { CopyButton } from "../../components/buttons.js";
import { Empty, Resource } from "../../components/notices.js";
import { More, openRow } from "../../components/table.js";
import { Ago, Birth, Count, Score } from "../../components/values.js";
import { chainText } from "../../chain.js";
import { duration, exact, plural, score } from "../../format.js";
import { Link, withQuery } from "../../router.js";

/** @param {{run: import("../../types.js").RunDetail, resource: Object,
 *   more: (cursor: string) => Promise<void>}} props */
export function Elites({ run, resource, more }) {
  return html`<${Resource} resource=${resource}>
    ${({ items, next_cursor }) => {
      if (!items.length) return html`<${NoneYet} run=${run} />`;
      return html`<${Table} run=${run} items=${items} />
        <${More} cursor=${next_cursor} onMore=${more}>Load older generations<//>`;
    }}
  <//>`;
}

function NoneYet({ run }) {
  const left = run.progress?.seconds_left;
  const when = left == null ? "when all its episodes are played" : `in about ${duration(left)}`;
  return html`<${Empty} title="No generation has closed yet">
    <p>The first one closes ${when}. Its curve, its elite and its seed chain are then shown here.</p>
  <//>`;
}

function Table({ run, items }) {
  const shows = { test: run.configuration.test_episodes > 0, late: run.configuration.algorithm === "block-free" };
  return html`<div class="card"><table class="table">
    <caption class="hidden">Generations and their elites, newest first</caption>
    <thead><tr>
      <th scope="col">Generation</th>
      <th scope="col" class="right">Elite${run.configuration.candidates > 0 ? ", validated" : ""}</th>
      ${shows.test && html`<th scope="col" class="right at-small">Elite, tested</th>`}
      <th scope="col" class="right at-small">Population</th>
      <th scope="col" class="right at-medium">Best</th>
      <th scope="col" class="at-small">Elite born</th>
      ${shows.late && html`<th scope="col" class="right at-medium">Late</th>`}
      <th scope="col" class="right at-large">Frames</th>
      <th scope="col" class="right at-large">Closed</th>
      <th scope="col" class="right">Chain</th>
    </tr></thead>
    <tbody>${items.map((row) => html`<${Row} key=${row.number} run=${run} row=${row} shows=${shows} />`)}</tbody>
  </table></div>`;
}

async function chainOf(run, { number }) {
  const { elite_seeds: seeds } = await getGeneration(run.id, number);
  return chainText(run, seeds);
}

function Row({ run, row, shows }) {
  const { population: n } = run.configuration;
  const population = { mean: row.mean, sd: row.sd, n, distinct: n };
  const href = withQuery({ generation: String(row.number) });
  return html`<tr class="pressable" onClick=${openRow(href)}>
    <th scope="row">
      <${Link} class="number" href=${href} aria-label=${`Generation ${row.number}: its individuals`}>${row.number}<//>
    </th>
    <td class="right"><${EliteScore} run=${run} row=${row} /></td>
    ${shows.test && html`<td class="right at-small"><${Score} summary=${row.test} /></td>`}
    <td class="right at-small"><${Score} summary=${population} /></td>
    <td class="right at-medium number">${score(row.best)}</td>
    <td class="at-small"><${Birth} birth=${row.elite_born} />${" "}<${Carried} isCarried=${row.elite_carried} /></td>
    ${shows.late && html`<td class="right at-medium"><${Count} value=${row.late} unit="late results" /></td>`}
    <td class="right at-large"><${Count} value=${row.frames} unit="frames" /></td>
    <td class="right at-large quiet-text"><${Ago} at=${row.closed_at} /></td>
    <td class="right"><div class="row-actions">
      <span class="at-medium-inline quiet-text number">${plural(row.elite_length, "seed")}</span>
      <${CopyButton} text=${() => chainOf(run, row)}
        label=${`Copy the elite's chain of generation ${row.number}`} />
    </div></td>
  </tr>`;
}

function Carried({ isCarried }) {
  return isCarried ? html`<span class="tag">carried</span>` : html`<span class="tag new">new</span>`;
}

/** Without validation a new elite's fitness is the generation's best; a carried one's is not told. */
function EliteScore({ run, row }) {
  if (row.validation) return html`<${Score} summary=${row.validation} />`;
  if (row.elite_carried) return html`<span class="none" title="Carried, and not validated">–</span>`;
  return html`<span class="score" title="Fitness, not validated">
    <b>${score(row.best)}</b>${" "}<span class="sample">n ${exact(run.configuration.episodes)}</span>
  </span>`;
}
