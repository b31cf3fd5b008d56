/** Runs as a table. */

import { html } from "../vendor/preact-htm.module.js";
import { environmentName, exact, mean } from "../format.js";
import { sortedBy, sorting } from "../listing.js";
import { Link, runPath, setQuery } from "../router.js";
import { Sparkline } from "./sparkline.js";
import { openRow, SortHeader } from "./table.js";
import { Ago, Bar, Count, Dollars, Score, State } from "./values.js";

/** @param {{runs: import("../types.js").RunSummary[], query: Object<string, string>}} props */
export function RunsTable({ runs, query }) {
  const header = { ...sorting(query), onSort: (column) => setQuery(sortedBy(query, column)) };
  const isPriced = runs.some((run) => run.cost);
  return html`<div class="card"><table class="table runs">
    <caption class="hidden">Runs</caption>
    <thead><tr>
      <${SortHeader} column="name" ...${header}>Run<//>
      <${SortHeader} column="state" ...${header}>State<//>
      <${SortHeader} column="generation" class="at-small" ...${header}>Generation<//>
      <${SortHeader} column="elite" class="right" ...${header}>Validated elite<//>
      <th scope="col" class="at-medium">Curve</th>
      <${SortHeader} column="best" class="right at-large" ...${header}>Best elite<//>
      <${SortHeader} column="frames" class="right at-medium" ...${header}>Frames<//>
      ${isPriced && html`<${SortHeader} column="cost" class="right at-large" ...${header}>Cost<//>`}
      <${SortHeader} column="created" class="right at-large" ...${header}>Created<//>
    </tr></thead>
    <tbody>${runs.map((run) => html`<${Row} key=${run.id} run=${run} isPriced=${isPriced} />`)}</tbody>
  </table></div>`;
}

function Row({ run, isPriced }) {
  return html`<tr class="pressable" onClick=${openRow(runPath(run))}>
    <th scope="row">
      <${Link} class="row-link" href=${runPath(run)}>${run.name}<//>
      <span class="under" title=${`${run.environment_id}, ${run.architecture_name}, run ${run.id}`}>
        ${environmentName(run.environment_id)}${" "}<span class="at-small-inline">· ${run.architecture_name}</span>
      </span>
    </th>
    <td>
      <${State} state=${run.state} reason=${run.state_reason} />
      <div class="until-small"><${Open} run=${run} /></div>
    </td>
    <td class="at-small generation-cell"><${Open} run=${run} /></td>
    <td class="right"><${Elite} run=${run} /></td>
    <td class="at-medium"><${Sparkline} values=${run.sparkline} /></td>
    <td class="right at-large"><${Best} run=${run} /></td>
    <td class="right at-medium"><${Count} value=${run.frames} unit="frames" /></td>
    ${isPriced && html`<td class="right at-large"><${Dollars} value=${run.cost?.dollars} /></td>`}
    <td class="right at-large quiet-text"><${Ago} at=${run.created_at} /></td>
  </tr>`;
}

function Elite({ run }) {
  if (run.elite || !run.generation || run.best == null) return html`<${Score} summary=${run.elite} />`;
  return html`<span class="sample"
    title="This run does not validate: only the fitness that it selects by is known">not validated</span>`;
}

/** The highest that an elite was ever validated at, luck included; without validation a fitness, of no known noise. */
function Best({ run }) {
  if (run.best_elite || run.best == null) return html`<${Score} summary=${run.best_elite} />`;
  return html`<span class="number" title=${`${exact(run.best)}: a fitness, never validated`}>${mean(run.best)}</span>`;
}

/** Where the open generation stands. */
function Open({ run }) {
  const { progress } = run;
  if (!progress) return html`<span class="number">${run.generation || "–"}</span>`;
  const { generation, phase, done, total } = progress;
  const label = `Generation ${generation}, ${phase}: ${done} of ${total} episodes`;
  return html`<div class="open" title=${label}>
    <span class="number">${generation}</span><${Bar} slim done=${done} total=${total} label=${label} />
  </div>`;
}
