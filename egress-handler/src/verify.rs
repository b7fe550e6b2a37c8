//! Looks at the finished file in the vault before anybody is told that it is there.

use anyhow::{Context, Result, ensure};
use gst::prelude::*;
use kernel::vault::{Key, Vault};

use crate::{
    mp4::{MDAT_HEADER, Placed, Run},
    upload::Sent,
};

/// How long the decoders may take for a few seconds of pictures and sound.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// Why a file is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The file is not what was recorded.
    #[error("{0:#}")]
    Wrong(anyhow::Error),
    /// It could not be looked at.
    #[error("{0:#}")]
    Unseen(anyhow::Error),
}

/// Checks that the object has the right size, ends with our index, and that what the index says about its first and its
/// last piece can be decoded from the bytes that the store gives back.
pub async fn check(vault: &Vault, file: Key, sent: &Sent) -> Result<(), Unfit> {
    let size = vault.size(file).await.map_err(Unfit::Unseen)?;
    require(size == Some(sent.size), || format!("the file has {size:?} bytes, not {}", sent.size))?;
    let tail = read(vault, file, sent.size - sent.tail.len() as u64, sent.tail.len() as u64).await?;
    require(tail == sent.tail, || "the file does not end with its index".to_owned())?;
    let ends = [sent.segments.first(), sent.segments.last().filter(|_| sent.segments.len() > 1)];
    for segment in ends.into_iter().flatten() {
        check_segment(vault, file, sent, segment).await?;
    }
    Ok(())
}

async fn check_segment(vault: &Vault, file: Key, sent: &Sent, segment: &Placed) -> Result<(), Unfit> {
    let bytes = |run: &Option<Run>| run.as_ref().map_or(0, Run::bytes);
    let (video, audio) = (bytes(&segment.index.video), bytes(&segment.index.audio));
    let data = read(vault, file, segment.offset, MDAT_HEADER as u64 + video + audio).await?;
    require(data.get(4..MDAT_HEADER) == Some(b"mdat"), || "a piece is not where it should be".to_owned())?;
    let video_end = MDAT_HEADER + usize::try_from(video).unwrap_or(usize::MAX);
    let tracks = [
        (
            &segment.index.video,
            &sent.codecs.video,
            MDAT_HEADER,
            "video/x-h264,stream-format=avc,alignment=au",
            "avdec_h264",
        ),
        (
            &segment.index.audio,
            &sent.codecs.audio,
            video_end,
            "audio/mpeg,mpegversion=4,stream-format=raw,framed=true,rate=48000,channels=2",
            "avdec_aac",
        ),
    ];
    for (run, config, start, caps, decoder) in tracks {
        let (Some(run), Some(config)) = (run, config) else { continue };
        let mut at = start;
        let samples: Vec<Vec<u8>> = run
            .sizes
            .iter()
            .map(|size| {
                let sample = data.slice(at..at + *size as usize);
                at += *size as usize;
                sample.to_vec()
            })
            .collect();
        let description = format!("{caps},codec_data=(buffer){config}");
        let wanted = samples.len();
        let decoded = tokio::task::spawn_blocking(move || decode(&description, decoder, samples))
            .await
            .map_err(|error| Unfit::Unseen(error.into()))?
            .map_err(Unfit::Wrong)?;
        // A decoder of sound may keep its first block to itself.
        require(decoded + 1 >= wanted, || format!("{decoded} of {wanted} samples can be decoded"))?;
    }
    Ok(())
}

/// Reads a part of an object.
pub(crate) async fn read(vault: &Vault, file: Key, start: u64, length: u64) -> Result<bytes::Bytes, Unfit> {
    let read = async {
        let object = vault.get(file, Some(start..start + length)).await?;
        anyhow::Ok(object.body.collect().await?.into_bytes())
    };
    let bytes = read.await.map_err(Unfit::Unseen)?;
    require(bytes.len() as u64 == length, || format!("{} of {length} bytes came back", bytes.len()))?;
    Ok(bytes)
}

/// The file is wrong unless this holds.
pub(crate) fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Unfit> {
    if holds { Ok(()) } else { Err(Unfit::Wrong(anyhow::anyhow!(otherwise()))) }
}

/// How many frames come out of a decoder for these samples.
pub(crate) fn decode(caps: &str, decoder: &str, samples: Vec<Vec<u8>>) -> Result<usize> {
    let pipeline = gst::parse::launch(&format!(
        "appsrc name=in format=time ! {decoder} ! appsink name=out sync=false max-buffers=0"
    ))?
    .downcast::<gst::Pipeline>()
    .ok()
    .context("not a pipeline")?;
    let input = pipeline.by_name("in").and_downcast::<gst_app::AppSrc>().context("no entry")?;
    let output = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().context("no exit")?;
    input.set_caps(Some(&caps.parse::<gst::Caps>()?));
    pipeline.set_state(gst::State::Playing)?;
    for (sample, n) in samples.into_iter().zip(0u32..) {
        let mut buffer = gst::Buffer::from_mut_slice(sample);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_mseconds(20) * u64::from(n));
        }
        input.push_buffer(buffer)?;
    }
    input.end_of_stream()?;
    let mut count = 0;
    while let Some(_frame) = output.try_pull_sample(PATIENCE) {
        count += 1;
    }
    let ended = output.is_eos();
    pipeline.set_state(gst::State::Null)?;
    ensure!(ended, "the decoder did not come to the end");
    Ok(count)
}
