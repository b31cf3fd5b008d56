/** A run's page. */

import { html, useEffect } from "../vendor/preact-htm.module.js";
import { getRun, listGenerations } from "../api.js";
import { Note, Resource } from "../components/notices.js";
import { Tabs } from "../components/tabs.js";
import { score } from "../format.js";
import { useEvents, useFollow, useResource, useStore, useTitle } from "../hooks.js";
import { prepare } from "../plot.js";
import { setQuery } from "../router.js";
import { keepRuns } from "../session.js";
import { useWatching } from "../watching.js";
import { Best } from "./run/best.js";
import { RunChart, useFigure } from "./run/chart.js";
import { Elites } from "./run/elites.js";
import { KeyFigures, OpenGeneration } from "./run/figures.js";
import { Header } from "./run/header.js";
import { Individuals } from "./run/individuals.js";
import { Settings } from "./run/settings.js";
import { Watch } from "./run/watch.js";
import { NotFound } from "./not-found.js";

const PAGE = 50;
const TABS = [
  ["generations", "Generations"],
  ["best", "Best seeds"],
  ["configuration", "Configuration"],
];

async function loadRun(id, signal) {
  const run = await getRun(id, signal);
  keepRuns([run]);
  return run;
}

/** @param {{route: import("../router.js").Route}} props */
export function Run({ route }) {
  const { id, query } = route;
  const resource = useResource(`run ${id}`, (signal) => loadRun(id, signal));
  const figure = useFigure(id, query);
  useFollow(`runs/${id}`, "rollouts");
  useEffect(() => {
    prepare().catch(() => {}); // Tried again, and reported, when there is something to draw.
  }, []);
  if (resource.error?.status === 404) return html`<${NotFound} what="There is no such run" />`;
  return html`<div class="page">
    <${Resource} resource=${resource} rows=${8}>
      ${(detail) => html`<${Loaded} detail=${detail} query=${query} figure=${figure}
        onChange=${(run) => resource.change(() => run)} />`}
    <//>
  </div>`;
}

function useGenerations(id) {
  const newest = { order: "desc", limit: PAGE, chains: false };
  const resource = useResource(`generations ${id}`, (signal) => listGenerations(id, newest, signal));
  useEvents((event) => {
    if (event.type !== "generation.closed" || event.run_id !== id) return;
    resource.change((page) => withNewest(page, event.generation));
  });
  const more = async (cursor) => {
    const next = await listGenerations(id, { ...newest, cursor });
    resource.change((page) => ({ items: [...page.items, ...next.items], next_cursor: next.next_cursor }));
  };
  return { resource, more };
}

/** A page of generations, newest first, with one more at its head; one that is there already changes nothing. */
function withNewest(page, generation) {
  if (!page) return page;
  const isNew = !page.items.length || generation.number > page.items[0].number;
  return isNew ? { ...page, items: [generation, ...page.items] } : page;
}

function Loaded({ detail, query, figure, onChange }) {
  const summary = useStore((state) => state.runs[detail.id]);
  const run = { ...detail, ...summary };
  const { resource, more } = useGenerations(run.id);
  const watching = useWatching(run.id, query);
  useTitle(`${run.elite ? `${score(run.elite.mean)} · ` : ""}${run.name}`);
  return html`
    <${Header} run=${run} onChange=${onChange} />
    <${Reason} run=${run} />
    <${KeyFigures} run=${run} generations=${resource.data?.items ?? []} />
    <${OpenGeneration} run=${run} />
    ${run.generation > 0 && html`<${RunChart} run=${run} figure=${figure} watching=${watching} />`}
    <${Watch} watching=${watching} query=${query} />
    <${Lower} run=${run} query=${query} resource=${resource} more=${more} />
  `;
}

function Reason({ run }) {
  if (!run.state_reason) return null;
  const tone = { failed: "bad", waiting: "warn", running: "warn" }[run.state] ?? "quiet";
  return html`<${Note} tone=${tone}>${run.state_reason}<//>`;
}

function Lower({ run, query, resource, more }) {
  const isGeneration = /^\d+$/.test(query.generation ?? "");
  if (isGeneration) return html`<${Individuals} run=${run} number=${Number(query.generation)} />`;
  const tab = TABS.some(([name]) => name === query.tab) ? query.tab : "generations";
  const panels = {
    generations: () => html`<${Elites} run=${run} resource=${resource} more=${more} />`,
    best: () => html`<${Best} run=${run} />`,
    configuration: () => html`<${Settings} run=${run} />`,
  };
  return html`<${Tabs} label="Details of the run" tabs=${TABS} chosen=${tab}
    onChoose=${(name) => setQuery({ tab: name === "generations" ? null : name })}>${panels[tab]()}<//>`;
}
