//! The text stream of a Mitel controller's maintenance log: we connect, read lines, and connect again when it ends.
//!
//! A controller that cannot be reached is said once, and once more when it is back. Nothing is ever sent. A log can be silent for days,
//! so silence ends nothing; TCP's own keepalive finds a controller that is gone.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::config::Endpoint;
use crate::event::Label;
use crate::path::{Controller, StreamLine};

/// A longer line is no line of this log.
const LONGEST_LINE: usize = 4_096;
/// Octets read at a time.
const CHUNK: usize = 4_096;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Waits between connections.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A connection that lasted so long was good: the next loss is met quickly again.
const GOOD: Duration = Duration::from_secs(60);
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How a controller's connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MitelState {
    /// Not connected yet.
    Connecting,
    /// Lines can come.
    Connected,
    /// What is wrong.
    Down(String),
}

/// A controller with the way to its log.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) controller: Controller,
    pub(crate) endpoint: Endpoint,
    pub(crate) state: watch::Sender<MitelState>,
}

/// A controller's name and address, and how its connection stands.
pub(crate) type Watched = (Label, String, watch::Receiver<MitelState>);

impl Feed {
    /// Reads for ever; each line goes to `take`.
    pub(crate) async fn follow(self, mut take: impl AsyncFnMut(StreamLine<'_>, &Controller)) {
        let mut wait = FIRST_WAIT;
        loop {
            let began = super::clock::instant();
            let why = match timeout(CONNECT, connect(&self.endpoint)).await {
                Ok(Ok(stream)) => {
                    self.say(MitelState::Connected);
                    self.read(stream, &mut take).await
                }
                Ok(Err(why)) => why,
                Err(_late) => format!("no connection within {} s", CONNECT.as_secs()),
            };
            if began.elapsed() > GOOD {
                wait = FIRST_WAIT;
            }
            self.say(MitelState::Down(why));
            sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    /// Notes a new state, and says it in the log if it is another kind of state.
    fn say(&self, state: MitelState) {
        let was_down = matches!(&*self.state.borrow(), MitelState::Down(_));
        let (name, at) = (&self.controller.name, &self.endpoint);
        match &state {
            MitelState::Down(why) if !was_down => {
                tracing::warn!(
                    "mitel {name}: {at}: {why}; its logins are missing until it is back. What to do: see that the controller \
                     offers its maintenance logs on this port"
                );
            }
            MitelState::Connected => tracing::info!("mitel {name}: connected to {at}"),
            MitelState::Down(_) | MitelState::Connecting => {}
        }
        self.state.send_replace(state);
    }

    /// Reads until the connection ends; says why it did.
    async fn read(&self, mut stream: TcpStream, take: &mut impl AsyncFnMut(StreamLine<'_>, &Controller)) -> String {
        let mut lines = Lines::default();
        let mut chunk = vec![0_u8; CHUNK];
        loop {
            let why = match stream.read(&mut chunk).await {
                Ok(0) => "the controller has closed the connection".to_owned(),
                Ok(length) => {
                    for &octet in chunk.get(..length).unwrap_or_default() {
                        if let Some(line) = lines.push(octet) {
                            take(line, &self.controller).await;
                        }
                    }
                    continue;
                }
                Err(error) => format!("the connection is lost: {error}"),
            };
            if let Some(line) = lines.end() {
                take(line, &self.controller).await;
            }
            return why;
        }
    }
}

async fn connect(endpoint: &Endpoint) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((endpoint.host.to_string(), endpoint.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| format!("its name is not resolved: {error}"))?.collect();
    let mut why = "its name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
                // Without it a controller that is gone is found later.
                let _unset = SockRef::from(&stream).set_tcp_keepalive(&keepalive).is_err();
                return Ok(stream);
            }
            Err(error) => why = format!("no connection: {error}"),
        }
    }
    Err(why)
}

/// Octets to lines. A line ends at LF, CR or NUL; empty ones are left out.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    /// The last line was given, and its octets go with the next.
    given: bool,
    /// The present line is longer than is read.
    endless: bool,
}

impl Lines {
    fn push(&mut self, octet: u8) -> Option<StreamLine<'_>> {
        if self.given {
            self.line.clear();
            self.given = false;
        }
        if !matches!(octet, b'\n' | b'\r' | 0) {
            if self.line.len() < LONGEST_LINE {
                self.line.push(octet)
            } else {
                self.endless = true
            }
            return None;
        }
        self.given = true;
        if core::mem::take(&mut self.endless) {
            return Some(StreamLine::TooLong);
        }
        (!self.line.trim_ascii().is_empty()).then_some(StreamLine::Whole(&self.line))
    }

    /// What is left when nothing more comes.
    fn end(&self) -> Option<StreamLine<'static>> {
        (!self.given && !self.line.trim_ascii().is_empty()).then_some(StreamLine::Cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(octets: &[u8]) -> Vec<String> {
        let (mut lines, mut read) = (Lines::default(), Vec::new());
        let shown = |line: StreamLine<'_>| match line {
            StreamLine::Whole(line) => String::from_utf8_lossy(line).into_owned(),
            StreamLine::Cut => "cut".into(),
            StreamLine::TooLong => "too long".into(),
        };
        for &octet in octets {
            read.extend(lines.push(octet).map(shown));
        }
        read.extend(lines.end().map(shown));
        read
    }

    #[test]
    fn a_stream_is_lines_of_any_ending_and_its_last_half_line_is_no_line() {
        assert_eq!(lines(b"a\r\nb\n\n \nc\0d"), ["a", "b", "c", "cut"]);
        assert_eq!(lines(b"a\n"), ["a"]);
        assert_eq!(lines(b""), <[&str; 0]>::default());
    }

    #[test]
    fn an_endless_line_is_given_up_and_the_next_is_read() {
        let stream = [vec![b'x'; LONGEST_LINE + 1], b"\nb\n".to_vec()].concat();
        assert_eq!(lines(&stream), ["too long", "b"]);
    }
}
