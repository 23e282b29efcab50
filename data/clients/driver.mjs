// A driver's connection as an app should keep it, without dependencies.
//
//   node --experimental-websocket data/clients/driver.mjs --url http://127.0.0.1:8000 --identity driver123 --password …
//
// Node 22 and newer need no flag, Node 20.10 and newer this one. Older ones (Debian 12 has Node 18) need the package `ws`,
// which Debian calls node-ws, and no flag. What it shows, and why:
//   4001  the token is bad or expired: refresh, then connect again. Only the server's word (401, 403) ends a session: then
//         log in again if there is a password; a lost network or a busy server is tried again, with growing pauses
//   4003  another phone has taken over: stop, tell the driver, never fight for the connection
//   other codes and lost networks: reconnect with exponential back-off and full jitter, so that a thousand phones do not
//         return in the same second after a restart
//   seq   events may come twice (a replay after a reconnect): what was seen is skipped
//   a pong that does not come within 10 s means the connection is dead although nobody said so

import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

/** The runtime's own, else the package `ws`, also where Debian puts it. */
function findWebSocket() {
  if (globalThis.WebSocket) return globalThis.WebSocket;
  for (const place of ["ws", "/usr/share/nodejs/ws"]) {
    try {
      const found = createRequire(import.meta.url)(place);
      return found.WebSocket ?? found;
    } catch {
      // The next place.
    }
  }
  throw new Error("no WebSocket: use Node 22, Node 20.10 with --experimental-websocket, or install the package ws (node-ws)");
}

const WebSocket = findWebSocket();

/** Keeps one driver connected. Calls back for every new event. */
export class DriverConnection {
  /**
   * @param {object} options url, identity, password; optional onEvent(message), onStop(reason), log(text),
   *   position() returning {latitude, longitude, …}, locationSeconds (10), pingSeconds (30), random (Math.random)
   */
  constructor(options) {
    this.options = { locationSeconds: 10, pingSeconds: 30, random: Math.random, log: () => {}, ...options };
    this.lastSeq = 0;
    this.attempt = 0;
    this.refreshedWithoutSuccess = false;
    this.stopped = false;
    this.timers = [];
  }

  async start() {
    await this.login();
    this.connect();
  }

  /** Going offline: a close of our own, answered with 1000. */
  stop() {
    this.stopped = true;
    clearTimeout(this.retry);
    this.clearTimers();
    this.socket?.close(1000, "driver went offline");
  }

