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

/** What a recording shows. @param {import("./types.js").RolloutView} rollout */
export function rolloutWords({ label, seed, score: points, steps }) {
  const parts = [`${LABELS[label] ?? label} episode`];
  if (points != null) parts.push(`${score(points)} points`);
  if (steps != null) parts.push(plural(steps, "step"));
  return [...parts, `seed ${seed}`].join(", ");
}
