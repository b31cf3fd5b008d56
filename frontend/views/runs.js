/** The list of runs. */

import { html, useState } from "../vendor/preact-htm.module.js";
import { listRuns } from "../api.js";
import { ButtonLink, Command } from "../components/buttons.js";
import { Empty, Note, Resource } from "../components/notices.js";
import { RunsTable } from "../components/runs-table.js";
import { More } from "../components/table.js";
import { stateWord } from "../components/values.js";
import { Icon } from "../components/icons.js";
import { plural } from "../format.js";
import { useMayOperate, useResource, useStore, useTitle } from "../hooks.js";
import { countByState, matching, STATES, visible } from "../listing.js";
import { setQuery } from "../router.js";
import { keepRuns } from "../session.js";
import { isPresent, loadWorkers } from "./workers.js";

const PAGE = 500; // Searched, filtered and sorted here.
const ROWS = 100; // Drawn at once; more when they are scrolled to.

async function loadPage(cursor, signal) {
  const { items, next_cursor } = await listRuns({ cursor, limit: PAGE }, signal);
  keepRuns(items);
  return { cursor: next_cursor };
}

/** @param {{route: import("../router.js").Route}} props */
export function Runs({ route }) {
  useTitle("Runs");
  const page = useResource("runs", (signal) => loadPage(undefined, signal));
  const known = useStore((state) => state.runs);
  const more = (cursor) => loadPage(cursor).then((next) => page.change(() => next));
  return html`<div class="page">
    <h1 class="page-title">Runs</h1>
    <${Resource} resource=${page} rows=${6}>
      ${({ cursor }) => html`<${Listing} runs=${Object.values(known)} query=${route.query} />
        <${More} cursor=${cursor} onMore=${more}>Load older runs<//>`}
    <//>
  </div>`;
}

function Listing({ runs, query }) {
  const [rows, setRows] = useState(ROWS);
  if (!runs.length) return html`<${FirstRun} />`;
  const shown = visible(runs, query);
  const drawn = shown.slice(0, rows);
  const next = rows < shown.length ? String(rows) : null;
  return html`<${WorkersMissing} runs=${runs} />
    <${Filters} runs=${runs} query=${query} />
    ${shown.length ? html`<${RunsTable} runs=${drawn} query=${query} />` : html`<${NothingFits} />`}
    <${More} cursor=${next} onMore=${async () => setRows(rows + ROWS)} isEager>Show more runs<//>`;
}

function FirstRun() {
  if (!useMayOperate()) return html`<${Empty} title="No runs yet" />`;
  return html`<${Empty} title="No runs yet">
    <p>A run evolves networks that play one game. <b>CartPole in seconds</b> is a good first one: it shows that
      everything works.</p>
    <p><${ButtonLink} href="/runs/new?preset=quick" icon="plus" kind="primary">New run<//></p>
    <p class="quiet-text">Or in a terminal:</p>
    <${Command} text="neuroevo run create --preset quick --watch" />
  <//>`;
}

function NothingFits() {
  return html`<${Empty} title="No run fits">
    <p><button type="button" class="button" onClick=${() => setQuery({ q: null, state: null })}>Show all runs</button>
      </p>
  <//>`;
}

/** Runs that could go on, but nobody is there to play. */
function WorkersMissing({ runs }) {
  const workers = useResource("workers", loadWorkers);
  const followed = useStore((state) => state.workers);
  const present = (followed ?? []).filter(isPresent);
  const open = runs.filter(({ state }) => state === "running" || state === "waiting");
  if (!workers.data || present.length || !open.length) return null;
  return html`<${Note} tone="warn">
    No worker is connected, so ${plural(open.length, "run")} ${open.length === 1 ? "waits" : "wait"}. Start one:${" "}
    <code>neuroevo worker start --server ${location.origin}</code>
  <//>`;
}

function Filters({ runs, query }) {
  const counts = countByState(matching(runs, query.q));
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const present = STATES.filter((state) => counts[state] || query.state === state);
  return html`<div class="filters">
    <div class="search">
      <${Icon} name="search" />
      <input type="search" aria-label="Search runs" placeholder="Name, id or environment" value=${query.q ?? ""}
        onInput=${(event) => setQuery({ q: event.currentTarget.value })} />
    </div>
    <fieldset class="chips" role="radiogroup" aria-label="State">
      <${Chip} text="All" count=${total} state="" chosen=${query.state ?? ""} />
      ${present.map((state) => html`<${Chip} key=${state} text=${stateWord(state)} count=${counts[state] ?? 0}
        state=${state}
        chosen=${query.state ?? ""} />`)}
    </fieldset>
  </div>`;
}

function Chip({ text, count, state, chosen }) {
  return html`<label>
    <input type="radio" name="state" value=${state} checked=${state === chosen} onChange=${() => setQuery({ state })} />
    <span>${text}${" "}<span class="quiet-text number">${count}</span></span>
  </label>`;
}
