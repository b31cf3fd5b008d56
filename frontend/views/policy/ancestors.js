/** A policy's line of descent: each ancestor with its score, and where the gains came from. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { importPolicy, listAncestors, recordPolicy } from "../../api.js";
import { Button } from "../../components/buttons.js";
import { Resource } from "../../components/notices.js";
import { Sparkline } from "../../components/sparkline.js";
import { Score } from "../../components/values.js";
import { ancestorDocument } from "../../chain.js";
import { plural, reasonOf, score, signed } from "../../format.js";
import { useMayOperate, useResource } from "../../hooks.js";
import { Link, navigate, policyPath } from "../../router.js";
import { withGains } from "../../scores.js";
import { notify } from "../../session.js";

const SHOWN = 20;
const PAGE = 500;

/** The policy's newest ancestors, and what loads those before them. */
function useAncestors(id) {
  const resource = useResource(`ancestors ${id}`, (signal) => listAncestors(id, {}, signal));
  const loadAll = async () => {
    let { items, next_cursor: cursor } = resource.data;
    while (cursor) {
      const page = await listAncestors(id, { cursor, limit: PAGE });
      items = [...items, ...page.items];
      cursor = page.next_cursor;
    }
    resource.change(() => ({ items, next_cursor: null }));
  };
  return { resource, loadAll };
}

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Ancestors({ policy }) {
  const { resource, loadAll } = useAncestors(policy.id);
  return html`<section class="section" aria-labelledby="ancestors">
    <h2 id="ancestors">Ancestors</h2>
    <${Resource} resource=${resource}>
      ${({ items, next_cursor: cursor }) => (items.length > 1
        ? html`<${Line} items=${withGains(items)} hasMore=${Boolean(cursor)} policy=${policy} loadAll=${loadAll} />`
        : html`<p class="quiet-text">It is of the first generation: it has none.</p>`)}
    <//>
  </section>`;
}

const middle = ({ validation, fitness }) => validation?.mean ?? fitness;

function Line({ items, hasMore, policy, loadAll }) {
  const [{ isWhole, isBusy }, setState] = useState({ isWhole: false, isBusy: false });
  const showAll = async () => {
    setState({ isWhole: false, isBusy: true });
    try {
      await loadAll();
      setState({ isWhole: true, isBusy: false });
    } catch (error) {
      notify(reasonOf(error), true);
      setState({ isWhole: false, isBusy: false });
    }
  };
  const shown = isWhole ? items : items.slice(0, SHOWN);
  const known = items.map(middle).filter((value) => value != null).reverse();
  const most = items.reduce((top, { gain }) => Math.max(top, gain ?? 0), 0);
  return html`<p class="quiet-text intro line-intro"><${Sparkline} values=${known} />
      <span>${plural(policy.length, "individual")} from the first generation on, the newest first. A gain is what a
        mutation added to its parent's score: noise included.</span></p>
    <div class="card"><table class="table">
      <caption class="hidden">Ancestors, newest first</caption>
      <thead><tr><th scope="col">Born</th><th scope="col" class="right at-small">Fitness</th>
        <th scope="col" class="right">Validation</th><th scope="col" class="right">Gain</th>
        <th scope="col">Play</th></tr></thead>
      <tbody>
        ${shown.map(
          (one, place) => html`<${Row} key=${`${one.generation} ${one.index}`} one=${one} most=${most}
            descendant=${policy} place=${place} />`,
        )}
      </tbody>
    </table></div>
    ${(hasMore || shown.length < items.length) && html`<div class="more"><${Button} busy=${isBusy} onClick=${showAll}>
      Show all ${plural(policy.length, "ancestor")}<//></div>`}`;
}

function Row({ one, most, descendant, place }) {
  const { generation, index, fitness, validation, gain, policy } = one;
  const play = policy
    ? html`<${Play} id=${policy} generation=${generation} isSelf=${!place} />`
    : html`<${Bring} one=${one} descendant=${descendant} place=${place} />`;
  return html`<tr>
    <th scope="row" class="number" title=${`Generation ${generation}, individual ${index}`}>${generation}·${index}</th>
    <td class="right number at-small">${score(fitness)}</td>
    <td class="right"><${Score} summary=${validation} /></td>
    <td class="right number"><${Gain} gain=${gain} most=${most} /></td>
    <td>${play}</td>
  </tr>`;
}

function Play({ id, generation, isSelf }) {
  if (isSelf) return html`<span class="quiet-text">this one</span>`;
  const label = `Play the ancestor of generation ${generation}`;
  return html`<${Link} href=${`${policyPath({ id })}?play=1`} aria-label=${label}>play<//>`;
}

/** An ancestor that was never an elite is not in the library; but its chain is known, and so it can be played. */
function Bring({ one: { generation, index }, descendant, place }) {
  const [isBusy, setBusy] = useState(false);
  const mayOperate = useMayOperate();
  const bring = async () => {
    setBusy(true);
    try {
      const name = `${descendant.origin.run_name ?? "A run"}, individual ${generation}·${index}`;
      const brought = await importPolicy(JSON.stringify(ancestorDocument(descendant.document, place, name)));
      const rollout = await recordPolicy(brought.id, {});
      notify(`${brought.name} is in the library; an episode is being recorded`);
      navigate(`${policyPath(brought)}?rollout=${rollout.id}&play=1`);
    } catch (error) {
      notify(reasonOf(error), true);
      setBusy(false);
    }
  };
  if (!mayOperate) return null;
  return html`<${Button} kind="small" busy=${isBusy} onClick=${bring}
    aria-label=${`Record the ancestor of generation ${generation}`}
    title="It was no elite: this takes it into the library and records an episode">record<//>`;
}

function Gain({ gain, most }) {
  if (gain == null) return html`<span class="none">–</span>`;
  if (gain <= 0) return html`<span class="quiet-text">${gain ? signed(gain) : "0"}</span>`;
  return html`<span class="gain"><span class="gain-bar" aria-hidden="true"
    style=${{ transform: `scaleX(${gain / most})` }}></span>${signed(gain)}</span>`;
}
