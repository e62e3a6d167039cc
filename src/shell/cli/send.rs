//! `lockwarden send`: one realistic CUCM message, to see whether it arrives and what comes of it.

use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{complain, say};
use crate::shell::clock;
use crate::shell::compose::{Message, What};
use crate::wire::snmp::{self, Kind};

/// How long an inform's answer may take, and how often it is sent.
const ANSWER: Duration = Duration::from_secs(2);
const TRIES: u8 = 2;

/// What to send.
#[derive(Clone, Debug, Args)]
pub(crate) struct SendArgs {
    /// What happened: `unlock` is a successful sign-in, since CUCM has no message for an unlock
    #[arg(value_enum)]
    what: WhatArg,
    /// The user
    #[arg(long, value_name = "NAME")]
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
    /// How many, one millisecond of their own time apart
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// Print the syslog line instead of sending anything
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

pub(crate) fn run(args: &SendArgs) -> ExitCode {
    match send(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

fn send(args: &SendArgs) -> Result<(), String> {
    let default = if args.via == Via::Syslog { "127.0.0.1:1514" } else { "127.0.0.1:1162" };
    let to = args.to.as_deref().unwrap_or(default);
    let line = Line::open(to)?;
    for n in 0..u64::from(args.count) {
        let message = message(args, n);
        if args.dry_run {
            say(&message.syslog_line());
            continue;
        }
        match args.via {
            Via::Syslog => line.send(message.syslog_line().as_bytes())?,
            Via::Trap => line.send(&message.notification(Kind::Trap, args.community.as_bytes()))?,
            Via::Inform => line.ask(&message.notification(Kind::Inform, args.community.as_bytes()))?,
        }
        if n == 0 {
            say(&format!("sent {} x {} to {}", args.count, message.alarm(), line.to));
        }
    }
    Ok(())
}

fn message(args: &SendArgs, n: u64) -> Message {
    let at = clock::wall().plus(crate::units::Span::millis(n));
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
        let to = resolved.into_iter().next().ok_or_else(|| format!("--to {to}: the name has no address"))?;
        let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let open = || {
            let socket = UdpSocket::bind(any)?;
            socket.connect(to)?;
            socket.set_read_timeout(Some(ANSWER))?;
            Ok::<_, std::io::Error>(socket)
        };
        Ok(Self { socket: open().map_err(|error| format!("{to}: {error}"))?, to })
    }

    fn send(&self, datagram: &[u8]) -> Result<(), String> {
        // The first error may be the echo of an earlier datagram.
        let sent = self.socket.send(datagram).or_else(|_| self.socket.send(datagram));
        sent.map(drop).map_err(|error| format!("{}: {error}; does a service listen there?", self.to))
    }

    fn ask(&self, datagram: &[u8]) -> Result<(), String> {
        let mut buffer = [0_u8; 65_535];
        for _ in 0..TRIES {
            self.send(datagram)?;
            let answer = self.socket.recv(&mut buffer).ok().and_then(|length| buffer.get(..length));
            if answer.is_some_and(|bytes| matches!(snmp::decode(bytes), Ok(snmp::Message::Response(_)))) {
                return Ok(());
            }
        }
        Err(format!("{}: the inform was not answered; `lockwarden health` there shows whether it was refused", self.to))
    }
}
