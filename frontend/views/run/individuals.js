/** The individuals of one generation, the best first. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { listIndividuals } from "../../api.js";
import { Button, CopyButton } from "../../components/buttons.js";
import { Icon } from "../../components/icons.js";
import { Empty, Resource } from "../../components/notices.js";
import { More } from "../../components/table.js";
import { Birth, Score } from "../../components/values.js";
import { chainText } from "../../chain.js";
import { plural } from "../../format.js";
import { useResource } from "../../hooks.js";
import { Link, withQuery } from "../../router.js";

const PAGE = 500;
const AT_ONCE = 2000; // The server lists them by index: to show the best first, all of most populations are loaded.
const SHOWN = 50;

const byRank = (a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || a.index - b.index;

/** Individuals from a cursor on, page after page. */
async function load(run, number, cursor, signal) {
  const items = [];
  let next = cursor;
  do {
    const page = await listIndividuals(run.id, number, { limit: PAGE, cursor: next }, signal);
    items.push(...page.items);
    next = page.next_cursor;
  } while (next && items.length < AT_ONCE);
  return { items, next_cursor: next };
}

/** @param {{run: import("../../types.js").RunDetail, number: number}} props */
export function Individuals({ run, number }) {
  const resource = useResource(`individuals ${run.id} ${number}`, (signal) => load(run, number, undefined, signal));
  const more = async (cursor) => {
    const next = await load(run, number, cursor);
    resource.change((page) => ({ items: [...page.items, ...next.items], next_cursor: next.next_cursor }));
  };
  const isMissing = resource.error?.status === 404;
  return html`<section class="section" aria-labelledby="individuals">
    <div class="section-head">
      <${Link} class="button quiet" href=${withQuery({ generation: null })}><${Icon} name="back" />All generations<//>
      <h2 id="individuals">Generation ${number}</h2>
      <${Steps} run=${run} number=${number} />
    </div>
    ${isMissing
      ? html`<${Empty} title="This generation is not closed yet"><p>Its individuals can be seen when it is.</p><//>`
      : html`<${Resource} resource=${resource} rows=${8}>
          ${({ items, next_cursor }) => html`<${Table} run=${run} items=${items} />
            <${More} cursor=${next_cursor} onMore=${more}>Load more individuals<//>`}
        <//>`}
  </section>`;
}

function Steps({ run, number }) {
  return html`<div class="steps">
    <${Step} run=${run} to=${number - 1} icon="back" text="Generation before" />
    <${Step} run=${run} to=${number + 1} icon="next" text="Generation after" />
  </div>`;
}

function Step({ run, to, icon, text }) {
  const drawn = html`<${Icon} name=${icon} />`;
  if (to < 0 || to >= run.generation) return html`<span class="button quiet icon-only disabled">${drawn}</span>`;
  const href = withQuery({ generation: String(to) });
  return html`<${Link} class="button quiet icon-only" href=${href} aria-label=${text}>${drawn}<//>`;
}

function Table({ run, items }) {
  const [isWhole, setWhole] = useState(false);
  const sorted = [...items].sort(byRank);
  const shown = isWhole ? sorted : sorted.slice(0, SHOWN);
  const all = html`<div class="more">
    <${Button} onClick=${() => setWhole(true)}>Show all ${plural(sorted.length, "individual")}<//>
  </div>`;
  return html`<div class="card"><table class="table">
      <caption class="hidden">Individuals by rank</caption>
      <thead><tr>
        <th scope="col" class="right">Rank</th>
        <th scope="col" class="right">Index</th>
        <th scope="col" class="right">Fitness</th>
        <th scope="col" class="right at-small">Validation</th>
        <th scope="col"><span class="hidden">Chosen as</span></th>
        <th scope="col" class="at-small">Parent</th>
        <th scope="col" class="right at-medium">Seed</th>
        <th scope="col" class="right at-small">Chain</th>
      </tr></thead>
      <tbody>${shown.map((one) => html`<${Row} key=${one.index} run=${run} one=${one} />`)}</tbody>
    </table></div>
    ${shown.length < sorted.length && all}`;
}

function Row({ run, one }) {
  return html`<tr>
    <td class="right number">${one.rank ?? "–"}</td>
    <th scope="row" class="right number">${one.index}</th>
    <td class="right"><${Score} summary=${one.evaluation} /></td>
    <td class="right at-small"><${Score} summary=${one.validation} /></td>
    <td>
      ${one.elite && html`<span class="tag elite">elite</span>${" "}`}
      ${one.carried && html`<span class="tag">carried</span>${" "}`}
      ${one.selected && html`<span class="tag">parent</span>`}
    </td>
    <td class="at-small"><${Birth} birth=${one.parent} /></td>
    <td class="right at-medium number quiet-text">${one.seed ?? "–"}</td>
    <td class="right at-small"><${Chain} run=${run} one=${one} /></td>
  </tr>`;
}

function Chain({ run, one }) {
  if (!one.seeds) return null;
  return html`<${CopyButton} text=${chainText(run, one.seeds)} label=${`Copy the chain of individual ${one.index}`} />`;
}
