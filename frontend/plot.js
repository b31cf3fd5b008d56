/** The only file that touches Plotly: loads it when first needed, draws figure JSON, keeps it in shape. */

const SOURCE = new URL("./vendor/plotly-cartesian.min.js", import.meta.url).href;
const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
};
let loading = null;

/** Loads Plotly ahead of need: one and a half megabytes. @returns {Promise<any>} */
export function prepare() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SOURCE;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      reject(new Error("The chart library did not load"));
    };
    document.head.append(script);
  });
  return loading;
}

/** Draw a figure into an element, or bring what is drawn there up to date; the reader's zoom is kept.
 * @param {HTMLElement} element @param {{data: Object[], layout: Object}} figure
 * @param {{onPick?: (x: number) => void, mark?: number|null}} [more] `onPick`: a point was clicked; `mark`: where on
 *   the x axis an upright line stands */
export async function draw(element, figure, { onPick, mark } = {}) {
  const plotly = await prepare();
  if (!element.isConnected) return;
  const shapes = [...(figure.layout.shapes ?? []), ...marks(element, mark)];
  const layout = { ...figure.layout, autosize: true, shapes };
  const isFirst = !element.data;
  const drawn = plotly.react(element, figure.data, layout, CONFIG);
  // At once: whoever sees the points may click, though the rest is still being drawn.
  if (isFirst && onPick) element.on("plotly_click", ({ points }) => points[0] && onPick(points[0].x));
  await drawn;
}

function marks(element, x) {
  if (x == null) return [];
  const line = { color: getComputedStyle(element).color, width: 1.5, dash: "dot" };
  return [{ type: "line", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line }];
}

/** Free what was drawn in an element. @param {HTMLElement} element */
export function erase(element) {
  if (window.Plotly && element.data) window.Plotly.purge(element);
}
