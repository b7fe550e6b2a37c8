//! Reads an MP4 file in the vault that somebody else has written: whether it is whole, how long it plays, and where its
//! pictures are that decoding can start at.

use anyhow::{Context, Result, anyhow, ensure};
use kernel::vault::{Key, Vault};
use mp4_atom::{Atom, Codec, Decode, FourCC, Hdlr, Mdhd, Mvhd, Stbl, StszSamples};
use sha2::{Digest, Sha256};

use crate::{
    mp4::{Codecs, Index, MDAT_HEADER, Placed, Run, VIDEO_TICKS},
    verify::{self, Unfit},
};

/// So many boxes at most, one after the other, has a file that is no fragmented one.
const BOXES: usize = 64;
/// The largest index that is read; a day of recording has a tenth of it.
const LARGEST_INDEX: u64 = 256 << 20;

/// What is known of a file that was read.
#[derive(Debug)]
pub struct Film {
    /// SHA-256 over it, in hexadecimal.
    pub sha256: String,
    /// What its index says.
    pub index: Contents,
}

/// What the index of a file says.
#[derive(Debug, Default)]
pub struct Contents {
    /// How long it plays, in seconds.
    pub seconds: f64,
    /// Whether it has pictures.
    pub has_pictures: bool,
    /// Whether it has sound.
    pub has_sound: bool,
    /// How its pictures are decoded, when that is known here.
    pub codecs: Codecs,
    /// The pictures that decoding can start at, each as a piece of its own.
    pub pictures: Vec<Placed>,
}

/// Reads a file of `size` bytes and checks that it is whole and has what was asked for.
pub async fn read(vault: &Vault, file: Key, size: u64, audio_only: bool) -> Result<Film, Unfit> {
    // 1. Box by box to the end.
    let index = find_index(vault, file, size).await?;
    let index = contents(&index).map_err(Unfit::Wrong)?;
    let as_asked = if audio_only { index.has_sound } else { index.has_pictures };
    verify::require(as_asked && index.seconds > 0.0, || "the file has not what was asked for".to_owned())?;
    // 2. Its first and its last picture.
    for picture in [index.pictures.first(), index.pictures.last()].into_iter().flatten() {
        check_picture(vault, file, picture, &index.codecs).await?;
    }
    // 3. All of it, for the hash.
    Ok(Film { sha256: hash(vault, file, size).await?, index })
}

async fn find_index(vault: &Vault, file: Key, size: u64) -> Result<Vec<u8>, Unfit> {
    let (mut at, mut index, mut has_data) = (0, None, false);
    for _ in 0..BOXES {
        if at == size {
            break;
        }
        let head = verify::read(vault, file, at, 16.min(size - at)).await?;
        let (kind, length) = header(&head, size - at).map_err(Unfit::Wrong)?;
        has_data |= &kind == b"mdat";
        if &kind == b"moov" {
            verify::require(length <= LARGEST_INDEX, || format!("an index of {length} bytes"))?;
            index = Some(verify::read(vault, file, at, length).await?.to_vec());
        }
        at += length;
    }
    verify::require(at == size && has_data, || {
        format!("the file is not whole: its boxes end at {at} of {size}")
    })?;
    index.ok_or_else(|| Unfit::Wrong(anyhow!("the file has no index")))
}

/// The name of a box and its length with its head; `rest` is what is left of the file.
fn header(bytes: &[u8], rest: u64) -> Result<([u8; 4], u64)> {
    let (short, tail) = bytes.split_first_chunk::<4>().context("half a box")?;
    let (kind, tail) = tail.split_first_chunk::<4>().context("half a box")?;
    let length = match u32::from_be_bytes(*short) {
        0 => rest,
        1 => u64::from_be_bytes(*tail.first_chunk::<8>().context("half a box")?),
        length => u64::from(length),
    };
    ensure!((8..=rest).contains(&length), "a box of {length} bytes where {rest} are left");
    Ok((*kind, length))
}

/// The boxes that stand in `bytes`, each with its head.
fn boxes(mut bytes: &[u8]) -> Result<Vec<([u8; 4], &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (kind, length) = header(bytes, bytes.len() as u64)?;
        let (this, rest) = bytes.split_at(usize::try_from(length)?);
        found.push((kind, this));
        bytes = rest;
    }
    Ok(found)
}

