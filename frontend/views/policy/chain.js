/** The chain itself, to read and to take away in several forms. */

import { html, useState } from "../../vendor/preact-htm.module.js";
import { exportPolicy } from "../../api.js";
import { Button, CopyButton } from "../../components/buttons.js";
import { plural, reasonOf, setting } from "../../format.js";
import { saveBlob } from "../../save.js";
import { notify } from "../../session.js";

const SHOWN = 40;
const FORMATS = [
  ["json", "Document", "The chain: what an import reads"],
  ["safetensors", "safetensors", "Weights by tensor"],
  ["onnx", "ONNX", "The network as a graph"],
  ["card", "Model card", "For a model hub"],
];

/** @param {{policy: import("../../types.js").PolicyDetail}} props */
export function Chain({ policy }) {
  const { document: chain, length } = policy;
  const [isWhole, setWhole] = useState(false);
  const seeds = isWhole ? chain.seeds : chain.seeds.slice(0, SHOWN);
  return html`<section class="section" aria-labelledby="chain">
    <div class="section-head"><h2 id="chain">Chain</h2>
      <${CopyButton} text=${JSON.stringify(chain, null, 2)} label="Copy the chain">Copy<//>
    </div>
    <div class="card padded chain">
      <p class="quiet-text">${plural(length, "seed")}, mutation power ${powerText(chain.power)}</p>
      <p class="mono seeds">${seeds.join(" ")}${seeds.length < chain.seeds.length && " …"}</p>
      ${chain.seeds.length > SHOWN &&
      html`<p><${Button} kind="small" aria-expanded=${isWhole} onClick=${() => setWhole(!isWhole)}>
        ${isWhole ? "Show less" : `Show all ${plural(length, "seed")}`}<//></p>`}
    </div>
    <div class="exports" role="group" aria-label="Take away">
      ${FORMATS.map((form) => html`<${Export} key=${form[0]} id=${policy.id} form=${form} />`)}
    </div>
  </section>`;
}

function powerText(power) {
  if (!Array.isArray(power)) return setting(power);
  const kinds = [...new Set(power)];
  return kinds.length <= 4 ? kinds.map(setting).join(", ") : `${kinds.length} different values`;
}

function Export({ id, form: [format, text, title] }) {
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const { name, blob } = await exportPolicy(id, format);
      saveBlob(name, blob);
    } catch (error) {
      notify(reasonOf(error), true);
    }
    setBusy(false);
  };
  return html`<${Button} icon="download" busy=${isBusy} title=${title} aria-label=${`Download: ${text}`}
    onClick=${save}>${text}<//>`;
}
