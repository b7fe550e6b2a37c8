//! Who stands where in the picture. Pure: the same people give the same picture.

/// Width of a recording's picture.
pub const WIDTH: u32 = 1280;
/// Height of a recording's picture.
pub const HEIGHT: u32 = 720;
/// Pictures shown at once; who comes later is heard, not seen.
pub const MAX_TILES: usize = 25;

/// A place in the picture, in pixels. All values are even, because chroma has half the resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// Places for `count` pictures: rows of equal cells of the canvas's own shape, filled from the upper left, the last
/// row centered.
pub fn grid(count: usize) -> Vec<Rect> {
    let count = u32::try_from(count.min(MAX_TILES)).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    let columns = (1..=count).find(|columns| columns * columns >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let (width, height) = (even(WIDTH / columns), even(HEIGHT / columns));
    let top = even((HEIGHT - rows * height) / 2);
    (0..count)
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            let in_row = if row + 1 == rows { count - row * columns } else { columns };
            let left = even((WIDTH - in_row * width) / 2);
            Rect { x: left + column * width, y: top + row * height, width, height }
        })
        .collect()
}

const fn even(value: u32) -> u32 {
    value & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fills_the_picture_and_three_stand_as_two_over_one() {
        assert_eq!(grid(0), []);
        assert_eq!(grid(1), [Rect { x: 0, y: 0, width: 1280, height: 720 }]);
        assert_eq!(
            grid(3),
            [
                Rect { x: 0, y: 0, width: 640, height: 360 },
                Rect { x: 640, y: 0, width: 640, height: 360 },
                Rect { x: 320, y: 360, width: 640, height: 360 },
            ]
        );
    }

    #[test]
    fn two_stand_side_by_side_in_the_middle() {
        assert_eq!(
            grid(2),
            [
                Rect { x: 0, y: 180, width: 640, height: 360 },
                Rect { x: 640, y: 180, width: 640, height: 360 },
            ]
        );
    }

    #[test]
    fn tiles_are_even_inside_and_apart() {
        for count in 0..=MAX_TILES + 5 {
            let tiles = grid(count);
            assert_eq!(tiles.len(), count.min(MAX_TILES));
            for (i, a) in tiles.iter().enumerate() {
                assert!(a.width > 0 && a.height > 0);
                assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{a:?} of {count} is inside");
                assert!(
                    [a.x, a.y, a.width, a.height].iter().all(|value| value % 2 == 0),
                    "{a:?} of {count} is even"
                );
                let apart = |b: &Rect| {
                    a.x + a.width <= b.x
                        || b.x + b.width <= a.x
                        || a.y + a.height <= b.y
                        || b.y + b.height <= a.y
                };
                assert!(tiles[i + 1..].iter().all(apart), "{a:?} of {count} covers no other");
            }
        }
    }
}
