/** One recording's picture: its video, or what stands for it while there is none. */

import { html, useEffect, useState } from "../vendor/preact-htm.module.js";
import { posterUrl, requestVideo, videoUrl } from "../api.js";
import { useEvents } from "../hooks.js";
import { rolloutWords } from "../rollouts.js";
import { Poster } from "./poster.js";

const SETTLE_MS = 400; // Whoever leafs through recordings asks for none of those passed by.
const ASK_AGAIN_MS = 4000;

/** The recording as events renew it; a video that is not kept any more is asked for. */
function useRecording(given) {
  const [known, setKnown] = useState(given);
  const [problem, setProblem] = useState(null);
  useEffect(() => setKnown(given), [given]);
  useEvents(({ type, rollout }) => type === "rollout.changed" && rollout.id === given.id && setKnown(rollout));
  const isMissing = known.state === "recorded" && !known.video && !problem;
  useEffect(() => {
    if (!isMissing) return undefined;
    const controller = new AbortController();
    let timer = null;
    const ask = () =>
      requestVideo(known.id, controller.signal).then(
        (later) => (later ? (timer = setTimeout(ask, ASK_AGAIN_MS)) : setKnown((old) => ({ ...old, video: true }))),
        (error) => error.name !== "AbortError" && setProblem(error.detail ?? error.message),
      );
    timer = setTimeout(ask, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [isMissing, known.id]);
  return { rollout: known, problem, setProblem };
}

/** @param {{rollout: import("../types.js").RolloutView, attach: (element: HTMLVideoElement|null) => void,
 *   onToggle: () => void, onReady: () => void}} props `onReady`: its video can be played */
export function Screen({ rollout: given, attach, onToggle, onReady }) {
  const { rollout, problem, setProblem } = useRecording(given);
  const words = rolloutWords(rollout);
  const fail = () => setProblem("The browser cannot play this video: it is damaged, or of a kind it does not know.");
  const isFailed = rollout.state === "failed";
  if (isFailed || problem) {
    const reason = rollout.problem ?? problem;
    return html`<${Standby} rollout=${rollout}><p role="alert" class="error-text">${reason}</p><//>`;
  }
  if (rollout.state === "waiting") {
    return html`<${Standby} rollout=${rollout}><p role="status">Being recorded…</p><//>`;
  }
  if (!rollout.video) return html`<${Standby} rollout=${rollout}><p role="status">Video being made…</p><//>`;
  return html`<video class="screen" ref=${attach} src=${videoUrl(rollout.id)} aria-label=${words} tabindex="0" muted
    playsinline preload="auto" poster=${rollout.poster ? posterUrl(rollout.id) : undefined} onClick=${onToggle}
    onLoadedData=${onReady} onError=${fail}></video>`;
}

function Standby({ rollout, children }) {
  return html`<div class="screen standby">
    <${Poster} id=${rollout.policy} rollout=${rollout} />
    <div class="standby-word">${children}</div>
  </div>`;
}
