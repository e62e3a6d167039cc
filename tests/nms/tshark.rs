//! SNMPv3 traps as tshark reads them: that it finds every digest right and decrypts what is encrypted. Of the two key extensions
//! it has that of Reeder only; snmptrapd has the other.

use std::fs;
use std::path::Path;

use lockwarden::usm::{Auth, Privacy};
use lockwarden::wire::snmp::Kind;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, lockout, program, receiver, scratch};
use crate::users::{Person, our_engine};

const CIPHERS: [Privacy; 4] = [Privacy::Des, Privacy::Aes128, Privacy::Aes192c, Privacy::Aes256c];
/// pcap's `LINKTYPE_IPV4`: each packet begins with its IPv4 header.
const LINKTYPE_IPV4: u32 = 228;
/// The ports of SNMP's notifications, by which tshark knows them.
const PORTS: [u16; 2] = [49_152, 162];

/// A capture of these datagrams, all from 192.0.2.1 to 192.0.2.2.
fn pcap(datagrams: &[Vec<u8>]) -> Vec<u8> {
    let mut pcap = Vec::new();
    // Microseconds, version 2.4, no correction of time, no limit.
    for word in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, LINKTYPE_IPV4] {
        pcap.extend(word.to_le_bytes());
    }
    for datagram in datagrams {
        let udp = u16::try_from(8 + datagram.len()).unwrap();
        let whole = 20 + udp;
        for word in [0, 0, u32::from(whole), u32::from(whole)] {
            pcap.extend(word.to_le_bytes());
        }
        // Version 4, five words of header; 64 hops, UDP, checksums left out.
        let head = [0x4500, whole, 0, 0, 0x4011, 0, 0xc000, 0x0201, 0xc000, 0x0202];
        let words = head.into_iter().chain(PORTS).chain([udp, 0]);
        pcap.extend(words.flat_map(u16::to_be_bytes));
        pcap.extend(datagram);
    }
    pcap
}

/// A row of tshark's table of users.
fn known_to_tshark(person: &Person) -> String {
    let engine = our_engine().id().to_string();
    let auth = person.auth.as_ref().map_or(("MD5", ""), |(auth, password)| (digest(*auth), password.as_str()));
    let privacy =
        person.privacy.as_ref().map_or(("DES", ""), |(privacy, password)| (cipher(*privacy), password.as_str()));
    let engine = engine.strip_prefix("0x").unwrap();
    format!(
        "uat:snmp_users:{engine},\"{}\",\"{}\",\"{}\",\"{}\",\"{}\"",
        person.name, auth.0, auth.1, privacy.0, privacy.1
    )
}

fn digest(auth: Auth) -> &'static str {
    match auth {
        Auth::Md5 => "MD5",
        Auth::Sha1 => "SHA1",
        Auth::Sha224 => "SHA2-224",
        Auth::Sha256 => "SHA2-256",
        Auth::Sha384 => "SHA2-384",
        Auth::Sha512 => "SHA2-512",
    }
}

fn cipher(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Des => "DES",
        Privacy::Aes128 => "AES",
        Privacy::Aes192c => "AES192",
        Privacy::Aes256c => "AES256",
        Privacy::Aes192 | Privacy::Aes256 => panic!("not in tshark"),
    }
}

/// User, boots, time, whether the digest is right, and the trap's OID: one line for each packet.
fn read(file: &Path, everybody: &[Person]) -> Vec<String> {
    let mut tshark = program("tshark");
    tshark.args(["-r"]).arg(file).args(["-T", "fields", "-E", "separator=,", "-E", "occurrence=l"]);
    for field in ["msgUserName", "msgAuthoritativeEngineBoots", "msgAuthoritativeEngineTime", "v3.auth", "value.oid"] {
        tshark.args(["-e", &format!("snmp.{field}")]);
    }
    for person in everybody {
        tshark.args(["-o", &known_to_tshark(person)]);
    }
    let output = tshark.output().expect("tshark (Debian package tshark) starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect()
}

#[tokio::test]
async fn tshark_finds_every_digest_right_and_decrypts_every_trap() {
    let nms = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let everybody = Person::everybody(&CIPHERS);
    let mut datagrams = Vec::new();
    for person in &everybody {
        let rig = Rig::start(receiver(nms.local_addr().unwrap(), person.protocol(Kind::Trap)));
        rig.notify(1, lockout()).await;
        let mut buffer = vec![0; 4_096];
        let length = timeout(PATIENCE, nms.recv(&mut buffer)).await.unwrap().unwrap();
        buffer.truncate(length);
        datagrams.push(buffer);
        assert_eq!(rig.finish().await, [1]);
    }
    let scratch = scratch("tshark");
    let file = scratch.join("traps.pcap");
    fs::write(&file, pcap(&datagrams)).unwrap();
    let lines = read(&file, &everybody);
    fs::remove_dir_all(scratch).unwrap();
    let expected = everybody.iter().map(|person| {
        let verified = if person.auth.is_some() { "1" } else { "" };
        format!("{},3,60,{verified},1.3.6.1.4.1.8072.9999.9999.8162.0.1", person.name)
    });
    let expected: Vec<_> = expected.collect();
    assert_eq!(lines, expected);
}
