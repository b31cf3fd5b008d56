/** Playing one video, or several in step: what the controls of a player do. */

import { useCallback, useEffect, useRef, useState } from "./vendor/preact-htm.module.js";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
export const FRAME_SECONDS = 1 / 60;
const DRIFT_SECONDS = 0.1; // Videos further apart are brought together. Of time as one sees it: a seek costs some.
const POLL_MS = 100;

let latestSpeed = 1; // The next player begins as fast as the last one went.

/** The speed after a step up or down. @param {number} speed @param {number} step */
export function speedAfter(speed, step) {
  const place = SPEEDS.indexOf(speed);
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, place + step))];
}

/** What a key does in a player: `toggle`, `step` (frames), `move` (seconds), `speed`, `to`, or nothing.
 * @param {string} key @returns {[string, number]|null} */
export function actionOf(key) {
  const actions = {
    " ": ["toggle", 0],
    k: ["toggle", 0],
    ",": ["step", -1],
    ".": ["step", 1],
    ArrowLeft: ["move", -1],
    ArrowRight: ["move", 1],
    "<": ["speed", -1],
    ">": ["speed", 1],
    Home: ["to", 0],
    End: ["to", Infinity],
  };
  return actions[key] ?? null;
}

/** Where the longest of the videos is, which leads the others. @param {Iterable<HTMLVideoElement>} videos */
function leaderOf(videos) {
  const known = [...videos].filter(({ duration }) => Number.isFinite(duration));
  return known.reduce((best, one) => (best && best.duration >= one.duration ? best : one), null);
}

/** Videos that are played together. Shorter ones stay at their ends while longer ones go on.
 * @returns {{attach: (key: string) => (element: HTMLVideoElement|null) => void, time: number, duration: number,
 *   speed: number, isPlaying: boolean, toggle: () => void, play: () => void, step: (frames: number) => void,
 *   move: (seconds: number) => void, seek: (seconds: number) => void, setSpeed: (speed: number) => void}} */
export function useDeck() {
  const videos = useRef(new Map());
  const setters = useRef(new Map());
  const isWanted = useRef(false); // To play. A video that is told to before it can, or is cut short, is told again.
  const [speed, setSpeed] = useState(latestSpeed);
  const [{ time, duration, isPlaying }, setState] = useState({ time: 0, duration: 0, isPlaying: false });
  const all = () => [...videos.current.values()];
  const look = useCallback(() => {
    const leader = leaderOf(all());
    if (!leader) return;
    const playing = !leader.paused && !leader.ended;
    if (leader.ended) isWanted.current = false;
    if (playing) follow(leader, all());
    else if (isWanted.current) begin(all());
    setState((old) => {
      const next = { time: leader.currentTime, duration: leader.duration, isPlaying: playing };
      return Object.keys(next).every((key) => next[key] === old[key]) ? old : next;
    });
  }, []);
  useEffect(() => {
    const timer = setInterval(look, POLL_MS);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    latestSpeed = speed;
    for (const video of all()) video.playbackRate = speed;
  }, [speed]);
  const attach = (key) => {
    // A key for each video, not for its place: a new one comes before the old one goes.
    if (!setters.current.has(key)) {
      setters.current.set(key, (element) => {
        if (!element) {
          videos.current.delete(key);
          return;
        }
        videos.current.set(key, element);
        element.defaultPlaybackRate = latestSpeed;
        element.playbackRate = latestSpeed;
      });
    }
    return setters.current.get(key);
  };
  const seek = (seconds) => {
    const end = leaderOf(all())?.duration ?? 0;
    const to = Math.min(end, Math.max(0, seconds));
    for (const video of all()) video.currentTime = Math.min(to, video.duration || 0);
    look();
  };
  const play = () => {
    const leader = leaderOf(all());
    if (leader?.ended) seek(0);
    for (const video of all()) video.playbackRate = speed;
    isWanted.current = true;
    begin(all());
    setTimeout(look, 0);
  };
  const pause = () => {
    isWanted.current = false;
    for (const video of all()) video.pause();
    look();
  };
  const toggle = () => (leaderOf(all())?.paused || leaderOf(all())?.ended ? play() : pause());
  const step = (frames) => {
    pause();
    seek((leaderOf(all())?.currentTime ?? 0) + frames * FRAME_SECONDS);
  };
  const move = (seconds) => seek((leaderOf(all())?.currentTime ?? 0) + seconds);
  return { attach, time, duration, speed, isPlaying, toggle, play, step, move, seek, setSpeed };
}

function begin(videos) {
  for (const video of videos) if (video.paused && !video.ended) video.play().catch(() => {}); // It was taken away.
}

function follow(leader, videos) {
  for (const video of videos) {
    if (video === leader || !(leader.currentTime < video.duration)) continue;
    const drift = Math.abs(video.currentTime - leader.currentTime);
    if (drift > DRIFT_SECONDS * Math.max(1, leader.playbackRate)) video.currentTime = leader.currentTime;
    if (video.paused) video.play().catch(() => {});
  }
}
