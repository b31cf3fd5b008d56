/** Plays recordings: one, or several in step, with one row of controls. */

import { html, useEffect } from "../vendor/preact-htm.module.js";
import { clock } from "../format.js";
import { actionOf, FRAME_SECONDS, speedAfter, SPEEDS, useDeck } from "../playback.js";
import { Segmented } from "./buttons.js";
import { Icon } from "./icons.js";
import { Screen } from "./screen.js";

const OWN_KEYS = { button: [" "], radio: [" ", "ArrowLeft", "ArrowRight"] }; // What these know themselves.

/** @param {{label: string, items: {key: string, rollout: import("../types.js").RolloutView, caption?: any}[],
 *   isEager?: boolean, turn?: number}} props `isEager`: plays by itself whenever another recording is given, or `turn`
 *   grows: it was chosen again */
export function Player({ label, items, isEager = false, turn = 0 }) {
  const deck = useDeck();
  const shown = items.map(({ rollout }) => rollout.id).join(" ");
  const start = () => isEager && deck.play();
  useEffect(() => deck.seek(0), [shown]);
  useEffect(() => {
    if (turn) deck.play();
  }, [turn]);
  const press = (event) => {
    const action = actionOf(event.key);
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    if (OWN_KEYS[event.target.type]?.includes(event.key)) return;
    event.preventDefault();
    perform(deck, action);
  };
  return html`<div class="player" role="group" aria-label=${label} onKeyDown=${press}>
    <div class=${`screens${items.length > 1 ? " several" : ""}`}>
      ${items.map(
        ({ key, rollout, caption }) => html`<figure key=${key} class="screen-place">
          <${Screen} key=${rollout.id} rollout=${rollout} attach=${deck.attach(rollout.id)} onToggle=${deck.toggle}
            onReady=${start} />
          ${caption && html`<figcaption>${caption}</figcaption>`}
        </figure>`,
      )}
    </div>
    <${Controls} deck=${deck} label=${label} />
  </div>`;
}

function perform(deck, [name, amount]) {
  const actions = {
    toggle: () => deck.toggle(),
    step: () => deck.step(amount),
    move: () => deck.move(amount),
    speed: () => deck.setSpeed(speedAfter(deck.speed, amount)),
    to: () => deck.seek(amount),
  };
  actions[name]();
}

function Controls({ deck, label }) {
  const isReady = deck.duration > 0;
  const button = (icon, text, key, press) => html`<button type="button" class="button quiet icon-only"
    aria-label=${text} title=${`${text} (${key})`} disabled=${!isReady} onClick=${press}>
    <${Icon} name=${icon} /></button>`;
  return html`<div class="player-controls">
    ${deck.isPlaying ? button("pause", "Pause", "space", deck.toggle) : button("play", "Play", "space", deck.toggle)}
    ${button("stepback", "One frame back", ",", () => deck.step(-1))}
    ${button("stepon", "One frame on", ".", () => deck.step(1))}
    <input type="range" class="seek" aria-label="Place in the video" min="0" max=${deck.duration || 1}
      step=${FRAME_SECONDS} value=${deck.time} disabled=${!isReady}
      aria-valuetext=${`${clock(deck.time)} of ${clock(deck.duration)}`}
      onInput=${(event) => deck.seek(Number(event.currentTarget.value))} />
    <span class="number quiet-text clock">${clock(deck.time)} / ${clock(deck.duration)}</span>
    <${Segmented} label="Speed" name=${`speed ${label}`} value=${String(deck.speed)}
      options=${SPEEDS.map((speed) => [String(speed), speedText(speed)])}
      onChange=${(value) => deck.setSpeed(Number(value))} />
    <p class="keys quiet-text at-small"><kbd>space</kbd> play, <kbd>,</kbd> <kbd>.</kbd> a frame,${" "}
      <kbd>←</kbd> <kbd>→</kbd> a second, <kbd>${"<"}</kbd> <kbd>${">"}</kbd> speed</p>
  </div>`;
}

const speedText = (speed) => ({ 0.25: "¼×", 0.5: "½×" })[speed] ?? `${speed}×`;
