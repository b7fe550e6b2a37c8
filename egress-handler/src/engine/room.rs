//! The connection to a LiveKit room: signalling over a WebSocket, media over WebRTC.
//!
//! `webrtcbin` is driven here directly, and not through `livekitwebrtcsrc`, because the recorder must know what that
//! element keeps to itself: who is in the room, which track a line carries, and whether it is muted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, anyhow};
use gst::prelude::*;
use gst_sdp::SDPMessage;
use gst_webrtc::{WebRTCPeerConnectionState, WebRTCRTPTransceiver, WebRTCSDPType, WebRTCSessionDescription};
use livekit_protocol::{
    self as proto, SignalTarget, TrackType, participant_info, signal_request::Message as Request,
    signal_response::Message as Response,
};
use livekit_signaling::{SignalClient, SignalError, SignalEvent, SignalOptions};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, trace, warn};

use super::mixer::{Kind, Mixer};
use crate::layout::{self, Rect};

/// The codecs that the mixer decodes, as an offer names them.
const CODECS: [&str; 2] = ["VP8/", "OPUS/"];

/// How the lines of an offer say that nothing is sent on them.
const STOPPED: [&str; 2] = ["a=recvonly", "a=inactive"];

/// What happens in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
    /// The recorder is in the room.
    Joined,
    /// So many people are in the room.
    People(usize),
}

/// Why the connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The recorder left.
    #[error("the recorder left")]
    Left,
    /// There is no such room, so nobody is in it.
    #[error("the room does not exist")]
    NoRoom,
    /// The media server refuses our key.
    #[error("the media server refuses the recorder's token: {0}")]
    Refused(String),
    /// Anything else; joining again may help.
    #[error("{0}")]
    Broken(String),
}

impl From<anyhow::Error> for Lost {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(format!("{error:#}"))
    }
}

/// Joins the room that `token` names and patches everything that is published there into the mixer, until the
/// connection breaks or `leave` is called.
pub async fn attend(
    mixer: &Arc<Mixer>,
    url: &str,
    token: &str,
    events: &mpsc::UnboundedSender<RoomEvent>,
    leave: &CancellationToken,
) -> Lost {
    let mut options = SignalOptions::default();
    options.region_failover = false;
    // From 18 on the data channels are agreed beforehand; webrtcbin answers the ones it is offered.
    options.protocol_version = 16;
    // The decoders here do not strip what these capabilities ask for.
    options.client_capabilities = Vec::new();
    let connected = tokio::select! {
        () = leave.cancelled() => return Lost::Left,
        connected = SignalClient::connect(url, token, options, None) => connected,
    };
    let (client, joined, mut signals) = match connected {
        Ok(connected) => connected,
        Err(SignalError::Client(status, _)) if status.as_u16() == 404 => return Lost::NoRoom,
        Err(SignalError::Client(status, text)) if matches!(status.as_u16(), 401 | 403) => {
            return Lost::Refused(text);
        }
        Err(error) => return Lost::Broken(error.to_string()),
    };
    let mut session = match Session::open(Arc::clone(mixer), client, &joined, events.clone()) {
        Ok(session) => session,
        Err(error) => return error.into(),
    };
    let reason = loop {
        let step = tokio::select! {
            () = leave.cancelled() => Err(Lost::Left),
            () = session.shared.failed.notified() => Err(Lost::Broken("the media connection failed".into())),
            () = session.shared.changed.notified() => {
                session.arrange().await;
                Ok(())
            }
            signal = signals.recv() => match signal {
                Some(SignalEvent::Message(message)) => session.on_message(*message).await,
                Some(SignalEvent::Close(reason)) => Err(Lost::Broken(format!("the media server hung up: {reason}"))),
                None => Err(Lost::Broken("the media server hung up".into())),
            },
        };
        if let Err(reason) = step {
            break reason;
        }
    };
    session.close().await;
    reason
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    sdp_mid: String,
    sdp_m_line_index: u32,
    candidate: String,
}

/// What the threads of `webrtcbin` and the session share.
struct Shared {
    /// The media connection is lost.
    failed: Notify,
    /// A line was patched in; the picture must be arranged again.
    changed: Notify,
    /// Our addresses, held back until the first answer is out, because the server takes none before it.
    candidates: Mutex<Option<Vec<Candidate>>>,
}

