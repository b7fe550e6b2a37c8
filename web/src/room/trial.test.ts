import { expect, it } from 'vitest';
import { adviceOf, selectedProtocol } from './trial';

it('says what to do about what was found', () => {
  expect(adviceOf({})).toBeUndefined();
  expect(adviceOf({ websocket: true, udp: true })).toBeUndefined();
  expect(adviceOf({ websocket: false })).toBe('noServer');
  expect(adviceOf({ websocket: true, udp: true, tcp: false })).toBe('good');
  expect(adviceOf({ websocket: true, udp: false, tcp: true })).toBe('slow');
  expect(adviceOf({ websocket: true, udp: false, tcp: false })).toBe('noMedia');
});

it('finds the protocol of the pair of addresses in use', () => {
  const report = (state: string, local: object) =>
    new Map(
      [
        { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
        { id: 'P1', type: 'candidate-pair', state: 'succeeded', localCandidateId: 'other' },
        { id: 'P2', type: 'candidate-pair', state, localCandidateId: 'L' },
        { id: 'L', type: 'local-candidate', ...local },
      ].map((one) => [one.id, one]),
    );
  expect(selectedProtocol(report('succeeded', { protocol: 'udp' }))).toBe('udp');
  expect(selectedProtocol(report('succeeded', { protocol: 'udp', relayProtocol: 'tcp' }))).toBe('tcp');
  expect(selectedProtocol(report('in-progress', { protocol: 'udp' }))).toBeUndefined();
  expect(selectedProtocol(new Map())).toBeUndefined();
});
