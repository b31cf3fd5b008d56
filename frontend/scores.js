/** Scores of a policy's episodes, drawn: only scores of one protocol share an axis. Pure. */

const COLUMNS = 61; // Odd: one is in the middle.

/** Scores and episodes by protocol: the policy's own first, the others in the order in which they appear.
 * @param {import("./types.js").PolicyScore[]} scores @param {import("./types.js").EpisodeScore[]} episodes
 * @param {string} own @returns {{protocol: string, isOwn: boolean, scores: import("./types.js").PolicyScore[],
 *   rows: {source: string, scores: number[]}[]}[]} `rows`: the single episodes' */
export function byProtocol(scores, episodes, own) {
  const all = [...new Set([...scores, ...episodes].map(({ protocol }) => protocol))];
  const order = all.sort((a, b) => (b === own) - (a === own));
  return order.map((protocol) => ({
    protocol,
    isOwn: protocol === own,
    scores: scores.filter((score) => score.protocol === protocol),
    rows: bySource(episodes.filter((episode) => episode.protocol === protocol)),
  }));
}

function bySource(episodes) {
  const rows = new Map();
  for (const { source, score } of episodes) rows.set(source, [...(rows.get(source) ?? []), score]);
  return [...rows].map(([source, scores]) => ({ source, scores }));
}

/** The axis that all rows of a protocol share. @param {{scores: number[]}[]} rows @returns {[number, number]} */
export function rangeOf(rows) {
  const scores = rows.flatMap((row) => row.scores);
  return [scores.reduce((a, b) => Math.min(a, b)), scores.reduce((a, b) => Math.max(a, b))];
}

/** Where a score lies between the ends of the axis: 0 to 1. @param {number} score @param {[number, number]} range */
export function placeOf(score, [low, high]) {
  return high > low ? (score - low) / (high - low) : 0.5;
}

/** Dots in stacks, each beside its score's place. @param {number[]} scores @param {[number, number]} range
 * @returns {{x: number, level: number}[]} `x`: from 0 to 1; `level`: 0 at the bottom */
export function dots(scores, range) {
  const heights = new Map();
  return [...scores]
    .sort((a, b) => a - b)
    .map((score) => {
      const column = Math.round(placeOf(score, range) * (COLUMNS - 1));
      const level = heights.get(column) ?? 0;
      heights.set(column, level + 1);
      return { x: column / (COLUMNS - 1), level };
    });
}

/** Mean, sample standard deviation, number. @param {number[]} scores
 * @returns {{mean: number, sd: number|null, n: number, distinct: number}} `distinct` is not known here: all */
export function summaryOf(scores) {
  const n = scores.length;
  const mean = scores.reduce((sum, score) => sum + score, 0) / n;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : null, n, distinct: n };
}

/** Ancestors with what each gained on its parent, which follows it: by validations if both have them, else by fitness.
 * @param {import("./types.js").Ancestor[]} ancestors newest first
 * @returns {(import("./types.js").Ancestor & {gain: number|null})[]} */
export function withGains(ancestors) {
  return ancestors.map((one, place) => {
    const parent = ancestors[place + 1];
    if (!parent) return { ...one, gain: null };
    if (one.validation && parent.validation) return { ...one, gain: one.validation.mean - parent.validation.mean };
    const isKnown = one.fitness != null && parent.fitness != null;
    return { ...one, gain: isKnown ? one.fitness - parent.fitness : null };
  });
}