struct Session {
    client: Arc<SignalClient>,
    mixer: Arc<Mixer>,
    webrtc: gst::Element,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<RoomEvent>,
    people: HashMap<String, proto::ParticipantInfo>,
    own_sid: String,
    /// The track that each line of the connection carries now.
    lines: BTreeMap<u32, String>,
    arranged: Vec<(u32, Rect)>,
    joined: bool,
    counted: Option<usize>,
}

impl Session {
    fn open(
        mixer: Arc<Mixer>,
        client: SignalClient,
        joined: &proto::JoinResponse,
        events: mpsc::UnboundedSender<RoomEvent>,
    ) -> Result<Self> {
        let client = Arc::new(client);
        let shared = Arc::new(Shared {
            failed: Notify::new(),
            changed: Notify::new(),
            candidates: Mutex::new(Some(Vec::new())),
        });
        let webrtc = gst::ElementFactory::make("webrtcbin")
            .property_from_str("bundle-policy", "max-bundle")
            .build()
            .context("webrtcbin is missing")?;
        for server in &joined.ice_servers {
            for url in
                server.urls.iter().filter_map(|url| turn_url(url, &server.username, &server.credential))
            {
                webrtc.emit_by_name::<bool>("add-turn-server", &[&url]);
            }
        }
        listen(&webrtc, &mixer, &client, &shared);
        mixer.pipeline().add(&webrtc)?;
        webrtc.sync_state_with_parent()?;
        let own_sid = joined.participant.as_ref().map(|own| own.sid.clone()).unwrap_or_default();
        let mut session = Self {
            client,
            mixer,
            webrtc,
            shared,
            events,
            people: HashMap::new(),
            own_sid,
            lines: BTreeMap::new(),
            arranged: Vec::new(),
            joined: false,
            counted: None,
        };
        session.update(joined.other_participants.clone());
        // With nobody publishing the server makes no offer; the recorder is in the room all the same.
        session.now_joined();
        Ok(session)
    }

    async fn on_message(&mut self, message: Response) -> Result<(), Lost> {
        match message {
            Response::Offer(offer) => self.answer(offer).await?,
            Response::Trickle(trickle) if trickle.target() == SignalTarget::Subscriber => {
                if let Ok(candidate) = serde_json::from_str::<Candidate>(&trickle.candidate_init) {
                    self.webrtc.emit_by_name::<()>(
                        "add-ice-candidate",
                        &[&candidate.sdp_m_line_index, &candidate.candidate],
                    );
                }
            }
            Response::Update(update) => {
                self.update(update.participants);
                self.arrange().await;
            }
            Response::Leave(leave) => {
                return Err(Lost::Broken(format!("the media server sent us away: {:?}", leave.reason())));
            }
            _ => {}
        }
        Ok(())
    }

    /// Answers an offer of the server: takes every line it offers, and remembers which track stands on it.
    async fn answer(&mut self, offer: proto::SessionDescription) -> Result<()> {
        trace!(sdp = offer.sdp, "offer");
        self.lines = lines_of(&offer.sdp);
        let sdp = SDPMessage::parse_buffer(narrowed(&offer.sdp).as_bytes())
            .map_err(|_| anyhow!("the offer cannot be read"))?;
        let remote = WebRTCSessionDescription::new(WebRTCSDPType::Offer, sdp);
        self.call("set-remote-description", Some(&remote)).await?;
        let reply = self.call("create-answer", None).await?.context("no answer was made")?;
        let answer = reply
            .get::<WebRTCSessionDescription>("answer")
            .map_err(|_| anyhow!("the offer cannot be answered: {reply}"))?;
        self.call("set-local-description", Some(&answer)).await?;
        let text = answer.sdp().as_text().context("the answer cannot be written")?;
        let text = with_stops(&text, &offer.sdp);
        let description = proto::SessionDescription {
            r#type: "answer".into(),
            sdp: text,
            id: offer.id,
            ..Default::default()
        };
        self.client.send(Request::Answer(description)).await;
        let held = self.shared.candidates.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        for candidate in held.into_iter().flatten() {
            trickle(&self.client, &candidate).await;
        }
        self.arrange().await;
        Ok(())
    }

