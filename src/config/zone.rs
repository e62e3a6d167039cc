//! `[[node]] time-zone`: the zone of a node's clock, by name or as a fixed offset.

use crate::event::Label;

/// The zone of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeZone {
    /// Its name, with or without the domain.
    pub name: Label,
    /// Its address in text, if given.
    pub address: Option<Label>,
    /// Its zone.
    pub zone: ZoneName,
}

/// A zone as the operator wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneName {
    /// Minutes east of UTC.
    Offset(i16),
    /// A name of the time zone database, safe to be a relative file name: `Europe/Berlin`.
    Named(String),
}

impl ZoneName {
    /// `+01:00`, `-03:30`, `UTC`, `Europe/Berlin`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "UTC" {
            return Some(Self::Offset(0));
        }
        if text.starts_with(['+', '-']) {
            return offset(text).map(Self::Offset);
        }
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-');
        let word = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase()) && part.bytes().all(legal);
        (text.len() <= 64 && text.split('/').all(word)).then(|| Self::Named(text.to_owned()))
    }
}

fn offset(text: &str) -> Option<i16> {
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':')?;
    let two = |digits: &str| {
        let is_two = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        if is_two { digits.parse::<i16>().ok() } else { None }
    };
    let (hours, minutes) = (two(hours).filter(|h| *h <= 15)?, two(minutes).filter(|m| *m < 60)?);
    let east = hours * 60 + minutes;
    Some(if sign == "-" { -east } else { east })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_name_or_an_offset_and_never_a_way_out_of_the_database() {
        let named = |text: &str| Some(ZoneName::Named(text.into()));
        let cases = [
            ("Europe/Berlin", named("Europe/Berlin")),
            ("America/Argentina/Buenos_Aires", named("America/Argentina/Buenos_Aires")),
            ("Etc/GMT+5", named("Etc/GMT+5")),
            ("EST5EDT", named("EST5EDT")),
            ("UTC", Some(ZoneName::Offset(0))),
            ("+01:00", Some(ZoneName::Offset(60))),
            ("-03:30", Some(ZoneName::Offset(-210))),
        ];
        for (text, zone) in cases {
            assert_eq!(ZoneName::parse(text), zone, "{text}");
        }
        for text in ["", "/etc/passwd", "../x", "Europe/../../x", "Europe/", "+1:00", "+16:00", "+01:60", "+0100", "+é"]
        {
            assert_eq!(ZoneName::parse(text), None, "{text}");
        }
    }
}
