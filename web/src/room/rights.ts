/** What someone may publish. */
export type Rights = { microphone: boolean; camera: boolean; screen: boolean };

/** LiveKit's numbers for the sources in a permission (`TrackSource` of its protocol). */
const SOURCES = { camera: 1, microphone: 2, screen: 3 } as const;

/** The part of LiveKit's permission that says what may be published. */
type Permission = { canPublish: boolean; canPublishSources: number[] };

/** Rights from the names in the answer to a join. */
export function rightsOfJoin(sources: readonly string[]): Rights {
  return {
    microphone: sources.includes('microphone'),
    camera: sources.includes('camera'),
    screen: sources.includes('screen_share'),
  };
}

/** Rights from LiveKit's own permission, which changes while connected. An empty list of sources means all. */
export function rightsOfPermission({ canPublish, canPublishSources }: Permission): Rights {
  const may = (source: number) =>
    canPublish && (canPublishSources.length === 0 || canPublishSources.includes(source));
  return { microphone: may(SOURCES.microphone), camera: may(SOURCES.camera), screen: may(SOURCES.screen) };
}
