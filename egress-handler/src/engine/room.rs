//! The connection to a LiveKit room: signalling over a WebSocket, media over WebRTC.
//!
//! `webrtcbin` is driven here directly, and not through `livekitwebrtcsrc`, because the recorder must know what that
//! element keeps to itself: who is in the room, which track a line carries, and whether it is muted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use gst::prelude::*;
use gst_sdp::SDPMessage;
use gst_webrtc::{WebRTCPeerConnectionState, WebRTCRTPTransceiver, WebRTCSDPType, WebRTCSessionDescription};
use kernel::recording::Layout;
use livekit_protocol::{
    self as proto, SignalTarget, TrackSource, TrackType, participant_info,
    signal_request::Message as Request, signal_response::Message as Response,
};
use livekit_signaling::{SignalClient, SignalError, SignalEvent, SignalOptions};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, trace, warn};

use super::{
    letters::Letters,
    mixer::{CODECS, JITTER, Kind, Mixer, Place},
    tiles,
    voices::Voice,
};
use crate::layout::{self, Floor, MAX_TILES, Seats, Sitter};

/// How often it is looked whether all pictures come.
const LOOK: Duration = Duration::from_secs(1);

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
    layout: Layout,
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
    let mut session = match Session::open(Arc::clone(mixer), layout, client, &joined, events.clone()) {
        Ok(session) => session,
        Err(error) => return error.into(),
    };
    let mut look = time::interval(LOOK);
    let reason = loop {
        let floor_goes_over = session.floor.due().map(|due| session.since + due);
        let step = tokio::select! {
            () = leave.cancelled() => Err(Lost::Left),
            () = session.shared.failed.notified() => Err(Lost::Broken("the media connection failed".into())),
            () = session.shared.changed.notified() => {
                session.arrange().await;
                Ok(())
            }
            _ = look.tick() => {
                mixer.urge();
                Ok(())
            }
            () = mixer.seen().notified() => {
                session.arrange().await;
                Ok(())
            }
            () = time::sleep_until(floor_goes_over.unwrap_or(session.since)), if floor_goes_over.is_some() => {
                session.floor.settle(session.since.elapsed());
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
    /// A line was patched in or a name was set; the picture must be arranged again.
    changed: Notify,
    /// Our addresses, held back until the first answer is out, because the server takes none before it.
    candidates: Mutex<Option<Vec<Candidate>>>,
}

struct Session {
    client: Arc<SignalClient>,
    mixer: Arc<Mixer>,
    layout: Layout,
    letters: Letters,
    webrtc: gst::Element,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<RoomEvent>,
    people: HashMap<String, proto::ParticipantInfo>,
    own_sid: String,
    /// The track that each line of the connection carries now.
    lines: BTreeMap<u32, String>,
    /// When the recorder came.
    since: Instant,
    floor: Floor,
    seats: Seats,
    /// How loud those are who speak now.
    levels: BTreeMap<String, f32>,
    /// When each was last heard.
    spoke: HashMap<String, Duration>,
    /// The tracks of shared screens, the newest first.
    screens: Vec<String>,
    /// What the server was last asked to send of each track.
    asked: HashMap<String, Asked>,
    joined: bool,
    counted: Option<usize>,
}

/// What is asked of the server for one track: nothing, or the resolution that fits its place.
type Asked = Option<(u32, u32)>;

/// Something that has a place in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Tile<'a> {
    Person(&'a Guest<'a>),
    Screen(&'a Screen<'a>),
}

/// Somebody who is to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Guest<'a> {
    info: &'a proto::ParticipantInfo,
    /// The line and the track of the camera, while it sends.
    camera: Option<(u32, &'a str)>,
}

/// A shared screen.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Screen<'a> {
    info: &'a proto::ParticipantInfo,
    line: u32,
    track: &'a str,
}

