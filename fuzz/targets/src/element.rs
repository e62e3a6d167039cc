//! Octets as a tree of BER elements, to change one inside a message and still write the lengths around it right.
//! Reads more than the core does (an OCTET STRING that holds elements is opened, as in SNMPv3) and refuses what it cannot
//! write back; knows nothing of the core's own reader.

/// How deep it looks.
const DEEPEST: usize = 12;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;

/// A tag and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: u8,
    pub(crate) content: Content,
    /// Where its first length octet was read.
    pub(crate) length_at: usize,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Octets(Vec<u8>),
    Elements(Vec<Element>),
}

/// All of `octets` as elements, one behind the other; none if something else stands in between.
pub(crate) fn read(octets: &[u8]) -> Option<Vec<Element>> {
    read_at(octets, 0, 0)
}

/// The elements as octets, every length in its shortest form.
pub(crate) fn write(elements: &[Element]) -> Vec<u8> {
    let mut out = Vec::new();
    for element in elements {
        let inside = match &element.content {
            Content::Octets(octets) => octets.clone(),
            Content::Elements(elements) => write(elements),
        };
        out.push(element.tag);
        write_length(inside.len(), &mut out);
        out.extend(inside);
    }
    out
}

/// How many there are, at every depth.
pub(crate) fn count(elements: &[Element]) -> usize {
    elements.iter().map(|element| 1 + element.inner().map_or(0, count)).sum()
}

/// Calls `change` with the `nth` element, counted in reading order: with the list that it is in, and its place there.
pub(crate) fn change(list: &mut Vec<Element>, nth: usize, change: &mut dyn FnMut(&mut Vec<Element>, usize)) {
    let mut left = nth;
    for place in 0..list.len() {
        if left == 0 {
            return change(list, place);
        }
        left -= 1;
        let Some(Content::Elements(inner)) = list.get_mut(place).map(|element| &mut element.content) else { continue };
        let inside = count(inner);
        if left < inside {
            return self::change(inner, left, change);
        }
        left -= inside;
    }
}

impl Element {
    pub(crate) fn inner(&self) -> Option<&[Self]> {
        match &self.content {
            Content::Octets(_) => None,
            Content::Elements(elements) => Some(elements),
        }
    }
}

fn read_at(octets: &[u8], offset: usize, depth: usize) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = octets;
    while let Some((&tag, after_tag)) = rest.split_first() {
        let (length, after_length) = read_length(after_tag)?;
        let (content, after) = after_length.split_at_checked(length)?;
        let at = |part: &[u8]| offset + octets.len() - part.len();
        let opens =
            depth < DEEPEST && (tag & CONSTRUCTED != 0 || (tag == OCTET_STRING && content.first() == Some(&0x30)));
        let inside = if opens { read_at(content, at(after_length), depth + 1) } else { None };
        let length_at = at(after_tag);
        let content = inside.map_or_else(|| Content::Octets(content.to_vec()), Content::Elements);
        elements.push(Element { tag, content, length_at });
        rest = after;
    }
    Some(elements)
}

fn read_length(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = octets.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (long, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if long.is_empty() || long.len() > 4 {
        return None;
    }
    Some((long.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), rest))
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    let octets = length.to_be_bytes();
    let shortest: Vec<u8> = octets.into_iter().skip_while(|&octet| octet == 0).collect();
    match (shortest.as_slice(), u8::try_from(shortest.len())) {
        ([], _) => out.push(0),
        (&[short @ ..0x80], _) => out.push(short),
        (long, Ok(count)) => {
            out.push(0x80 | count);
            out.extend(long);
        }
        // A length has at most eight octets.
        (_, Err(_)) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &[u8] = &[0x30, 9, 0x02, 1, 5, 0x04, 4, 0x30, 2, 0x05, 0];

    #[test]
    fn what_is_read_is_written_back_the_same() {
        let long = [&[0x04, 0x82, 1, 0][..], &[7; 256]].concat();
        for octets in [NESTED, &long, &[]] {
            assert_eq!(write(&read(octets).unwrap()), octets);
        }
    }

    #[test]
    fn an_octet_string_that_holds_an_element_is_opened() {
        let mut elements = read(NESTED).unwrap();
        assert_eq!(count(&elements), 5);
        change(&mut elements, 4, &mut |list, place| drop(list.remove(place)));
        assert_eq!(write(&elements), [0x30, 7, 0x02, 1, 5, 0x04, 2, 0x30, 0]);
    }

    #[test]
    fn an_element_says_where_its_length_stands() {
        let elements = read(NESTED).unwrap();
        let inner = elements[0].inner().unwrap();
        assert_eq!((elements[0].length_at, inner[0].length_at, inner[1].length_at), (1, 3, 6));
    }

    #[test]
    fn octets_that_are_no_elements_are_refused() {
        for octets in [&[0x30][..], &[0x30, 5, 0], &[0x30, 0x80, 0, 0], &[0x04, 0x85, 0, 0, 0, 0, 0]] {
            assert_eq!(read(octets), None);
        }
    }
}
