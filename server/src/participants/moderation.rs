//! What a host does to people in the room. The database says what is allowed; LiveKit is told right after.

pub mod api;

use std::time::Duration;

use kernel::ids::{MeetingId, UserId};

use super::{model::Participant, store};
use crate::{
    app::App,
    http::Result,
    livekit::{client::LiveKitError, grants::Rights},
    meetings::{self, api::not_found, model::Meeting},
};

/// Gives a connected participant the rights that are stored for them.
pub async fn push_rights(app: &App, meeting: &Meeting, participant: &Participant) {
    let rights = Rights::of(meeting.meeting_type, participant.can_unmute, participant.can_share_screen);
    let (livekit, room, identity) =
        (app.livekit.clone(), meeting.room_name.clone(), participant.user.id.to_string());
    insist(move || {
        let (livekit, room, identity, rights) =
            (livekit.clone(), room.clone(), identity.clone(), rights.clone());
        async move { livekit.set_rights(&room, &identity, &rights).await }
    })
    .await;
}

/// Gives everybody in the room the rights that are stored for them, after the meeting's type has changed.
///
/// # Errors
/// 503 when the database is away.
pub async fn push_all_rights(app: &App, id: MeetingId) -> Result<()> {
    let mut tx = app.begin_system().await?;
    let meeting = meetings::store::lock(&mut tx, id).await?.ok_or_else(not_found)?;
    let online = store::online(&mut tx, id).await?;
    drop(tx);
    for participant in &online {
        push_rights(app, &meeting, participant).await;
    }
    Ok(())
}

/// Ends someone's connection to the room.
pub async fn throw_out(app: &App, meeting: &Meeting, user: UserId) {
    let (livekit, room, identity) = (app.livekit.clone(), meeting.room_name.clone(), user.to_string());
    insist(move || {
        let (livekit, room, identity) = (livekit.clone(), room.clone(), identity.clone());
        async move { livekit.remove(&room, &identity).await }
    })
    .await;
}

/// Makes a call at once; when LiveKit is away, goes on trying behind the answer for about a minute. What is lost even
/// so, the comparison with LiveKit finds.
async fn insist<F, C>(call: C)
where
    C: Fn() -> F + Send + 'static,
    F: Future<Output = std::result::Result<(), LiveKitError>> + Send,
{
    let Err(error) = call().await else { return };
    tracing::warn!(%error, "LiveKit did not take a command; trying again");
    tokio::spawn(async move {
        for seconds in [1, 2, 4, 8, 16, 32] {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            if call().await.is_ok() {
                return;
            }
        }
        tracing::error!("LiveKit did not take a command for a minute");
    });
}
