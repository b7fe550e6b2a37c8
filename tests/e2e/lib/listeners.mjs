#!/usr/bin/env node
// A few people in one room who do what a browser does to hear of the chat, and note when each message reached them: the
// server's data packets in the room, and the meeting's stream of events.
//
// The first line of its input is {"url", "meetingId", "ways": ["room", "stream"], "sessions": [session, …]}; it prints
// {"event": "joined"} when all are there. For every "tell" after that it prints {"event": "heard", "people": [{"room": […], "stream": […]}, …]} with
// [content, milliseconds since the epoch] of each message, in the order in which they came.

import { once } from 'node:events';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';

import { Room, RoomEvent } from '@livekit/rtc-node';

import { Api } from './api.mjs';

// They would live elsewhere: what the servers have to do goes first.
setPriority(15);

const say = (event, more = {}) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

function note(list, json) {
  const at = Date.now();
  const { event, data } = JSON.parse(json);
  if (event === 'chat.message') list.push([data.content, at]);
}

async function join(api, meetingId, ways) {
  const person = { room: [], stream: [] };
  const door = await api.join(meetingId);
  const room = new Room();
  room.on(RoomEvent.DataReceived, (payload, sender, _kind, topic) => {
    if (!sender && topic === 'baraza') note(person.room, Buffer.from(payload).toString());
  });
  room.on(RoomEvent.Disconnected, (reason) => {
    throw new Error(`${door.identity} is out of the room: ${reason}`);
  });
  await room.connect(door.server_url, door.token, { autoSubscribe: false, dynacast: false });
  person.connection = room; // else it is collected as garbage
  if (!ways.includes('stream')) return person;
  const events = await fetch(`${api.url}/api/v1/meetings/${meetingId}/events`, {
    headers: { authorization: `Bearer ${api.session.access_token}` },
  });
  if (!events.ok) throw new Error(`${door.identity} may not follow: ${events.status}`);
  void follow(events.body, person.stream);
  return person;
}

async function follow(body, list) {
  let rest = '';
  for await (const part of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.startsWith('data:')) note(list, line.slice(5));
  }
}

const input = createInterface({ input: process.stdin });
const [line] = await once(input, 'line');
const { url, meetingId, ways, sessions } = JSON.parse(line);
const people = await Promise.all(sessions.map((session) => join(new Api(url, session), meetingId, ways)));
say('joined');
for await (const command of input) {
  if (command === 'tell') say('heard', { people: people.map(({ room, stream }) => ({ room, stream })) });
}
