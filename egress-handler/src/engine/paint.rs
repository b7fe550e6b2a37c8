//! Names and cards, painted onto the finished picture. Pure.
//!
//! They are painted into the frames that leave the compositor, not mixed in by it: only the pixels that they cover cost
//! something, they may be transparent though I420 is not, and they change together, from one frame to the next.

use std::sync::Arc;

use crate::layout::{HEIGHT, Rect, WIDTH};

/// Bytes of a frame: a full plane of brightness and two quarter planes of color.
pub const FRAME_BYTES: usize = (WIDTH * HEIGHT * 3 / 2) as usize;

/// A color as the picture holds it: BT.601 in its limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Brightness.
    pub y: u8,
    /// Blue against it.
    pub u: u8,
    /// Red against it.
    pub v: u8,
}

impl Color {
    /// No light.
    pub const BLACK: Self = Self { y: 16, u: 128, v: 128 };
    /// All light.
    const WHITE: Self = Self { y: 235, u: 128, v: 128 };
}

/// What of a rectangle is covered, as letters cover it: 0 nothing, 255 all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Row by row.
    pub cover: Vec<u8>,
}

/// Something that is painted.
#[derive(Debug, Clone)]
pub enum Paint {
    /// A rectangle; of 255 parts of it so many are seen.
    Fill(Rect, Color, u8),
    /// Letters in white, with their upper left corner at this place.
    Letters(u32, u32, Arc<Mask>),
}

/// Paints everything, in order, into a frame. A frame of another size stays as it is.
pub fn paint(frame: &mut [u8], paints: &[Paint]) {
    if frame.len() != FRAME_BYTES {
        return;
    }
    for paint in paints {
        match paint {
            Paint::Fill(rect, color, alpha) => fill(frame, *rect, *color, *alpha),
            Paint::Letters(x, y, mask) => letters(frame, *x, *y, mask),
        }
    }
}

/// One of the frame's planes: where it begins, the length of its rows, and by how many powers of two it is smaller.
const PLANES: [(usize, usize, u32); 3] = {
    let (luma, chroma) = ((WIDTH * HEIGHT) as usize, (WIDTH * HEIGHT / 4) as usize);
    [(0, WIDTH as usize, 0), (luma, WIDTH as usize / 2, 1), (luma + chroma, WIDTH as usize / 2, 1)]
};

fn fill(frame: &mut [u8], rect: Rect, color: Color, alpha: u8) {
    for ((start, stride, shift), value) in PLANES.into_iter().zip([color.y, color.u, color.v]) {
        let (left, right) = (rect.x.min(WIDTH) >> shift, (rect.x + rect.width).min(WIDTH) >> shift);
        for row in rect.y.min(HEIGHT) >> shift..(rect.y + rect.height).min(HEIGHT) >> shift {
            let at = start + row as usize * stride;
            let pixels = &mut frame[at + left as usize..at + right as usize];
            if alpha == u8::MAX {
                pixels.fill(value);
            } else {
                for pixel in pixels {
                    *pixel = mix(*pixel, value, alpha);
                }
            }
        }
    }
}

fn letters(frame: &mut [u8], x: u32, y: u32, mask: &Mask) {
    let columns = mask.width.min(WIDTH.saturating_sub(x)) as usize;
    let rows = mask.height.min(HEIGHT.saturating_sub(y));
    let cover = |row: u32, column: usize| mask.cover[row as usize * mask.width as usize + column];
    for ((start, stride, shift), value) in
        PLANES.into_iter().zip([Color::WHITE.y, Color::WHITE.u, Color::WHITE.v])
    {
        // Of a coarser plane every pixel takes the cover of one of those that it stands for.
        let step = 1usize << shift;
        for row in (0..rows).step_by(step) {
            let at = start + ((y + row) >> shift) as usize * stride + (x >> shift) as usize;
            for column in (0..columns).step_by(step) {
                let cover = cover(row, column);
                if cover > 0 {
                    let pixel = &mut frame[at + (column >> shift)];
                    *pixel = mix(*pixel, value, cover);
                }
            }
        }
    }
}

fn mix(under: u8, over: u8, alpha: u8) -> u8 {
    let (under, over, alpha) = (u32::from(under), u32::from(over), u32::from(alpha));
    u8::try_from((under * (255 - alpha) + over * alpha + 127) / 255).unwrap_or(u8::MAX)
}

/// A smaller frame of the same shape: every pixel the mean of `by` times `by`. Nothing for a frame of another size.
pub fn shrink(frame: &[u8], by: usize) -> Option<Vec<u8>> {
    if frame.len() != FRAME_BYTES {
        return None;
    }
    let mut out = Vec::with_capacity(FRAME_BYTES / (by * by));
    for (start, stride, shift) in PLANES {
        let rows = HEIGHT as usize >> shift;
        let plane = &frame[start..start + stride * rows];
        for row in 0..rows / by {
            for column in 0..stride / by {
                let sum: usize = (0..by)
                    .flat_map(|n| &plane[(row * by + n) * stride + column * by..][..by])
                    .map(|pixel| usize::from(*pixel))
                    .sum();
                out.push(u8::try_from(sum / (by * by)).unwrap_or(u8::MAX));
            }
        }
    }
    Some(out)
}