  async call(method, path, body) {
    const response = await fetch(this.options.url + path, {
      method,
      headers: {
        "content-type": "application/json",
        ...(this.accessToken ? { authorization: `Bearer ${this.accessToken}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw Object.assign(new Error(answer.detail ?? response.statusText), { status: response.status });
    return answer;
  }

  async login() {
    const { identity, password } = this.options;
    this.accessToken = undefined;
    this.take(await this.call("POST", "/api/v1/auth/login", { identity, password }));
  }

  async refresh() {
    this.accessToken = undefined;
    this.take(await this.call("POST", "/api/v1/auth/refresh", { refresh_token: this.refreshToken }));
  }

  /** A new token, however long it takes; false when the server says that there is none for us. */
  async renew() {
    for (let attempt = 0; !this.stopped; attempt++) {
      for (const way of this.options.password ? ["refresh", "login"] : ["refresh"]) {
        try {
          await this[way]();
          return true;
        } catch (error) {
          // 401 and 403 are an answer; anything else (no network, 429, 5xx) says nothing about the session.
          if (error.status !== 401 && error.status !== 403) break;
          if (way === "login" || !this.options.password) return false;
        }
      }
      await new Promise((resolve) => (this.retry = setTimeout(resolve, this.pause(attempt))));
    }
    return false;
  }

  take(session) {
    this.accessToken = session.access_token;
    this.refreshToken = session.refresh_token ?? this.refreshToken;
    this.driverID = session.driver_id ?? session.driver?.id ?? this.driverID;
  }

  connect() {
    if (this.stopped) return;
    const base = this.options.url.replace(/^http/, "ws");
    const socket = new WebSocket(`${base}/api/v1/ws/driver/${this.driverID}?token=${this.accessToken}`);
    this.socket = socket;
    let hasOpened = false;
    socket.onopen = () => {
      hasOpened = true;
      this.opened(socket);
    };
    socket.onmessage = (event) => {
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return this.options.log("a message that is no JSON was passed over");
      }
      this.received(socket, message);
    };
    socket.onclose = (event) => {
      // Only the current socket may decide: a late close of an older one must not disturb a newer one.
      if (socket === this.socket) this.closed(event.code, event.reason);
    };
    // Some runtimes (Node 20) tell a failed handshake by an error alone, without a close.
    socket.onerror = () => {
      if (!hasOpened) this.abandon(socket, "could not connect");
    };
  }

  opened(socket) {
    this.options.log("connected");
    const ping = () => {
      this.send(socket, { type: "ping" });
      clearTimeout(this.pongDue);
      this.pongDue = setTimeout(() => this.abandon(socket, "no pong"), 10_000);
    };
    const locate = () => {
      const position = this.options.position?.();
      if (position) {
        this.send(socket, { type: "location_update", data: { timestamp: new Date().toISOString(), ...position } });
      }
    };
    locate();
    this.timers = [
      setInterval(ping, this.options.pingSeconds * 1000),
      setInterval(locate, this.options.locationSeconds * 1000),
    ];
  }

  send(socket, message) {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  /** Gives a connection up without waiting for a close that may never come. */
  abandon(socket, why) {
    if (socket !== this.socket) return;
    this.socket = undefined;
    socket.close();
    this.closed(1006, why);
  }

  received(socket, message) {
    if (message.type === "pong") return clearTimeout(this.pongDue);
    // Accepted for real only now: a refused token is told after the upgrade.
    this.attempt = 0;
    this.refreshedWithoutSuccess = false;
    if (typeof message.seq === "number") {
      this.send(socket, { type: "ack", seq: message.seq });
      if (message.seq <= this.lastSeq) return;
      this.lastSeq = message.seq;
    }
    this.options.onEvent?.(message);
  }

  async closed(code, reason) {
    this.clearTimers();
    this.options.log(`closed ${code} ${reason}`);
    if (this.stopped) return;
    if (code === 4003) return this.end("logged in elsewhere");
    if (code === 4001) {
      if (reason === "driver_blocked") return this.end("blocked");
      if (this.refreshedWithoutSuccess) return this.end("session over, log in again");
      this.refreshedWithoutSuccess = true;
      if (await this.renew()) return this.connect();
      if (!this.stopped) this.end("session over, log in again");
      return;
    }
    this.reconnectLater();
  }

  /** Full jitter: anywhere between 0 and the ceiling, which doubles from 1 s to 30 s. */
  pause(attempt) {
    return this.options.random() * Math.min(30_000, 1000 * 2 ** attempt);
  }

  reconnectLater() {
    const delay = this.pause(this.attempt++);
    this.options.log(`reconnecting in ${Math.round(delay)} ms`);
    this.retry = setTimeout(() => this.connect(), delay);
  }

  end(reason) {
    this.stopped = true;
    this.options.onStop?.(reason);
  }

  clearTimers() {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
    clearTimeout(this.pongDue);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({
    options: {
      url: { type: "string", default: "http://127.0.0.1:8000" },
      identity: { type: "string" },
      password: { type: "string" },
      latitude: { type: "string", default: "12.9352" },
      longitude: { type: "string", default: "77.6245" },
    },
  });
  if (!values.identity || !values.password) {
    console.error("usage: driver.mjs --identity … --password … [--url http://127.0.0.1:8000]");
    process.exit(64);
  }
  const connection = new DriverConnection({
    ...values,
    position: () => ({ latitude: Number(values.latitude), longitude: Number(values.longitude) }),
    onEvent: (message) => console.log(JSON.stringify(message)),
    onStop: (reason) => {
      console.error(reason);
      process.exitCode = 1;
    },
    log: (text) => console.error(text),
  });
  process.on("SIGINT", () => connection.stop());
  await connection.start();
  await connection.call("PUT", "/api/v1/driver/status", { status: "online" });
}
