//! From seeds to inputs: whole elements are moved about with the lengths around them kept right, which reaches deep, and
//! octets are changed without regard for anything, which breaks what the first leaves whole.

use crate::Target;
use crate::element::{self, Content, Element};
use crate::random::Random;

/// What a target's inputs are made of.
#[derive(Debug)]
pub(crate) struct Mutation {
    seeds: Vec<Vec<u8>>,
    /// The seeds that are BER.
    trees: Vec<Vec<Element>>,
    words: &'static [&'static [u8]],
}

impl Mutation {
    pub(crate) fn of(target: &Target) -> Self {
        let seeds = (target.seeds)();
        let trees = seeds.iter().filter_map(|seed| element::read(seed)).collect();
        Self { seeds, trees, words: target.words }
    }

    /// One input; the same from the same numbers.
    pub(crate) fn input(&self, mut random: Random) -> Vec<u8> {
        let structured = !self.trees.is_empty() && random.below(2) == 0;
        let mut input = if structured {
            let mut tree = random.pick(&self.trees).cloned().unwrap_or_default();
            for _ in 0..=random.below(2) {
                self.change_element(&mut tree, &mut random);
            }
            element::write(&tree)
        } else {
            random.pick(&self.seeds).cloned().unwrap_or_default()
        };
        let changes = if structured { random.below(4) / 3 } else { 1 + random.below(3) };
        for _ in 0..changes {
            self.change_octets(&mut input, &mut random);
        }
        input
    }

    fn change_element(&self, tree: &mut Vec<Element>, random: &mut Random) {
        let nth = random.below(element::count(tree));
        let other = random.pick(&self.trees).and_then(|tree| any_element(tree, random));
        element::change(tree, nth, &mut |list, place| {
            let twin = list.get(place).cloned();
            let anywhere = random.below(list.len());
            match random.below(16) {
                0 => drop(list.remove(place)),
                1 => list.splice(place..place, twin).for_each(drop),
                2 => list.swap(place, anywhere),
                3 => list.splice(place..place, other.clone()).for_each(drop),
                4 => list.splice(place..=place, other.clone()).for_each(drop),
                5 => list.iter_mut().skip(place).take(1).for_each(|element| element.tag = tag(random)),
                _ => list.iter_mut().skip(place).take(1).for_each(|element| change_content(element, random)),
            }
        });
    }

    fn change_octets(&self, input: &mut Vec<u8>, random: &mut Random) {
        let at = random.below(input.len());
        let octet = random.octet();
        match random.below(12) {
            0 | 1 => set(input, at, |_| octet),
            2 => set(input, at, |old| old ^ (1 << (octet & 7))),
            3 => set(input, at, |old| if octet & 1 == 0 { old.wrapping_add(1) } else { old.wrapping_sub(1) }),
            4 => input.insert(at, octet),
            5 => input.truncate(at),
            6 => drop(input.drain(at..(at + 1 + random.below(8)).min(input.len()))),
            7 => {
                let again = input.get(at..).unwrap_or_default().iter().copied().take(1 + random.below(64)).collect();
                put(input, at, again);
            }
            8 => self.splice(input, at, random),
            9 => change_length(input, random),
            _ => put(input, at, random.pick(self.words).map_or_else(Vec::new, |word| word.to_vec())),
        }
    }

    /// The head of the input and the tail of a seed.
    fn splice(&self, input: &mut Vec<u8>, at: usize, random: &mut Random) {
        if let Some(seed) = random.pick(&self.seeds) {
            input.truncate(at);
            input.extend(seed.iter().skip(random.below(seed.len())));
        }
    }
}

fn any_element(tree: &[Element], random: &mut Random) -> Option<Element> {
    let element = random.pick(tree)?;
    match element.inner() {
        Some(inner) if random.below(4) > 0 => any_element(inner, random),
        Some(_) | None => Some(element.clone()),
    }
}

/// A tag of SNMP, or any other.
fn tag(random: &mut Random) -> u8 {
    const KNOWN: &[u8] = &[
        0x02, 0x04, 0x05, 0x06, 0x30, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x80, 0x81, 0x82, 0xa0, 0xa1,
        0xa2, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
    ];
    if random.below(4) == 0 { random.octet() } else { random.pick(KNOWN).copied().unwrap_or_default() }
}

fn change_content(element: &mut Element, random: &mut Random) {
    const NUMBERS: &[&[u8]] = &[
        &[],
        &[0],
        &[1],
        &[3],
        &[6],
        &[0x7f],
        &[0xff],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0, 0xff, 0xff, 0xff, 0xff],
        &[1, 0, 0, 0, 0],
        &[0xff; 9],
    ];
    let octets = match &mut element.content {
        Content::Octets(octets) => octets,
        Content::Elements(inner) if random.below(8) == 0 => return inner.clear(),
        Content::Elements(inner) => {
            let nth = random.below(element::count(inner));
            return element::change(inner, nth, &mut |list, place| {
                list.iter_mut().skip(place).take(1).for_each(|element| change_content(element, random));
            });
        }
    };
    let at = random.below(octets.len());
    let octet = random.octet();
    match random.below(6) {
        0 => *octets = random.pick(NUMBERS).map_or_else(Vec::new, |number| number.to_vec()),
        1 => octets.resize(random.pick(&[126, 127, 128, 254, 255, 256]).copied().unwrap_or(0), octet),
        2 => octets.push(octet),
        3 => octets.truncate(at),
        _ => set(octets, at, |_| octet),
    }
}

/// One length field is made wrong.
fn change_length(input: &mut Vec<u8>, random: &mut Random) {
    let mut tree = element::read(input).unwrap_or_default();
    let nth = random.below(element::count(&tree));
    let mut at = None;
    element::change(&mut tree, nth, &mut |list, place| at = list.get(place).map(|element| element.length_at));
    let Some(at) = at else { return };
    match random.below(6) {
        0 => set(input, at, |length| length.wrapping_add(1)),
        1 => set(input, at, |length| length.wrapping_sub(1)),
        2 => put(input, at, vec![0x81]),
        3 => put(input, at, vec![0x84, 0, 0, 0]),
        4 => put(input, at, vec![0x84, 0xff, 0xff, 0xff, 0xff]),
        _ => set(input, at, |_| random.octet()),
    }
}

fn set(octets: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(octet) = octets.get_mut(at) {
        *octet = change(*octet);
    }
}

fn put(octets: &mut Vec<u8>, at: usize, more: Vec<u8>) {
    let at = at.min(octets.len());
    octets.splice(at..at, more).for_each(drop);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::V1_V2C;

    #[test]
    fn an_input_follows_from_seed_and_number() {
        let mutation = Mutation::of(&V1_V2C);
        let inputs = |seed: u64| (0..50).map(|n| mutation.input(Random::of(seed, n))).collect::<Vec<_>>();
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
    }
}