/// The boxes within a box.
fn within(outer: &[u8]) -> Result<Vec<([u8; 4], &[u8])>> {
    let long = outer.starts_with(&1_u32.to_be_bytes());
    boxes(outer.get(if long { 16 } else { 8 }..).unwrap_or_default())
}

/// The first box of a kind among others.
fn first<'a>(found: &[([u8; 4], &'a [u8])], kind: FourCC) -> Option<&'a [u8]> {
    found.iter().find(|(name, _)| FourCC::new(name) == kind).map(|(_, bytes)| *bytes)
}

fn decoded<T: Atom + Decode>(found: &[([u8; 4], &[u8])], kind: FourCC) -> Result<T> {
    let mut bytes = first(found, kind).with_context(|| format!("no {kind} in the index"))?;
    T::decode(&mut bytes).with_context(|| format!("{kind} cannot be read"))
}

/// Reads an index. Boxes that nothing here needs are passed over, whatever is in them.
fn contents(moov: &[u8]) -> Result<Contents> {
    ensure!(header(moov, moov.len() as u64)?.1 == moov.len() as u64, "half an index");
    let parts = within(moov)?;
    let film: Mvhd = decoded(&parts, FourCC::new(b"mvhd"))?;
    let mut contents = Contents { seconds: seconds(film.duration, film.timescale), ..Contents::default() };
    for (_, track) in parts.iter().filter(|(kind, _)| kind == b"trak") {
        let media = within(first(&within(track)?, FourCC::new(b"mdia")).context("a track without media")?)?;
        let kind = decoded::<Hdlr>(&media, FourCC::new(b"hdlr"))?.handler;
        contents.has_sound |= kind == FourCC::new(b"soun");
        if kind == FourCC::new(b"vide") && !contents.has_pictures {
            contents.has_pictures = true;
            let clock = decoded::<Mdhd>(&media, FourCC::new(b"mdhd"))?.timescale;
            // A codec that is not known here can still be played by others.
            if let Ok((codecs, pictures)) = pictures(&media, clock) {
                (contents.codecs, contents.pictures) = (codecs, pictures);
            }
        }
    }
    Ok(contents)
}

fn pictures(media: &[([u8; 4], &[u8])], clock: u32) -> Result<(Codecs, Vec<Placed>)> {
    let info = within(first(media, FourCC::new(b"minf")).context("no minf")?)?;
    let table: Stbl = decoded(&info, FourCC::new(b"stbl"))?;
    let Some(Codec::Avc1(entry)) = table.stsd.codecs.first() else { return Err(anyhow!("no H.264")) };
    let mut config = Vec::new();
    entry.avcc.encode_body(&mut config)?;
    let codecs = Codecs { video: Some(hex::encode(config)), audio: None };
    Ok((codecs, keys(&table, clock)?))
}

