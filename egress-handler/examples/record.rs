//! Records a room into a local file.
use std::time::Duration;
use egress::{engine::{Engine, Event, Wish}, mp4};
use kernel::{clock::Clock, livekit::{Identity, Keys, VideoGrant}};
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    gst::init()?;
    tracing_subscriber::fmt().with_env_filter("info,egress=debug").init();
    let args: Vec<String> = std::env::args().collect();
    let keys = Keys { api_key: args[2].clone(), api_secret: args[3].clone().into() };
    let room = args[4].clone();
    let clock = Clock::system();
    let c2 = clock.clone();
    let token = Box::new(move || Ok(keys.sign(Identity { identity: "recorder:x", name: "", metadata: "" },
        VideoGrant { room_join: true, room: room.clone(), can_subscribe: true, hidden: true, recorder: true, ..Default::default() }, c2.now(), chrono::Duration::minutes(10))?));
    let (engine, mut events) = Engine::start(Wish { url: args[1].clone(), token, audio_only: false }, clock)?;
    let seconds: u64 = args[5].parse()?;
    let mut file = mp4::head()?;
    let mut placed = vec![]; let mut codecs = None;
    let timer = tokio::time::sleep(Duration::from_secs(seconds)); tokio::pin!(timer);
    let mut done = false;
    loop { tokio::select! {
        () = &mut timer, if !done => { done = true; engine.finish(); }
        event = events.recv() => match event {
            Some(Event::Segment(s)) => { println!("segment {} {:?} {}", s.started_at, s.lasts, s.bytes.len());
                placed.push(mp4::Placed { section: 1, offset: file.len() as u64, index: s.index }); file.extend(&s.bytes); codecs = Some(s.codecs); }
            Some(Event::Finished) | None => break,
            Some(e) => println!("{e:?}"),
        }
    }}
    file.extend(mp4::tail(&placed, &codecs.unwrap())?);
    std::fs::write(&args[6], file)?;
    println!("{} s", mp4::duration(&placed));
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}
