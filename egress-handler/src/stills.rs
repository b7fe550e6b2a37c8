//! Stills of a finished recording: a poster, and small pictures of it from beginning to end.
//!
//! They are made from the file itself after it is available, of the pictures that decoding can start at. So nothing waits
//! for them, and it does not matter how many handlers the recording went through.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use gst::prelude::*;
use kernel::vault::{Key, Vault};

use crate::{
    engine::shrink,
    layout::{HEIGHT, WIDTH},
    ledger::Claim,
    mp4::{self, MDAT_HEADER, Placed},
    upload::Sent,
};

/// Seconds between two small pictures.
const STEP: f64 = 10.0;
/// So many small pictures at most; of a longer recording they are further apart.
const MOST: usize = 100;
/// Small pictures in a row.
const COLUMNS: usize = 10;
/// By how much a small picture, and the poster, are smaller than the recording's.
const SMALLER: (usize, usize) = (8, 2);
/// Where the poster is looked for, as parts of the recording: the first that is not black.
const POSTERS: [f64; 8] = [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9];
/// How long the decoder may take for one picture.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// Makes the stills of a recording and puts them beside its file.
pub async fn make(vault: &Vault, claim: &Claim, sent: &Sent) -> Result<()> {
    let Some(config) = sent.codecs.video.clone() else { return Ok(()) };
    let starts = mp4::starts(&sent.segments);
    let at = |seconds: f64| {
        let n = starts.partition_point(|start| *start <= seconds).max(1) - 1;
        sent.segments.get(n).filter(|segment| segment.index.video.is_some())
    };
    // 1. The poster.
    for (n, part) in POSTERS.into_iter().enumerate() {
        let Some(segment) = at(sent.duration * part) else { continue };
        let pictures = vec![read(vault, claim.file(), segment).await?];
        let frames = decode(&config, pictures, SMALLER.1).await?;
        let last = n + 1 == POSTERS.len();
        if let Some(frame) = frames.into_iter().next().filter(|frame| last || !is_black(frame)) {
            let size = (WIDTH as usize / SMALLER.1, HEIGHT as usize / SMALLER.1);
            let poster = jpeg(frame, size).await?;
            vault.put(Key::Poster(claim.organization_id, claim.id), poster, "image/jpeg").await?;
            break;
        }
    }
    // 2. The small pictures.
    let mut pictures = Vec::new();
    for seconds in moments(sent.duration) {
        if let Some(segment) = at(seconds) {
            pictures.push(read(vault, claim.file(), segment).await?);
        }
    }
    let frames = decode(&config, pictures, SMALLER.0).await?;
    let (sheet, size) = sheet(&frames);
    let thumbnails = jpeg(sheet, size).await?;
    vault.put(Key::Thumbnails(claim.organization_id, claim.id), thumbnails, "image/jpeg").await
}

/// The moments of the small pictures, in seconds.
fn moments(duration: f64) -> impl Iterator<Item = f64> {
    #[expect(clippy::cast_precision_loss, reason = "a hundred is exact")]
    let step = STEP.max(duration / MOST as f64);
    (0u32..).map(move |n| f64::from(n) * step).take_while(move |at| *at < duration).take(MOST)
}

/// The picture that a segment begins with.
async fn read(vault: &Vault, file: Key, segment: &Placed) -> Result<Bytes> {
    let run = segment.index.video.as_ref().context("a piece without pictures")?;
    let size = run.sizes.first().context("a piece without pictures")?;
    let start = segment.offset + MDAT_HEADER as u64;
    let object = vault.get(file, Some(start..start + u64::from(*size))).await?;
    Ok(object.body.collect().await?.into_bytes())
}

/// Decodes pictures of which each stands for itself; gives them smaller.
async fn decode(config: &str, pictures: Vec<Bytes>, smaller: usize) -> Result<Vec<Vec<u8>>> {
    let caps = format!("video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer){config}");
    tokio::task::spawn_blocking(move || {
        let (pipeline, input, output) = pipeline(&format!(
            "appsrc name=in format=time ! avdec_h264 max-threads=1 \
             ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT} ! appsink name=out sync=false max-buffers=2"
        ))?;
        input.set_caps(Some(&caps.parse::<gst::Caps>()?));
        pipeline.set_state(gst::State::Playing)?;
        for (picture, n) in pictures.into_iter().zip(0u64..) {
            let mut buffer = gst::Buffer::from_slice(picture);
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_pts(gst::ClockTime::from_seconds(n));
            }
            input.push_buffer(buffer)?;
        }
        input.end_of_stream()?;
        let mut frames = Vec::new();
        while let Some(sample) = output.try_pull_sample(PATIENCE) {
            let map = sample.buffer().context("an empty picture")?.map_readable()?;
            frames.push(shrink(&map, smaller).context("a picture of another size")?);
        }
        let ended = output.is_eos();
        pipeline.set_state(gst::State::Null)?;
        ensure!(ended, "the decoder did not come to the end");
        Ok(frames)
    })
    .await?
}

