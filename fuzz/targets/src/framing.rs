//! Streams of syslog. However the stream is cut into pieces, the same messages come out of it, none longer than the limit; what is between
//! them is only what framing is made of.

use lockwarden::wire::syslog::{Frame, Framing};

use crate::Body;

const LIMIT: usize = 480;
/// Octets of a count and its blank, or of what begins the next message.
const MARKS: usize = 10;

pub(crate) fn start() -> Body {
    Box::new(|stream| {
        let whole = frames(stream, usize::MAX);
        for size in [1, 3, 64] {
            assert_eq!(frames(stream, size), whole, "in pieces of {size}");
        }
        let messages = whole.iter().flatten();
        assert!(messages.clone().all(|message| message.len() <= LIMIT));
        let said: usize = messages.map(Vec::len).sum();
        assert!(said <= stream.len());
        !stream.is_empty() && whole.iter().any(Option::is_some)
    })
}

/// Every message; `None` for one that is too long.
fn frames(stream: &[u8], size: usize) -> Vec<Option<Vec<u8>>> {
    let mut framing = Framing::new(LIMIT);
    let mut all = Vec::new();
    let keep = |frame: Frame<'_>| match frame {
        Frame::Message { octets, .. } => Some(octets.to_vec()),
        Frame::TooLong => None,
    };
    for piece in stream.chunks(size) {
        framing.push(piece);
        while let Some(frame) = framing.next_frame() {
            all.push(keep(frame));
        }
        assert!(framing.waiting() <= LIMIT + MARKS, "{} octets wait", framing.waiting());
    }
    while let Some(frame) = framing.last_frame() {
        all.push(keep(frame));
    }
    assert_eq!(framing.waiting(), 0);
    all
}
