/** What may change while a run goes on: its name, its share, its budget. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { changeRun, getPresets } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Dialog } from "../../components/dialog.js";
import { FormField, NameField } from "../../components/form-field.js";
import { Resource } from "../../components/notices.js";
import { changes, open, refuse, touchAll } from "../../form.js";
import { useResource } from "../../hooks.js";
import { fieldsOf } from "../../schema.js";
import { notify } from "../../session.js";

const ENDED = ["finished", "stopped", "failed"];

/** Of a run that has ended only the name. */
function changeable(schema, { state }) {
  if (ENDED.includes(state)) return [];
  return fieldsOf(schema).filter(({ path }) => path === "weight" || path.startsWith("budget."));
}

/** @param {{run: import("../../types.js").RunDetail, onDone: (run: import("../../types.js").RunDetail) => void,
 *   onClose: () => void}} props */
export function EditRun({ run, onDone, onClose }) {
  const presets = useResource("presets", getPresets);
  return html`<${Dialog} title=${`Edit ${run.name}`} onClose=${onClose}>
    <${Resource} resource=${presets}>
      ${({ schema }) => html`<${EditForm} schema=${schema} run=${run} onDone=${onDone} onClose=${onClose} />`}
    <//>
  <//>`;
}

function EditForm({ schema, run, onDone, onClose }) {
  const [form, setForm] = useState(() => open(schema, changeable(schema, run), run.configuration));
  const [name, setName] = useState(run.name);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (Object.keys(form.problems).length) return setForm(touchAll);
    setBusy(true);
    try {
      onDone(await changeRun(run.id, bodyOf(form, name, run)));
      notify(form.fields.length ? "Changed; a budget is read when a generation closes" : "Renamed");
      return onClose();
    } catch (error) {
      setBusy(false);
      return setForm(refuse(form, error));
    }
  };
  return html`<form onSubmit=${submit} novalidate>
    ${form.refusal && html`<p class="error-text" role="alert">${form.refusal}</p>`}
    <div class="fields">
      <${NameField} value=${name} error=${form.refusals.name} onInput=${setName}
        help="For people; addresses keep working." />
      ${form.fields.map((field) => html`<${FormField} key=${field.path} form=${form} field=${field}
        setForm=${setForm} />`)}
    </div>
    <div class="actions">
      <${Button} onClick=${onClose}>Cancel<//>
      <button type="submit" class="button primary" disabled=${isBusy}>Save</button>
    </div>
  </form>`;
}

function bodyOf(form, name, run) {
  const changed = changes(form);
  const { budget, weight } = form.values;
  return {
    ...(name.trim() && name !== run.name ? { name: name.trim() } : {}),
    ...(changed.includes("weight") ? { weight } : {}),
    ...(changed.some((path) => path.startsWith("budget.")) ? { budget } : {}),
  };
}
