/** The head of a run's page: what it is, its state, and what can be done with it. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { deleteRun, pauseRun, resumeRun, stopRun } from "../../api.js";
import { Button, ButtonLink } from "../../components/buttons.js";
import { Confirm } from "../../components/dialog.js";
import { Ago, State } from "../../components/values.js";
import { reasonOf } from "../../format.js";
import { useMayOperate } from "../../hooks.js";
import { Link, navigate } from "../../router.js";
import { forgetRun, keepRuns, notify } from "../../session.js";
import { EditRun } from "./edit.js";

const CAN_PAUSE = ["running", "waiting"];
const CAN_STOP = ["running", "waiting", "paused"];

/** @param {{run: import("../../types.js").RunDetail,
 *   onChange: (run: import("../../types.js").RunDetail) => void}} props */
export function Header({ run, onChange }) {
  return html`<header class="run-header">
    <nav aria-label="Where this is">
      <ol class="crumbs"><li><${Link} href="/runs">Runs<//></li><li class="mono" aria-current="page">${run.id}</li></ol>
    </nav>
    <div class="run-title">
      <h1 class="page-title">${run.name}</h1>
      <${State} state=${run.state} reason=${run.state_reason} />
      <${Controls} run=${run} onChange=${onChange} />
    </div>
    <p class="quiet-text">
      ${run.environment_id} · ${run.architecture_name} · created${" "}<${Ago} at=${run.created_at} />
      ${run.preset && ` · preset ${run.preset}`}
      ${run.cloned_from && html`<${Origin} id=${run.cloned_from} />`}
    </p>
  </header>`;
}

function Origin({ id }) {
  return html`${" "}· cloned from${" "}<${Link} href=${`/runs/${id}`}>${id}<//>`;
}

function Controls({ run, onChange }) {
  const [asked, setAsked] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const mayOperate = useMayOperate();
  const close = () => setAsked(null);
  const take = (changed) => {
    keepRuns([changed]);
    onChange(changed);
  };
  const act = (action, word) => async () => {
    setBusy(true);
    try {
      const changed = await action(run.id);
      take(changed);
      notify(`${changed.name} ${word}`);
    } catch (error) {
      notify(reasonOf(error), true);
    }
    setBusy(false);
  };
  const pause = { icon: "pause", busy: isBusy, onClick: act(pauseRun, "is paused") };
  const resume = { icon: "play", kind: "primary", busy: isBusy, onClick: act(resumeRun, "goes on") };
  if (!mayOperate) return null;
  return html`<div class="controls" role="group" aria-label="Controls">
      ${CAN_PAUSE.includes(run.state) && html`<${Button} ...${pause}>Pause<//>`}
      ${run.state === "paused" && html`<${Button} ...${resume}>Resume<//>`}
      ${CAN_STOP.includes(run.state) && html`<${Button} icon="stop" onClick=${() => setAsked("stop")}>Stop<//>`}
      <${ButtonLink} href=${`/runs/new?clone=${run.id}`} icon="clone">Clone<//>
      <${Button} icon="edit" onClick=${() => setAsked("edit")}>Edit<//>
      <${Button} icon="trash" kind="quiet" onClick=${() => setAsked("delete")}>Delete<//>
    </div>
    ${asked === "stop" && html`<${StopDialog} run=${run} onDone=${take} onClose=${close} />`}
    ${asked === "delete" && html`<${DeleteDialog} run=${run} onClose=${close} />`}
    ${asked === "edit" && html`<${EditRun} run=${run} onDone=${take} onClose=${close} />`}`;
}

function StopDialog({ run, onDone, onClose }) {
  const stop = async () => {
    onDone(await stopRun(run.id));
    notify(`${run.name} is stopped`);
  };
  return html`<${Confirm} title=${`Stop ${run.name}?`} action="Stop the run" danger
    onConfirm=${stop} onClose=${onClose}>
    <p>A stopped run cannot go on. Its open generation is given up; what was closed stays. To interrupt it only,
      pause it instead.</p>
  <//>`;
}

function DeleteDialog({ run, onClose }) {
  const remove = async () => {
    await deleteRun(run.id);
    navigate("/runs");
    forgetRun(run.id);
    notify(`${run.name} is deleted`);
  };
  return html`<${Confirm} title=${`Delete ${run.name}?`} action="Delete the run" danger
    onConfirm=${remove} onClose=${onClose}>
    <p>All that it stored goes: its generations, scores and elites. This cannot be undone. Copy or download the best
      seeds first if you want to keep them.</p>
  <//>`;
}
