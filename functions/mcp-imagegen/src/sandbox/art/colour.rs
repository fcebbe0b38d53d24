//! Colours.

/// A colour; each part is from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Colour {
    pub(super) red: f32,
    pub(super) green: f32,
    pub(super) blue: f32,
}

impl Colour {
    /// A colour by hue (in turns), saturation and lightness.
    pub(super) fn of(hue: f32, saturation: f32, lightness: f32) -> Self {
        let lightness = lightness.clamp(0.0, 1.0);
        let reach = saturation.clamp(0.0, 1.0) * lightness.min(1.0 - lightness);
        let part = |offset: f32| {
            let place = offset + hue * 12.0;
            let place = place - (place / 12.0).floor() * 12.0;
            lightness - reach * (place - 3.0).min(9.0 - place).clamp(-1.0, 1.0)
        };
        Self { red: part(0.0), green: part(8.0), blue: part(4.0) }
    }

    /// So much of the way to another.
    pub(super) fn to(self, other: Self, share: f32) -> Self {
        let mix = |one: f32, two: f32| one + (two - one) * share;
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }

    /// So much of the way to black.
    pub(super) fn darker(self, share: f32) -> Self {
        self.to(Self { red: 0.02, green: 0.02, blue: 0.05 }, share)
    }

    /// So much of the way to white.
    pub(super) fn lighter(self, share: f32) -> Self {
        self.to(Self { red: 1.0, green: 0.99, blue: 0.97 }, share)
    }

    /// As a pixel.
    pub(super) fn pixel(self) -> [u8; 3] {
        [byte(self.red), byte(self.green), byte(self.blue)]
    }
}

fn byte(part: f32) -> u8 {
    // The cast saturates, and what is added rounds.
    (part * 255.0 + 0.5) as u8
}
