/** The tree of beginnings that chains share, laid out. Pure. */

/**
 * @typedef {{x: number, row: number, length: number, policies: string[], parent: Place|null, under: number}} Place
 *   `x`: from 0 (no seed) to 1 (the longest chain); `row`: the policy's line, or the middle of the lines below it;
 *   `under`: how many policies have this beginning.
 */

/** Places of the nodes, and the policies from top to bottom: those that share most stand together.
 * @param {import("./types.js").LineageNode[]} nodes parents before children
 * @returns {{places: Place[], policies: string[]}} */
export function layOut(nodes) {
  const longest = nodes.reduce((most, { length }) => Math.max(most, length), 1);
  const children = nodes.map(() => []);
  nodes.forEach(({ parent }, place) => parent != null && children[parent].push(place));
  const places = nodes.map(({ length, policies }) => {
    return { x: length / longest, row: 0, length, policies, parent: null, under: 0 };
  });
  const policies = [];
  const visit = (place) => {
    const node = places[place];
    const first = policies.length;
    policies.push(...node.policies);
    for (const child of children[place]) {
      places[child].parent = node;
      visit(child);
    }
    node.row = (first + policies.length - 1) / 2;
    node.under = policies.length - first;
  };
  nodes.forEach(({ parent }, place) => parent == null && visit(place));
  return { places, policies };
}
