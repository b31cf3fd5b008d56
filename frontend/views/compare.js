/** Policies side by side: played in step, and the tree of the beginnings that their chains share. */

import { html, useState } from "../vendor/preact-htm.module.js";
import { getPolicy, recordPolicy, traceLineage } from "../api.js";
import { Empty, Note, Resource } from "../components/notices.js";
import { Player } from "../components/player.js";
import { Button, ButtonLink } from "../components/buttons.js";
import { Score } from "../components/values.js";
import { plural, reasonOf } from "../format.js";
import { useEvents, useFollow, useMayOperate, useResource, useTitle } from "../hooks.js";
import { withRollout } from "../library.js";
import { recordingOf } from "../rollouts.js";
import { Link, policyPath } from "../router.js";
import { notify } from "../session.js";
import { Tree } from "./compare/tree.js";

async function load(ids, signal) {
  const [policies, { items }] = await Promise.all([
    Promise.all(ids.map((id) => getPolicy(id, signal))),
    traceLineage(ids, signal),
  ]);
  return { policies, nodes: items };
}

/** The address names each policy: /policies/compare?id=…&id=… */
export function Compare() {
  useTitle("Compare");
  useFollow("policies", "rollouts");
  const ids = [...new Set(new URLSearchParams(location.search).getAll("id"))];
  if (!ids.length) return html`<${Nothing} />`;
  return html`<${Compared} ids=${ids} />`;
}

function Nothing() {
  return html`<${Empty} title="Nothing to compare" level="h1">
    <p>Mark policies in the library.</p>
    <p><${ButtonLink} href="/policies">Open the library<//></p>
  <//>`;
}

function Compared({ ids }) {
  const resource = useResource(`compare ${ids.join(" ")}`, (signal) => load(ids, signal));
  useEvents(({ type, rollout }) => {
    if (type !== "rollout.changed") return;
    resource.change((data) =>
      data && { ...data, policies: data.policies.map((policy) => withRollout(policy, rollout)) },
    );
  });
  return html`<div class="page">
    <nav aria-label="Where this is">
      <ol class="crumbs"><li><${Link} href="/policies">Library<//></li><li aria-current="page">Compare</li></ol>
    </nav>
    <h1 class="page-title">${plural(ids.length, "policy", "policies")} compared</h1>
    <${Resource} resource=${resource} rows=${8}>
      ${({ policies, nodes }) => html`<${Warning} policies=${policies} /><${Players} policies=${policies} />
        <${Tree} nodes=${nodes} policies=${policies} />`}
    <//>
  </div>`;
}

function Players({ policies }) {
  const items = policies
    .map((policy) => ({ policy, rollout: recordingOf(policy.rollouts) }))
    .filter(({ rollout }) => rollout)
    .map(({ policy, rollout }) => ({ key: policy.id, rollout, caption: html`<${Caption} policy=${policy} />` }));
  const missing = policies.filter(({ rollouts }) => !rollouts.length);
  return html`
    ${items.length > 0 && html`<section class="card recordings" aria-label="Recordings in step">
      <${Player} label="Players in step" items=${items} />
    </section>`}
    ${missing.length > 0 && html`<${Missing} policies=${missing} />`}
  `;
}

function Missing({ policies }) {
  const [isBusy, setBusy] = useState(false);
  const mayOperate = useMayOperate();
  const record = async () => {
    setBusy(true);
    const outcomes = await Promise.allSettled(policies.map(({ id }) => recordPolicy(id, {}))); // Events show them.
    const failed = outcomes.find(({ reason }) => reason)?.reason;
    if (failed) notify(reasonOf(failed), true);
    setBusy(false);
  };
  return html`<p class="quiet-text">${plural(policies.length, "policy", "policies")} not recorded yet.${" "}
    ${mayOperate &&
    html`<${Button} kind="small" icon="play" busy=${isBusy} onClick=${record}>Record an episode of each<//>`}</p>`;
}

/** Scores of different protocols stand beside each other here. */
function Warning({ policies }) {
  const scored = policies.filter(({ score }) => score);
  const rules = new Set(scored.map(({ environment, score }) => `${environment.id}: ${score.protocol}`));
  if (rules.size < 2) return null;
  return html`<${Note} tone="warn"><p>Their scores were made under different protocols and say nothing of each other:
    ${" "}${[...rules].join("; ")}.</p><//>`;
}

function Caption({ policy }) {
  return html`<${Link} href=${policyPath(policy)}>${policy.name}<//> <${Score} summary=${policy.score} />`;
}
