/** The dashboard's start: follows the server and shows the page that the address names. */

import { html, render } from "./vendor/preact-htm.module.js";
import { App } from "./app.js";
import { start } from "./session.js";

start();
render(html`<${App} />`, document.getElementById("app"));
