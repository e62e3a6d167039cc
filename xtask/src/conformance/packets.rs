//! The UDP payloads of a capture, by the number of the frame.

use std::fs::File;
use std::path::Path;

use etherparse::{LaxSlicedPacket, TransportSlice};
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use crate::workspace::Failure;

/// A UDP datagram of a capture.
pub(super) struct Datagram {
    /// From 1; other frames count too.
    pub(super) frame: usize,
    pub(super) payload: Vec<u8>,
}

/// In the order of the file.
pub(super) fn datagrams(path: &Path) -> Result<Vec<Datagram>, Failure> {
    let failed = |error: String| Failure::of(path.display().to_string(), error);
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut reader = create_reader(1 << 20, file).map_err(|error| failed(format!("{error:?}")))?;
    let (mut found, mut frame, mut link) = (Vec::new(), 0, Linktype::ETHERNET);
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
                        None
                    }
                    PcapBlockOwned::Legacy(packet) => Some(packet.data.to_vec()),
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => Some(packet.data.to_vec()),
                    PcapBlockOwned::NG(_) => None,
                };
                if let Some(data) = data {
                    frame += 1;
                    found.extend(udp(link, &data).map(|payload| Datagram { frame, payload }));
                }
                reader.consume(length);
            }
            Err(PcapError::Eof) => return Ok(found),
            Err(PcapError::Incomplete(_)) => reader.refill().map_err(|error| failed(format!("{error:?}")))?,
            Err(error) => return Err(failed(format!("{error:?}"))),
        }
    }
}

fn udp(link: Linktype, data: &[u8]) -> Option<Vec<u8>> {
    let sliced = match link {
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => LaxSlicedPacket::from_ip(data).ok()?,
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(data.get(4..)?).ok()?,
        _ => LaxSlicedPacket::from_ethernet(data).ok()?,
    };
    let Some(TransportSlice::Udp(udp)) = sliced.transport else { return None };
    Some(udp.payload().to_vec())
}