/// The samples that decoding can start at: where they are, how large, and how long it is to the next of them.
fn keys(table: &Stbl, clock: u32) -> Result<Vec<Placed>> {
    let sizes = match &table.stsz.samples {
        StszSamples::Different { sizes } => sizes.clone(),
        StszSamples::Identical { .. } => return Err(anyhow!("pictures that are all of one size")),
    };
    let chunks: Vec<u64> = match (&table.stco, &table.co64) {
        (Some(short), _) => short.entries.iter().copied().map(u64::from).collect(),
        (None, Some(long)) => long.entries.clone(),
        (None, None) => return Err(anyhow!("no places of chunks")),
    };
    let starts = table.stts.entries.iter().flat_map(|entry| {
        std::iter::repeat_n(u64::from(entry.sample_delta), usize::try_from(entry.sample_count).unwrap_or(0))
    });
    let starts = starts.take(sizes.len()).scan(0_u64, |at, delta| {
        let start = *at;
        *at += delta;
        Some(start)
    });
    let starts: Vec<u64> = starts.collect();
    let places = places(&table.stsc.entries, &chunks, &sizes);
    ensure!(starts.len() == sizes.len() && places.len() == sizes.len(), "tables that do not fit together");
    let keys: Vec<usize> = match &table.stss {
        Some(keys) => {
            keys.entries.iter().filter_map(|key| usize::try_from(*key).ok()?.checked_sub(1)).collect()
        }
        None => (0..sizes.len()).collect(),
    };
    let ticks = |at: u64| at.saturating_mul(u64::from(VIDEO_TICKS)) / u64::from(clock.max(1));
    let mut placed = Vec::with_capacity(keys.len());
    for (n, key) in keys.iter().enumerate() {
        let (Some(size), Some(place), Some(start)) = (sizes.get(*key), places.get(*key), starts.get(*key))
        else {
            return Err(anyhow!("a key that is no sample"));
        };
        let next =
            keys.get(n + 1).and_then(|next| starts.get(*next)).or(starts.last()).copied().unwrap_or(*start);
        let mut run = Run { start: ticks(*start), ..Run::default() };
        run.push(u32::try_from(ticks(next).saturating_sub(ticks(*start))).unwrap_or(u32::MAX), *size, true);
        placed.push(Placed {
            section: 1,
            // A piece begins with the head of its box.
            offset: place.saturating_sub(MDAT_HEADER as u64),
            index: Index { video: Some(run), audio: None },
        });
    }
    Ok(placed)
}

/// Where each sample is in the file.
fn places(entries: &[mp4_atom::StscEntry], chunks: &[u64], sizes: &[u32]) -> Vec<u64> {
    let mut sizes = sizes.iter();
    let mut places = Vec::with_capacity(sizes.len());
    let mut entry = entries.iter().peekable();
    let mut samples = 0;
    for (number, chunk) in (1_u32..).zip(chunks) {
        while let Some(next) = entry.next_if(|next| next.first_chunk <= number) {
            samples = next.samples_per_chunk;
        }
        let mut at = *chunk;
        for _ in 0..samples {
            let Some(size) = sizes.next() else { return places };
            places.push(at);
            at = at.saturating_add(u64::from(*size));
        }
    }
    places
}

async fn check_picture(vault: &Vault, file: Key, picture: &Placed, codecs: &Codecs) -> Result<(), Unfit> {
    let (Some(config), Some(run)) = (&codecs.video, &picture.index.video) else { return Ok(()) };
    let start = picture.offset.saturating_add(MDAT_HEADER as u64);
    let sample = verify::read(vault, file, start, run.bytes()).await?;
    let caps = format!("video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer){config}");
    let decoded =
        tokio::task::spawn_blocking(move || verify::decode(&caps, "avdec_h264", vec![sample.to_vec()]))
            .await
            .map_err(|error| Unfit::Unseen(error.into()))?
            .map_err(Unfit::Wrong)?;
    verify::require(decoded > 0, || "a picture cannot be decoded".to_owned())
}

async fn hash(vault: &Vault, file: Key, size: u64) -> Result<String, Unfit> {
    let read = async {
        let mut body = vault.get(file, None).await?.body;
        let (mut hash, mut length) = (Sha256::new(), 0);
        while let Some(bytes) = body.try_next().await? {
            hash.update(&bytes);
            length += bytes.len() as u64;
        }
        ensure!(length == size, "{length} of {size} bytes came back");
        Ok(hex::encode(hash.finalize()))
    };
    read.await.map_err(Unfit::Unseen)
}

