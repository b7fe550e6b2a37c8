import { expect, it } from 'vitest';
import { rightsOfJoin, rightsOfPermission } from './rights';

it('reads the sources of a join', () => {
  expect(rightsOfJoin(['microphone', 'screen_share', 'screen_share_audio'])).toEqual({
    microphone: true,
    camera: false,
    screen: true,
  });
});

it.each([
  [true, [1, 2], { microphone: true, camera: true, screen: false }],
  [true, [], { microphone: true, camera: true, screen: true }],
  [false, [1, 2, 3, 4], { microphone: false, camera: false, screen: false }],
])('reads a permission: publish %s, sources %j', (canPublish, canPublishSources, rights) => {
  expect(rightsOfPermission({ canPublish, canPublishSources })).toEqual(rights);
});
