//! Files for `replay`: pcap, pcapng, or lines of syslog. Reads UDP over IPv4 and IPv6. Fragments, datagrams that the capture cut
//! short, TCP and other traffic are counted as skipped; a file that is neither a capture nor text is refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, EnhancedPacketBlock, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::path::LONGEST_LINE;
use crate::units::{Span, Wall};
use crate::wire::syslog;

/// A block of a capture that is longer than this is not read.
const LONGEST_BLOCK: usize = 1 << 20;
/// The first bytes of a file that are looked at to see whether it is text.
const LOOK: u64 = 4_096;
/// The first bytes of pcap (both byte orders, both precisions, and Kuznetzov's form) and pcapng.
const MAGICS: [[u8; 4]; 7] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x34, 0xcd, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xcd, 0x34],
    [0x0a, 0x0d, 0x0d, 0x0a],
];
const SLL2: i32 = 276;

/// One message of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) at: Wall,
    pub(crate) from: IpAddr,
    pub(crate) is_snmp: bool,
    pub(crate) bytes: Vec<u8>,
}

/// Reads the file, gives each message to `each`, and returns how many packets held none.
///
/// # Errors
/// If the file cannot be read, is neither a capture nor text, or is a damaged capture; what came before the damage has been given.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Captured)) -> Result<u64, String> {
    let named = |problem: String| format!("{}: {problem}", path.display());
    let failed = |error: io::Error| named(error.to_string());
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(LOOK).read_to_end(&mut head).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if MAGICS.iter().any(|magic| head.starts_with(magic)) {
        return packets(file, each).map_err(named);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        return Err(named("compressed; unpack it first (gunzip)".into()));
    }
    if !is_text(&head) {
        return Err(named("neither a capture (pcap, pcapng) nor a file of syslog lines".into()));
    }
    lines(BufReader::new(file), each).map_err(failed)?;
    Ok(0)
}

/// Whether a file that begins like this can be lines: no control characters but those that syslog daemons let through. The
/// character set does not matter.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|&b| b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r' | 0x1b) || b == 0x0c)
}

/// Lines have the time that they carry; one without has that of the line before, and those before the first time have that.
fn lines(mut file: impl BufRead + Seek, each: &mut dyn FnMut(Captured)) -> io::Result<()> {
    let now = super::clock::wall();
    let mut at = now;
    let mut line = Vec::new();
    while next_line(&mut file, &mut line)? {
        if let Some(first) = own_time(&line, now) {
            at = first;
            break;
        }
    }
    file.rewind()?;
    while next_line(&mut file, &mut line)? {
        let bytes = line.trim_ascii_end();
        if !bytes.is_empty() {
            at = own_time(bytes, at).unwrap_or(at);
            // A line of a file does not say from which address it came.
            let from = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            each(Captured { at, from, is_snmp: false, bytes: bytes.to_vec() });
        }
    }
    Ok(())
}

fn own_time(line: &[u8], near: Wall) -> Option<Wall> {
    syslog::decode(&String::from_utf8_lossy(line)).stamp?.to_wall(near)
}

/// The next line into `line`; false at the end. Of a line that is too long for the path, as much is kept as shows that.
fn next_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let longest = u64::try_from(LONGEST_LINE + 1).unwrap_or(u64::MAX);
    let length = file.by_ref().take(longest).read_until(b'\n', line)?;
    if length > LONGEST_LINE && !line.ends_with(b"\n") {
        file.skip_until(b'\n')?;
    }
    Ok(length > 0)
}

/// How an interface of a capture writes its packets and times.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    per_second: u64,
    offset_s: i64,
}

/// What a capture has said so far about its interfaces.
#[derive(Default)]
struct Interfaces {
    known: Vec<Interface>,
    is_big_endian: bool,
}

fn packets(file: File, each: &mut dyn FnMut(Captured)) -> Result<u64, String> {
    let mut reader = create_reader(LONGEST_BLOCK, file).map_err(|error| damage(&error))?;
    let mut interfaces = Interfaces::default();
    let mut skipped = 0;
    loop {
        match reader.next() {
            Ok((length, block)) => {
                match captured(&block, &mut interfaces) {
                    Some(Some(message)) => each(message),
                    Some(None) => skipped += 1,
                    None => {}
                }
                reader.consume(length);
            }
            Err(PcapError::Eof) => return Ok(skipped),
            Err(PcapError::Incomplete(_)) => refill(&mut *reader)?,
            Err(error) => return Err(damage(&error)),
        }
    }
}

