/** What workers are asked to do with a policy: play it again, record an episode. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { cancelJob, recordPolicy, testPolicy } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Bar, Score, State } from "../../components/values.js";
import { exact, plural } from "../../format.js";
import { withJob, withRollout } from "../../library.js";
import { setQuery } from "../../router.js";
import { notify } from "../../session.js";

const USUAL_EPISODES = 30;
const MOST_EPISODES = 10_000;
const IS_OPEN = ["waiting", "running"];

/** @param {{policy: import("../../types.js").PolicyDetail, change: Function}} props */
export function Jobs({ policy, change }) {
  return html`<section class="section" aria-labelledby="jobs">
    <h2 id="jobs">Play it again</h2>
    <div class="card padded">
      <div class="job-form">
        <${Test} policy=${policy} change=${change} />
        <${Record} policy=${policy} change=${change} />
      </div>
      ${policy.jobs.length > 0 &&
      html`<ul aria-label="Jobs">${policy.jobs.map((job) => html`<${Job} key=${job.id} job=${job} />`)}</ul>`}
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
      notify(error.detail || error.message, true);
    }
    setBusy(false);
  };
  return [isBusy, run];
}

function Test({ policy, change }) {
  const [episodes, setEpisodes] = useState(String(USUAL_EPISODES));
  const [isBusy, test] = useAction(async () => {
    const job = await testPolicy(policy.id, { episodes: Number(episodes) });
    change((detail) => withJob(detail, job));
  });
  const isValid = /^\d+$/.test(episodes) && Number(episodes) >= 1 && Number(episodes) <= MOST_EPISODES;
  const submit = (event) => {
    event.preventDefault();
    if (isValid) test();
  };
  return html`<form class="job-form" onSubmit=${submit}>
    <label class="field" for="episodes"><span>Test on episodes</span>
      <input type="text" id="episodes" inputmode="numeric" autocomplete="off" value=${episodes}
        aria-invalid=${isValid ? undefined : "true"} onInput=${(event) => setEpisodes(event.currentTarget.value)} />
    </label>
    <button type="submit" class="button" disabled=${isBusy || !isValid} aria-busy=${isBusy}>Test</button>
    ${!isValid && html`<p class="error-text" role="alert">A whole number from 1 to ${exact(MOST_EPISODES)}.</p>`}
  </form>`;
}

function Record({ policy, change }) {
  const [isBusy, record] = useAction(async () => {
    const rollout = await recordPolicy(policy.id, {});
    change((detail) => withRollout(detail, rollout));
    setQuery({ rollout: rollout.id });
  });
  return html`<${Button} icon="play" busy=${isBusy} onClick=${record}>Record an episode<//>`;
}

function Job({ job }) {
  const { kind, state, done, total, problem, score, protocol, id } = job;
  const [isBusy, cancel] = useAction(() => cancelJob(id));
  const name = kind === "test" ? `Test on ${plural(total, "episode")}` : "Recording";
  const isOpen = IS_OPEN.includes(state);
  return html`<li class="job">
    <span title=${protocol}>${name}${" "}<span class="under">${protocol}</span></span>
    <${Bar} done=${done} total=${total} label=${`${name}: ${done} of ${total}`} />
    ${score ? html`<${Score} summary=${score} />` : html`<span></span>`}
    ${isOpen
      ? html`<${Button} kind="small" busy=${isBusy} aria-label=${`Cancel: ${name}`} onClick=${cancel}>Cancel<//>`
      : html`<${State} state=${state} reason=${problem} />`}
    ${problem && html`<p class="error-text job-problem">${problem}</p>`}
  </li>`;
}
