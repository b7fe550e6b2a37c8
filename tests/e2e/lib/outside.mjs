// What Baraza calls elsewhere, on this machine: a service that writes down what is said, and a server with files.

import { createServer } from 'node:http';

/** Answers as OpenAI's transcription does, with whatever `said` holds by then, and hands out the `files`. */
export class Outside {
  static async start() {
    const outside = new Outside();
    outside.said = [];
    outside.files = {};
    outside.heard = 0;
    outside.server = createServer((request, response) => outside.#answer(request, response));
    await new Promise((done) => outside.server.listen(0, '127.0.0.1', done));
    outside.url = `http://127.0.0.1:${outside.server.address().port}`;
    return outside;
  }

  /** What tells Baraza of it. */
  get env() {
    return { BARAZA__TRANSCRIPTS__BASE_URL: `${this.url}/v1`, BARAZA__IMPORTS__ALLOWED_ADDRESSES: '["127.0.0.1"]' };
  }

  async #answer(request, response) {
    const file = this.files[request.url];
    if (file) return response.writeHead(200, { 'content-type': file.type, 'content-length': file.body.length }).end(file.body);
    if (request.method !== 'POST' || request.url !== '/v1/audio/transcriptions') return response.writeHead(404).end();
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    this.heard += bytes > 0 ? 1 : 0;
    const segments = this.said.map(([start, text], id) => ({ id, start, end: start + 0.8, text: ` ${text}` }));
    const text = segments.map((segment) => segment.text).join('');
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ task: 'transcribe', language: 'swahili', duration: 4, text, segments }));
  }

  end() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