/// In words: the reader's own error would print the octets.
fn damage<I>(error: &PcapError<I>) -> String {
    let what = match error {
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => "it ends inside a packet",
        PcapError::BufferTooSmall => "a packet in it says that it is longer than 1 MiB",
        PcapError::ReadError => "it cannot be read to its end",
        PcapError::HeaderNotRecognized => "its header is of no known kind",
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => "a block in it contradicts itself",
    };
    format!("damaged capture: {what}")
}

fn refill(reader: &mut dyn PcapReaderIterator) -> Result<(), String> {
    let before = reader.data().len();
    if !reader.reader_exhausted() {
        reader.refill().map_err(|error| damage(&error))?;
        if reader.reader_exhausted() || reader.data().len() > before {
            return Ok(());
        }
    }
    Err(damage(&PcapError::UnexpectedEof::<()>))
}

/// `None` for a block that is no packet; `Some(None)` for a packet without a message of ours.
fn captured(block: &PcapBlockOwned<'_>, interfaces: &mut Interfaces) -> Option<Option<Captured>> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let per_second = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            interfaces.known = vec![Interface { link: header.network, per_second, offset_s: 0 }];
            None
        }
        PcapBlockOwned::Legacy(packet) => Some(interfaces.known.first().and_then(|interface| {
            let at = wall(*interface, u64::from(packet.ts_sec) * interface.per_second + u64::from(packet.ts_usec));
            message(interface.link, at, packet.data)
        })),
        PcapBlockOwned::NG(Block::SectionHeader(section)) => {
            *interfaces = Interfaces { known: Vec::new(), is_big_endian: section.big_endian() };
            None
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
            // The reader takes the offset for little-endian, whatever the section is.
            let offset_s = description.ts_offset();
            let offset_s = if interfaces.is_big_endian { offset_s.swap_bytes() } else { offset_s };
            let per_second = per_second(description.if_tsresol);
            interfaces.known.push(Interface { link: description.linktype, per_second, offset_s });
            None
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => Some(enhanced(packet, interfaces)),
        // It has no time.
        PcapBlockOwned::NG(Block::SimplePacket(_)) => Some(None),
        PcapBlockOwned::NG(_) => None,
    }
}

fn enhanced(packet: &EnhancedPacketBlock<'_>, interfaces: &Interfaces) -> Option<Captured> {
    let interface = *interfaces.known.get(usize::try_from(packet.if_id).ok()?)?;
    let at = wall(interface, u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low));
    message(interface.link, at, packet.data.get(..usize::try_from(packet.caplen).ok()?)?)
}

