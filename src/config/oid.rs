//! Object identifiers in dotted notation.

/// Two to `most` numbers joined by dots, with or without one before. The first number is 0 to 2, and below 0 and 1 the
/// second is at most 39 (X.690 8.19.4: both share one encoded number).
pub(super) fn oid(text: &str, most: usize) -> Option<Vec<u32>> {
    let digits = |arc: &str| arc.bytes().all(|b| b.is_ascii_digit()).then(|| arc.parse().ok()).flatten();
    let arcs: Vec<u32> = text.strip_prefix('.').unwrap_or(text).split('.').map(digits).collect::<Option<_>>()?;
    let (first, second) = (*arcs.first()?, *arcs.get(1)?);
    let encodable = first < 2 && second < 40 || first == 2 && second <= u32::MAX - 80;
    (encodable && arcs.len() <= most).then_some(arcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_two_or_more_numbers_that_can_be_encoded() {
        assert_eq!(oid(".1.3.6.1", 64), Some(vec![1, 3, 6, 1]));
        for text in ["1", "", "3.1", "1.40", "1.3.x", "1.3.", "1.3.4294967296", "1.3.+6", &["1"; 65].join(".")] {
            assert_eq!(oid(text, 64), None, "{text}");
        }
    }
}
