//! Makes any uploaded picture a small square one without anything else in the file. Pure work on bytes, for a
//! blocking thread.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageReader, Limits, codecs::webp::WebPEncoder,
    imageops::FilterType,
};

/// Edge of the square in pixels.
const EDGE: u32 = 256;
/// Longest edge that is read, in pixels.
const LONGEST: u32 = 10_000;
/// Largest picture that is read, in bytes of its pixels: a photo of 48 megapixels.
const LARGEST: u64 = 144 * 1024 * 1024;

/// Why a file becomes no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is none of the kinds that are read, or broken.
    NoPicture,
    /// Its pixels would take more memory than a picture is given.
    TooManyPixels,
}

/// The middle of the picture as a square WebP, turned as the camera was held. Nothing else of the file survives.
pub fn square(bytes: &[u8]) -> Result<Vec<u8>, Unfit> {
    let broken = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Unfit::TooManyPixels,
        _ => Unfit::NoPicture,
    };
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Unfit::NoPicture)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    // Not every decoder counts the picture itself among what it allocates.
    if decoder.total_bytes() > LARGEST {
        return Err(Unfit::TooManyPixels);
    }
    let orientation = decoder.orientation().map_err(broken)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    let edge = picture.width().min(picture.height());
    if edge == 0 {
        return Err(Unfit::NoPicture);
    }
    let (left, top) = ((picture.width() - edge) / 2, (picture.height() - edge) / 2);
    let middle = picture.crop_imm(left, top, edge, edge);
    let mut small = if edge > EDGE {
        middle.thumbnail_exact(EDGE, EDGE)
    } else {
        middle.resize_exact(EDGE, EDGE, FilterType::CatmullRom)
    };
    small.apply_orientation(orientation);
    let mut file = Vec::new();
    WebPEncoder::new_lossless(&mut file)
        .encode(small.into_rgba8().as_raw(), EDGE, EDGE, ExtendedColorType::Rgba8)
        .map_err(broken)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView, ImageFormat, Rgb, RgbImage};

    use super::*;

    fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("a file");
        bytes.into_inner()
    }

    /// Red on the left, blue on the right, green in the middle third.
    fn stripes(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, _| match x * 3 / width {
            0 => Rgb([255, 0, 0]),
            1 => Rgb([0, 255, 0]),
            _ => Rgb([0, 0, 255]),
        })
    }

    #[test]
    fn every_kind_becomes_the_middle_as_a_small_square() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            for (width, height) in [(900, 300), (30, 10)] {
                let made = square(&file(&stripes(width, height), format)).expect("a picture");
                let read =
                    image::load_from_memory_with_format(&made, ImageFormat::WebP).expect("a WebP picture");
                assert_eq!(read.dimensions(), (EDGE, EDGE));
                let middle = read.get_pixel(EDGE / 2, EDGE / 2).0;
                assert!(middle[1] > 200 && middle[0] < 60 && middle[2] < 60, "{format:?} {middle:?}");
            }
        }
    }

    #[test]
    fn nothing_but_pixels_survives() {
        let mut bytes = file(&stripes(64, 64), ImageFormat::Jpeg);
        // A comment segment right behind the start of the image.
        let secret = b"-1.2921,36.8219 home";
        let length = u16::try_from(secret.len() + 2).expect("short").to_be_bytes();
        let segment = [&[0xff, 0xfe], &length[..], secret].concat();
        bytes.splice(2..2, segment);
        let made = square(&bytes).expect("a picture");
        assert!(!made.windows(8).any(|window| window == b"-1.2921,"));
        assert!(!made.windows(4).any(|window| window == b"EXIF" || window == b"XMP "));
    }

    #[test]
    fn what_is_no_picture_or_too_large_a_one_is_told_apart() {
        for bytes in
            [&b""[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", &[0xff; 64]]
        {
            assert_eq!(square(bytes), Err(Unfit::NoPicture), "{bytes:?}");
        }
        let mut cut = file(&stripes(300, 300), ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        assert_eq!(square(&cut), Err(Unfit::NoPicture));
        // A PNG of a few bytes that claims to be 60,000 pixels wide and high.
        let mut bomb = file(&stripes(1, 1), ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let sum = crc(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&sum);
        assert_eq!(square(&bomb), Err(Unfit::TooManyPixels));
        // Within the edges, and still more than a picture is given.
        bomb[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
        let sum = crc(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&sum);
        assert_eq!(square(&bomb), Err(Unfit::TooManyPixels));
    }

    /// The checksum of a PNG chunk (ISO 3309).
    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |sum, byte| {
            (0..8).fold(
                sum ^ u32::from(*byte),
                |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
            )
        })
    }
}