fn seconds(ticks: u64, per_second: u32) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "recordings are shorter than 2^52 ticks")]
    let ticks = ticks as f64;
    ticks / f64::from(per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mp4;

    fn run(start: u64, sizes: &[u32]) -> Run {
        let mut run = Run { start, ..Run::default() };
        sizes.iter().enumerate().for_each(|(n, size)| run.push(3600, *size, n == 0));
        run
    }

    fn index() -> Vec<u8> {
        let avcc = "0164001fffe1000467640001010004686f0102";
        let codecs = Codecs { video: Some(avcc.into()), audio: Some("1190".into()) };
        let piece = |offset, start| Placed {
            section: 1,
            offset,
            index: Index { video: Some(run(start, &[100, 10, 20])), audio: Some(run(0, &[7])) },
        };
        mp4::tail(&[piece(24, 0), piece(500, 3 * 3600)], &codecs).expect("an index")
    }

    #[test]
    fn an_index_is_read_back() {
        let contents = contents(&index()).expect("an index");
        assert!(contents.has_pictures && contents.has_sound);
        assert!((contents.seconds - 0.24).abs() < 0.01, "{}", contents.seconds);
        let keys: Vec<(u64, u64, u64)> = contents
            .pictures
            .iter()
            .map(|picture| {
                let run = picture.index.video.as_ref().expect("a picture");
                (picture.offset, run.start, run.bytes())
            })
            .collect();
        assert_eq!(keys, [(24, 0, 100), (500, 3 * 3600, 100)]);
        assert_eq!(contents.codecs.video.as_deref(), Some("0164001fffe1000467640001010004686f0102"));
    }

    /// A file as the service makes it: three seconds, a picture that decoding can start at every two.
    fn muxed() -> Vec<u8> {
        use gst::prelude::*;
        gst::init().expect("GStreamer");
        let path = std::env::temp_dir().join(format!("baraza-film-{}.mp4", std::process::id()));
        let pipeline = gst::parse::launch(&format!(
            "mp4mux name=mux ! filesink location={} \
             videotestsrc num-buffers=90 ! video/x-raw,width=320,height=180,framerate=30/1 \
             ! x264enc speed-preset=ultrafast key-int-max=60 ! h264parse ! mux. \
             audiotestsrc num-buffers=150 samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! mux.",
            path.display()
        ))
        .expect("a pipeline");
        pipeline.set_state(gst::State::Playing).expect("plays");
        let bus = pipeline.bus().expect("a bus");
        let patience = gst::ClockTime::from_seconds(30);
        let end = bus.timed_pop_filtered(patience, &[gst::MessageType::Eos, gst::MessageType::Error]);
        assert_eq!(end.map(|message| message.type_()), Some(gst::MessageType::Eos));
        pipeline.set_state(gst::State::Null).expect("stops");
        let bytes = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        bytes
    }

    #[test]
    fn a_file_of_another_muxer_is_read_and_its_pictures_are_where_it_says() {
        let file = muxed();
        let parts = boxes(&file).expect("a whole file");
        let contents = contents(first(&parts, FourCC::new(b"moov")).expect("an index")).expect("reads");
        assert!(contents.has_pictures && contents.has_sound);
        assert!((contents.seconds - 3.0).abs() < 0.1, "{}", contents.seconds);
        let config = contents.codecs.video.expect("H.264");
        let starts: Vec<u64> = contents
            .pictures
            .iter()
            .map(|picture| {
                let run = picture.index.video.as_ref().expect("a picture");
                let (start, length) = (picture.offset + MDAT_HEADER as u64, run.bytes());
                let range =
                    usize::try_from(start).expect("small")..usize::try_from(start + length).expect("small");
                let caps = format!("video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer){config}");
                assert_eq!(
                    verify::decode(&caps, "avdec_h264", vec![file[range].to_vec()]).expect("decodes"),
                    1
                );
                run.start
            })
            .collect();
        assert_eq!(starts, [0, 2 * u64::from(VIDEO_TICKS)]);
        assert!(boxes(&file[..file.len() - 1]).is_err(), "half a file");
    }

    #[test]
    fn what_is_no_index_or_broken_is_refused_and_nothing_panics() {
        let index = index();
        for end in 0..index.len() {
            let mut cut = index[..end].to_vec();
            assert!(contents(&cut).is_err(), "{end}");
            cut.extend([0xff; 40]);
            let _ = contents(&cut);
        }
        for at in 0..index.len() {
            let mut bent = index.clone();
            bent[at] ^= 0xff;
            let _ = contents(&bent);
        }
        assert!(header(&[0, 0, 0, 1, b'm', b'o', b'o', b'v'], 100).is_err());
        assert!(header(&[0, 0, 0, 7, b'm', b'o', b'o', b'v'], 100).is_err());
        assert_eq!(header(&[0, 0, 0, 0, b'm', b'o', b'o', b'v'], 100).expect("to the end"), (*b"moov", 100));
    }
}