impl Session {
    fn open(
        mixer: Arc<Mixer>,
        layout: Layout,
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
            .property("latency", JITTER)
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
        let ready = Arc::clone(&shared);
        let letters = Letters::start(move || ready.changed.notify_one())?;
        let own_sid = joined.participant.as_ref().map(|own| own.sid.clone()).unwrap_or_default();
        let mut session = Self {
            client,
            mixer,
            layout,
            letters,
            webrtc,
            shared,
            events,
            people: HashMap::new(),
            own_sid,
            lines: BTreeMap::new(),
            since: Instant::now(),
            floor: Floor::default(),
            seats: Seats::default(),
            levels: BTreeMap::new(),
            spoke: HashMap::new(),
            screens: Vec::new(),
            asked: HashMap::new(),
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
            Response::SpeakersChanged(changed) if self.hear(&changed.speakers) => self.arrange().await,
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
        let before = std::mem::replace(&mut self.lines, lines_of(&offer.sdp));
        for (line, _) in self.lines.iter().filter(|(line, track)| before.get(line) != Some(track)) {
            self.mixer.expect_anew(*line);
        }
        let narrowed = narrowed(&offer.sdp, |line| self.codecs_of(line));
        let sdp =
            SDPMessage::parse_buffer(narrowed.as_bytes()).map_err(|_| anyhow!("the offer cannot be read"))?;
        let remote = WebRTCSessionDescription::new(WebRTCSDPType::Offer, sdp);
        self.call("set-remote-description", Some(&remote)).await?;
        self.prefer(&narrowed);
        let reply = self.call("create-answer", None).await?.context("no answer was made")?;
        let answer = reply
            .get::<WebRTCSessionDescription>("answer")
            .map_err(|_| anyhow!("the offer cannot be answered: {reply}"))?;
        self.call("set-local-description", Some(&answer)).await?;
        let text = answer.sdp().as_text().context("the answer cannot be written")?;
        let text = completed(&text, &offer.sdp);
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

    /// Tells `webrtcbin` the codec of every line. Otherwise it refuses a line that begins again with another codec.
    fn prefer(&self, narrowed: &str) {
        let codecs: Vec<Option<Codec>> =
            sections(narrowed).iter().skip(1).map(|section| decoded_in(section).into_iter().next()).collect();
        for n in 0i32.. {
            let transceiver =
                self.webrtc.emit_by_name::<Option<WebRTCRTPTransceiver>>("get-transceiver", &[&n]);
            let Some(transceiver) = transceiver else { return };
            let line = transceiver.property::<u32>("mlineindex") as usize;
            if let Some(Some(codec)) = codecs.get(line) {
                let caps = gst::Caps::builder("application/x-rtp").field("encoding-name", codec.name).build();
                transceiver.set_property("codec-preferences", Some(&caps));
            }
        }
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
                self.levels.remove(&person.sid);
                self.spoke.remove(&person.sid);
                self.floor.left(&person.sid);
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

    /// The codecs that the track on a line is sent in, the publisher's own choice first.
    fn codecs_of(&self, line: u32) -> Vec<String> {
        let track = self.lines.get(&line).and_then(|sid| track(&self.people, sid));
        let mimes = track.into_iter().flat_map(|(_, track)| {
            let others = track.codecs.iter().map(|codec| &codec.mime_type);
            std::iter::once(&track.mime_type).chain(others)
        });
        mimes.filter_map(|mime| Some(mime.split_once('/')?.1.to_ascii_uppercase())).collect()
    }

    /// Hears who speaks now; whether that may change the picture.
    fn hear(&mut self, speakers: &[proto::SpeakerInfo]) -> bool {
        let now = self.since.elapsed();
        for speaker in speakers {
            if !self.people.get(&speaker.sid).is_some_and(is_person) {
                continue;
            }
            if speaker.active {
                self.levels.insert(speaker.sid.clone(), speaker.level);
            } else {
                self.levels.remove(&speaker.sid);
            }
            self.spoke.insert(speaker.sid.clone(), now);
        }
        let before = self.floor.holder().map(str::to_owned);
        self.floor.hear(now, &self.levels);
        before.as_deref() != self.floor.holder() || self.people.len() > MAX_TILES
    }

    /// Puts everybody and what is sent now into their places, and asks the server for the resolutions that fit.
    async fn arrange(&mut self) {
        let wishes = self.place();
        for wish in wishes {
            self.client.send(Request::TrackSetting(wish)).await;
        }
    }

    fn place(&mut self) -> Vec<proto::UpdateTrackSettings> {
        // 1. What is sent on which line?
        let mut audible = Vec::new();
        let mut speakers: BTreeMap<u32, Voice> = BTreeMap::new();
        let mut pictures: Vec<(u32, &proto::ParticipantInfo, &proto::TrackInfo)> = Vec::new();
        for (line, sid) in &self.lines {
            let Some((person, track)) = track(&self.people, sid) else { continue };
            // What is encrypted from end to end cannot be decoded.
            if track.muted || track.encryption() != proto::encryption::Type::None {
                continue;
            }
            match track.r#type() {
                TrackType::Audio => {
                    audible.push(*line);
                    let known = speakers.values().any(|voice| voice.identity == person.identity);
                    if is_person(person) && track.source() != TrackSource::ScreenShareAudio && !known {
                        let voice = Voice { identity: person.identity.clone(), name: person.name.clone() };
                        speakers.insert(*line, voice);
                    }
                }
                TrackType::Video if is_person(person) => pictures.push((*line, person, track)),
                TrackType::Video | TrackType::Data => {}
            }
        }
        // 2. Who is there, and which screens are shared?
        let shares = |track: &proto::TrackInfo| track.source() == TrackSource::ScreenShare;
        let mut screens: Vec<Screen<'_>> = pictures
            .iter()
            .filter(|(.., track)| shares(track))
            .map(|(line, info, track)| Screen { info, line: *line, track: &track.sid })
            .collect();
        self.screens.retain(|known| screens.iter().any(|screen| screen.track == known));
        for screen in &screens {
            if !self.screens.iter().any(|known| known == screen.track) {
                self.screens.insert(0, screen.track.to_owned());
            }
        }
        screens.sort_by_key(|screen| self.screens.iter().position(|known| known == screen.track));
        let mut guests: Vec<Guest<'_>> = self
            .people
            .values()
            .filter(|person| is_person(person) && may_publish(person))
            .map(|info| {
                let camera =
                    pictures.iter().find(|(_, owner, track)| owner.sid == info.sid && !shares(track));
                Guest { info, camera: camera.map(|(line, _, track)| (*line, track.sid.as_str())) }
            })
            .collect();
        guests.sort_by_key(|guest| (joined_at(guest.info), &guest.info.sid));
        // 3. Who gets a place, and which?
        let sitters: Vec<Sitter> = guests
            .iter()
            .map(|guest| Sitter {
                id: guest.info.sid.clone(),
                spoke: self.spoke.get(&guest.info.sid).copied(),
                visible: guest.camera.is_some(),
            })
            .collect();
        let seated = self.seats.give(&sitters, MAX_TILES.saturating_sub(screens.len()));
        let guest_of = |sid: &str| guests.iter().find(|guest| guest.info.sid == sid).map(Tile::Person);
        let people: Vec<Tile<'_>> = seated.iter().filter_map(|sid| guest_of(sid)).collect();
        let shared: Vec<Tile<'_>> = screens.iter().map(Tile::Screen).collect();
        let speaker = self.floor.holder().and_then(guest_of);
        let tiles = layout::compose(self.layout, &shared, &people, speaker);
        // 4. Show them, with their names, and those who send no picture as cards.
        let mut places = Vec::new();
        let mut asked: HashMap<String, Asked> =
            pictures.iter().map(|(.., track)| (track.sid.clone(), None)).collect();
        let mut paints = Vec::new();
        for (tile, rect) in tiles {
            let (info, picture) = match tile {
                Tile::Person(guest) => (guest.info, guest.camera),
                Tile::Screen(screen) => (screen.info, Some((screen.line, screen.track))),
            };
            let shown =
                picture.is_some_and(|(line, _)| matches!(tile, Tile::Screen(_)) || self.mixer.is_seen(line));
            if let Some((line, track)) = picture {
                places.push(Place { line, rect, shown });
                asked.insert(track.to_owned(), Some((rect.width, rect.height)));
            }
            if !shown {
                tiles::card(&mut paints, &self.letters, rect, &info.identity, &info.name);
            }
            tiles::label(&mut paints, &self.letters, rect, &info.name);
        }
        debug!(?places, ?audible, "arranged");
        self.mixer.listen(&audible);
        self.mixer.name(speakers);
        self.mixer.arrange(&places, paints);
        let wishes = asked
            .iter()
            .filter(|(track, wish)| self.asked.get(*track) != Some(*wish))
            .map(|(track, wish)| {
                let (width, height) = wish.unwrap_or_default();
                proto::UpdateTrackSettings {
                    track_sids: vec![track.clone()],
                    disabled: wish.is_none(),
                    width,
                    height,
                    ..Default::default()
                }
            })
            .collect();
        self.asked = asked;
        wishes
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
/// One codec is left on each line: the one that is sent, or the first that we decode, and its retransmission.
/// `webrtcbin` would take the first that it knows, which need not be the one that is sent. And no line is stopped:
/// LiveKit stops lines and starts them again with another track, but `webrtcbin` cannot start a line a second time.
fn narrowed(offer: &str, sent: impl Fn(u32) -> Vec<String>) -> String {
    let sections = sections(offer);
    let head = sections.first().into_iter().flatten().map(|line| (*line).to_owned());
    let lines = sections.iter().skip(1).zip(0..).flat_map(|(section, line)| {
        let decoded = decoded_in(section);
        let sent = sent(line).into_iter().find_map(|codec| decoded.iter().find(|found| found.name == codec));
        let lines = match sent.or(decoded.first()) {
            Some(codec) => with_codecs(section, section, std::slice::from_ref(codec)),
            None => section.iter().map(|line| (*line).to_owned()).collect(),
        };
        lines.into_iter().map(
            |line| {
                if STOPPED.contains(&line.as_str()) { "a=sendrecv".to_owned() } else { line }
            },
        )
    });
    joined(head.chain(lines))
}

/// The answer as the server is to have it: with those lines stopped that are so in the offer, and with every codec that
/// we decode. What is missing in the answer to its first offer, LiveKit never offers again on any line.
fn completed(answer: &str, offer: &str) -> String {
    let offer = sections(offer);
    let answer = sections(answer);
    let lines = answer.iter().enumerate().flat_map(|(n, section)| {
        let offered = offer.get(n).filter(|_| n > 0);
        let stopped = offered.is_some_and(|offered| is_stopped(offered));
        let refused = section.first().is_some_and(|line| line.split(' ').nth(1) == Some("0"));
        let lines = match offered.map(|offered| (offered, decoded_in(offered))) {
            Some((offered, codecs)) if !codecs.is_empty() && !refused => {
                with_codecs(section, offered, &codecs)
            }
            _ => section.iter().map(|line| (*line).to_owned()).collect(),
        };
        lines
            .into_iter()
            .map(move |line| if stopped && line == "a=recvonly" { "a=inactive".to_owned() } else { line })
    });
    joined(lines)
}

/// A codec on a line of an offer.
#[derive(Debug, PartialEq, Eq)]
struct Codec {
    name: &'static str,
    /// Its payload type, and that of its retransmission.
    payloads: Vec<String>,
}

/// What follows an attribute's payload type: of `a=rtpmap:96 VP8/90000` the `96` and the `VP8/90000`.
fn attribute<'a>(line: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?.split_once(' ')
}

/// The codecs of a line that we decode, in our order.
fn decoded_in(section: &[&str]) -> Vec<Codec> {
    let find = |name: &'static str| {
        let payload = section.iter().find_map(|line| {
            let (payload, codec) = attribute(line, "rtpmap")?;
            codec.split('/').next().is_some_and(|codec| codec.eq_ignore_ascii_case(name)).then_some(payload)
        })?;
        let again = section.iter().find_map(|line| {
            let (again, value) = attribute(line, "fmtp")?;
            (value.strip_prefix("apt=") == Some(payload)).then_some(again)
        });
        let payloads = [Some(payload), again].into_iter().flatten().map(str::to_owned).collect();
        Some(Codec { name, payloads })
    };
    CODECS.into_iter().filter_map(find).collect()
}

/// A line with these codecs, as the offer describes them, in place of its own.
fn with_codecs(section: &[&str], offered: &[&str], codecs: &[Codec]) -> Vec<String> {
    let kept: Vec<&str> = codecs.iter().flat_map(|codec| &codec.payloads).map(String::as_str).collect();
    let about = |line: &str| {
        let of = ["rtpmap", "fmtp", "rtcp-fb"].iter().find_map(|name| attribute(line, name));
        of.map(|(payload, _)| payload.to_owned())
    };
    let described = offered
        .iter()
        .filter(|line| about(line).is_some_and(|payload| payload == "*" || kept.contains(&payload.as_str())))
        // Depayloaders would ask for key frames in this way if they could, and LiveKit does not answer that.
        .filter(|line| !line.ends_with(" ccm fir"));
    let (first, rest) = section.split_first().unwrap_or((&"", &[]));
    // m=video 9 UDP/TLS/RTP/SAVPF 96 97 …
    let first = first.split(' ').take(3).chain(kept.iter().copied()).collect::<Vec<_>>().join(" ");
    std::iter::once(first)
        .chain(described.map(|line| (*line).to_owned()))
        .chain(rest.iter().filter(|line| about(line).is_none()).map(|line| (*line).to_owned()))
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

/// A track, and who sends it.
fn track<'a>(
    people: &'a HashMap<String, proto::ParticipantInfo>,
    sid: &str,
) -> Option<(&'a proto::ParticipantInfo, &'a proto::TrackInfo)> {
    people.values().find_map(|person| Some((person, person.tracks.iter().find(|track| track.sid == sid)?)))
}

/// Whether this participant is somebody, and not a machine of ours.
fn is_person(participant: &proto::ParticipantInfo) -> bool {
    let hidden = participant.permission.as_ref().is_some_and(|permission| permission.hidden);
    let machine =
        matches!(participant.kind(), participant_info::Kind::Egress | participant_info::Kind::Agent);
    !hidden && !machine
}

/// Whether this participant may ever be seen or heard; those who only watch have no place in the picture.
fn may_publish(participant: &proto::ParticipantInfo) -> bool {
    participant.permission.as_ref().is_none_or(|permission| permission.can_publish)
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

    const OFFER: &str = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 125 96 97 126 108\r\na=mid:1\r\na=rtpmap:125 H264/90000\r\na=rtcp-fb:125 nack \r\n\
        a=rtpmap:126 rtx/90000\r\na=fmtp:126 apt=125\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 ccm fir\r\na=rtcp-fb:96 nack pli\r\n\
        a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:108 H264/90000\r\na=sendonly\r\n";

    #[test]
    fn the_codec_that_is_sent_is_left_on_each_line() {
        let head = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n";
        let vp8 = format!(
            "{head}m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n\
             a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=mid:1\r\na=sendonly\r\n"
        );
        assert_eq!(narrowed(OFFER, |_| vec!["VP8".into()]), vp8);
        assert_eq!(narrowed(OFFER, |_| vec!["AV1".into(), "VP8".into()]), vp8, "what is sent besides");
        assert_eq!(narrowed(OFFER, |_| Vec::new()), vp8, "not known yet");
        let h264 = format!(
            "{head}m=video 9 UDP/TLS/RTP/SAVPF 125 126\r\na=rtpmap:125 H264/90000\r\na=rtcp-fb:125 nack \r\n\
             a=rtpmap:126 rtx/90000\r\na=fmtp:126 apt=125\r\na=mid:1\r\na=sendonly\r\n"
        );
        assert_eq!(narrowed(OFFER, |line| vec![if line == 1 { "H264" } else { "" }.into()]), h264);
    }

    #[test]
    fn the_answer_names_every_codec_that_we_decode() {
        let answer = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=recvonly\r\n";
        assert_eq!(
            completed(answer, OFFER),
            "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96 97 125 126\r\na=rtpmap:125 H264/90000\r\na=rtcp-fb:125 nack \r\n\
             a=rtpmap:126 rtx/90000\r\na=fmtp:126 apt=125\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n\
             a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=mid:1\r\na=recvonly\r\n"
        );
        let refused = answer.replace("m=video 9", "m=video 0");
        assert_eq!(completed(&refused, OFFER), refused);
    }

    #[test]
    fn a_stopped_line_looks_alive_inside_and_stopped_outside() {
        let offer = "v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=recvonly\r\n\
                     m=audio 9 X 111\r\na=msid:PA_a|TR_b TR_b\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n";
        assert_eq!(lines_of(offer), BTreeMap::from([(1, "TR_b".to_owned())]));
        let inside = narrowed(offer, |_| Vec::new());
        assert!(!inside.contains("recvonly") && inside.matches("a=sendrecv").count() == 2, "{inside}");
        let answer = "v=0\r\nm=audio 9 X 111\r\na=recvonly\r\nm=audio 9 X 111\r\na=recvonly\r\n";
        let expected = "v=0\r\nm=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=inactive\r\n\
                        m=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=recvonly\r\n";
        assert_eq!(completed(answer, offer), expected);
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
