/** What can be done with a policy: name it, tag it, delete it. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { changePolicy, deletePolicy } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Confirm, Dialog } from "../../components/dialog.js";
import { reasonOf } from "../../format.js";
import { tagsOf } from "../../library.js";
import { useMayOperate } from "../../hooks.js";
import { navigate } from "../../router.js";
import { notify } from "../../session.js";

/** @param {{policy: import("../../types.js").PolicyDetail, change: Function}} props */
export function Controls({ policy, change }) {
  const [asked, setAsked] = useState(null);
  const mayOperate = useMayOperate();
  const close = () => setAsked(null);
  if (!mayOperate) return null;
  return html`<div class="controls" role="group" aria-label="Controls">
      <${Button} icon="edit" onClick=${() => setAsked("edit")}>Edit<//>
      ${policy.origin.kind !== "run" &&
      html`<${Button} icon="trash" kind="quiet" onClick=${() => setAsked("delete")}>Delete<//>`}
    </div>
    ${asked === "edit" && html`<${Edit} policy=${policy} change=${change} onClose=${close} />`}
    ${asked === "delete" && html`<${Delete} policy=${policy} onClose=${close} />`}`;
}

function Edit({ policy, change, onClose }) {
  const [name, setName] = useState(policy.name);
  const [tags, setTags] = useState(policy.tags.join(", "));
  const [{ isBusy, error }, setState] = useState({ isBusy: false, error: null });
  const save = async (event) => {
    event.preventDefault();
    setState({ isBusy: true, error: null });
    try {
      const changed = await changePolicy(policy.id, { name, tags: tagsOf(tags) });
      change(() => changed);
      onClose();
    } catch (reason) {
      setState({ isBusy: false, error: reason });
    }
  };
  const field = (id, label, help, value, set) => html`<div class="field">
    <label for=${id}>${label}</label>
    <input type="text" id=${id} value=${value} aria-describedby=${`${id}-help`} autocomplete="off"
      onInput=${(event) => set(event.currentTarget.value)} />
    <p class="help" id=${`${id}-help`}>${help}</p>
  </div>`;
  return html`<${Dialog} title=${`Edit ${policy.name}`} onClose=${onClose}>
    <form onSubmit=${save}>
      ${field("policy-name", "Name", "For people.", name, setName)}
      ${field("policy-tags", "Tags", "With commas between. A tagged policy outlives its run.", tags, setTags)}
      ${error && html`<p class="error-text" role="alert">${reasonOf(error)}</p>`}
      <div class="actions">
        <${Button} onClick=${onClose}>Cancel<//>
        <button type="submit" class="button primary" disabled=${isBusy} aria-busy=${isBusy}>Save</button>
      </div>
    </form>
  <//>`;
}

function Delete({ policy, onClose }) {
  const remove = async () => {
    await deletePolicy(policy.id);
    navigate("/policies");
    notify(`${policy.name} is deleted`);
  };
  return html`<${Confirm} title=${`Delete ${policy.name}?`} action="Delete the policy" danger onConfirm=${remove}
    onClose=${onClose}>
    <p>It leaves the library with its recordings. Download its document first if you want to keep it.</p>
  <//>`;
}