    async fn call(
        &self,
        what: &str,
        description: Option<&WebRTCSessionDescription>,
    ) -> Result<Option<gst::Structure>> {
        let (sender, receiver) = oneshot::channel();
        let promise = gst::Promise::with_change_func(move |reply| {
            let reply = match reply {
                Ok(reply) => Ok(reply.map(gst::StructureRef::to_owned)),
                Err(error) => Err(format!("{error:?}")),
            };
            let _ = sender.send(reply);
        });
        match description {
            Some(description) => self.webrtc.emit_by_name::<()>(what, &[description, &promise]),
            None => self.webrtc.emit_by_name::<()>(what, &[&None::<gst::Structure>, &promise]),
        }
        let reply =
            receiver.await.map_err(|_| anyhow!("{what}: no reply"))?.map_err(|e| anyhow!("{what}: {e}"))?;
        if let Some(error) = reply.as_ref().and_then(|reply| reply.get::<gst::glib::Error>("error").ok()) {
            return Err(anyhow!("{what}: {error}"));
        }
        Ok(reply)
    }

    fn update(&mut self, participants: Vec<proto::ParticipantInfo>) {
        for person in participants {
            if person.sid == self.own_sid {
                continue;
            }
            if person.state() == participant_info::State::Disconnected {
                self.people.remove(&person.sid);
            } else {
                self.people.insert(person.sid.clone(), person);
            }
        }
        let count = self.people.values().filter(|person| is_person(person)).count();
        if self.counted != Some(count) {
            self.counted = Some(count);
            let _ = self.events.send(RoomEvent::People(count));
        }
    }

    fn now_joined(&mut self) {
        if !std::mem::replace(&mut self.joined, true) {
            info!(people = self.counted, "the recorder is in the room");
            let _ = self.events.send(RoomEvent::Joined);
        }
    }

    /// Puts the pictures that are sent now into their places, oldest participant first, and asks the server for
    /// the resolution that fits.
    async fn arrange(&mut self) {
        let mut shown: Vec<(i64, &str, &str, u32)> = Vec::new();
        let mut audible = Vec::new();
        for (line, sid) in &self.lines {
            let owner =
                self.people.values().find_map(|p| Some((p, p.tracks.iter().find(|t| t.sid == *sid)?)));
            let Some((person, track)) = owner else { continue };
            if track.muted {
                continue;
            }
            match track.r#type() {
                TrackType::Audio => audible.push(*line),
                TrackType::Video => shown.push((joined_at(person), &person.sid, sid, *line)),
                TrackType::Data => {}
            }
        }
        shown.sort_unstable();
        let places: Vec<_> = shown.iter().map(|(.., line)| *line).zip(layout::grid(shown.len())).collect();
        self.mixer.listen(&audible);
        self.mixer.arrange(&places);
        let wishes: Vec<_> = shown
            .iter()
            .zip(&places)
            .filter(|(_, place)| !self.arranged.contains(place))
            .map(|((_, _, sid, _), (_, rect))| proto::UpdateTrackSettings {
                track_sids: vec![(*sid).to_owned()],
                width: rect.width,
                height: rect.height,
                ..Default::default()
            })
            .collect();
        debug!(?places, ?audible, "arranged");
        for wish in wishes {
            self.client.send(Request::TrackSetting(wish)).await;
        }
        self.arranged = places;
    }

    async fn close(self) {
        let leave = proto::LeaveRequest {
            reason: proto::DisconnectReason::ClientInitiated as i32,
            ..Default::default()
        };
        self.client.send(Request::Leave(leave)).await;
        self.client.close().await;
        let Self { mixer, webrtc, .. } = self;
        // Stopping waits for the elements' threads, which has no place among the tasks.
        let stopped = tokio::task::spawn_blocking(move || {
            let _ = webrtc.set_state(gst::State::Null);
            mixer.clear();
            let _ = mixer.pipeline().remove(&webrtc);
        });
        if let Err(error) = stopped.await {
            warn!(%error, "the connection to the room did not end cleanly");
        }
    }
}

