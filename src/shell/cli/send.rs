//! `lockwarden send`: one realistic CUCM message, to see whether it arrives and what comes of it.

use std::io::ErrorKind;
use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::{complain, say};
use crate::shell::clock;
use crate::shell::compose::{Message, What};
use crate::units::{Span, Wall};
use crate::wire::snmp::{self, Kind, Response};

/// How long an inform's answer may take, and how often it is sent.
const ANSWER: Duration = Duration::from_secs(2);
const TRIES: u8 = 2;
/// Other datagrams that are read while waiting for one answer.
const STRANGERS: u8 = 16;
/// The arguments contradict each other.
const WRONG_USE: u8 = 2;
/// Between two messages, in their own time: sysUpTime, which tells two equal traps apart, counts in hundredths of a second.
const STEP: Span = Span::millis(10);

/// What to send.
#[derive(Clone, Debug, Args)]
pub(crate) struct SendArgs {
    /// What happened: `unlock` is a successful sign-in, since CUCM has no message for an unlock
    #[arg(value_enum)]
    what: WhatArg,
    /// The user
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    account: String,
    /// By which way
    #[arg(long, value_enum, default_value = "syslog")]
    via: Via,
    /// Where to [default: 127.0.0.1:1514 for syslog, 127.0.0.1:1162 for trap and inform]
    #[arg(long, value_name = "HOST:PORT")]
    to: Option<String>,
    /// The SNMP community
    #[arg(long, default_value = "public")]
    community: String,
    /// The cluster that the message names
    #[arg(long, default_value = "StandAloneCluster")]
    cluster: String,
    /// The node that the message names
    #[arg(long, default_value = "cucm-sub1")]
    node: String,
    /// Where the user came from; a failure is then a UC_LOGIN alarm, since IMS alarms carry no address
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// How many, all at once; by their own time they are 10 ms apart
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Print each message instead of sending it
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhatArg {
    Failure,
    Lockout,
    Unlock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Via {
    Syslog,
    Trap,
    Inform,
}

impl Via {
    const fn name(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Trap => "trap",
            Self::Inform => "inform",
        }
    }

    const fn default_address(self) -> &'static str {
        match self {
            Self::Syslog => "127.0.0.1:1514",
            Self::Trap | Self::Inform => "127.0.0.1:1162",
        }
    }
}

