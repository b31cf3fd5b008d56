/** Asks for a test: on how many episodes, and under which options of its environment. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { getPresets, testPolicy } from "../../api.js";
import { FormField } from "../../components/form-field.js";
import { Resource } from "../../components/notices.js";
import { allFields, open, patch, refuse, touchAll } from "../../form.js";
import { exact, reasonOf } from "../../format.js";
import { useResource } from "../../hooks.js";
import { withJob } from "../../library.js";

const USUAL_EPISODES = 30;
const MOST_EPISODES = 10_000;

/** @param {{policy: import("../../types.js").PolicyDetail, change: Function}} props */
export function TestForm({ policy, change }) {
  const [episodes, setEpisodes] = useState(String(USUAL_EPISODES));
  const [isBusy, setBusy] = useState(false);
  const [form, setForm] = useState(null); // Null while it plays as its own environment says.
  const [refusal, setRefusal] = useState(null);
  const isValid = /^\d+$/.test(episodes) && Number(episodes) >= 1 && Number(episodes) <= MOST_EPISODES;
  const submit = async (event) => {
    event.preventDefault();
    if (form && Object.keys(form.problems).length) return setForm(touchAll);
    if (!isValid) return undefined;
    setBusy(true);
    setRefusal(null);
    try {
      const job = await testPolicy(policy.id, { episodes: Number(episodes), ...(form && patch(form)) });
      change((detail) => withJob(detail, job));
    } catch (error) {
      if (form) setForm(refuse(form, error));
      else setRefusal(reasonOf(error));
    }
    return setBusy(false);
  };
  const problem = isValid ? (form?.refusal ?? refusal) : `A whole number from 1 to ${exact(MOST_EPISODES)}.`;
  return html`<form class="test-form" onSubmit=${submit} novalidate>
    <div class="job-form">
      <label class="field" for="episodes"><span>Test on episodes</span>
        <input type="text" id="episodes" inputmode="numeric" autocomplete="off" value=${episodes}
          aria-invalid=${isValid ? undefined : "true"} aria-describedby=${problem ? "test-problem" : undefined}
          onInput=${(event) => setEpisodes(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button" disabled=${isBusy || !isValid} aria-busy=${isBusy}>Test</button>
    </div>
    ${problem && html`<p class="error-text" role="alert" id="test-problem">${problem}</p>`}
    <${OtherProtocol} policy=${policy} form=${form} setForm=${setForm} />
  </form>`;
}

function OtherProtocol({ policy, form, setForm }) {
  const [isOpen, setOpen] = useState(false);
  const fold = (event) => {
    setOpen(event.currentTarget.open);
    if (!event.currentTarget.open) setForm(null);
  };
  return html`<details class="fold" open=${isOpen} onToggle=${fold}>
    <summary>Under another protocol${" "}<span class="quiet-text">its own: ${policy.protocol}</span></summary>
    ${isOpen && html`<${Options} policy=${policy} form=${form} setForm=${setForm} />`}
  </details>`;
}

function Options({ policy, form, setForm }) {
  const presets = useResource("presets", getPresets);
  return html`<${Resource} resource=${presets} rows=${2}>
    ${({ schema }) => {
      const shown = form ?? open(schema, [], { environment: policy.environment });
      const set = (alter) => setForm((old) => alter(old ?? shown));
      return html`<div class="fields">
          ${allFields(shown).map((field) => html`<${FormField} key=${field.path} form=${shown} field=${field}
            setForm=${set} />`)}
        </div>
        <p class="help">Its own protocol: ${policy.protocol}. Scores made under another stand by themselves, and never
          count as the policy's score.</p>`;
    }}
  <//>`;
}