/// All frames in rows, and the size of that in pixels.
fn sheet(frames: &[Vec<u8>]) -> (Vec<u8>, (usize, usize)) {
    let (width, height) = (WIDTH as usize / SMALLER.0, HEIGHT as usize / SMALLER.0);
    let rows = frames.len().div_ceil(COLUMNS).max(1);
    let size = (COLUMNS * width, rows * height);
    // Black where there is no frame.
    let mut sheet = vec![16; size.0 * size.1];
    sheet.resize(size.0 * size.1 * 3 / 2, 128);
    let quarter = (width / 2, height / 2);
    let planes = [
        (0, 0, width, height),
        (size.0 * size.1, width * height, quarter.0, quarter.1),
        (size.0 * size.1 * 5 / 4, width * height * 5 / 4, quarter.0, quarter.1),
    ];
    for (n, frame) in frames.iter().enumerate() {
        for (to, from, width, height) in planes {
            let (left, top) = (n % COLUMNS * width, n / COLUMNS * height);
            for row in 0..height {
                let line = &frame[from + row * width..][..width];
                sheet[to + (top + row) * COLUMNS * width + left..][..width].copy_from_slice(line);
            }
        }
    }
    (sheet, size)
}

/// Whether hardly anything can be seen.
fn is_black(frame: &[u8]) -> bool {
    let luma = &frame[..frame.len() * 2 / 3];
    luma.iter().filter(|pixel| **pixel > 40).count() * 50 < luma.len()
}

/// Stretches the limited range of a recording's brightness and colors to the full range, which pictures in JPEG have.
fn stretch(frame: &mut [u8]) {
    let (luma, chroma) = frame.split_at_mut(frame.len() * 2 / 3);
    for (part, span, rest) in [(luma, 219, 0), (chroma, 224, 128)] {
        let under = if rest == 0 { 16 } else { rest };
        for pixel in part {
            let value = (i32::from(*pixel) - under) * 255 / span + rest;
            *pixel = u8::try_from(value.clamp(0, 255)).unwrap_or_default();
        }
    }
}

async fn jpeg(mut frame: Vec<u8>, (width, height): (usize, usize)) -> Result<Bytes> {
    stretch(&mut frame);
    tokio::task::spawn_blocking(move || {
        let (pipeline, input, output) = pipeline(&format!(
            "appsrc name=in caps=video/x-raw,format=I420,width={width},height={height},framerate=1/1 \
             ! jpegenc quality=80 ! appsink name=out sync=false"
        ))?;
        pipeline.set_state(gst::State::Playing)?;
        input.push_buffer(gst::Buffer::from_slice(frame))?;
        input.end_of_stream()?;
        let sample = output.try_pull_sample(PATIENCE);
        pipeline.set_state(gst::State::Null)?;
        let sample = sample.context("nothing was encoded")?;
        let map = sample.buffer().context("an empty picture")?.map_readable()?;
        Ok(Bytes::copy_from_slice(&map))
    })
    .await?
}

fn pipeline(description: &str) -> Result<(gst::Pipeline, gst_app::AppSrc, gst_app::AppSink)> {
    let pipeline =
        gst::parse::launch(description)?.downcast::<gst::Pipeline>().ok().context("not a pipeline")?;
    let input = pipeline.by_name("in").and_downcast::<gst_app::AppSrc>().context("no entry")?;
    let output = pipeline.by_name("out").and_downcast::<gst_app::AppSink>().context("no exit")?;
    Ok((pipeline, input, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_ten_seconds_apart_and_not_too_many() {
        assert_eq!(moments(4.0).collect::<Vec<_>>(), [0.0]);
        assert_eq!(moments(30.5).collect::<Vec<_>>(), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(moments(1000.0).count(), 100);
        let hour: Vec<f64> = moments(3600.0).collect();
        assert_eq!((hour.len(), hour[1], hour[99]), (100, 36.0, 3564.0));
    }

    #[test]
    fn frames_stand_in_rows() {
        let frame = |value: u8| vec![value; 160 * 90 * 3 / 2];
        let frames: Vec<Vec<u8>> = (0..12).map(|n| frame(100 + n)).collect();
        let (sheet, size) = sheet(&frames);
        assert_eq!((size, sheet.len()), ((1600, 180), 1600 * 180 * 3 / 2));
        assert_eq!((sheet[0], sheet[160], sheet[1599]), (100, 101, 109));
        assert_eq!((sheet[1600 * 90], sheet[1600 * 90 + 160], sheet[1600 * 90 + 320]), (110, 111, 16));
        let chroma = 1600 * 180;
        assert_eq!(
            (sheet[chroma + 80], sheet[chroma + 800 * 45 + 79], sheet[chroma + 800 * 45 + 160]),
            (101, 110, 128)
        );
    }

    #[test]
    fn black_and_white_are_black_and_white() {
        let mut frame = [16, 235, 126, 0, 128, 240];
        stretch(&mut frame);
        assert_eq!(frame, [0, 255, 128, 0, 128, 255]);
    }

    #[test]
    fn a_dark_picture_is_no_poster() {
        let mut frame = vec![16; 640 * 360 * 3 / 2];
        assert!(is_black(&frame));
        frame[..20_000].fill(120);
        assert!(!is_black(&frame));
    }

    #[tokio::test]
    async fn a_sheet_becomes_a_jpeg() {
        gst::init().expect("GStreamer");
        let (sheet, size) = sheet(&[vec![90; 160 * 90 * 3 / 2]]);
        let bytes = jpeg(sheet, size).await.expect("a picture");
        assert!(bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]), "{} bytes", bytes.len());
    }
}