/// Connects the signals of `webrtcbin`.
fn listen(webrtc: &gst::Element, mixer: &Arc<Mixer>, client: &Arc<SignalClient>, shared: &Arc<Shared>) {
    let runtime = tokio::runtime::Handle::current();
    let (own_client, own_shared) = (Arc::downgrade(client), Arc::clone(shared));
    webrtc.connect("on-ice-candidate", false, move |values| {
        let candidate = Candidate {
            sdp_mid: String::new(),
            sdp_m_line_index: values[1].get().ok()?,
            candidate: values[2].get().ok()?,
        };
        let client = own_client.upgrade()?;
        let mut held = own_shared.candidates.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.push(candidate),
            None => drop(runtime.spawn(async move { trickle(&client, &candidate).await })),
        }
        None
    });
    webrtc.connect("on-new-transceiver", false, |values| {
        // Lost packets are asked for again.
        values[1].get::<WebRTCRTPTransceiver>().ok()?.set_property("do-nack", true);
        None
    });
    let (own_mixer, own_shared) = (Arc::downgrade(mixer), Arc::clone(shared));
    webrtc.connect_pad_added(move |_, pad| {
        let Some(mixer) = own_mixer.upgrade().filter(|_| pad.direction() == gst::PadDirection::Src) else {
            return;
        };
        let line = pad.property::<WebRTCRTPTransceiver>("transceiver").property::<u32>("mlineindex");
        let kind = match pad.current_caps().or_else(|| Some(pad.query_caps(None))) {
            Some(caps) if caps.structure(0).and_then(|s| s.get::<&str>("media").ok()) == Some("audio") => {
                Kind::Audio
            }
            _ => Kind::Video,
        };
        if let Err(error) = mixer.attach(line, kind, pad) {
            warn!(line, ?kind, %error, "a track cannot be taken");
        }
        own_shared.changed.notify_one();
    });
    let own_shared = Arc::clone(shared);
    webrtc.connect_notify(Some("connection-state"), move |webrtc, _| {
        let state = webrtc.property::<WebRTCPeerConnectionState>("connection-state");
        debug!(?state, "media connection");
        if matches!(state, WebRTCPeerConnectionState::Failed | WebRTCPeerConnectionState::Closed) {
            own_shared.failed.notify_one();
        }
    });
}

