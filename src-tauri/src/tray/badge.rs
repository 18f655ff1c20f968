//! What is unread, painted into a corner of the icon.

const RED: [u8; 3] = [0xd9, 0x2d, 0x3a];
const ACCENT: [u8; 3] = [0x3f, 0x8c, 0xff];
const WHITE: [u8; 3] = [0xff; 3];

/// 3 by 5 pixels each, the top row in the highest bits: the ten digits and a plus.
const GLYPHS: [u16; 11] = [
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_011_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_010_010_010,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
    0b000_010_111_010_000,
];
const PLUS: usize = 10;

/// How much is unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Badge {
    /// Nothing.
    #[default]
    None,
    /// Something that names nobody.
    Unread,
    /// So many messages that are for the user.
    Mentions(u64),
}

/// A square icon of straight RGBA as ARGB in network order, with the badge in its lower right corner.
pub(super) fn painted(rgba: &[u8], side: u32, badge: Badge) -> Vec<u8> {
    let mut argb: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[3], pixel[0], pixel[1], pixel[2]]).collect();
    match badge {
        Badge::None => {}
        Badge::Unread => disc(&mut argb, side, side / 5, ACCENT),
        Badge::Mentions(count) => {
            let radius = side * 5 / 16;
            disc(&mut argb, side, radius, RED);
            let glyphs: Vec<usize> = match usize::try_from(count) {
                Ok(digit @ 0..=9) => vec![digit],
                _ => vec![9, PLUS],
            };
            write(&mut argb, side, radius, &glyphs);
        }
    }
    argb
}

/// In the corner, with a see-through rim that sets it apart.
fn disc(argb: &mut [u8], side: u32, radius: u32, colour: [u8; 3]) {
    let (centre, radius, rim) = (f64::from(side - radius) - 0.5, f64::from(radius), f64::from(side) / 24.0);
    for y in 0..side {
        for x in 0..side {
            let distance = (f64::from(x) - centre).hypot(f64::from(y) - centre);
            if distance <= radius {
                set(argb, side, x, y, colour, 0xff);
            } else if distance <= radius + rim {
                set(argb, side, x, y, colour, 0);
            }
        }
    }
}

fn write(argb: &mut [u8], side: u32, radius: u32, glyphs: &[usize]) {
    let count = u32::try_from(glyphs.len()).unwrap_or(1);
    // Two glyphs have a gap between them.
    let columns = count * 4 - 1;
    let scale = (radius * 3 / 2 / columns.max(5)).max(1);
    let (left, top) = (side - radius - columns * scale / 2, side - radius - 5 * scale / 2);
    for (at, glyph) in (0..count).zip(glyphs) {
        for bit in (0..15_u32).filter(|bit| GLYPHS[*glyph] & (1 << (14 - bit)) != 0) {
            let (x, y) = (left + (at * 4 + bit % 3) * scale, top + bit / 3 * scale);
            for pixel in 0..scale * scale {
                set(argb, side, x + pixel % scale, y + pixel / scale, WHITE, 0xff);
            }
        }
    }
}

fn set(argb: &mut [u8], side: u32, x: u32, y: u32, [red, green, blue]: [u8; 3], alpha: u8) {
    let at = (y * side + x) as usize * 4;
    if let Some(pixel) = argb.get_mut(at..at + 4) {
        pixel.copy_from_slice(&[alpha, red, green, blue]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: u32 = 64;

    fn count(argb: &[u8], colour: [u8; 3]) -> usize {
        argb.chunks_exact(4).filter(|pixel| pixel[0] == 0xff && pixel[1..] == colour).count()
    }

    #[test]
    fn the_icon_without_a_badge_is_the_icon() {
        assert_eq!(painted(&[1, 2, 3, 4], 1, Badge::None), [4, 1, 2, 3]);
    }

    #[test]
    fn what_is_for_the_user_is_counted_in_red() {
        let plain = vec![0; (SIDE * SIDE * 4) as usize];
        let painted = |badge| painted(&plain, SIDE, badge);
        assert!(count(&painted(Badge::Unread), ACCENT) > 300 && count(&painted(Badge::Unread), RED) == 0);
        let (one, many) = (painted(Badge::Mentions(1)), painted(Badge::Mentions(10)));
        assert!(count(&one, RED) > 800 && count(&one, WHITE) > 50);
        assert!(one != painted(Badge::Mentions(2)) && many == painted(Badge::Mentions(4321)));
        for glyph in [one, many] {
            // No digit leaves its disc.
            let white = count(&glyph, WHITE);
            assert!(white < count(&glyph, RED), "{white}");
        }
    }
}
