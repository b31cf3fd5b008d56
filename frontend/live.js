/**
 * The websocket `/live`: subscribes to topics, hands events on, and comes back by itself when the connection is lost.
 *
 * The server replays what was missed since the page was sent, or since the connection was lost, or says `resync`: then
 * everything shown must be loaded again.
 */

const ADDRESS = "/api/v1/live";
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const SILENCE_MS = 40_000; // The server pings every 15 s: two missed pings and a margin.

/** Milliseconds before the next attempt: doubled each time, with jitter so that not all browsers knock at once.
 * @param {number} failures since the last success @param {() => number} [random] uniform in [0, 1) */
export function backOff(failures, random = Math.random) {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return delay * (0.75 + random() / 2);
}

/**
 * @typedef {{phase: "connecting"|"online"|"offline", retryAt: number|null, reason?: string|null}} Connection
 *   `retryAt`: milliseconds of the clock at which the next attempt is made; `reason`: what the server says of it, if it
 *   says anything.
 */

/** One connection to `/live` for the whole page. */
export class Live {
  /** @param {{onEvent: (event: Object) => void, onResync: () => void,
   *   onConnection: (connection: Connection) => void}} calls
   * @param {{epoch: number, n: number}} seen the newest event before anything that is shown was loaded */
  constructor({ onEvent, onResync, onConnection }, seen) {
    this.onEvent = onEvent;
    this.onResync = onResync;
    this.onConnection = onConnection;
    this.topics = ["runs", "workers"];
    this.seen = seen;
    this.failures = 0;
    this.socket = null;
    this.timer = null;
  }

  /** Connect now, whether or not an attempt is due. */
  connect() {
    this.disconnect();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${ADDRESS}`);
    this.socket = socket;
    socket.onopen = () => this.#subscribe();
    socket.onmessage = (message) => socket === this.socket && this.#receive(JSON.parse(message.data));
    socket.onclose = () => socket === this.socket && this.#lost();
    this.#watch();
  }

  /** Let the server alone. */
  disconnect() {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Receive events of these topics from now on. @param {string[]} topics */
  follow(topics) {
    if (String(topics) === String(this.topics)) return;
    this.topics = topics;
    if (this.socket?.readyState === WebSocket.OPEN) this.#subscribe();
  }

  #subscribe() {
    this.socket.send(JSON.stringify({ subscribe: this.topics, after: this.seen }));
  }

  #receive(event) {
    this.#watch();
    if (event.type === "ping") return;
    if (event.type === "hello") {
      this.#welcome(event);
      return;
    }
    this.seen = { epoch: event.epoch, n: event.n };
    if (event.type === "resync") this.onResync();
    else this.onEvent(event);
  }

  #welcome({ trouble }) {
    this.failures = 0;
    this.onEvent({ type: "trouble.changed", trouble });
    this.onConnection({ phase: "online", retryAt: null });
  }

  #watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), SILENCE_MS);
  }

  #lost() {
    this.failures += 1;
    const delay = backOff(this.failures);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), delay);
    this.onConnection({ phase: "offline", retryAt: Date.now() + delay });
  }
}
