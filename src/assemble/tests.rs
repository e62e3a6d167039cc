//! Pieces in every order, of several senders, with copies, gaps and floods.

use super::*;
use crate::units::Span;

const ONE: &str = "192.0.2.10";
const TWO: &str = "192.0.2.11";

fn now(ms: u64) -> Now {
    let wall = Wall::from_millis(1_768_465_265_000).plus(Span::millis(ms));
    Now { mono: Mono::from_millis(ms), wall, synchronised: true }
}

fn offer(assembler: &mut Assembler, from: &str, line: &str, ms: u64) -> Offered {
    assembler.offer(line, &syslog::decode(line), from.parse::<IpAddr>().unwrap().into(), now(ms))
}

/// The piece `n` of `of` from sequence number `first` on, with these parameters.
fn piece(first: u64, n: u16, of: u16, tags: &str) -> String {
    let number = first + u64::from(n) - 1;
    format!("<188>{number}: cucm-sub1: Jan 15 2026 08:21:05.090 UTC : %UC_X-4-Y: %[part={first}.{n}/{of}]{tags}: t{n}")
}

fn whole(offered: Offered) -> String {
    let Offered::Whole(Assembled { line, cut: false, .. }) = &offered else { panic!("not whole: {offered:?}") };
    line.split_once("%[").unwrap().1.to_owned()
}

#[test]
fn parts_are_joined_in_their_order_whatever_order_they_come_in() {
    let orders = [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]];
    for order in orders {
        let mut assembler = Assembler::default();
        let mut last = Offered::Alone;
        for n in order {
            assert_ne!(last, Offered::Again, "{order:?}");
            last = offer(&mut assembler, ONE, &piece(16, n, 3, &format!("[K{n}=v{n}]")), 0);
        }
        assert_eq!(whole(last), "part=16.1/3][K1=v1][K2=v2][K3=v3]: t1 t2 t3", "{order:?}");
        assert_eq!((assembler.waiting(), assembler.deadline()), (0, None));
    }
}

#[test]
fn interleaved_sets_of_nodes_numbers_and_users_are_kept_apart() {
    let mut assembler = Assembler::default();
    let user = |n, name: &str| piece(16, n, 2, &format!("[UserID={name}]"));
    let relayed = |n| user(n, "ann").replace("cucm-sub1", "cucm-sub2");
    let first = [(ONE, user(1, "jdoe")), (TWO, user(1, "jdoe")), (ONE, user(1, "eve")), (ONE, relayed(1))];
    let other_number = (ONE, piece(17, 1, 2, "[UserID=jdoe]"));
    for (from, line) in first.iter().chain([&other_number]) {
        assert_eq!(offer(&mut assembler, from, line, 0), Offered::Held, "{line}");
    }
    assert_eq!(assembler.waiting(), 5);
    for (from, line, name) in [
        (ONE, user(2, "eve"), "eve"),
        (ONE, user(2, "jdoe"), "jdoe"),
        (ONE, relayed(2), "ann"),
        (TWO, user(2, "jdoe"), "jdoe"),
    ] {
        let joined = whole(offer(&mut assembler, from, &line, 1));
        assert_eq!(joined, format!("part=16.1/2][UserID={name}]: t1 t2"));
    }
    assert_eq!(assembler.waiting(), 1);
}

#[test]
fn a_copy_of_a_part_is_known_before_and_after_its_message_is_whole() {
    let mut assembler = Assembler::default();
    let (one, two) = (piece(16, 1, 2, ""), piece(16, 2, 2, ""));
    // A second configured path numbers the line anew.
    let copy = one.replacen("16:", "88:", 1);
    assert_eq!(offer(&mut assembler, ONE, &one, 0), Offered::Held);
    assert_eq!(offer(&mut assembler, ONE, &copy, 0), Offered::Again);
    assert!(matches!(offer(&mut assembler, ONE, &two, 0), Offered::Whole(_)));
    for line in [&one, &two, &copy] {
        assert_eq!(offer(&mut assembler, ONE, line, 30_000), Offered::Again);
    }
    assert_eq!(offer(&mut assembler, ONE, &one, 61_000), Offered::Held, "forgotten");
}

