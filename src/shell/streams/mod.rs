//! Syslog over TCP and TLS: a thread of its own, which takes connections in, tells their messages apart and hands them to the path.
//!
//! A bounded channel lies between the two. When the path is behind, the streams wait, and TCP holds their senders back; datagrams wait
//! for no stream. What a connection costs is bounded: one message of the limit, and a share of one read buffer for all.

mod connection;
mod doors;
mod expiry;
mod tls;

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::config::{Admission, Limits};
use crate::event::Sender;
use crate::verdict::Verdict;

pub(crate) use doors::Count;
use doors::{Doors, Place};
pub(crate) use tls::Certificates;

/// Octets that are read of one connection before others get their turn.
const CHUNK: usize = 4 * 1024;
/// Deliveries that can wait for the path.
const QUEUE: usize = 64;
/// A pause after a failed accept, so that a lasting failure does not spin.
const AFTER_ERROR: std::time::Duration = std::time::Duration::from_millis(100);

/// What the path is handed.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// Messages of one connection.
    Messages(Messages),
    /// A connection that was not taken, and why.
    Refused(IpAddr, Verdict),
}

/// Messages of one connection, in order.
#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) from: Sender,
    /// All of them, one behind the other.
    octets: Vec<u8>,
    /// Where each ends, and whether its own end is missing.
    ends: Vec<(usize, bool)>,
    /// How many were too long.
    pub(crate) too_long: u32,
}

impl Messages {
    const fn none(from: Sender) -> Self {
        Self { from, octets: Vec::new(), ends: Vec::new(), too_long: 0 }
    }

    /// Each message, and whether its end is missing.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let begins = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        begins.zip(&self.ends).map(|(begin, &(end, cut))| (self.octets.get(begin..end).unwrap_or_default(), cut))
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty() && self.too_long == 0
    }
}

/// A listening socket that is ours.
#[derive(Debug)]
pub(crate) struct StreamSocket {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) is_tls: bool,
}

/// What holds for every connection.
pub(crate) struct Rules {
    pub(crate) limits: Limits,
    pub(crate) admission: Admission,
    pub(crate) certificates: Option<Certificates>,
}

/// The way to the thread.
#[derive(Debug)]
pub(crate) struct StreamsHandle {
    stop: watch::Sender<bool>,
    /// Asks for the certificates to be read again.
    pub(crate) reload: Arc<Notify>,
    /// Who may connect from now on.
    pub(crate) admission: watch::Sender<Admission>,
    /// How many connections there are.
    pub(crate) count: Arc<Count>,
    /// What is wrong with the certificates, if anything.
    pub(crate) trouble: watch::Receiver<Vec<String>>,
    thread: JoinHandle<Vec<TcpStream>>,
}

impl StreamsHandle {
    /// Takes nothing more in, and returns when what was taken in has been handed over, with the connections of which somebody keeps the
    /// other end open; `None` if the thread had panicked.
    pub(crate) async fn stop(self) -> Option<Vec<TcpStream>> {
        self.stop.send_replace(true);
        tokio::task::spawn_blocking(|| self.thread.join().ok()).await.ok().flatten()
    }
}

/// Starts the thread, with connections that an earlier run has left.
///
/// # Errors
/// If the system gives us no thread.
pub(crate) fn start(
    (sockets, left): (Vec<StreamSocket>, Vec<TcpStream>),
    rules: Rules,
) -> std::io::Result<(StreamsHandle, mpsc::Receiver<Delivery>)> {
    let (out, deliveries) = mpsc::channel(QUEUE);
    let (stop, stopping) = watch::channel(false);
    let (tell, trouble) = watch::channel(Vec::new());
    let (admission, admitted) = watch::channel(rules.admission);
    let (reload, count) = (Arc::new(Notify::new()), Arc::new(Count::default()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (again, counted) = (Arc::clone(&reload), Arc::clone(&count));
    let thread = thread::Builder::new().name("streams".into()).spawn(move || {
        let doors = Doors::new(rules.limits, admitted, counted);
        let certificates = rules.certificates.map(|certificates| Rc::new(RefCell::new(certificates)));
        let shared = Rc::new(Shared {
            doors,
            out,
            buffer: RefCell::new(vec![0; CHUNK].into()),
            certificates,
            stopping: stopping.clone(),
            left: RefCell::new(Vec::new()),
        });
        LocalSet::new().block_on(&runtime, run((sockets, left), Rc::clone(&shared), again, tell, stopping));
        shared.left.take()
    })?;
    Ok((StreamsHandle { stop, reload, admission, count, trouble, thread }, deliveries))
}

/// What all connections share.
struct Shared {
    doors: Doors,
    out: mpsc::Sender<Delivery>,
    /// Lent to one read at a time.
    buffer: RefCell<Box<[u8]>>,
    certificates: Option<Rc<RefCell<Certificates>>>,
    stopping: watch::Receiver<bool>,
    /// Connections that outlive us.
    left: RefCell<Vec<TcpStream>>,
}

impl Shared {
    async fn refuse(&self, from: IpAddr, why: Verdict) {
        // The path outlives the streams.
        let _gone = self.out.send(Delivery::Refused(from, why)).await.is_err();
    }
}

async fn run(
    (sockets, left): (Vec<StreamSocket>, Vec<TcpStream>),
    shared: Rc<Shared>,
    reload: Arc<Notify>,
    tell: watch::Sender<Vec<String>>,
    mut stopping: watch::Receiver<bool>,
) {
    for stream in left {
        take_over(stream, &shared);
    }
    let mut accepting = JoinSet::new();
    for socket in sockets {
        accepting.spawn_local(accept(socket, Rc::clone(&shared)));
    }
    if let Some(certificates) = &shared.certificates {
        accepting.spawn_local(tls::keep_fresh(Rc::clone(certificates), reload, tell));
    }
    tokio::select! {
        _gone = stopping.wait_for(|stop| *stop) => {}
        // It never should, and says why: whoever watches this thread ends the service.
        Some(_ended) = accepting.join_next() => return,
    }
    accepting.shutdown().await;
    // Each connection hands over what it has when it sees the stop, and is gone.
    shared.doors.closed().await;
}

async fn accept(socket: StreamSocket, shared: Rc<Shared>) {
    let StreamSocket { socket, address, is_tls } = socket;
    let listener = match tokio::net::TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!("{address}: cannot be listened on: {error}");
            return;
        }
    };
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(AFTER_ERROR).await;
            continue;
        };
        let from = peer.ip().to_canonical();
        match shared.doors.open(from) {
            Err(why) => shared.refuse(from, why).await,
            Ok(place) => spawn(stream, place, is_tls, &shared),
        }
    }
}

/// Goes on with a connection of an earlier run, if its sender may still send.
fn take_over(stream: TcpStream, shared: &Rc<Shared>) {
    let set = stream.set_nonblocking(true).and_then(|()| stream.peer_addr());
    let taken = set.and_then(|peer| Ok((tokio::net::TcpStream::from_std(stream)?, peer.ip().to_canonical())));
    if let Ok((stream, from)) = taken
        && let Ok(place) = shared.doors.open(from)
    {
        spawn(stream, place, false, shared);
    }
}

fn spawn(stream: tokio::net::TcpStream, place: Place, is_tls: bool, shared: &Rc<Shared>) {
    let shared = Rc::clone(shared);
    tokio::task::spawn_local(async move {
        if is_tls {
            connection::serve_tls(stream, place.from, &shared).await;
        } else {
            connection::serve_plain(stream, place.from, &shared).await;
        }
        drop(place);
    });
}
