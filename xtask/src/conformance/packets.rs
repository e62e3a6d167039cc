//! The UDP payloads of a capture, by the number of the frame, and what its TCP connections said.

use std::fs::File;
use std::path::Path;

use etherparse::{LaxSlicedPacket, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::workspace::Failure;

/// A UDP datagram of a capture.
pub(super) struct Datagram {
    /// From 1; other frames count too.
    pub(super) frame: usize,
    /// Milliseconds since 1970.
    pub(super) at_ms: u64,
    pub(super) payload: Vec<u8>,
}

/// In the order of the file.
pub(super) fn datagrams(path: &Path) -> Result<Vec<Datagram>, Failure> {
    let datagram = |packet: LaxSlicedPacket<'_>, frame, at_ms| match packet.transport {
        Some(TransportSlice::Udp(udp)) => Some(Datagram { frame, at_ms, payload: udp.payload().to_vec() }),
        _ => None,
    };
    all(path, datagram)
}

/// What was said in each direction of each TCP connection, in the order of the frames: nothing was lost on the loopback.
pub(super) fn streams(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let segment = |packet: LaxSlicedPacket<'_>, _, _| match packet.transport {
        Some(TransportSlice::Tcp(tcp)) => Some(((tcp.source_port(), tcp.destination_port()), tcp.payload().to_vec())),
        _ => None,
    };
    let mut streams: Vec<((u16, u16), Vec<u8>)> = Vec::new();
    for (ports, payload) in all(path, segment)? {
        match streams.iter_mut().find(|(known, _)| *known == ports) {
            Some((_, stream)) => stream.extend(payload),
            None => streams.push((ports, payload)),
        }
    }
    Ok(streams.into_iter().map(|(_, stream)| stream).filter(|stream| !stream.is_empty()).collect())
}

/// Of each packet what is wanted of it, with the number of its frame and its time.
fn all<T>(path: &Path, want: impl Fn(LaxSlicedPacket<'_>, usize, u64) -> Option<T>) -> Result<Vec<T>, Failure> {
    let failed = |error: String| Failure::of(path.display().to_string(), error);
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut reader = create_reader(1 << 20, file).map_err(|error| failed(format!("{error:?}")))?;
    let (mut found, mut frame, mut link, mut clock) = (Vec::new(), 0, Linktype::ETHERNET, Clock::MICROSECONDS);
    loop {
        match reader.next() {
            Ok((length, block)) => {
                let data = match block {
                    PcapBlockOwned::LegacyHeader(header) => {
                        link = header.network;
                        None
                    }
                    PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                        link = description.linktype;
                        clock = Clock { per_s: description.ts_resolution(), offset_s: description.ts_offset() };
                        None
                    }
                    PcapBlockOwned::Legacy(packet) => {
                        let at_ms = u64::from(packet.ts_sec) * 1_000 + u64::from(packet.ts_usec) / 1_000;
                        Some((at_ms, packet.data.to_vec()))
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                        Some((clock.millis(ticks), packet.data.to_vec()))
                    }
                    PcapBlockOwned::NG(_) => None,
                };
                if let Some((at_ms, data)) = data {
                    frame += 1;
                    found.extend(sliced(link, &data).and_then(|packet| want(packet, frame, at_ms)));
                }
                reader.consume(length);
            }
            Err(PcapError::Eof) => return Ok(found),
            Err(PcapError::Incomplete(_)) => reader.refill().map_err(|error| failed(format!("{error:?}")))?,
            Err(error) => return Err(failed(format!("{error:?}"))),
        }
    }
}

/// How an interface of a pcapng file counts time.
struct Clock {
    per_s: Option<u64>,
    offset_s: i64,
}

impl Clock {
    const MICROSECONDS: Self = Self { per_s: Some(1_000_000), offset_s: 0 };

    fn millis(&self, ticks: u64) -> u64 {
        let per_s = u128::from(self.per_s.unwrap_or(1_000_000).max(1));
        let millis = u64::try_from(u128::from(ticks) * 1_000 / per_s).unwrap_or(u64::MAX);
        millis.saturating_add_signed(self.offset_s.saturating_mul(1_000))
    }
}

fn sliced(link: Linktype, data: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    match link {
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => LaxSlicedPacket::from_ip(data).ok(),
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(data.get(4..)?).ok(),
        _ => LaxSlicedPacket::from_ethernet(data).ok(),
    }
}
