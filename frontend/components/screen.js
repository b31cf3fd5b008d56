/** One recording's picture: its video, or a word about why there is none. */

import { html, useEffect, useState } from "../vendor/preact-htm.module.js";
import { listWorkers, posterUrl, recordPolicy, requestVideo, videoUrl } from "../api.js";
import { reasonOf } from "../format.js";
import { useEvents, useResource, useStore } from "../hooks.js";
import { rolloutWords } from "../rollouts.js";
import { Button } from "./buttons.js";
import { Poster } from "./poster.js";

const SETTLE_MS = 400; // Whoever leafs through recordings asks for none of those passed by.
const ASK_AGAIN_MS = 4000;
const AT_WORK = ["working", "idle"];
const UNPLAYABLE = "The browser cannot play this video: it is damaged, or of a kind it does not know.";

/** The recording as events renew it; a missing video is asked for, which also puts it before what nobody watches. */
function useRecording(given) {
  const [known, setKnown] = useState(given);
  const [problem, setProblem] = useState(null);
  const [tries, setTries] = useState(0);
  useEffect(() => setKnown(given), [given]);
  useEvents(({ type, rollout }) => {
    if (type !== "rollout.changed" || rollout.id !== given.id) return;
    setKnown(rollout);
    setProblem(null);
  });
  const tell = (error) => {
    if (error.name !== "AbortError") setProblem(error.status === 409 ? error.detail : reasonOf(error));
  };
  const without = (video) => setKnown((old) => ({ ...old, video }));
  const isMissing = known.state !== "failed" && !known.video && !problem;
  useEffect(() => {
    if (!isMissing) return undefined;
    const controller = new AbortController();
    let timer = null;
    const ask = () =>
      requestVideo(known.id, controller.signal).then((later) => {
        if (later) timer = setTimeout(ask, ASK_AGAIN_MS);
        setKnown((old) => later ?? { ...old, video: true });
      }, tell);
    timer = setTimeout(ask, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [isMissing, known.id]);
  /** The video could not be played: it may have been evicted after the page learnt of it. */
  const look = () => requestVideo(known.id).then((later) => (later ? without(false) : setProblem(UNPLAYABLE)), tell);
  const retry = async () => {
    try {
      setKnown(await recordPolicy(known.policy, { seed: known.seed }));
      setTries((count) => count + 1);
      setProblem(null);
    } catch (error) {
      tell(error);
    }
  };
  return { rollout: known, problem, tries, look, retry };
}

/** @param {{rollout: import("../types.js").RolloutView, attach: (element: HTMLVideoElement|null) => void,
 *   onToggle: () => void, onReady: () => void}} props `onReady`: its video can be played */
export function Screen({ rollout: given, attach, onToggle, onReady }) {
  const { rollout, problem, tries, look, retry } = useRecording(given);
  const isFailed = rollout.state === "failed";
  if (isFailed || problem) {
    return html`<${Refusal} rollout=${rollout} reason=${problem ?? rollout.problem} onRetry=${retry} />`;
  }
  if (rollout.state === "waiting") return html`<${Awaited} rollout=${rollout} word="Being recorded…" />`;
  if (!rollout.video) return html`<${Awaited} rollout=${rollout} word="Video being made…" />`;
  const source = `${videoUrl(rollout.id)}${tries ? `?try=${tries}` : ""}`;
  return html`<video class="screen" ref=${attach} src=${source} aria-label=${rolloutWords(rollout)} tabindex="0" muted
    playsinline preload="auto" poster=${rollout.poster ? posterUrl(rollout.id) : undefined} onClick=${onToggle}
    onLoadedData=${onReady} onError=${look}></video>`;
}

/** It comes by itself, unless nobody is there to make it. */
function Awaited({ rollout, word }) {
  const listed = useResource("workers now", listWorkers).data?.items;
  const workers = useStore((state) => state.workers) ?? listed;
  const isAlone = Boolean(workers) && !workers.some(({ state }) => AT_WORK.includes(state));
  return html`<${Standby} rollout=${rollout}>
    <p role="status">${isAlone ? "No worker is connected: the video is made when one comes." : word}</p>
  <//>`;
}

function Refusal({ rollout, reason, onRetry }) {
  return html`<${Standby} rollout=${rollout}>
    <div class="standby-reason"><p role="alert" class="error-text">${reason ?? "It could not be recorded."}</p>
      <${Button} kind="small" icon="reset" onClick=${onRetry}>Try again<//></div>
  <//>`;
}

function Standby({ rollout, children }) {
  return html`<div class="screen standby">
    <${Poster} id=${rollout.policy} rollout=${rollout} />
    <div class="standby-word">${children}</div>
  </div>`;
}
