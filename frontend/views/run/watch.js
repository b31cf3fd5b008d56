/** Watch it learn: a slider over the generations that plays the elite of each. */

import { html, useEffect, useRef } from "../../vendor/preact-htm.module.js";
import { listRollouts } from "../../api.js";
import { Segmented } from "../../components/buttons.js";
import { Icon } from "../../components/icons.js";
import { Loading } from "../../components/notices.js";
import { Player } from "../../components/player.js";
import { mean } from "../../format.js";
import { useEvents, useResource } from "../../hooks.js";
import { recordingOf, renewed, rolloutWords } from "../../rollouts.js";
import { Link, policyPath, setQuery, withQuery } from "../../router.js";
import { nearest, since } from "../../watching.js";

const EPISODES = [
  ["median", "Median"],
  ["best", "Best"],
  ["worst", "Worst"],
];

/** A policy's recordings, renewed by events; those of the one before stay until they are there. */
function useRollouts(policy) {
  const resource = useResource(`rollouts ${policy}`, (signal) => listRollouts(policy, signal));
  useEvents(({ type, rollout }) => {
    if (type !== "rollout.changed" || rollout.policy !== policy) return;
    resource.change((listing) => listing && { items: renewed(listing.items, rollout) });
  });
  const known = useRef([]);
  known.current = resource.data?.items ?? known.current;
  return known.current;
}

/** @param {{watching: {items: import("../../types.js").EliteView[], generation: number|null, isChosen: boolean,
 *   choices: number, choose: (generation: number) => void}, query: Object<string, string>}} props */
export function Watch({ watching, query }) {
  const { items, generation, isChosen, choices } = watching;
  const section = useRef(null);
  useEffect(() => {
    if (isChosen) section.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen, generation, choices]);
  if (!items.length) return null;
  return html`<section class="card recordings" aria-labelledby="watch" ref=${section}>
    <h2 id="watch">Watch it learn</h2>
    <${Chosen} watching=${watching} query=${query} />
  </section>`;
}

function Chosen({ watching: { items, generation, isChosen, choices, choose }, query }) {
  const place = nearest(items, generation);
  const elite = items[place];
  const first = since(items, place);
  const label = EPISODES.some(([name]) => name === query.episode) ? query.episode : "median";
  const rollout = recordingOf(useRollouts(elite.policy), label);
  if (!rollout) return html`<${Loading} />`;
  return html`<div class="watch">
    <${Player} label="Elite at play" items=${[{ key: "elite", rollout }]} isEager=${isChosen}
      turn=${choices} />
    <div class="watch-side">
      <${Slider} items=${items} place=${place} choose=${choose} />
      <p><b>Generation ${elite.generation}</b>${elite.mean == null ? "" : `: elite's mean ${mean(elite.mean)}`}
        ${first < elite.generation && html`<span class="quiet-text">, the elite since generation ${first}</span>`}</p>
      <${Segmented} label="Episode" name="episode" options=${EPISODES} value=${label}
        onChange=${(value) => setQuery({ episode: value === "median" ? null : value })} />
      <p class="quiet-text">${rolloutWords(rollout)}</p>
      <p><${Link} href=${policyPath({ id: elite.policy })}>The elite's page<//> ·${" "}
        <${Link} href=${withQuery({ generation: String(elite.generation) })}>Individuals of the generation<//></p>
    </div>
  </div>`;
}

function Slider({ items, place, choose }) {
  const to = (next) => choose(items[next].generation);
  const { generation, mean: middle } = items[place];
  const text = `Generation ${generation}${middle == null ? "" : `, elite's mean ${mean(middle)}`}`;
  const step = (next, icon, name) => html`<button type="button" class="button quiet icon-only" aria-label=${name}
    title=${name} disabled=${!(next in items)} onClick=${() => to(next)}><${Icon} name=${icon} /></button>`;
  return html`<div class="watch-slider">
    ${step(place - 1, "back", "Elite before")}
    <input type="range" aria-label="Generation of the elite" aria-valuetext=${text} min="0" max=${items.length - 1}
      step="1" value=${place} onInput=${(event) => to(Number(event.currentTarget.value))} />
    ${step(place + 1, "next", "Elite after")}
  </div>`;
}
