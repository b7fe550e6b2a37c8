//! From a person's rights in a meeting to LiveKit's grants. No client ever gets `roomAdmin`: hosts moderate through
//! the control plane, so that a demotion works at once.

use kernel::livekit::{PublishSource, VideoGrant};
use livekit_protocol as proto;

use crate::{meetings::model::MeetingType, participants::model::ParticipantRights};

/// What a participant may do in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// What they may publish; empty for nothing.
    pub sources: Vec<PublishSource>,
    /// Whether they may publish data packets.
    pub data: bool,
}

impl Rights {
    /// The microphone follows `can_unmute`, the camera `can_use_camera`, a shared screen `can_share_screen`; audio meetings
    /// know the microphone only.
    pub fn of(kind: MeetingType, rights: ParticipantRights) -> Self {
        let mut sources = Vec::new();
        if rights.can_unmute {
            sources.push(PublishSource::Microphone);
        }
        if rights.can_use_camera && kind != MeetingType::Audio {
            sources.push(PublishSource::Camera);
        }
        if rights.can_share_screen && kind != MeetingType::Audio {
            sources.extend([PublishSource::ScreenShare, PublishSource::ScreenShareAudio]);
        }
        Self { sources, data: true }
    }

    /// Without data packets when all data in the room has to go through the server.
    pub fn recorded_strictly(self, strict: bool) -> Self {
        Self { data: !strict, ..self }
    }

    /// As the grant of a join token.
    pub fn grant(&self, room: &str) -> VideoGrant {
        VideoGrant {
            room_join: true,
            room: room.to_owned(),
            can_publish: !self.sources.is_empty(),
            can_subscribe: true,
            can_publish_data: self.data,
            can_publish_sources: self.sources.clone(),
            ..VideoGrant::default()
        }
    }

    /// As the whole set of permissions of a connected participant, which replaces the one they have.
    pub fn permission(&self) -> proto::ParticipantPermission {
        proto::ParticipantPermission {
            can_subscribe: true,
            can_publish: !self.sources.is_empty(),
            can_publish_data: self.data,
            can_publish_sources: self.sources.iter().map(|source| track_source(*source).into()).collect(),
            ..Default::default()
        }
    }
}

/// A source in LiveKit's numbers.
pub fn track_source(source: PublishSource) -> proto::TrackSource {
    match source {
        PublishSource::Camera => proto::TrackSource::Camera,
        PublishSource::Microphone => proto::TrackSource::Microphone,
        PublishSource::ScreenShare => proto::TrackSource::ScreenShare,
        PublishSource::ScreenShareAudio => proto::TrackSource::ScreenShareAudio,
    }
}

#[cfg(test)]
mod tests {
    use PublishSource::{Camera, Microphone, ScreenShare, ScreenShareAudio};

    use super::*;

    #[test]
    fn sources_follow_type_and_flags() {
        let sources = |kind, can_unmute, can_share_screen| {
            let rights = ParticipantRights {
                can_unmute,
                can_use_camera: can_unmute,
                can_share_screen,
                ..ParticipantRights::ALL
            };
            Rights::of(kind, rights).sources
        };
        assert_eq!(sources(MeetingType::Audio, true, true), [Microphone]);
        assert_eq!(sources(MeetingType::Video, true, false), [Microphone, Camera]);
        assert_eq!(
            sources(MeetingType::Video, true, true),
            [Microphone, Camera, ScreenShare, ScreenShareAudio]
        );
        assert_eq!(sources(MeetingType::ScreenShare, false, true), [ScreenShare, ScreenShareAudio]);
        assert!(sources(MeetingType::Audio, false, true).is_empty());
        let seen = ParticipantRights { can_unmute: false, can_share_screen: false, ..ParticipantRights::ALL };
        assert_eq!(Rights::of(MeetingType::Video, seen).sources, [Camera]);
        assert!(Rights::of(MeetingType::Audio, seen).sources.is_empty());
    }

    #[test]
    fn nobody_administers_the_room_and_whoever_may_publish_nothing_may_not_publish() {
        for kind in [MeetingType::Audio, MeetingType::Video, MeetingType::ScreenShare] {
            for flags in 0..8 {
                let rights = ParticipantRights {
                    can_unmute: flags & 1 == 1,
                    can_use_camera: flags & 2 == 2,
                    can_share_screen: flags & 4 == 4,
                    ..ParticipantRights::ALL
                };
                let rights = Rights::of(kind, rights);
                let grant = rights.grant("room");
                assert!(!grant.room_admin && !grant.room_create && !grant.recorder && !grant.hidden);
                assert_eq!((grant.room.as_str(), grant.room_join, grant.can_subscribe), ("room", true, true));
                // An empty list would mean "everything" to LiveKit.
                assert_eq!(grant.can_publish, !grant.can_publish_sources.is_empty());
                assert_eq!(rights.permission().can_publish, grant.can_publish);
            }
        }
    }
}
