/** Whether a recording is what it says: its actions, replayed without the network, must give the very same episode. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { verifyRollout } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Icon } from "../../components/icons.js";
import { Bar } from "../../components/values.js";
import { reasonOf, utc } from "../../format.js";
import { useMayOperate } from "../../hooks.js";
import { withJob } from "../../library.js";
import { verificationOf } from "../../rollouts.js";
import { notify } from "../../session.js";

const TITLE = "Replays the actions on a worker, without the network, and compares what comes out";

/** @param {{policy: import("../../types.js").PolicyDetail, rollout: import("../../types.js").RolloutView,
 *   change: Function}} props */
export function Verify({ policy, rollout, change }) {
  const [isAsked, setAsked] = useState(false);
  const mayOperate = useMayOperate();
  const { job, problem } = verificationOf(rollout, policy.jobs);
  if (rollout.state !== "recorded") return null;
  const ask = async () => {
    setAsked(true);
    try {
      const begun = await verifyRollout(rollout.id);
      change((detail) => withJob(detail, begun));
    } catch (error) {
      notify(reasonOf(error), true);
    }
    setAsked(false);
  };
  return html`<div class="verify">
    ${mayOperate &&
    html`<${Button} icon="check" kind="small" busy=${isAsked || Boolean(job)} title=${TITLE} onClick=${ask}>
      ${rollout.verified ? "Verify again" : "Verify"}<//>`}
    <div class="verify-word" role="status" aria-label="Verification">
      ${job ? html`<${Going} job=${job} />` : html`<${Found} verified=${rollout.verified} problem=${problem} />`}
    </div>
  </div>`;
}

function Going({ job: { state, done, total, problem } }) {
  const word = state === "running" ? "A worker replays the actions." : "Waits for a worker.";
  return html`<${Bar} slim done=${done} total=${total} label="Verification" />
    <span class="quiet-text">${problem ?? word}</span>`;
}

function Found({ verified, problem }) {
  if (problem) return html`<span class="error-text">It could not be verified: ${problem}</span>`;
  if (!verified) return null;
  const title = `${utc(verified.at)}, engine ${verified.engine ?? "unknown"}`;
  if (verified.problem) {
    return html`<span class="error-text" title=${title}>Not what it says: ${verified.problem}</span>`;
  }
  return html`<span class="tone-good verified" title=${title}><${Icon} name="check" />
    Verified: score, steps and final memory are exactly the same</span>`;
}
