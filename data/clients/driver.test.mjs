// The decisions of driver.mjs, without a network and without waiting: `node data/clients/driver.test.mjs`.
// The runtime's WebSocket, fetch and timers are replaced before the client is loaded; time passes when a test says so.

import assert from "node:assert/strict";
import test from "node:test";

/** What a test sees of the outside: sockets that were opened, requests that were made, timers that run. */
const world = { sockets: [], requests: [], timers: new Map(), now: 0, next: 1, answers: [] };

class FakeWebSocket {
  static OPEN = 1;

  constructor(url) {
    Object.assign(this, { url, readyState: 0, sent: [], closed: undefined });
    world.sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.readyState = 3;
    this.closed = code ?? 1005;
  }

  // The server's side.

  open() {
    this.readyState = FakeWebSocket.OPEN;
    this.onopen();
  }

  says(message) {
    this.onmessage({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  ends(code, reason = "") {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}

function timer(run, delay, every) {
  const id = world.next++;
  world.timers.set(id, { run, at: world.now + delay, delay, every });
  return id;
}

globalThis.WebSocket = FakeWebSocket;
globalThis.setTimeout = (run, delay = 0) => timer(run, delay);
globalThis.setInterval = (run, delay) => timer(run, delay, delay);
globalThis.clearTimeout = globalThis.clearInterval = (id) => world.timers.delete(id);
globalThis.fetch = async (url, request) => {
  const path = new URL(url).pathname.replace("/api/v1/auth/", "");
  world.requests.push({ path, body: JSON.parse(request.body) });
  const answer = world.answers.shift() ?? 200;
  if (answer === "lost") throw new TypeError("fetch failed");
  const session = { access_token: `a${world.requests.length}`, refresh_token: `r${world.requests.length}`, driver_id: 7 };
  return { ok: answer === 200, status: answer, json: async () => (answer === 200 ? session : { detail: `${answer}` }) };
};

const { DriverConnection } = await import("./driver.mjs");

/** Lets promises that are ready go on. */
const settle = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Lets time pass, timer by timer. */
async function pass(milliseconds) {
  const end = world.now + milliseconds;
  for (;;) {
    await settle();
    const due = [...world.timers].filter(([, each]) => each.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
    if (!due) break;
    const [id, each] = due;
    world.now = each.at;
    if (each.every) each.at += each.every;
    else world.timers.delete(id);
    each.run();
  }
  world.now = end;
  await settle();
}

const latest = () => world.sockets.at(-1);
const waits = () => [...world.timers.values()].filter((each) => !each.every).map((each) => each.delay);

/** A connection that is open and has been accepted, and everything that it reports. */
async function connected(options = {}) {
  Object.assign(world, { sockets: [], requests: [], now: 0, answers: [] });
  world.timers.clear();
  const told = { events: [], stops: [] };
  const connection = new DriverConnection({
    url: "http://tiffin.test",
    identity: "asha",
    password: "secret",
    random: () => 0.5,
    onEvent: (message) => told.events.push(message),
    onStop: (reason) => told.stops.push(reason),
    ...options,
  });
  await connection.start();
  latest().open();
  latest().says({ type: "connection_ack", data: {} });
  world.requests.length = 0;
  return { connection, told };
}

test("the pause lies between nothing and a ceiling that doubles to thirty seconds", () => {
  for (const [attempt, ceiling] of [1, 2, 4, 8, 16, 30, 30, 30].entries()) {
    for (const random of [0, 0.25, 0.999999]) {
      const pause = new DriverConnection({ random: () => random }).pause(attempt);
      assert.ok(pause >= 0 && pause < ceiling * 1000, `${attempt}: ${pause}`);
      assert.equal(pause, random * ceiling * 1000);
    }
  }
  assert.equal(new DriverConnection({ random: () => 1 }).pause(5000), 30_000);
  const drawn = Array.from({ length: 1000 }, () => new DriverConnection({}).pause(3));
  assert.ok(Math.min(...drawn) < 800 && Math.max(...drawn) > 7200 && Math.max(...drawn) < 8000, "spread over all of it");
});

test("a lost connection is tried again with growing pauses, which begin anew once the server has spoken", async () => {
  const { told } = await connected();
  for (const pause of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    latest().ends(1006);
    await settle();
    assert.deepEqual(waits(), [pause]);
    const before = world.sockets.length;
    await pass(pause - 1);
    assert.equal(world.sockets.length, before);
    await pass(1);
    assert.equal(world.sockets.length, before + 1);
    // Open is not yet accepted: a refused token is told after the upgrade.
    latest().open();
  }
  latest().says({ type: "connection_ack", data: {} });
  latest().ends(1012, "restart");
  await settle();
  assert.deepEqual(waits(), [500]);
  assert.deepEqual(told.stops, []);
});

test("4003 is the end: no timer, no socket, no request", async () => {
  const { told } = await connected();
  latest().ends(4003, "replaced");
  await pass(600_000);
  assert.deepEqual(told.stops, ["logged in elsewhere"]);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.timers.size, 0);
  assert.deepEqual(world.requests, []);
});

test("4001 renews the token and connects with it", async () => {
  const { told } = await connected();
  latest().ends(4001, "token_expired");
  await settle();
  assert.deepEqual(world.requests, [{ path: "refresh", body: { refresh_token: "r1" } }]);
  assert.equal(world.sockets.length, 2);
  assert.match(latest().url, /\/ws\/driver\/7\?token=a1$/);
  assert.deepEqual(told.stops, []);
});

test("a refresh that the server refuses is followed by a log-in, and one that it refuses too by the end", async () => {
  const { told } = await connected();
  world.answers = [401];
  latest().ends(4001, "token_expired");
  await settle();
  assert.deepEqual(world.requests.map((each) => each.path), ["refresh", "login"]);
  assert.equal(world.sockets.length, 2);
  latest().open();
  latest().says({ type: "connection_ack", data: {} });
  world.answers = [401, 401];
  latest().ends(4001, "token_expired");
  await pass(600_000);
  assert.deepEqual(told.stops, ["session over, log in again"]);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.timers.size, 0);
});

test("without a password a refused refresh is the end", async () => {
  const { connection, told } = await connected();
  connection.options.password = undefined;
  world.answers = [403];
  latest().ends(4001, "token_revoked");
  await pass(600_000);
  assert.deepEqual(world.requests.map((each) => each.path), ["refresh"]);
  assert.deepEqual(told.stops, ["session over, log in again"]);
});

test("a refresh that fails for want of a network or a server backs off and never ends the session", async () => {
  const { told } = await connected();
  world.answers = ["lost", 503, 429, 500, "lost", "lost", "lost"];
  latest().ends(4001, "token_expired");
  await settle();
  for (const [failures, pause] of [500, 1000, 2000, 4000, 8000, 15_000, 15_000].entries()) {
    assert.equal(world.requests.length, failures + 1);
    assert.deepEqual(waits(), [pause]);
    await pass(pause);
  }
  assert.ok(world.requests.every((each) => each.path === "refresh" && each.body.refresh_token === "r1"));
  assert.equal(world.sockets.length, 2);
  assert.deepEqual(told.stops, []);
});

test("a new token that is refused as well is not renewed for ever", async () => {
  const { told } = await connected();
  latest().ends(4001, "token_revoked");
  await settle();
  latest().open();
  latest().ends(4001, "token_revoked");
  await pass(600_000);
  assert.equal(world.requests.length, 1);
  assert.deepEqual(told.stops, ["session over, log in again"]);
});

test("a blocked driver is told so at once", async () => {
  const { told } = await connected();
  latest().ends(4001, "driver_blocked");
  await pass(600_000);
  assert.deepEqual(world.requests, []);
  assert.deepEqual(told.stops, ["blocked"]);
});

test("an event is told once by its seq, also after a reconnect, and acknowledged each time", async () => {
  const { told } = await connected();
  told.events.length = 0;
  const offer = (seq) => ({ type: "order_assigned", seq, data: { order_id: seq * 10 } });
  for (const seq of [1, 2, 2, 1]) latest().says(offer(seq));
  assert.deepEqual(told.events.map((each) => each.seq), [1, 2]);
  assert.deepEqual(latest().sent.filter((each) => each.type === "ack").map((each) => each.seq), [1, 2, 2, 1]);
  latest().ends(1006);
  await pass(500);
  latest().open();
  // The replay, with a gap where something was coalesced.
  for (const seq of [2, 5, 5]) latest().says(offer(seq));
  assert.deepEqual(told.events.map((each) => each.seq), [1, 2, 5]);
  // What has no number is no event of the stream.
  for (let number = 0; number < 2; number++) latest().says({ type: "announcement", data: {} });
  latest().says("{");
  assert.equal(told.events.length, 5);
});

test("a socket without a pong is given up, and what it says afterwards counts for nothing", async () => {
  await connected();
  const dead = latest();
  await pass(30_000);
  assert.equal(dead.sent.at(-1).type, "ping");
  await pass(9_999);
  assert.equal(dead.closed, undefined);
  await pass(1);
  assert.equal(dead.closed, 1005);
  await pass(500);
  assert.equal(world.sockets.length, 2);
  latest().open();
  dead.ends(1006);
  await pass(29_999);
  assert.equal(world.sockets.length, 2);
});

test("who goes offline stays offline, also in the middle of a pause", async () => {
  const { connection, told } = await connected();
  latest().ends(1006);
  await settle();
  connection.stop();
  await pass(600_000);
  assert.equal(world.sockets.length, 1);
  const again = await connected();
  again.connection.stop();
  assert.equal(latest().closed, 1000);
  latest().ends(1000);
  await pass(600_000);
  assert.equal(world.sockets.length, 1);
  assert.deepEqual([told.stops, again.told.stops], [[], []]);
});

test("positions are sent at the opening and every ten seconds", async () => {
  await connected({ position: () => ({ latitude: 12.9, longitude: 77.6 }) });
  await pass(25_000);
  const sent = latest().sent.filter((each) => each.type === "location_update");
  assert.equal(sent.length, 3);
  assert.ok(sent.every((each) => each.data.latitude === 12.9 && !Number.isNaN(Date.parse(each.data.timestamp))));
});
