//! Files for `replay`: pcap, pcapng, or lines of syslog. Reads UDP over IPv4 and IPv6; fragments, TCP and other traffic are counted
//! as skipped.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _};
use std::net::IpAddr;
use std::path::Path;

use etherparse::{LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::units::{Span, Wall};
use crate::wire::syslog;

/// A block of a capture that is longer than this is not read.
const LONGEST_BLOCK: usize = 1 << 20;
/// The first bytes of pcap (both byte orders, both precisions) and pcapng.
const MAGICS: [[u8; 4]; 5] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
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
/// If the file cannot be read, or is a damaged capture; what came before the damage has been given.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Captured)) -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(failed)?;
    let mut magic = [0_u8; 4];
    let length = file.read(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    if length == magic.len() && MAGICS.contains(&magic) {
        packets(file, each).map_err(|error| format!("{}: {error}", path.display()))
    } else {
        lines(BufReader::new(file), each).map_err(failed)?;
        Ok(0)
    }
}

/// Lines have the time that they carry; one without has that of the line before.
fn lines(mut file: BufReader<File>, each: &mut dyn FnMut(Captured)) -> std::io::Result<()> {
    let mut at = super::clock::wall();
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            if let Some(own) = syslog::decode(text).stamp.and_then(|stamp| stamp.to_wall(at)) {
                at = own;
            }
            let from = IpAddr::from([127, 0, 0, 1]);
            each(Captured { at, from, is_snmp: false, bytes: text.as_bytes().to_vec() });
        }
        line.clear();
    }
    Ok(())
}

/// How an interface of a capture writes its packets and times.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    per_second: u64,
    offset_s: i64,
}

fn packets(file: File, each: &mut dyn FnMut(Captured)) -> Result<u64, String> {
    let mut reader = create_reader(LONGEST_BLOCK, file).map_err(|error| format!("not a capture: {error:?}"))?;
    let mut interfaces: Vec<Interface> = Vec::new();
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
            Err(PcapError::UnexpectedEof) => return Err(CUT.into()),
            Err(error) => return Err(format!("damaged capture: {error:?}")),
        }
    }
}

const CUT: &str = "damaged capture: it ends inside a packet";

fn refill(reader: &mut dyn PcapReaderIterator) -> Result<(), String> {
    if reader.reader_exhausted() {
        return Err(CUT.into());
    }
    reader.refill().map_err(|error| format!("damaged capture: {error:?}"))
}

/// `None` for a block that is no packet; `Some(None)` for a packet without a message of ours.
fn captured(block: &PcapBlockOwned<'_>, interfaces: &mut Vec<Interface>) -> Option<Option<Captured>> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => {
            let per_second = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
            *interfaces = vec![Interface { link: header.network, per_second, offset_s: 0 }];
            None
        }
        PcapBlockOwned::Legacy(packet) => {
            let interface = *interfaces.first()?;
            let at = wall(interface, u64::from(packet.ts_sec) * interface.per_second + u64::from(packet.ts_usec));
            Some(message(interface.link, at, packet.data))
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => {
            interfaces.clear();
            None
        }
        PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
            let per_second = description.ts_resolution().unwrap_or(1_000_000).max(1);
            interfaces.push(Interface { link: description.linktype, per_second, offset_s: description.ts_offset() });
            None
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
            let interface = *interfaces.get(usize::try_from(packet.if_id).ok()?)?;
            let at = wall(interface, u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low));
            let length = usize::try_from(packet.caplen).ok()?;
            Some(message(interface.link, at, packet.data.get(..length)?))
        }
        PcapBlockOwned::NG(Block::SimplePacket(_)) => Some(None),
        PcapBlockOwned::NG(_) => None,
    }
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
    // SNMP begins with SEQUENCE; no syslog line begins with `0` and is not text.
    let is_snmp = matches!(udp.destination_port(), 162 | 1162) || bytes.first() == Some(&0x30) && !bytes.is_ascii();
    Some(Captured { at, from, is_snmp, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn lines_have_the_time_that_they_carry() {
        let text = b"<188>1: a: Jan 15 2026 08:21:01.114 UTC : %UC_IMS-4-authFail: %[UserID=x]: y\n\nno time\n";
        let (messages, _) = read_bytes("text", text);
        let times: Vec<i64> = messages.iter().map(|m| m.at.as_millis()).collect();
        assert_eq!(times, [1_768_465_261_114, 1_768_465_261_114]);
    }
}
