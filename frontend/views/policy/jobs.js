/** What workers are asked to do with a policy: play it again, record an episode. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { cancelJob, recordPolicy } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Bar, Score, State } from "../../components/values.js";
import { plural, reasonOf } from "../../format.js";
import { useMayOperate } from "../../hooks.js";
import { withRollout } from "../../library.js";
import { setQuery } from "../../router.js";
import { notify } from "../../session.js";
import { TestForm } from "./test-form.js";

const KINDS = { recording: "Recording", verification: "Verification" };
const IS_OPEN = ["waiting", "running"];

/** @param {{policy: import("../../types.js").PolicyDetail, change: Function}} props */
export function Jobs({ policy, change }) {
  const mayOperate = useMayOperate();
  if (!mayOperate && !policy.jobs.length) return null;
  return html`<section class="section" aria-labelledby="jobs">
    <h2 id="jobs">Play it again</h2>
    <div class="card padded">
      ${mayOperate && html`<${TestForm} key=${policy.id} policy=${policy} change=${change} />
        <p class="job-record"><${Record} policy=${policy} change=${change} /></p>`}
      ${policy.jobs.length > 0 && html`<ul aria-label="Jobs">
        ${policy.jobs.map((job) => html`<${Job} key=${job.id} job=${job} own=${policy.protocol} />`)}</ul>`}
    </div>
  </section>`;
}

/** An action with a button that waits for it. */
function useAction(act) {
  const [isBusy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      notify(reasonOf(error), true);
    }
    setBusy(false);
  };
  return [isBusy, run];
}

function Record({ policy, change }) {
  const [isBusy, record] = useAction(async () => {
    const rollout = await recordPolicy(policy.id, {});
    change((detail) => withRollout(detail, rollout));
    setQuery({ rollout: rollout.id });
  });
  return html`<${Button} icon="play" busy=${isBusy} onClick=${record}>Record an episode<//>`;
}

function Job({ job, own }) {
  const { kind, state, done, total, problem, score, protocol, id } = job;
  const [isBusy, cancel] = useAction(() => cancelJob(id));
  const mayOperate = useMayOperate();
  const name = kind === "test" ? `Test on ${plural(total, "episode")}` : KINDS[kind];
  const isOpen = IS_OPEN.includes(state);
  return html`<li class="job">
    <span>${name}${" "}<span class="under">${protocol}${protocol !== own && html`${" "}
      <span class="tag">another protocol</span>`}</span></span>
    <${Bar} done=${done} total=${total} label=${`${name}: ${done} of ${total}`} />
    ${score ? html`<${Score} summary=${score} />` : html`<span></span>`}
    ${isOpen && mayOperate
      ? html`<${Button} kind="small" busy=${isBusy} aria-label=${`Cancel: ${name}`} onClick=${cancel}>Cancel<//>`
      : html`<${State} state=${state} reason=${problem} />`}
    ${problem && html`<p class="error-text job-problem">${problem}</p>`}
  </li>`;
}