async fn trickle(client: &SignalClient, candidate: &Candidate) {
    let Ok(candidate_init) = serde_json::to_string(candidate) else { return };
    let request =
        proto::TrickleRequest { candidate_init, target: SignalTarget::Subscriber as i32, r#final: false };
    client.send(Request::Trickle(request)).await;
}

/// The track's SID in an `msid` attribute, which reads `PA_…|TR_… TR_…`.
fn track_of(msid: &str) -> Option<&str> {
    msid.split(['|', ' ']).find(|part| part.starts_with("TR_"))
}

/// A description's head and its lines, each as text lines.
fn sections(description: &str) -> Vec<Vec<&str>> {
    let mut sections = vec![Vec::new()];
    for line in description.lines() {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    sections
}

fn joined<T: AsRef<str>>(lines: impl Iterator<Item = T>) -> String {
    lines.fold(String::new(), |text, line| text + line.as_ref() + "\r\n")
}

fn is_stopped(section: &[&str]) -> bool {
    section.iter().any(|line| STOPPED.contains(line))
}

/// The track that each line of an offer carries.
fn lines_of(offer: &str) -> BTreeMap<u32, String> {
    let medias = sections(offer).into_iter().skip(1).zip(0u32..);
    medias
        .filter(|(section, _)| !is_stopped(section))
        .filter_map(|(section, line)| {
            let msid = section.iter().find_map(|text| text.strip_prefix("a=msid:"))?;
            Some((line, track_of(msid)?.to_owned()))
        })
        .collect()
}

/// The offer as `webrtcbin` can take it.
///
/// One codec is left on each line: the one that we decode, and its retransmission. `webrtcbin` would take the first that
/// it knows, which need not be the one that is sent. And no line is stopped: LiveKit stops lines and starts them again
/// with another track, but `webrtcbin` cannot start a line a second time.
fn narrowed(offer: &str) -> String {
    joined(sections(offer).iter().flat_map(|section| narrowed_section(section)))
}

/// The answer with those lines stopped that are so in the offer.
fn with_stops(answer: &str, offer: &str) -> String {
    let offer = sections(offer);
    let answer = sections(answer);
    let lines = answer.iter().enumerate().flat_map(|(n, section)| {
        let stopped = offer.get(n).is_some_and(|section| is_stopped(section));
        section.iter().map(move |line| if stopped && *line == "a=recvonly" { "a=inactive" } else { *line })
    });
    joined(lines)
}

fn narrowed_section(section: &[&str]) -> Vec<String> {
    let attribute = |line: &str, name: &str| -> Option<(String, String)> {
        let (payload, value) =
            line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?.split_once(' ')?;
        Some((payload.to_owned(), value.to_owned()))
    };
    let ours = section.iter().find_map(|line| {
        let (payload, codec) = attribute(line, "rtpmap")?;
        CODECS.iter().any(|name| codec.to_ascii_uppercase().starts_with(name)).then_some(payload)
    });
    let Some(ours) = ours else { return section.iter().map(|line| (*line).to_owned()).collect() };
    let again = section.iter().find_map(|line| {
        let (payload, value) = attribute(line, "fmtp")?;
        (value == format!("apt={ours}")).then_some(payload)
    });
    let keeps = |payload: &str| payload == "*" || payload == ours || Some(payload) == again.as_deref();
    section
        .iter()
        .filter(|line| {
            let named = ["rtpmap", "fmtp", "rtcp-fb"].iter().find_map(|name| attribute(line, name));
            named.is_none_or(|(payload, _)| keeps(&payload))
        })
        .map(|line| {
            if STOPPED.contains(line) {
                return "a=sendrecv".to_owned();
            }
            if !line.starts_with("m=") {
                return (*line).to_owned();
            }
            // m=video 9 UDP/TLS/RTP/SAVPF 96 97 …
            let kept =
                line.split(' ').enumerate().filter(|(n, word)| *n < 3 || keeps(word)).map(|(_, word)| word);
            kept.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// A relay's address as `webrtcbin` wants it, with the credentials in front.
fn turn_url(url: &str, username: &str, credential: &str) -> Option<String> {
    let (scheme, rest) = url.split_once(':').filter(|(scheme, _)| matches!(*scheme, "turn" | "turns"))?;
    Some(format!("{scheme}://{}:{}@{}", escape(username), escape(credential), rest.trim_start_matches("//")))
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Whether this participant is somebody, and not a machine of ours.
fn is_person(participant: &proto::ParticipantInfo) -> bool {
    let hidden = participant.permission.as_ref().is_some_and(|permission| permission.hidden);
    let machine =
        matches!(participant.kind(), participant_info::Kind::Egress | participant_info::Kind::Agent);
    !hidden && !machine
}

fn joined_at(participant: &proto::ParticipantInfo) -> i64 {
    if participant.joined_at_ms == 0 { participant.joined_at * 1000 } else { participant.joined_at_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_track_is_found_in_the_stream_and_in_the_track_part() {
        assert_eq!(track_of("PA_a|TR_b TR_b"), Some("TR_b"));
        assert_eq!(track_of("PA_a TR_b"), Some("TR_b"));
        assert_eq!(track_of("PA_a"), None);
    }

    #[test]
    fn one_codec_is_left_on_each_line() {
        let offer = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 125 96 97 126\r\na=mid:1\r\na=rtpmap:125 H264/90000\r\na=rtcp-fb:125 nack \r\n\
            a=rtpmap:126 rtx/90000\r\na=fmtp:126 apt=125\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n\
            a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=sendonly\r\n";
        assert_eq!(
            narrowed(offer),
            "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n\
             a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=sendonly\r\n"
        );
    }

    #[test]
    fn a_stopped_line_looks_alive_inside_and_stopped_outside() {
        let offer = "v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=recvonly\r\n\
                     m=audio 9 X 111\r\na=msid:PA_a|TR_b TR_b\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n";
        assert_eq!(lines_of(offer), BTreeMap::from([(1, "TR_b".to_owned())]));
        assert_eq!(narrowed(offer), offer.replace("recvonly", "sendrecv"));
        let answer = "v=0\r\nm=audio 9 X 111\r\na=recvonly\r\nm=audio 9 X 111\r\na=recvonly\r\n";
        let expected = "v=0\r\nm=audio 9 X 111\r\na=inactive\r\nm=audio 9 X 111\r\na=recvonly\r\n";
        assert_eq!(with_stops(answer, offer), expected);
    }

    #[test]
    fn a_relay_gets_its_credentials_escaped() {
        assert_eq!(
            turn_url("turn:relay:3478?transport=udp", "a:b", "c/d").as_deref(),
            Some("turn://a%3Ab:c%2Fd@relay:3478?transport=udp")
        );
        assert_eq!(turn_url("stun:relay:3478", "", ""), None);
    }
}
