/** One recording's picture: its video, or a word about why there is none. */

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.module.js";
import { getRollout, listWorkers, posterUrl, recordPolicy, replaceVideo, requestVideo, videoUrl } from "../api.js";
import { reasonOf } from "../format.js";
import { useEvents, useMayOperate, useResource, useStore } from "../hooks.js";
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
  const failures = useRef(0); // Of the video in the player, one after the other.
  useEffect(() => setKnown(given), [given]);
  useEvents(({ type, rollout }) => {
    if (type !== "rollout.changed" || rollout.id !== given.id) return;
    setKnown(rollout);
    setProblem(null);
  });
  const tell = (error) => {
    if (error.name !== "AbortError") setProblem(error.status === 409 ? error.detail : reasonOf(error));
  };
  const isMissing = known.state !== "failed" && !known.video && !problem;
  useEffect(() => {
    if (!isMissing) return undefined;
    const controller = new AbortController();
    let timer = null;
    const ask = async () => {
      try {
        const later = await requestVideo(known.id, controller.signal);
        // What this page knows else may be older than the video.
        const renewed = later ?? (await getRollout(known.id, controller.signal));
        if (controller.signal.aborted) return;
        if (!renewed.video) timer = setTimeout(ask, ASK_AGAIN_MS);
        failures.current = 0;
        setKnown(renewed);
      } catch (error) {
        tell(error);
      }
    };
    timer = setTimeout(ask, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [isMissing, known.id]);
  const renew = async (request) => {
    try {
      setKnown(await request());
      setProblem(null);
      setTries((count) => count + 1);
    } catch (error) {
      tell(error);
    }
  };
  /** The video could not be played: evicted or replaced since the page learnt of it, cut off on its way, or damaged. */
  const look = async () => {
    failures.current += 1;
    if (failures.current === 1) await renew(() => getRollout(known.id));
    else setProblem(UNPLAYABLE);
  };
  const again = (request) => {
    failures.current = 0;
    return renew(request);
  };
  const retry = () => again(() => recordPolicy(known.policy, { seed: known.seed }));
  const replace = () => again(() => replaceVideo(known.id));
  return { rollout: known, problem, tries, look, retry, replace };
}

/** @param {{rollout: import("../types.js").RolloutView, attach: (element: HTMLVideoElement|null) => void,
 *   onToggle: () => void, onReady: () => void}} props `onReady`: its video can be played */
export function Screen({ rollout: given, attach, onToggle, onReady }) {
  const { rollout, problem, tries, look, retry, replace } = useRecording(given);
  const mayOperate = useMayOperate();
  const isFailed = rollout.state === "failed";
  if (isFailed || problem) {
    const reason = problem ?? rollout.problem ?? "It could not be recorded.";
    return html`<${Standby} rollout=${rollout}>
      <div class="standby-reason"><p role="alert" class="error-text">${reason}</p>
        ${mayOperate && html`<${Button} kind="small" icon="reset" onClick=${retry}>Try again<//>`}
        ${mayOperate &&
        problem === UNPLAYABLE &&
        html`<${Button} kind="small" icon="play" onClick=${replace}>Make it again<//>`}
      </div>
    <//>`;
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

function Standby({ rollout, children }) {
  return html`<div class="screen standby">
    <${Poster} id=${rollout.policy} rollout=${rollout} />
    <div class="standby-word">${children}</div>
  </div>`;
}
