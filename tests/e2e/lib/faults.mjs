// What stands between LiveKit and us and does to webhooks what networks do: loses, doubles and delays them.

import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** A wire for webhooks with faults. What LiveKit says is answered with 200 at once, so that it does not try again. */
export class FaultProxy {
  /** What LiveKit said of each connection, whether we were told or not: SID → `{identity, from, to, why}`, milliseconds. */
  connections = new Map();
  /** What got through: `event SID`. */
  told = new Set();
  counts = { said: 0, lost: 0, doubled: 0, delivered: 0, refused: 0 };
  #underWay = new Set();

  /** `fate()` gives, for each time that an event is to arrive, how much later in milliseconds. */
  static async start(fate) {
    const proxy = new FaultProxy();
    proxy.fate = fate;
    proxy.server = createServer((request, response) => void proxy.#take(request, response));
    await new Promise((done) => proxy.server.listen(0, '127.0.0.1', done));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}/`;
    return proxy;
  }

  /** Where the webhooks are to go. */
  target;

  async #take(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.writeHead(200).end();
    const body = Buffer.concat(parts);
    const event = JSON.parse(body);
    this.#note(event);
    const fate = this.fate();
    this.counts.said += 1;
    if (fate.length === 0) this.counts.lost += 1;
    if (fate.length > 1) this.counts.doubled += 1;
    const headers = { authorization: request.headers.authorization, 'content-type': request.headers['content-type'] };
    for (const delay of fate) {
      const delivery = this.#deliver(event, { headers, body }, delay).finally(() => this.#underWay.delete(delivery));
      this.#underWay.add(delivery);
    }
  }

  #note({ event, participant }) {
    if (!participant?.sid) return;
    const from = Number(participant.joinedAtMs);
    const known = this.connections.get(participant.sid) ?? { identity: participant.identity, from };
    if (event === 'participant_left') Object.assign(known, { to: Date.now(), why: participant.disconnectReason });
    this.connections.set(participant.sid, known);
  }

  async #deliver(event, request, delay) {
    await pause(delay);
    // As LiveKit itself, it tries a few times where nobody answers.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      try {
        const { status } = await fetch(this.target, { method: 'POST', ...request, signal: AbortSignal.timeout(5000) });
        if (status === 200) {
          this.counts.delivered += 1;
          this.told.add(`${event.event} ${event.participant?.sid}`);
          return;
        }
      } catch {
        // Whoever was to hear it is down.
      }
      await pause(500);
    }
    this.counts.refused += 1;
  }

  /** Waits until everything that is under way has arrived. */
  async settle() {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