/// Option if_tsresol: 10^-n or, with the highest bit set, 2^-n seconds. What no `u64` holds is taken as microseconds, the default.
fn per_second(resolution: u8) -> u64 {
    let exponent = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

fn wall(interface: Interface, ticks: u64) -> Wall {
    let (seconds, rest) = (ticks / interface.per_second, ticks % interface.per_second);
    let ms = u128::from(rest) * 1_000 / u128::from(interface.per_second);
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(interface.offset_s);
    Wall::from_millis(seconds.saturating_mul(1_000)).plus(Span::millis(u64::try_from(ms).unwrap_or(0)))
}

fn message(link: Linktype, at: Wall, packet: &[u8]) -> Option<Captured> {
    let sliced = match link {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok()?,
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => LaxSlicedPacket::from_ip(packet).ok()?,
        // The last two octets of the pseudo header are the protocol.
        Linktype::LINUX_SLL => {
            let (protocol, rest) =
                packet.split_at_checked(16).and_then(|(head, rest)| Some((head.last_chunk()?, rest)))?;
            LaxSlicedPacket::from_ether_type(u16::from_be_bytes(*protocol).into(), rest)
        }
        // Here the first two are.
        Linktype(SLL2) => {
            let (protocol, rest) =
                packet.split_at_checked(20).and_then(|(head, rest)| Some((head.first_chunk()?, rest)))?;
            LaxSlicedPacket::from_ether_type(u16::from_be_bytes(*protocol).into(), rest)
        }
        // BSD loopback: four octets of address family, then IP.
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(packet.get(4..)?).ok()?,
        _ => return None,
    };
    let from = match sliced.net? {
        LaxNetSlice::Ipv4(ip) => IpAddr::V4(ip.header().source_addr()),
        LaxNetSlice::Ipv6(ip) => IpAddr::V6(ip.header().source_addr()),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Udp(udp)) = sliced.transport else { return None };
    let bytes = udp.payload();
    // A length of zero is written where the system leaves it to the network card.
    let is_cut = usize::from(udp.length()) > bytes.len() + UDP_HEADER;
    if is_cut {
        return None;
    }
    let is_snmp = matches!(udp.destination_port(), 162 | 1162) || looks_like_snmp(bytes);
    Some(Captured { at, from, is_snmp, bytes: bytes.to_vec() })
}

const UDP_HEADER: usize = 8;

/// Whether it begins like an SNMP message, sound or not: a SEQUENCE, whose first element (02 01, the version) is in no text.
fn looks_like_snmp(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30) && !is_text(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snmp;

    /// One UDP datagram in Ethernet, from 192.0.2.10.
    fn frame(port: u16, payload: &[u8]) -> Vec<u8> {
        let builder = etherparse::PacketBuilder::ethernet2([1; 6], [2; 6])
            .ipv4([192, 0, 2, 10], [192, 0, 2, 50], 64)
            .udp(40_000, port);
        let mut frame = Vec::new();
        builder.write(&mut frame, payload).unwrap();
        frame
    }

    fn pcap(frames: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
        let mut file = Vec::new();
        for n in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            file.extend(n.to_le_bytes());
        }
        for (s, us, frame) in frames {
            let length = u32::try_from(frame.len()).unwrap();
            for n in [*s, *us, length, length] {
                file.extend(n.to_le_bytes());
            }
            file.extend(frame);
        }
        file
    }

    fn read_bytes(name: &str, bytes: &[u8]) -> (Vec<Captured>, Result<u64, String>) {
        let path = std::env::temp_dir().join(format!("lockwarden-capture-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let mut messages = Vec::new();
        let result = read(&path, &mut |message| messages.push(message));
        std::fs::remove_file(&path).unwrap();
        (messages, result.map_err(|error| error.replace(&path.display().to_string(), "FILE")))
    }

    #[test]
    fn a_capture_gives_its_datagrams_with_their_times() {
        let (messages, skipped) = read_bytes(
            "pcap",
            &pcap(&[(1_768_465_261, 114_000, frame(514, b"<13>x")), (1_768_465_262, 0, vec![0; 60])]),
        );
        let from = "192.0.2.10".parse().unwrap();
        let at = Wall::from_millis(1_768_465_261_114);
        assert_eq!(messages, [Captured { at, from, is_snmp: false, bytes: b"<13>x".to_vec() }]);
        assert_eq!(skipped, Ok(1));
    }

    #[test]
    fn a_cut_capture_gives_what_is_whole_and_says_that_it_is_cut() {
        let file = pcap(&[(1, 0, frame(162, b"\x30\x80")), (2, 0, frame(162, b"\x30\x80"))]);
        let (messages, result) = read_bytes("cut", &file[..file.len() - 3]);
        assert_eq!((messages.len(), messages[0].is_snmp), (1, true));
        assert_eq!(result, Err("FILE: damaged capture: it ends inside a packet".into()));
    }

    /// A pcapng file: one section in the given byte order, one Ethernet interface of this resolution and offset, one packet.
    fn pcapng(is_big_endian: bool, resolution: u8, offset_s: i64, ticks: u64, frame: &[u8]) -> Vec<u8> {
        let n16 = |n: u16| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let n32 = |n: u32| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let n64 = |n: i64| if is_big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let block = |kind: u32, content: &[u8]| {
            let padded = [content, &[0; 3][..content.len().wrapping_neg() % 4]].concat();
            let length = n32(u32::try_from(padded.len()).unwrap() + 12);
            [&n32(kind)[..], &length, &padded, &length].concat()
        };
        let section = [&n32(0x1a2b_3c4d)[..], &n16(1), &n16(0), &[0xff; 8]].concat();
        let options =
            [&n16(9)[..], &n16(1), &[resolution, 0, 0, 0], &n16(14), &n16(8), &n64(offset_s), &[0; 4]].concat();
        let interface = [&n16(1)[..], &n16(0), &n32(65_535), &options].concat();
        let length = n32(u32::try_from(frame.len()).unwrap());
        let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|half| n32(u32::try_from(half).unwrap()));
        let packet = [&n32(0)[..], &high, &low, &length, &length, frame].concat();
        [block(0x0a0d_0d0a, &section), block(1, &interface), block(6, &packet)].concat()
    }

    #[test]
    fn a_pcapng_capture_has_the_times_of_its_interface() {
        let frame = frame(514, b"<13>x");
        let ms = 1_768_465_261_114;
        let binary = (1_768_465_261 << 10) + 117;
        for (name, is_big_endian, resolution, offset_s, ticks) in [
            ("us", false, 6, 0, ms * 1_000),
            ("ns", true, 9, 0, ms * 1_000_000),
            ("offset", false, 3, 3_600, ms - 3_600_000),
            ("offset-be", true, 3, -3_600, ms + 3_600_000),
            ("binary", false, 0x8a, 0, binary),
        ] {
            let (messages, result) = read_bytes(name, &pcapng(is_big_endian, resolution, offset_s, ticks, &frame));
            let times: Vec<i64> = messages.iter().map(|message| message.at.as_millis()).collect();
            assert_eq!((times, result), (vec![1_768_465_261_114], Ok(0)), "{name}");
        }
    }

    #[test]
    fn the_link_layers_that_tcpdump_writes_are_read() {
        let frame = frame(514, b"<13>x");
        let ip = &frame[14..];
        let vlan = [&frame[..12], &[0x81, 0, 0, 7], &frame[12..]].concat();
        let cooked = [&[0; 14], &[8, 0][..], ip].concat();
        let cooked_2 = [&[8, 0], &[0; 18][..], ip].concat();
        let loopback = [&[2, 0, 0, 0], ip].concat();
        for (link, packet) in [(1, vlan), (113, cooked), (276, cooked_2), (0, loopback), (101, ip.to_vec())] {
            let read = message(Linktype(link), Wall::default(), &packet).map(|message| message.bytes);
            assert_eq!(read, Some(b"<13>x".to_vec()), "{link}");
        }
        assert_eq!(message(Linktype(105), Wall::default(), &frame), None);
    }

    #[test]
    fn a_datagram_that_the_capture_cut_or_that_is_a_fragment_is_skipped() {
        let whole = frame(514, b"<13>UserID:jdoe");
        assert!(message(Linktype::ETHERNET, Wall::default(), &whole).is_some());
        assert_eq!(message(Linktype::ETHERNET, Wall::default(), &whole[..whole.len() - 2]), None);
        let mut fragment = whole.clone();
        fragment[20] = 0x20;
        assert_eq!(message(Linktype::ETHERNET, Wall::default(), &fragment), None);
    }

    #[test]
    fn snmp_is_known_by_its_port_or_by_its_form() {
        let oid = "1.3.6.1.6.3.1.1.5.1".parse().unwrap();
        let trap = snmp::encode::v2c(snmp::Kind::Trap, b"public", 1, 1, &oid, &[]);
        let is_snmp =
            |port, payload: &[u8]| message(Linktype::ETHERNET, Wall::default(), &frame(port, payload)).unwrap().is_snmp;
        assert!(is_snmp(5_000, &trap) && is_snmp(162, b"x"));
        assert!(!is_snmp(514, "0 Grüße".as_bytes()) && !is_snmp(162 + 352, b"<13>x"));
    }

    #[test]
    fn lines_have_the_time_that_they_carry() {
        let text =
            b"no time yet\n<188>1: a: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=x]: y\n\nno time\n";
        let (messages, _) = read_bytes("text", text);
        let times: Vec<i64> = messages.iter().map(|m| m.at.as_millis()).collect();
        assert_eq!(times, [1_768_465_261_114; 3]);
    }

    #[test]
    fn a_line_without_an_end_is_bounded() {
        let text = [&vec![b'x'; 3 * LONGEST_LINE][..], b"\nshort"].concat();
        let (messages, result) = read_bytes("long", &text);
        let lengths: Vec<usize> = messages.iter().map(|message| message.bytes.len()).collect();
        assert_eq!((lengths, result), (vec![LONGEST_LINE + 1, 5], Ok(0)));
    }

    #[test]
    fn what_is_neither_capture_nor_text_is_refused() {
        let refused = |name, bytes: &[u8]| read_bytes(name, bytes).1.unwrap_err();
        assert_eq!(refused("gz", &[0x1f, 0x8b, 8, 0]), "FILE: compressed; unpack it first (gunzip)");
        let neither = "FILE: neither a capture (pcap, pcapng) nor a file of syslog lines";
        assert_eq!(refused("elf", b"\x7fELF\x02\x01\x01\0"), neither);
        assert_eq!(refused("short", &[0xd4, 0xc3, 0xb2, 0xa1, 2]), "FILE: damaged capture: it ends inside a packet");
        let mut twisted = pcapng(false, 6, 0, 0, &frame(514, b"x"));
        twisted[4] = 13;
        assert!(refused("twisted", &twisted).len() < 100);
    }
}
