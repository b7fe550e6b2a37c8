//! Who stands where in the picture. Pure: the same people give the same picture.
//!
//! ```text
//! grid           grid with a screen    speaker, screen
//! ┌────┬────┐    ┌───────────┬──┐      ┌───────────────┐
//! │    │    │    │           ├──┤      │   ┌───────┐   │
//! ├────┼────┤    │  screen   ├──┤      │   │ large │   │
//! │    │    │    │           ├──┤      │   └───────┘   │
//! └────┴────┘    └───────────┴──┘      └──┴──┴──┴──┴───┘
//! ```

use std::{collections::BTreeMap, time::Duration};

use kernel::recording::Layout;

/// Width of a recording's picture.
pub const WIDTH: u32 = 1280;
/// Height of a recording's picture.
pub const HEIGHT: u32 = 720;
/// Pictures shown at once; of more people those are shown who spoke last.
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

impl Rect {
    const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The same without a margin on all sides.
    pub const fn inset(self, by: u32) -> Self {
        Self::new(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)
    }
}

/// The whole picture.
const CANVAS: Rect = Rect::new(0, 0, WIDTH, HEIGHT);
/// Of a grid with a shared screen: the screen, and the people.
const SCREEN: (Rect, Rect) = (Rect::new(0, 90, 960, 540), Rect::new(960, 0, 320, HEIGHT));
/// Of one large picture: its place, and that of the others.
const STAGE: (Rect, Rect) = (Rect::new(128, 0, 1024, 576), Rect::new(0, 576, WIDTH, 144));

/// Who stands where: `screens` are those that are shared, the newest first; `people` stand in the order given, and
/// `speaker` is the one of them who has the floor.
pub fn compose<T: Copy + PartialEq>(
    layout: Layout,
    screens: &[T],
    people: &[T],
    speaker: Option<T>,
) -> Vec<(T, Rect)> {
    let screen = screens.first().copied();
    let person = speaker.or(people.first().copied());
    let large = match layout {
        Layout::Grid => screen,
        Layout::Speaker => person.or(screen),
        Layout::Screen => screen.or(person),
    };
    let (stage, strip) = if layout == Layout::Grid { SCREEN } else { STAGE };
    let Some(large) = large else {
        return people.iter().copied().zip(grid(people.len())).collect();
    };
    let others: Vec<T> = screens.iter().chain(people).copied().filter(|other| *other != large).collect();
    if others.is_empty() {
        return vec![(large, CANVAS)];
    }
    let count = others.len().min(MAX_TILES - 1);
    let small = others.into_iter().zip(pack(strip, count));
    [(large, stage)].into_iter().chain(small).collect()
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

/// Cells of the canvas's shape, as large as possible, in rows that are centered in `area`.
fn pack(area: Rect, count: usize) -> Vec<Rect> {
    let count = u32::try_from(count.min(MAX_TILES)).unwrap_or(0);
    let cell = |columns: u32| {
        let rows = count.div_ceil(columns);
        let width = even((area.width / columns).min(area.height / rows * WIDTH / HEIGHT));
        (width, even(width * HEIGHT / WIDTH), columns)
    };
    let Some((width, height, columns)) =
        (1..=count).map(cell).max_by_key(|(width, _, columns)| (*width, *columns))
    else {
        return Vec::new();
    };
    let rows = count.div_ceil(columns);
    let top = area.y + even((area.height - rows * height) / 2);
    (0..count)
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            let in_row = if row + 1 == rows { count - row * columns } else { columns };
            let left = area.x + even((area.width - in_row * width) / 2);
            Rect::new(left + column * width, top + row * height, width, height)
        })
        .collect()
}

const fn even(value: u32) -> u32 {
    value & !1
}

/// Somebody who may be shown.
#[derive(Debug, Clone)]
pub struct Sitter {
    /// Who.
    pub id: String,
    /// When this person was last heard, since the recorder came.
    pub spoke: Option<Duration>,
    /// Sends a picture.
    pub visible: bool,
}

/// Who is shown when there are more people than places. Whoever is shown keeps the place until somebody who spoke later
/// needs it, so that nobody is moved about.
#[derive(Debug, Default)]
pub struct Seats {
    seated: Vec<String>,
}