/// The color of somebody's card: always the same for the same identity, dark enough for white letters.
pub fn color_of(identity: &str) -> Color {
    // FNV-1a, because the hash of the standard library may change with the compiler.
    let hash = identity
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hues: [Color; 12] = [
        Color { y: 82, u: 106, v: 178 }, // brick
        Color { y: 96, u: 92, v: 162 },  // amber
        Color { y: 98, u: 96, v: 132 },  // olive
        Color { y: 92, u: 104, v: 104 }, // leaf
        Color { y: 84, u: 118, v: 92 },  // pine
        Color { y: 92, u: 136, v: 92 },  // teal
        Color { y: 90, u: 154, v: 96 },  // lake
        Color { y: 82, u: 170, v: 110 }, // blue
        Color { y: 72, u: 172, v: 126 }, // indigo
        Color { y: 78, u: 162, v: 146 }, // violet
        Color { y: 82, u: 148, v: 166 }, // plum
        Color { y: 84, u: 126, v: 178 }, // rose
    ];
    hues[hash as usize % hues.len()]
}

/// The initials of a name: of its first and its last word.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luma(frame: &[u8], x: u32, y: u32) -> u8 {
        frame[(y * WIDTH + x) as usize]
    }

    #[test]
    fn a_fill_covers_its_rectangle_and_nothing_else() {
        let mut frame = vec![0; FRAME_BYTES];
        let rect = Rect { x: 100, y: 50, width: 20, height: 10 };
        paint(&mut frame, &[Paint::Fill(rect, Color { y: 200, u: 90, v: 60 }, 255)]);
        let count = |value| frame.iter().map(|byte| u32::from(*byte == value)).sum::<u32>();
        assert_eq!((count(200), count(90), count(60)), (200, 50, 50));
        assert_eq!((luma(&frame, 100, 50), luma(&frame, 119, 59)), (200, 200));
        assert_eq!((luma(&frame, 99, 50), luma(&frame, 120, 59)), (0, 0));
        paint(&mut frame, &[Paint::Fill(rect, Color { y: 100, u: 90, v: 60 }, 128)]);
        assert_eq!(luma(&frame, 110, 55), 150);
    }

    #[test]
    fn what_reaches_out_of_the_picture_is_cut_off() {
        let mut frame = vec![7; FRAME_BYTES];
        let rect = Rect { x: WIDTH - 2, y: HEIGHT - 2, width: 100, height: 100 };
        let mask = Mask { width: 40, height: 40, cover: vec![255; 1600] };
        paint(
            &mut frame,
            &[Paint::Fill(rect, Color::BLACK, 255), Paint::Letters(WIDTH - 4, HEIGHT - 4, Arc::new(mask))],
        );
        assert_eq!(luma(&frame, WIDTH - 1, HEIGHT - 1), 235);
        assert_eq!(luma(&frame, WIDTH - 5, HEIGHT - 1), 7);
        paint(&mut [1, 2, 3], &[Paint::Fill(rect, Color::BLACK, 255)]);
    }

    #[test]
    fn letters_are_white_where_they_cover() {
        let mut frame = vec![16; FRAME_BYTES];
        let mask = Mask { width: 2, height: 1, cover: vec![255, 0] };
        paint(&mut frame, &[Paint::Letters(10, 10, Arc::new(mask))]);
        assert_eq!((luma(&frame, 10, 10), luma(&frame, 11, 10)), (235, 16));
    }

    #[test]
    fn a_frame_shrinks_to_its_means() {
        let mut frame = vec![16; FRAME_BYTES];
        paint(
            &mut frame,
            &[Paint::Fill(
                Rect { x: 0, y: 0, width: 640, height: 720 },
                Color { y: 100, u: 20, v: 220 },
                255,
            )],
        );
        let small = shrink(&frame, 8).expect("a frame");
        assert_eq!(shrink(&frame[1..], 8), None);
        assert_eq!(small.len(), 160 * 90 * 3 / 2);
        assert_eq!((small[0], small[79], small[80]), (100, 100, 16));
        assert_eq!((small[160 * 90], small[160 * 90 * 5 / 4]), (20, 220));
    }

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Anna Maria Adams", "AA"),
            ("ben", "B"),
            ("  émile  zola ", "ÉZ"),
            ("Ørsted (guest)", "ØG"),
            ("李 小龙", "李小"),
            ("… !", ""),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_card_keeps_its_color_and_most_people_differ() {
        assert_eq!(color_of("u_1:web"), color_of("u_1:web"));
        let colors: Vec<Color> = (0..60).map(|n| color_of(&format!("u_{n}"))).collect();
        let different = colors.iter().enumerate().filter(|(n, color)| !colors[..*n].contains(color)).count();
        assert!(different >= 10, "{different}");
        assert!(colors.iter().all(|color| color.y < 120), "white letters can be read on it");
    }
}
