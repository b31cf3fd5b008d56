/** The form for a new run: from a preset, or from another run. */

import { html, useEffect, useState } from "../vendor/preact-htm.module.js";
import { cloneRun, createRun, getPresets, getRun, listEnvironments } from "../api.js";
import { ConfigurationForm } from "../components/configuration-form.js";
import { Cost } from "../components/cost.js";
import { Empty, Note, Resource } from "../components/notices.js";
import { PresetCards } from "../components/preset-cards.js";
import { chooseEnvironment, open, patch, refuse, touchAll } from "../form.js";
import { useEvents, useMayOperate, useResource, useStore, useTitle } from "../hooks.js";
import { Link, navigate, runPath, setQuery } from "../router.js";
import { keepRuns, notify } from "../session.js";
import { fieldsOf, withValue } from "../schema.js";
import { isPresent, loadWorkers } from "./workers.js";

async function loadAll(clone, signal) {
  const origin = clone ? getRun(clone, signal) : null;
  const [presets, source] = await Promise.all([getPresets(signal), origin, loadWorkers(signal)]);
  return { presets, source };
}

/** @param {{route: import("../router.js").Route}} props */
export function NewRun({ route }) {
  useTitle(route.query.clone ? "Clone a run" : "New run");
  if (useMayOperate()) return html`<${Page} route=${route} />`;
  return html`<${Empty} title="Runs are begun by operators" level="h1">
    <p>This browser may look and change nothing. An operator can give it more.</p>
  <//>`;
}

function Page({ route }) {
  const { clone, preset, environment } = route.query;
  const resource = useResource(`new run ${clone ?? ""}`, (signal) => loadAll(clone, signal));
  const environments = useEnvironments();
  return html`<div class="page">
    <h1 class="page-title">${clone ? "Clone a run" : "New run"}</h1>
    <${Resource} resource=${resource} rows=${8}>
      ${({ presets, source }) => html`<${RunForm} presets=${presets} source=${source} environments=${environments}
        preset=${preset} environment=${environment} />`}
    <//>
  </div>`;
}

/** The environments of the connected workers, asked for again when workers come or go. */
function useEnvironments() {
  const resource = useResource("environments", listEnvironments);
  const [fleet, setFleet] = useState(null);
  useEvents((event) => {
    if (event.type === "workers.changed") setFleet(event.workers.filter(isPresent).length);
  });
  useEffect(() => (fleet === null ? undefined : resource.reload()), [fleet]);
  return resource.data?.items ?? [];
}

/** Where the form begins: the run to clone without its seed, or a preset. */
function beginning({ presets, source, preset, environment }) {
  const fields = fieldsOf(presets.schema);
  const { configuration } = presets.items.find(({ name }) => name === preset) ?? presets.items[0];
  const start = source ? withValue(source.configuration, "seed", null) : configuration;
  const form = open(presets.schema, fields, start);
  return environment ? chooseEnvironment(form, environment) : form;
}

function RunForm({ presets, source, environments, preset, environment }) {
  const [form, setForm] = useState(() => beginning({ presets, source, preset, environment }));
  const [name, setName] = useState("");
  const [isBusy, setBusy] = useState(false);
  const workers = useStore((state) => state.workers);
  const chosen = source ? null : (presets.items.find((item) => item.name === preset) ?? presets.items[0]).name;
  const choosePreset = (next) => {
    setQuery({ preset: next, environment: null });
    setForm(beginning({ presets, preset: next }));
  };
  const submit = async (event) => {
    event.preventDefault();
    if (Object.keys(form.problems).length) return show(touchAll(form));
    setBusy(true);
    try {
      return arrive(await send({ form, name, source, chosen }));
    } catch (error) {
      setBusy(false);
      return show(refuse(form, error));
    }
  };
  const show = (next) => {
    setForm(next);
    requestAnimationFrame(focusFirstError);
  };
  return html`<form class="new-run" onSubmit=${submit} novalidate>
    <div class="new-run-main">
      ${source && html`<${CloneNote} source=${source} />`}
      ${!source && html`<${PresetCards} presets=${presets.items} chosen=${chosen} onChoose=${choosePreset} />`}
      ${form.refusal && html`<${Note} tone="bad" role="alert">${form.refusal}<//>`}
      <${ConfigurationForm} form=${form} setForm=${setForm} name=${name} setName=${setName}
        environments=${environments} />
    </div>
    <${Cost} form=${form} workers=${workers ?? []} isBusy=${isBusy}
      action=${source ? "Start the clone" : "Start run"} />
  </form>`;
}

function CloneNote({ source }) {
  return html`<${Note} tone="accent">
    A new run with the configuration of${" "}<${Link} href=${runPath(source)}>${source.name}<//>${", "}
    changed as you like. It starts from nothing, with a seed of its own unless you give one.
  <//>`;
}

function send({ form, name, source, chosen }) {
  const body = { configuration: patch(form), ...(name.trim() ? { name: name.trim() } : {}) };
  return source ? cloneRun(source.id, body) : createRun({ ...body, preset: chosen });
}

function arrive(run) {
  keepRuns([run]);
  notify(run.state === "waiting" ? `${run.name} waits for a worker` : `${run.name} has started`);
  navigate(runPath(run));
}

function focusFirstError() {
  const wrong = document.querySelector("main [aria-invalid=true]");
  wrong?.closest("details")?.setAttribute("open", "");
  (wrong ?? document.querySelector("main [role=alert]"))?.scrollIntoView({ block: "center" });
  wrong?.focus();
}