impl Seats {
    /// Gives `count` places to `people`, who come in the order in which they joined.
    pub fn give(&mut self, people: &[Sitter], count: usize) -> &[String] {
        if people.len() <= count {
            self.seated = people.iter().map(|sitter| sitter.id.clone()).collect();
            return &self.seated;
        }
        let mut chosen: Vec<&Sitter> = people.iter().collect();
        // Stable: of those who are alike the one stays first who came first.
        chosen.sort_by_key(|sitter| std::cmp::Reverse((sitter.spoke, sitter.visible)));
        chosen.truncate(count);
        let mut coming = chosen.iter().filter(|sitter| !self.seated.contains(&sitter.id)).map(|s| &s.id);
        let mut seated: Vec<String> = Vec::with_capacity(count);
        for before in &self.seated {
            let stays = chosen.iter().any(|sitter| sitter.id == *before);
            seated.extend(if stays { Some(before) } else { coming.next() }.cloned());
        }
        seated.extend(coming.cloned());
        seated.truncate(count);
        self.seated = seated;
        &self.seated
    }
}

/// How long somebody must be the loudest before the picture changes.
pub const DOMINANCE: Duration = Duration::from_millis(1500);

/// Who has the floor. It goes to another only after that one was louder for a while, so that a cough does not turn the
/// picture around.
#[derive(Debug, Default)]
pub struct Floor {
    holder: Option<String>,
    /// Who is louder, and since when.
    rival: Option<(String, Duration)>,
}

impl Floor {
    /// Who has the floor.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// When the floor goes to the rival, should everything stay as it is.
    pub fn due(&self) -> Option<Duration> {
        self.rival.as_ref().map(|(_, since)| *since + DOMINANCE)
    }

    /// Hears how loud those are who speak now.
    pub fn hear(&mut self, now: Duration, levels: &BTreeMap<String, f32>) {
        self.settle(now);
        let level = |id: &str| levels.get(id).copied().unwrap_or(0.0);
        let held = self.holder().map_or(0.0, level);
        if self.rival.as_ref().is_some_and(|(rival, _)| level(rival) > held) {
            return;
        }
        let loudest = levels
            .iter()
            .filter(|(id, level)| **level > held && self.holder.as_ref() != Some(*id))
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        self.rival = loudest.map(|(id, _)| (id.clone(), now));
        if self.holder.is_none() {
            self.holder = self.rival.take().map(|(id, _)| id);
        }
    }

    /// Gives the floor to the rival when it is time.
    pub fn settle(&mut self, now: Duration) {
        if self.due().is_some_and(|due| due <= now) {
            self.holder = self.rival.take().map(|(id, _)| id);
        }
    }

    /// Somebody has left.
    pub fn left(&mut self, id: &str) {
        self.holder.take_if(|holder| holder == id);
        self.rival.take_if(|(rival, _)| rival == id);
    }
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

    fn assert_sound(tiles: &[Rect], what: &str) {
        for (i, a) in tiles.iter().enumerate() {
            assert!(a.width > 0 && a.height > 0, "{a:?} of {what} is seen");
            assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{a:?} of {what} is inside");
            assert!(
                [a.x, a.y, a.width, a.height].iter().all(|value| value % 2 == 0),
                "{a:?} of {what} is even"
            );
            let apart = |b: &Rect| {
                a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y
            };
            assert!(tiles[i + 1..].iter().all(apart), "{a:?} of {what} covers no other");
        }
    }

    #[test]
    fn tiles_are_even_inside_and_apart() {
        for count in 0..=MAX_TILES + 5 {
            let tiles = grid(count);
            assert_eq!(tiles.len(), count.min(MAX_TILES));
            assert_sound(&tiles, &format!("{count}"));
        }
    }

    const LAYOUTS: [Layout; 3] = [Layout::Grid, Layout::Speaker, Layout::Screen];

    #[test]
    fn every_composition_is_sound_and_shows_the_right_one_largest() {
        for layout in LAYOUTS {
            for (screens, people) in (0..4).flat_map(|s| (0..MAX_TILES + 5).map(move |p| (s, p))) {
                let what = format!("{layout:?} of {screens} screens and {people} people");
                let shared: Vec<usize> = (100..100 + screens).collect();
                let present: Vec<usize> = (0..people).collect();
                let speaker = people.checked_sub(1);
                let tiles = compose(layout, &shared, &present, speaker);
                let rects: Vec<Rect> = tiles.iter().map(|(_, rect)| *rect).collect();
                assert_sound(&rects, &what);
                assert_eq!(tiles.len(), (screens + people).min(MAX_TILES), "{what}");
                let expected = match layout {
                    Layout::Grid => shared.first().copied(),
                    Layout::Speaker => speaker.or(shared.first().copied()),
                    Layout::Screen => shared.first().copied().or(speaker),
                };
                let Some(expected) = expected else { continue };
                let area = |rect: &Rect| rect.width * rect.height;
                let (_, largest) = tiles.iter().find(|(who, _)| *who == expected).expect("shown");
                assert!(
                    tiles.iter().all(|(who, rect)| *who == expected || area(rect) * 4 <= area(largest)),
                    "{what}: {tiles:?}"
                );
            }
        }
    }

