/** Who plays: the workers, and the environments that they can make. */

import { html } from "../vendor/preact-htm.module.js";
import { letWorkerIn, listEnvironments, listRefusedWorkers, listWorkers } from "../api.js";
import { Button, ButtonLink, Command } from "../components/buttons.js";
import { Figure, Figures } from "../components/figures.js";
import { Empty, Resource } from "../components/notices.js";
import { Ago, Count, State } from "../components/values.js";
import { plural, reasonOf } from "../format.js";
import { useEvery, useMayOperate, useResource, useStore, useTitle } from "../hooks.js";
import { Link, runPath } from "../router.js";
import { notify, store } from "../session.js";

const GONE = ["crashed", "lost", "preempted", "left"];
const REFUSED_MS = 5000; // No event tells of strangers: they could send any number of them.
const ORDER = ["set aside", "working", "idle", ...GONE];

/** Whether a worker is connected. @param {import("../types.js").WorkerView} worker */
export const isPresent = ({ state }) => state === "working" || state === "idle";

/** Loads the workers into the store, where events renew them. @param {AbortSignal} signal */
export async function loadWorkers(signal) {
  const { items } = await listWorkers(signal);
  store.update((state) => ({ ...state, workers: items }));
  return items;
}

/** The page of workers. */
export function Workers() {
  useTitle("Workers");
  const mayOperate = useMayOperate();
  const resource = useResource("workers", loadWorkers);
  const followed = useStore((state) => state.workers);
  return html`<div class="page">
    <div class="run-title">
      <h1 class="page-title">Workers</h1>
      ${mayOperate && html`<div class="controls"><${ButtonLink} href="/tokens">Tokens<//></div>`}
    </div>
    <${Resource} resource=${resource} rows=${5}>
      ${(loaded) => html`<${Fleet} workers=${followed ?? loaded} />`}
    <//>
    <${Refused} />
  </div>`;
}

/** Who was not let in, and why. */
function Refused() {
  const { data, reload } = useResource("refused workers", listRefusedWorkers);
  useEvery(REFUSED_MS, reload);
  if (!data?.items.length) return null;
  return html`<section class="section" aria-labelledby="refused">
    <h2 id="refused">Not let in</h2>
    <div class="card"><table class="table">
      <caption class="hidden">Workers that were not let in within the last hour</caption>
      <thead><tr>
        <th scope="col">Address</th><th scope="col">What to do</th><th scope="col" class="right at-small">Times</th>
        <th scope="col" class="right">Last</th>
      </tr></thead>
      <tbody>${data.items.map(({ address, reason, at, times }) => html`<tr key=${`${address} ${reason}`}>
        <th scope="row">${address}</th><td>${reason}</td>
        <td class="right at-small number">${times}</td>
        <td class="right quiet-text"><${Ago} at=${at} /></td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}

function Fleet({ workers }) {
  const place = ({ state }) => ORDER.indexOf(state);
  const sorted = [...workers].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
  if (!workers.length) return html`<${NoWorkers} />`;
  return html`<${Totals} workers=${workers} />
    ${workers.some(isPresent) ? null : html`<${NoWorkers} />`}
    <${WorkersTable} workers=${sorted} />
    <${Environments} count=${workers.filter(isPresent).length} />`;
}

function NoWorkers() {
  return html`<${Empty} title="No worker is connected">
    <p>Runs wait until one is. On this machine, <code>neuroevo up</code> starts one for each core; from another, with
      a worker's token in <code>NEUROEVO_TOKEN</code>:</p>
    <${Command} text=${`neuroevo worker start --server ${location.origin}`} />
  <//>`;
}

function Totals({ workers }) {
  const present = workers.filter(isPresent);
  const gone = workers.filter(({ state }) => GONE.includes(state));
  const sum = (value) => present.reduce((total, worker) => total + value(worker), 0);
  const speed = sum((worker) => worker.frames_per_second);
  const most = Math.max(0, ...present.map((worker) => worker.environments));
  return html`<${Figures}>
    <${Figure} name="Connected" note=${`of ${workers.length} within the last hour`}>
      ${plural(present.length, "worker")}
    <//>
    <${Figure} name="Slots" note="evaluation processes"><${Count} value=${sum((worker) => worker.slots)} /><//>
    <${Figure} name="Speed" note="frames a second, all together"><${Count} value=${speed} unit="frames/s" /><//>
    <${Figure} name="Environments" note="the most that one can make"><${Count} value=${most} /><//>
    <${Figure} name="Played" note="frames since they connected">
      <${Count} value=${sum((worker) => worker.frames)} unit="frames" />
    <//>
    <${Figure} name="Gone" note=${`${howGone(gone)} within the last hour`}>${plural(gone.length, "worker")}<//>
  <//>`;
}

/** How they went: "2 crashed, 1 preempted". @param {import("../types.js").WorkerView[]} gone */
function howGone(gone) {
  const counts = GONE.map((state) => [gone.filter((worker) => worker.state === state).length, state]);
  return counts.filter(([count]) => count).map(([count, state]) => `${count} ${state}`).join(", ");
}

function WorkersTable({ workers }) {
  return html`<div class="card"><table class="table">
    <caption class="hidden">Workers</caption>
    <thead><tr>
      <th scope="col">Worker</th><th scope="col">State</th><th scope="col" class="right at-small">Slots</th>
      <th scope="col" class="right">Frames/s</th><th scope="col" class="at-small">Plays</th>
      <th scope="col" class="right at-medium">Episodes</th><th scope="col" class="right at-medium">Frames</th>
      <th scope="col" class="right at-large">Environments</th><th scope="col" class="right at-large">Last heard</th>
    </tr></thead>
    <tbody>${workers.map((worker) => html`<${Row} key=${worker.id} worker=${worker} />`)}</tbody>
  </table></div>`;
}

function Row({ worker }) {
  const about = `${worker.host}, ${worker.processor}, version ${worker.version}`;
  return html`<tr class=${isPresent(worker) ? "" : "gone"}>
    <th scope="row">
      ${worker.name}
      <span class="under" title=${about}>
        ${worker.host}${" "}<span class="at-large-inline">· ${worker.processor}</span>
      </span>
    </th>
    <td><${State} state=${worker.state} reason=${worker.reason} /><${Trust} worker=${worker} /></td>
    <td class="right at-small number">${worker.slots}</td>
    <td class="right"><${Count} value=${worker.frames_per_second} unit="frames/s" /></td>
    <td class="at-small"><${Plays} runs=${worker.runs} /></td>
    <td class="right at-medium"><${Count} value=${worker.episodes} unit="episodes" /></td>
    <td class="right at-medium"><${Count} value=${worker.frames} unit="frames" /></td>
    <td class="right at-large"><${Count} value=${worker.environments} /></td>
    <td class="right at-large quiet-text"><${Ago} at=${worker.last_seen_at} /></td>
  </tr>`;
}

function Trust({ worker }) {
  const mayOperate = useMayOperate();
  const isAside = worker.state === "set aside";
  const letIn = () =>
    letWorkerIn(worker.id)
      .then(() => loadWorkers(undefined))
      .catch((error) => notify(reasonOf(error), true));
  return html`${worker.reason && html`<span class="under">${worker.reason}</span>`}
    ${isAside && mayOperate && html`<${Button} kind="small" onClick=${letIn}>Let in again<//>`}
    ${!isPresent(worker) && worker.handed_back > 0 &&
    html`<span class="under">${plural(worker.handed_back, "episode")} handed back</span>`}
    ${worker.refused > 0 && html`<span class="under">${plural(worker.refused, "impossible result")}</span>`}`;
}

function Plays({ runs }) {
  if (!runs.length) return html`<span class="none">–</span>`;
  return runs.map(
    ({ run, name, episodes_leased }, place) => html`<span key=${run}>${place > 0 && ", "}
      <${Link} href=${runPath({ id: run, name })}>${name}<//>${" "}
      <span class="quiet-text" title=${`${plural(episodes_leased, "episode")} in its hands`}>${episodes_leased}</span>
        </span>`,
  );
}

function Environments({ count }) {
  const resource = useResource(`environments of ${count}`, listEnvironments);
  return html`<section class="section" aria-labelledby="environments">
    <h2 id="environments">Environments</h2>
    <${Resource} resource=${resource} rows=${2}>${({ items }) => html`<${EnvironmentList} items=${items} />`}<//>
  </section>`;
}

function EnvironmentList({ items }) {
  if (!items.length) return html`<p class="quiet-text">No connected worker announces any.</p>`;
  const families = [["atari", "Atari games"], ["vector", "Others"]];
  return html`<div class="card padded">
    ${families.map(([family, title]) => {
      const members = items.filter((environment) => environment.family === family);
      if (!members.length) return null;
      return html`<details key=${family} class="fold">
        <summary>${title} <span class="quiet-text number">${members.length}</span></summary>
        <ul class="tags">${members.map(({ id, workers }) => html`<li key=${id} title=${plural(workers, "worker")}>
          <${Link} href=${`/runs/new?environment=${encodeURIComponent(id)}`}>${id}<//></li>`)}</ul>
      </details>`;
    })}
  </div>`;
}
