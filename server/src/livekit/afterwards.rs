//! What has to be told to LiveKit once a transaction lasts.

use crate::app::App;

/// Calls to a room that follow a commit. Should one fail, the comparison with LiveKit comes to the same conclusion
/// later and does it again.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Afterwards {
    /// Close the room.
    pub close: bool,
    /// Throw these identities out.
    pub remove: Vec<String>,
}

impl Afterwards {
    /// Makes the calls, behind the caller's back: nobody waits for LiveKit.
    pub fn run(self, app: &App, room: &str) {
        if !self.close && self.remove.is_empty() {
            return;
        }
        let (livekit, room) = (app.livekit.clone(), room.to_owned());
        tokio::spawn(async move {
            if self.close {
                tracing::info!(room, "closing the room of a meeting that is over");
                if let Err(error) = livekit.close(&room).await {
                    tracing::warn!(%error, room, "the room could not be closed now");
                }
                return;
            }
            for identity in self.remove {
                tracing::info!(room, identity, "throwing out someone who may not be here");
                if let Err(error) = livekit.remove(&room, &identity).await {
                    tracing::warn!(%error, room, identity, "could not be thrown out now");
                }
            }
        });
    }
}