    #[test]
    fn small_pictures_stand_in_a_strip_or_beside_the_screen() {
        let speaker = compose(Layout::Speaker, &[], &[1, 2, 3], Some(2));
        assert_eq!(
            speaker,
            [
                (2, Rect::new(128, 0, 1024, 576)),
                (1, Rect::new(384, 576, 256, 144)),
                (3, Rect::new(640, 576, 256, 144)),
            ]
        );
        let grid = compose(Layout::Grid, &[9], &[1, 2], None);
        assert_eq!(
            grid,
            [
                (9, Rect::new(0, 90, 960, 540)),
                (1, Rect::new(960, 180, 320, 180)),
                (2, Rect::new(960, 360, 320, 180)),
            ]
        );
        assert_eq!(compose(Layout::Screen, &[], &[7], None), [(7, CANVAS)]);
    }

    fn sitter(id: u32, spoke: Option<u64>) -> Sitter {
        Sitter { id: id.to_string(), spoke: spoke.map(Duration::from_secs), visible: id.is_multiple_of(2) }
    }

    #[test]
    fn who_spoke_last_is_shown_and_nobody_else_is_moved() {
        let mut seats = Seats::default();
        let quiet: Vec<_> = (0..6).map(|id| sitter(id, None)).collect();
        assert_eq!(seats.give(&quiet[..4], 4), ["0", "1", "2", "3"]);
        let mut people = quiet.clone();
        people[0].spoke = Some(Duration::from_secs(1));
        people[1].spoke = Some(Duration::from_secs(2));
        people[5].spoke = Some(Duration::from_secs(3));
        assert_eq!(seats.give(&people, 4), ["0", "1", "2", "5"], "5 took the place of 3, who has no camera");
        people[3].spoke = Some(Duration::from_secs(4));
        people[4].spoke = Some(Duration::from_secs(5));
        assert_eq!(seats.give(&people, 4), ["4", "1", "3", "5"]);
        people.remove(1);
        assert_eq!(seats.give(&people, 4), ["4", "0", "3", "5"]);
        assert_eq!(seats.give(&people[..2], 4), ["0", "2"]);
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn levels(all: &[(&str, f32)]) -> BTreeMap<String, f32> {
        all.iter().map(|(id, level)| ((*id).to_owned(), *level)).collect()
    }

    #[test]
    fn the_floor_goes_over_after_a_while_of_dominance() {
        let mut floor = Floor::default();
        floor.hear(at(0), &levels(&[("anna", 0.2)]));
        assert_eq!(floor.holder(), Some("anna"), "the first needs not wait");
        floor.hear(at(1000), &levels(&[("anna", 0.2), ("ben", 0.6)]));
        assert_eq!((floor.holder(), floor.due()), (Some("anna"), Some(at(2500))));
        floor.hear(at(2000), &levels(&[("ben", 0.5)]));
        floor.settle(at(2499));
        assert_eq!(floor.holder(), Some("anna"));
        floor.settle(at(2500));
        assert_eq!((floor.holder(), floor.due()), (Some("ben"), None));
        floor.left("ben");
        assert_eq!(floor.holder(), None);
    }

    #[test]
    fn a_cough_does_not_take_the_floor() {
        let mut floor = Floor::default();
        floor.hear(at(0), &levels(&[("anna", 0.5)]));
        for second in 1..20 {
            floor.hear(at(second * 1000), &levels(&[("anna", 0.5), ("ben", 0.9)]));
            floor.hear(at(second * 1000 + 600), &levels(&[("anna", 0.5)]));
        }
        assert_eq!((floor.holder(), floor.due()), (Some("anna"), None));
        // Who is silent keeps the floor, until somebody takes it.
        floor.hear(at(30_000), &levels(&[]));
        assert_eq!((floor.holder(), floor.due()), (Some("anna"), None));
    }
}