pub(crate) fn run(args: &SendArgs) -> ExitCode {
    if args.from.is_some() && !matches!(args.what, WhatArg::Failure) {
        complain(
            "--from: only a failure can say where the user came from; the alarms of a lock and of a success carry no address",
        );
        return ExitCode::from(WRONG_USE);
    }
    let now = clock::wall();
    let messages = (0..u64::from(args.count)).map(|n| message(args, now.plus(Span::millis(n * STEP.as_millis()))));
    if args.dry_run {
        messages.for_each(|message| show(args.via, &message));
        return ExitCode::SUCCESS;
    }
    match send(args, messages) {
        Ok(sent) => {
            say(&sent);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn show(via: Via, message: &Message) {
    match via {
        Via::Syslog => say(&message.syslog_line()),
        Via::Trap | Via::Inform => {
            message.columns().iter().for_each(|(name, value)| say(&format!("{name} = {value}")));
        }
    }
}

/// Sends them all; what was sent where.
fn send(args: &SendArgs, messages: impl Iterator<Item = Message>) -> Result<String, String> {
    let line = Line::open(args.to.as_deref().unwrap_or(args.via.default_address()))?;
    let mut alarm = String::new();
    for message in messages {
        let community = args.community.as_bytes();
        match args.via {
            Via::Syslog => line.send(message.syslog_line().as_bytes())?,
            Via::Trap => line.send(&message.notification(Kind::Trap, community))?,
            Via::Inform => line.ask(&message.notification(Kind::Inform, community), message.request_id())?,
        }
        alarm = message.alarm();
    }
    let answered = if args.via == Via::Inform { ", answered" } else { "" };
    Ok(format!("sent {} x {alarm} by {} to {}{answered}", args.count, args.via.name(), line.to))
}

fn message(args: &SendArgs, at: Wall) -> Message {
    Message {
        what: match args.what {
            WhatArg::Failure => What::Failure,
            WhatArg::Lockout => What::Lockout,
            WhatArg::Unlock => What::Success,
        },
        account: args.account.clone(),
        cluster: args.cluster.clone(),
        node: args.node.clone(),
        from: args.from.clone(),
        at,
        sequence: at.as_millis().unsigned_abs(),
    }
}

struct Line {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Line {
    fn open(to: &str) -> Result<Self, String> {
        let resolved =
            to.to_socket_addrs().map_err(|error| format!("--to {to}: {error}; for example 192.0.2.50:514"))?;
        // `localhost` is often IPv6 first, and the default sockets are IPv4.
        let mut resolved: Vec<SocketAddr> = resolved.collect();
        resolved.sort_by_key(SocketAddr::is_ipv6);
        let to = resolved.first().copied().ok_or_else(|| format!("--to {to}: the name has no address"))?;
        let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let open = || {
            let socket = UdpSocket::bind(any)?;
            socket.connect(to)?;
            socket.set_read_timeout(Some(ANSWER))?;
            Ok::<_, std::io::Error>(socket)
        };
        Ok(Self { socket: open().map_err(|error| format!("{to}: {error}"))?, to })
    }

    /// A port without a listener is noticed where the system says so, as it does for the own host.
    fn send(&self, datagram: &[u8]) -> Result<(), String> {
        let sent = self.socket.send(datagram).and_then(|_| self.socket.take_error()?.map_or(Ok(()), Err));
        sent.map_err(|error| {
            if error.kind() == ErrorKind::ConnectionRefused {
                return format!("{}: nobody listens there; is the service running?", self.to);
            }
            format!("{}: {error}", self.to)
        })
    }

    fn ask(&self, datagram: &[u8], request_id: i32) -> Result<(), String> {
        for _ in 0..TRIES {
            self.send(datagram)?;
            match self.answer(request_id) {
                Some(Response { error_status: 0, .. }) => return Ok(()),
                Some(refused) => {
                    return Err(format!("{}: answered with error-status {}", self.to, refused.error_status));
                }
                None => {}
            }
        }
        Err(format!("{}: the inform was not answered; `lockwarden health` there shows whether it was refused", self.to))
    }

    /// The answer with this request-id, if it comes in time.
    fn answer(&self, request_id: i32) -> Option<Response> {
        let mut buffer = [0_u8; 65_535];
        for _ in 0..STRANGERS {
            let length = self.socket.recv(&mut buffer).ok()?;
            if let Ok(snmp::Message::Response(response)) = snmp::decode(buffer.get(..length)?)
                && response.request_id == request_id
            {
                return Some(response);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        send: SendArgs,
    }

    fn args(line: &str) -> SendArgs {
        use clap::Parser as _;
        Typed::try_parse_from(core::iter::once("send").chain(line.split(' '))).unwrap().send
    }

    fn messages(args: &SendArgs) -> impl Iterator<Item = Message> {
        (0..u64::from(args.count))
            .map(|n| message(args, Wall::from_millis(1_768_465_261_114).plus(Span::millis(n * 10))))
    }

    #[test]
    fn three_traps_are_three_events() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let args = args(&format!("failure --account jdoe --via trap --count 3 --to {to}"));
        assert_eq!(send(&args, messages(&args)), Ok(format!("sent 3 x UC_IMS authFail jdoe by trap to {to}")));
        let mut buffer = [0; 2048];
        let mut times = Vec::new();
        for _ in 0..3 {
            let length = receiver.recv(&mut buffer).unwrap();
            let Ok(snmp::Message::Notification(notification)) = snmp::decode(&buffer[..length]) else {
                panic!("no trap")
            };
            times.push(snmp::clog(&notification).unwrap().timestamp.unwrap());
        }
        assert_eq!([times[1] - times[0], times[2] - times[1]], [1, 1]);
    }

    #[test]
    fn an_inform_waits_for_its_own_answer() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let args = args(&format!("lockout --account jdoe --via inform --to {to}"));
        let answering = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            let (length, from) = receiver.recv_from(&mut buffer).unwrap();
            let Ok(snmp::Message::Notification(inform)) = snmp::decode(&buffer[..length]) else { panic!("no inform") };
            let oid = "1.3.6.1.6.3.1.1.5.1".parse().unwrap();
            let other = snmp::encode::v2c(Kind::Inform, b"public", inform.request_id.wrapping_add(1), 1, &oid, &[]);
            let Ok(snmp::Message::Notification(other)) = snmp::decode(&other) else { panic!("no inform") };
            receiver.send_to(&snmp::encode::response_to(&other).unwrap(), from).unwrap();
            receiver.send_to(&snmp::encode::response_to(&inform).unwrap(), from).unwrap();
        });
        let sent = format!("sent 1 x UC_IMS authHackLock jdoe by inform to {to}, answered");
        assert_eq!(send(&args, messages(&args)), Ok(sent));
        answering.join().unwrap();
    }

    #[test]
    fn a_port_without_a_listener_is_said() {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let args = args(&format!("unlock --account jdoe --to {to}"));
        let problem = format!("{to}: nobody listens there; is the service running?");
        assert_eq!(send(&args, messages(&args)), Err(problem));
    }
}
