//! One connection: read in chunks, its messages told apart and handed over.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::{Delivery, Messages, Shared, tls};
use crate::event::{Authenticated, Sender};
use crate::shell::{clock, handover};
use crate::units::Span;
use crate::verdict::Verdict;
use crate::wire::syslog::{Frame, Framing};

/// An alarm that has come whole, without an end, waits so long for more.
const QUIET: Duration = Duration::from_secs(2);
/// A client has so long to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// With TLS under it; a client that does not agree on it is counted as refused.
pub(super) async fn serve_tls(stream: TcpStream, from: IpAddr, shared: &Shared) {
    let Some(certificates) = &shared.certificates else { return };
    let acceptor = TlsAcceptor::from(certificates.borrow().config());
    let mut stopping = shared.stopping.clone();
    let agreed = tokio::select! {
        agreed = timeout(HANDSHAKE, acceptor.accept(stream)) => agreed,
        _ = stopping.wait_for(|stop| *stop) => return,
    };
    let why = match agreed {
        Ok(Ok(stream)) => {
            let authenticated = match stream.get_ref().1.peer_certificates() {
                Some(_verified) => Authenticated::Tls,
                None => Authenticated::None,
            };
            let mut stream = stream;
            serve(&mut stream, Sender { address: from, authenticated }, shared).await;
            return;
        }
        Ok(Err(error)) => tls::verdict_of(&error),
        Err(_late) => Verdict::BadHandshake,
    };
    shared.refuse(from, why).await;
}

/// As it is. When we end, the connection can outlive us, unless a message has come in part: whoever goes on with the connection would take
/// the rest of it for a message.
pub(super) async fn serve_plain(mut stream: TcpStream, from: IpAddr, shared: &Shared) {
    if serve(&mut stream, from.into(), shared).await == End::Between
        && handover::is_kept()
        && let Ok(stream) = stream.into_std()
    {
        shared.left.borrow_mut().push(stream);
    }
}

/// Who ended a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The sender, in order.
    Its,
    /// Nobody: it broke.
    Broken,
    /// It was idle for too long.
    Idle,
    /// We are ending.
    Ours,
    /// We are ending, and no part of a message waits.
    Between,
}

async fn serve(stream: &mut (impl AsyncRead + Unpin), from: Sender, shared: &Shared) -> End {
    let mut framing = Framing::new(shared.doors.limits.message);
    let mut stopping = shared.stopping.clone();
    // Whether what waits was looked at since it came.
    let mut looked = true;
    let mut heard = clock::instant();
    let end = loop {
        let idle = heard + long(shared.doors.limits.idle);
        let until = if looked { idle } else { idle.min(clock::instant() + QUIET) };
        let read = tokio::select! {
            read = timeout_at(until, fill(stream, &mut framing, &shared.buffer)) => read,
            _ = stopping.wait_for(|stop| *stop) => break if framing.is_between() { End::Between } else { End::Ours },
        };
        let mut messages = Messages::none(from);
        match read {
            Ok(Ok(0)) => break End::Its,
            Ok(Ok(_some)) => {
                heard = clock::instant();
                while let Some(frame) = framing.next_frame() {
                    messages.add(frame);
                }
                looked = framing.waiting() == 0;
            }
            Ok(Err(_reset)) => break End::Broken,
            Err(_quiet) if looked => break End::Idle,
            Err(_quiet) => {
                looked = true;
                framing.quiet().into_iter().for_each(|frame| messages.add(frame));
            }
        }
        hand_over(messages, shared).await;
    };
    let mut messages = Messages::none(from);
    framing.quiet().into_iter().for_each(|frame| messages.add(frame));
    while let Some(frame) = framing.last_frame() {
        messages.add(match frame {
            // Only a sender that ends in order says that this is all of it.
            Frame::Message { octets, cut } => Frame::Message { octets, cut: cut || end != End::Its },
            Frame::TooLong => Frame::TooLong,
        });
    }
    hand_over(messages, shared).await;
    end
}

async fn hand_over(messages: Messages, shared: &Shared) {
    if !messages.is_empty() {
        // The path outlives the streams.
        let _gone = shared.out.send(Delivery::Messages(messages)).await.is_err();
    }
}

/// Reads once, through the buffer that all connections share: none needs one of its own while it waits.
async fn fill(
    stream: &mut (impl AsyncRead + Unpin),
    framing: &mut Framing,
    buffer: &RefCell<Box<[u8]>>,
) -> std::io::Result<usize> {
    poll_fn(|cx| {
        let mut buffer = buffer.borrow_mut();
        let mut read = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
        framing.push(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
    .await
}

fn long(span: Span) -> Duration {
    Duration::from_millis(span.as_millis())
}

impl Messages {
    fn add(&mut self, frame: Frame<'_>) {
        match frame {
            Frame::Message { octets, cut } => {
                self.octets.extend_from_slice(octets);
                self.ends.push((self.octets.len(), cut));
            }
            Frame::TooLong => self.too_long += 1,
        }
    }
}