#[test]
fn a_message_with_a_part_missing_is_given_up_and_its_late_part_is_late() {
    let mut assembler = Assembler::default();
    offer(&mut assembler, ONE, &piece(16, 1, 3, "[A=1]"), 0);
    assert_eq!(assembler.deadline(), Some(Mono::from_millis(5_000)));
    offer(&mut assembler, ONE, &piece(16, 3, 3, "[C=3]"), 4_000);
    assert_eq!(assembler.deadline(), Some(Mono::from_millis(9_000)));
    assert_eq!(assembler.next_given_up(Mono::from_millis(8_999)), None);
    let given_up = assembler.next_given_up(Mono::from_millis(9_000)).unwrap();
    assert_eq!((given_up.cut, given_up.missing), (true, 1));
    assert!(given_up.line.ends_with("%[part=16.1/3][A=1][C=3]: t1 t3"), "{}", given_up.line);
    assert_eq!(offer(&mut assembler, ONE, &piece(16, 2, 3, "[B=2]"), 9_500), Offered::Late);
    let from = ONE.parse().unwrap();
    let gap = Gap { from, alarm: "UC_X-Y".into(), missing: 1, of: 3, count: 1 };
    assert_eq!(assembler.gap_to_show(Mono::from_millis(9_000)), Some(gap));
    assert_eq!(assembler.tally(), AssemblyTally { joined: 0, incomplete: 1, missing_parts: 1 });
}

#[test]
fn nothing_is_waited_for_longer_than_ten_seconds() {
    let mut assembler = Assembler::default();
    for (n, ms) in [(1, 0), (2, 4_000), (3, 8_000)] {
        offer(&mut assembler, ONE, &piece(16, n, 4, ""), ms);
    }
    assert_eq!(assembler.deadline(), Some(Mono::from_millis(10_000)));
}

#[test]
fn audit_pieces_are_joined_by_their_correlation_when_no_more_come() {
    let audit = |details: &str, id: &str| {
        format!(
            "<189>7: cucm-pub: Jan 15 2026 08:21:05.090 UTC : %UC_AUDITLOG-5-AdministrativeEvent: %[UserID=jdoe]\
             [CorrelationID={id}][AuditDetails={details}]: x"
        )
    };
    let mut assembler = Assembler::default();
    assert_eq!(offer(&mut assembler, ONE, &audit("Login", ""), 0), Offered::Alone);
    assert_eq!(offer(&mut assembler, ONE, &audit("Login Authenti", "c-1"), 0), Offered::Held);
    assert_eq!(offer(&mut assembler, ONE, &audit("other", "c-2"), 100), Offered::Held);
    assert_eq!(offer(&mut assembler, ONE, &audit("cation Failed", "c-1"), 200), Offered::Held);
    assert_eq!(offer(&mut assembler, ONE, &audit("cation Failed", "c-1"), 300), Offered::Again);
    assert_eq!(assembler.deadline(), Some(Mono::from_millis(2_100)));
    assembler.next_given_up(Mono::from_millis(2_100)).unwrap();
    let joined = assembler.next_given_up(Mono::from_millis(2_200)).unwrap();
    assert_eq!((joined.cut, joined.missing), (false, 0));
    assert!(
        joined.line.contains("[CorrelationID=c-1][AuditDetails=Login Authentication Failed]: x x"),
        "{}",
        joined.line
    );
}

#[test]
fn what_is_no_sane_part_is_read_alone() {
    let mut assembler = Assembler::default();
    for mark in ["16.1/1", "16.0/3", "16.4/3", "16.1/65", "16.1/0", "16", "x.1/2", "-1.1/2"] {
        let line = format!("<188>16: cucm-sub1: Jan 15 2026 08:21:05.090 UTC : %UC_X-4-Y: %[part={mark}]: t");
        assert_eq!(offer(&mut assembler, ONE, &line, 0), Offered::Alone, "{mark}");
    }
    assert_eq!(offer(&mut assembler, ONE, &piece(16, 1, 2, &"x".repeat(SET_BYTES)), 0), Offered::Alone);
    assert_eq!(offer(&mut assembler, ONE, "part of nothing", 0), Offered::Alone);
}

#[test]
fn a_flood_of_pieces_is_bounded_and_pushes_out_its_own() {
    let mut assembler = Assembler::default();
    offer(&mut assembler, TWO, &piece(1, 1, 2, "[A=1]"), 0);
    let mut surplus = 0;
    for first in 0..1_000 {
        offer(&mut assembler, ONE, &piece(first, 1, 2, &format!("[A={}]", "x".repeat(1_000))), 1);
        surplus += u64::from(
            assembler.surplus().is_some_and(|given_up| given_up.from.address == ONE.parse::<IpAddr>().unwrap()),
        );
    }
    assert_eq!((assembler.waiting(), surplus), (SETS, 1_001 - SETS as u64));
    assert_eq!(whole(offer(&mut assembler, TWO, &piece(1, 2, 2, ""), 2)), "part=1.1/2][A=1]: t1 t2");
    for n in 1..MOST_PIECES {
        offer(&mut assembler, TWO, &piece(9, n, MOST_PIECES, &format!("[A=1][B{n}={}]", "x".repeat(1_000))), 3);
    }
    let octets = assembler.sets.iter().map(|set| set.octets).max();
    assert!(octets <= Some(SET_BYTES), "{octets:?}");
}
