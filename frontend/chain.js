/** Seed chains as documents that `neuroevo policy` and an import read. Pure. */

const FORMAT = "philox-1";

/** The document of a run's policy. @param {import("./types.js").RunDetail} run @param {number[]} seeds
 * @returns {import("./types.js").ChainDocument} */
export function chainDocument({ architecture, configuration }, seeds) {
  const { environment, mutation_power: power } = configuration;
  return { format: FORMAT, architecture, environment, seeds, power };
}

/** The document as text. @param {import("./types.js").RunDetail} run @param {number[]} seeds */
export function chainText(run, seeds) {
  return JSON.stringify(chainDocument(run, seeds), null, 2);
}

/** The document of the ancestor that is so many mutations older: its chain is the beginning of its descendant's.
 * @param {import("./types.js").ChainDocument} chain @param {number} mutations @param {string} name */
export function ancestorDocument({ format, architecture, environment, seeds, power }, mutations, name) {
  const shorter = (list) => list.slice(0, list.length - mutations);
  return {
    ...{ format, architecture, environment, name, tags: ["ancestor"] },
    seeds: shorter(seeds),
    power: Array.isArray(power) ? shorter(power) : power,
  };
}
