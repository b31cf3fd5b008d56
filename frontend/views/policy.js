/** A policy's page: to see it play, and everything known of it. */

import { html } from "../vendor/preact-htm.module.js";
import { getPolicy } from "../api.js";
import { Resource } from "../components/notices.js";
import { Normalised, OriginOf, Tags } from "../components/policy.js";
import { Ago, Score } from "../components/values.js";
import { useEvents, useFollow, useResource, useTitle } from "../hooks.js";
import { withJob, withRollout } from "../library.js";
import { Link } from "../router.js";
import { NotFound } from "./not-found.js";
import { Ancestors } from "./policy/ancestors.js";
import { Chain } from "./policy/chain.js";
import { Controls } from "./policy/controls.js";
import { Facts } from "./policy/facts.js";
import { Jobs } from "./policy/jobs.js";
import { Recordings } from "./policy/recordings.js";
import { Scores } from "./policy/scores.js";

/** The details, renewed by events. */
function usePolicy(id) {
  const resource = useResource(`policy ${id}`, (signal) => getPolicy(id, signal));
  useEvents((event) => {
    const { data, change, reload } = resource;
    if (!data) return;
    if (event.type === "rollout.changed") change((detail) => withRollout(detail, event.rollout));
    if (event.type === "policy.changed" && event.policy.id === data.id) reload();
    if (event.type !== "job.changed" || event.job.policy !== data.id) return;
    change((detail) => withJob(detail, event.job));
    if (event.job.state === "done") reload(); // Its scores.
  });
  return resource;
}

/** @param {{route: import("../router.js").Route}} props */
export function Policy({ route: { id, query } }) {
  useFollow("policies", "rollouts", "jobs");
  const resource = usePolicy(id);
  const status = resource.error?.status;
  if (status === 404) return html`<${NotFound} what="There is no such policy" back="/policies" />`;
  if (status === 409) return html`<${NotFound} what="Several policies have ids that begin so" back="/policies" />`;
  return html`<div class="page">
    <${Resource} resource=${resource} rows=${8}>
      ${(policy) => html`<${Loaded} policy=${policy} query=${query} change=${resource.change} />`}
    <//>
  </div>`;
}

function Loaded({ policy, query, change }) {
  useTitle(policy.name);
  return html`
    <${Header} policy=${policy} change=${change} />
    <div class="policy-main">
      <${Recordings} policy=${policy} query=${query} change=${change} />
      <div class="policy-side">
        <${Facts} policy=${policy} />
        <${Jobs} policy=${policy} change=${change} />
      </div>
    </div>
    <${Scores} policy=${policy} />
    <${Chain} policy=${policy} />
    ${policy.origin.kind === "run" && html`<${Ancestors} policy=${policy} />`}
  `;
}

function Header({ policy, change }) {
  const { id, name, score, normalised, environment, origin, created_at: at, tags } = policy;
  return html`<header class="run-header">
    <nav aria-label="Where this is">
      <ol class="crumbs"><li><${Link} href="/policies">Library<//></li>
        <li class="mono" aria-current="page" title=${id}>${id.slice(0, 12)}</li></ol>
    </nav>
    <div class="run-title">
      <h1 class="page-title">${name}</h1>
      <span class="headline"><${Score} summary=${score} /> <${Normalised} value=${normalised} /></span>
      <${Controls} policy=${policy} change=${change} />
    </div>
    <p class="quiet-text">${environment.id} · <${OriginOf} origin=${origin} /> · added${" "}<${Ago} at=${at} /></p>
    <${Tags} tags=${tags} />
  </header>`;
}
