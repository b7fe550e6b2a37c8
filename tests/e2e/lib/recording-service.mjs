// The LiveKit Egress service, without a browser in it: it stands between Baraza and LiveKit's API, answers what LiveKit's
// server answers for the service, and hands everything else on. Its messages are LiveKit's own (`@livekit/protocol`), in
// protobuf or in JSON, as it is asked. Each recorder really joins the room, hidden; files are made by GStreamer's mp4mux, as
// the service makes them, and are stored in S3 with the keys that came with the request.

import { execFile, spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { ask, sign } from './livekit.mjs';

const require = createRequire(resolve(import.meta.dirname, '../../../web/package.json'));
const { EgressInfo, EgressStatus, FileInfo, ListEgressRequest, ListEgressResponse, RoomCompositeEgressRequest, StopEgressRequest, WebhookEvent } =
  require('@livekit/protocol');

const FPS = 30;
const now = () => BigInt(Date.now()) * 1_000_000n;

/** An answer of LiveKit's that is an error. */
class TwirpError extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

export class RecordingService {
  /** All egresses that were ever started. */
  egresses = [];
  /** What was asked, by method. */
  calls = [];
  /** What the next starts meet, each once: `refuse` (nobody is free), `hang` (it starts, but no answer comes). */
  fates = [];
  /** What happens to webhooks: given all copies that are to be sent, answers them in the order in which they are. */
  deliver = (events) => events;
  /** Milliseconds between the request and the first picture. */
  startsAfter = 300;

  /** `livekit` is LiveKit's own URL; `secrets()` gives its key and secret; `webhook()` where LiveKit would send its webhooks. */
  static async start({ livekit, secrets, webhook }) {
    const service = Object.assign(new RecordingService(), { livekit, secrets, webhook });
    service.folder = await mkdtemp(join(tmpdir(), 'baraza-egress.'));
    service.server = createServer((request, response) => void service.#take(request, response));
    await new Promise((done) => service.server.listen(0, '127.0.0.1', done));
    service.url = `http://127.0.0.1:${service.server.address().port}`;
    return service;
  }

  async end() {
    for (const { recorder } of this.egresses) recorder?.kill('SIGKILL');
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Those that store under a name with this in it. */
  of = (part) => this.egresses.filter(({ info }) => info.request.value.fileOutputs[0].filepath.includes(part));

  // Calls ---------------------------------------------------------------------------------------------------------

  async #take(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    try {
      const method = /^\/twirp\/livekit\.Egress\/(\w+)$/.exec(request.url)?.[1];
      if (!method) return await this.#pass(request, response, body);
      await this.#authenticate(request.headers.authorization);
      const json = request.headers['content-type'] === 'application/json';
      const read = (Type) => (json ? Type.fromJsonString(body.toString(), { ignoreUnknownFields: true }) : Type.fromBinary(body));
      this.calls.push(method);
      const answer = await this.#answer(method, read, response);
      if (!answer) return;
      response.writeHead(200, { 'content-type': request.headers['content-type'] });
      response.end(json ? answer.toJsonString() : answer.toBinary());
    } catch (error) {
      const { status = 500, code = 'internal', message } = error;
      if (!response.headersSent) response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ code, msg: message }));
    }
  }

  async #pass(request, response, body) {
    const { authorization, 'content-type': type } = request.headers;
    const headers = Object.fromEntries(Object.entries({ authorization, 'content-type': type }).filter(([, value]) => value));
    const answer = await fetch(`${this.livekit}${request.url}`, { method: request.method, headers, ...(body.length > 0 && { body }) }).catch((error) => {
      throw new TwirpError(502, 'unavailable', error.message);
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  async #authenticate(authorization = '') {
    const { key, secret } = await this.secrets();
    const [head, claims, seal] = authorization.replace(/^Bearer /, '').split('.');
    const right = createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url') === seal;
    const said = right && JSON.parse(Buffer.from(claims, 'base64url'));
    if (said?.iss !== key || said.exp < Date.now() / 1000 || !said.video?.roomRecord) {
      throw new TwirpError(401, 'unauthenticated', 'permissions denied');
    }
  }

  async #answer(method, read, response) {
    switch (method) {
      case 'StartRoomCompositeEgress': {
        const request = read(RoomCompositeEgressRequest);
        const fate = this.fates.shift();
        if (fate === 'refuse') throw new TwirpError(503, 'unavailable', 'twirp error unknown: no response from servers');
        const egress = await this.#start(request);
        if (fate === 'hang') return void response.on('close', () => {});
        return egress.info;
      }
      case 'ListEgress': {
        const { roomName, egressId, active } = read(ListEgressRequest);
        const wanted = ({ info }) =>
          (!roomName || info.roomName === roomName) && (!egressId || info.egressId === egressId) && (!active || info.status < EgressStatus.EGRESS_COMPLETE);
        return new ListEgressResponse({ items: this.egresses.filter(wanted).map(({ info }) => info) });
      }
      case 'StopEgress': {
        const { egressId } = read(StopEgressRequest);
        const egress = this.egresses.find(({ info }) => info.egressId === egressId);
        if (!egress) throw new TwirpError(404, 'not_found', 'egress does not exist');
        if (egress.lost) {
          await pause(1000);
          throw new TwirpError(503, 'unavailable', 'twirp error unknown: no response from servers');
        }
        const { status } = egress.info;
        if (status > EgressStatus.EGRESS_ENDING) {
          throw new TwirpError(412, 'failed_precondition', `egress with status ${EgressStatus[status]} cannot be stopped`);
        }
        this.#stop(egress, 'StopEgress API');
        return egress.info;
      }
      default:
        throw new TwirpError(404, 'bad_route', `no handler for ${method}`);
    }
  }

  // Recorders -----------------------------------------------------------------------------------------------------

  async #start(request) {
    const { key, secret } = await this.secrets();
    const rooms = await ask(this.livekit, sign({ sub: 'service', video: { roomList: true } }, { key, secret }), 'ListRooms', { names: [request.roomName] });
    const [room] = (await rooms.json()).rooms;
    if (!room) throw new TwirpError(404, 'not_found', 'requested room does not exist');
    const s3 = request.fileOutputs[0].output.case === 's3' ? request.fileOutputs[0].output.value.clone() : undefined;
    // What is told of a request has no keys in it.
    if (s3) Object.assign(request.fileOutputs[0].output.value, { accessKey: '{access_key}', secret: '{secret}' });
    const egressId = `EG_${randomBytes(9).toString('base64url').replace(/\W/g, 'x')}`;
    const info = new EgressInfo({
      egressId,
      roomId: room.sid,
      roomName: request.roomName,
      startedAt: now(),
      updatedAt: now(),
      request: { case: 'roomComposite', value: request },
      fileResults: [new FileInfo({ filename: request.fileOutputs[0].filepath })],
    });
    const egress = { info, s3 };
    this.egresses.push(egress);
    void this.#tell('egress_started', egress);
    const video = { roomJoin: true, room: request.roomName, canSubscribe: true, canPublish: false, hidden: true, recorder: true };
    const token = sign({ sub: egressId, kind: 'egress', video }, { key, secret });
    const args = [join(import.meta.dirname, 'publisher.mjs'), '--url', this.livekit.replace(/^http/, 'ws'), '--token', token, '--no-video', '--no-audio'];
    egress.recorder = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    // LiveKit has closed the room, or put the recorder out.
    egress.recorder.on('exit', () => egress.lost || this.#stop(egress, 'Source closed'));
    setTimeout(() => this.#begin(egress), this.startsAfter);
    return egress;
  }

  #begin(egress) {
    const { info } = egress;
    if (info.status !== EgressStatus.EGRESS_STARTING || egress.lost) return;
    info.fileResults[0].startedAt = now();
    this.#turn(egress, EgressStatus.EGRESS_ACTIVE);
    void this.#tell('egress_updated', egress);
  }

  #turn({ info }, status) {
    info.status = status;
    info.updatedAt = now();
  }

  #stop(egress, reason) {
    const { info } = egress;
    if (info.status === EgressStatus.EGRESS_STARTING) {
      this.#final(egress, EgressStatus.EGRESS_ABORTED, { error: 'Stop called before pipeline could start', errorCode: 412 });
    } else if (info.status === EgressStatus.EGRESS_ACTIVE) {
      info.details = `End reason: ${reason}`;
      info.fileResults[0].endedAt = now();
      this.#turn(egress, EgressStatus.EGRESS_ENDING);
      void this.#tell('egress_updated', egress);
      const isLimit = reason === 'Session limit reached';
      const [status, more] = isLimit
        ? [EgressStatus.EGRESS_LIMIT_REACHED, { error: reason, errorCode: 413 }]
        : [EgressStatus.EGRESS_COMPLETE, {}];
      this.#store(egress).then(
        () => this.#final(egress, status, more),
        (error) => this.#final(egress, EgressStatus.EGRESS_FAILED, { error: `S3 upload failed: ${error.message}`, errorCode: 400 }),
      );
    }
  }

  #final(egress, status, more = {}) {
    Object.assign(egress.info, { endedAt: now(), ...more });
    this.#turn(egress, status);
    egress.recorder?.stdin.write('leave\n');
    void this.#tell('egress_ended', egress);
  }

  /** The service's own limit of time is reached. */
  limit = (egress) => this.#stop(egress, 'Session limit reached');

  /** It breaks, and nothing is stored. */
  fail(egress, error, details = 'End reason: Failure') {
    egress.info.details = details;
    this.#final(egress, EgressStatus.EGRESS_FAILED, { error, errorCode: 500 });
  }

  /** Another egress of the same request, as a start makes whose answer was lost and that had its effect late. */
  double({ info, s3 }) {
    const request = info.request.value.clone();
    request.fileOutputs[0].output = { case: 's3', value: s3.clone() };
    return this.#start(request);
  }

  /** Its machine is gone: nobody is in the room, nothing is told, and it stays ACTIVE for ever. */
  lose(egress) {
    egress.lost = true;
    egress.recorder.kill('SIGKILL');
  }

  async #store({ info, s3 }) {
    const [file] = info.fileResults;
    const { audioOnly } = info.request.value;
    const seconds = Number(file.endedAt - file.startedAt) / 1e9;
    const path = join(this.folder, `${info.egressId}.mp4`);
    const pictures = `videotestsrc num-buffers=${Math.max(1, Math.round(seconds * FPS))} ! video/x-raw,width=1280,height=720,framerate=${FPS}/1
      ! x264enc speed-preset=ultrafast key-int-max=${2 * FPS} ! video/x-h264,profile=main ! h264parse ! mux.`;
    const sound = `audiotestsrc num-buffers=${Math.max(1, Math.round(seconds * 50))} samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! mux.`;
    const pipeline = `mp4mux name=mux ! filesink location=${path} ${audioOnly ? '' : pictures} ${sound}`;
    await promisify(execFile)('gst-launch-1.0', ['-q', ...pipeline.split(/\s+/)]);
    const bytes = await readFile(path);
    await put(s3, file.filename, bytes);
    Object.assign(file, { size: BigInt(bytes.length), duration: file.endedAt - file.startedAt, location: `${s3.endpoint}/${s3.bucket}/${file.filename}` });
  }

  // Webhooks ------------------------------------------------------------------------------------------------------

  #queue = Promise.resolve();

  /** As LiveKit tells it: in protobuf's JSON, signed over the body, again when nobody took it. */
  #tell(event, { info }) {
    const id = `EV_${randomBytes(9).toString('base64url')}`;
    const body = new WebhookEvent({ event, egressInfo: info, id, createdAt: BigInt(Math.floor(Date.now() / 1000)) }).toJsonString();
    const events = this.deliver([{ event, body }]);
    this.#queue = this.#queue.then(async () => {
      for (const one of events) await this.#send(one.body);
    });
    return this.#queue;
  }

  /** Sends webhooks that were kept back. */
  async send(events) {
    for (const { body } of events) await this.#send(body);
  }

  async #send(body) {
    const sha256 = createHash('sha256').update(body).digest('base64');
    const authorization = sign({ sha256, exp: Math.floor(Date.now() / 1000) + 300 }, await this.secrets());
    for (const wait of [0, 1000, 2000, 4000]) {
      await pause(wait);
      const headers = { 'content-type': 'application/webhook+json', authorization };
      const status = await fetch(this.webhook(), { method: 'POST', headers, body }).then((answer) => answer.status, () => 500);
      if (status < 500) return;
    }
  }
}

/** Stores an object by S3's protocol, with nothing but the settings that an egress is given. */
async function put(s3, path, body) {
  if (!s3?.forcePathStyle) throw new Error('no store with addresses by path');
  const url = new URL(`${s3.endpoint}/${s3.bucket}/${path}`);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const hash = createHash('sha256').update(body).digest('hex');
  const headers = { host: url.host, 'x-amz-content-sha256': hash, 'x-amz-date': time };
  const names = Object.keys(headers).join(';');
  const canonical = ['PUT', url.pathname, '', ...Object.entries(headers).map(([name, value]) => `${name}:${value}`), '', names, hash].join('\n');
  const scope = `${time.slice(0, 8)}/${s3.region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const mac = (key, value) => createHmac('sha256', key).update(value).digest();
  const key = scope.split('/').reduce(mac, `AWS4${s3.secret}`);
  const authorization = `AWS4-HMAC-SHA256 Credential=${s3.accessKey}/${scope}, SignedHeaders=${names}, Signature=${mac(key, text).toString('hex')}`;
  const answer = await fetch(url, { method: 'PUT', headers: { ...headers, authorization, 'content-type': 'video/mp4' }, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}
