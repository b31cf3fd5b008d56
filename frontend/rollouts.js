/** Recordings of a policy: which stands for it, and what one shows, in words. Pure. */

import { plural, score } from "./format.js";

export const LABELS = { best: "Best", median: "Median", worst: "Worst", asked: "Asked for", library: "Recorded" };
const ORDER = ["median", "library", "best", "worst", "asked"];

/** Recordings, the one that stands for the policy first. @param {import("./types.js").RolloutView[]} rollouts */
export function arranged(rollouts) {
  const place = ({ label }) => ORDER.indexOf(label);
  return [...rollouts].sort((a, b) => place(a) - place(b) || a.created_at.localeCompare(b.created_at));
}

/** The recording with this label, else the one that stands for the policy.
 * @param {import("./types.js").RolloutView[]} rollouts @param {string} [label] */
export function recordingOf(rollouts, label) {
  const sorted = arranged(rollouts);
  const named = sorted.find((one) => one.label === label);
  return named ?? sorted.find(({ state }) => state !== "failed") ?? sorted[0] ?? null;
}

/** Recordings of a policy after an event about one. @param {import("./types.js").RolloutView[]} rollouts
 * @param {import("./types.js").RolloutView} rollout */
export function renewed(rollouts, rollout) {
  const isKnown = rollouts.some(({ id }) => id === rollout.id);
  const swapped = rollouts.map((one) => (one.id === rollout.id ? rollout : one));
  return isKnown ? swapped : [...swapped, rollout];
}

/** What a recording shows. @param {import("./types.js").RolloutView} rollout */
export function rolloutWords({ label, seed, score: points, steps }) {
  const parts = [label === "asked" ? "Episode asked for" : `${LABELS[label] ?? label} episode`];
  if (points != null) parts.push(`${score(points)} points`);
  if (steps != null) parts.push(plural(steps, "step"));
  return [...parts, `seed ${seed}`].join(", ");
}

/** What goes on, or went wrong, with a recording's verification: its open job, else why the newest job failed.
 * @param {import("./types.js").RolloutView} rollout @param {import("./types.js").JobView[]} jobs newest first
 * @returns {{job: import("./types.js").JobView|null, problem: string|null}} */
export function verificationOf(rollout, jobs) {
  const own = jobs.filter(({ kind, rollout: id }) => kind === "verification" && id === rollout.id);
  const job = own.find(({ state }) => state === "waiting" || state === "running") ?? null;
  const newest = own.reduce((last, one) => (last && last.created_at >= one.created_at ? last : one), null);
  return { job, problem: newest?.state === "failed" ? newest.problem : null };
}
