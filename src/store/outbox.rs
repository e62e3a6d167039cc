//! What must still be delivered, and how far each sink has come: the numbers in memory, the records on disk.
//!
//! Every entry has a sequence number, ever rising, and a subject, e.g. the account that it is about. Each sink has a
//! cursor: it has everything up to there. Acknowledgements may come out of order; a cursor moves only over what is
//! complete. When there are too many entries, those that a newer one about the same subject makes pointless are folded
//! away, oldest first; if that is not enough, those that a newer one of the same [`group`] makes pointless; when each of
//! them is in another group, the oldest are dropped. All are counted.

use std::collections::{BTreeMap, BTreeSet};

/// What subjects have in common of which only the newest still matters when room is short: all before the last blank.
fn group(subject: &str) -> &str {
    subject.rsplit_once(' ').map_or(subject, |(group, _)| group)
}

/// An entry as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// Its number.
    pub seq: u64,
    /// What it is about.
    pub subject: String,
    /// What the caller appended.
    pub record: T,
}

/// What became of entries that nobody will be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Entries that a newer one about the same subject, or in the same group, has replaced.
    pub folded: u64,
    /// Entries without a newer one, dropped because the outbox was full of other groups.
    pub dropped: u64,
    /// Entries that could not be read back.
    pub unreadable: u64,
}

/// The entries that a full outbox gives up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) folded: Vec<u64>,
    pub(super) dropped: Vec<u64>,
}

impl Room {
    pub(super) fn all(&self) -> impl Iterator<Item = u64> + '_ {
        self.folded.iter().chain(&self.dropped).copied()
    }
}

/// How far the cursors can move, and which entries every sink then has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) cursors: Vec<(String, u64)>,
    pub(super) done: Vec<u64>,
}

#[derive(Debug, Default)]
struct Sink {
    cursor: u64,
    /// Acknowledged beyond the cursor. A subset of the pending entries, so bounded as they are.
    ahead: BTreeSet<u64>,
}

/// The numbers. Every method that plans changes nothing: the caller writes first and confirms then.
#[derive(Debug)]
pub(super) struct Outbox {
    pending: BTreeMap<u64, Box<str>>,
    sinks: BTreeMap<String, Sink>,
    /// Whether the sinks of this run are known: until then an outbox without sinks keeps what it gets.
    registered: bool,
    last: u64,
    bound: usize,
    lost: Lost,
}

impl Outbox {
    /// As it was found on disk. `last` is the highest number ever given, as far as that is known.
    pub(super) fn restored(
        pending: BTreeMap<u64, Box<str>>,
        cursors: Vec<(String, u64)>,
        last: u64,
        bound: usize,
    ) -> Self {
        let newest = pending.last_key_value().map_or(0, |(&seq, _)| seq);
        let furthest = cursors.iter().map(|&(_, cursor)| cursor).max().unwrap_or(0);
        let sinks = cursors.into_iter().map(|(name, cursor)| (name, Sink { cursor, ..Sink::default() })).collect();
        let last = last.max(newest).max(furthest);
        Self { pending, sinks, registered: false, last, bound: bound.max(1), lost: Lost::default() }
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn lost(&self) -> Lost {
        self.lost
    }

    pub(super) fn cursor(&self, sink: &str) -> Option<u64> {
        self.sinks.get(sink).map(|sink| sink.cursor)
    }

    pub(super) fn backlog(&self, sink: &str) -> Option<usize> {
        let sink = self.sinks.get(sink)?;
        Some(self.pending.range(sink.cursor.saturating_add(1)..).count() - sink.ahead.len())
    }

    /// Whether an entry appended now would have a reader.
    pub(super) fn has_readers(&self) -> bool {
        !(self.registered && self.sinks.is_empty())
    }

    pub(super) fn from(&self, seq: u64) -> impl Iterator<Item = (u64, &str)> {
        self.pending.range(seq..).map(|(&seq, subject)| (seq, subject.as_ref()))
    }

    /// Who goes when entries about `subjects` come. Room is made for a hundredth of the bound at a time, so that a full
    /// outbox is not searched for every entry.
    pub(super) fn room_for<'a>(&self, subjects: impl ExactSizeIterator<Item = &'a str>) -> Room {
        let wanted = self.pending.len() + subjects.len();
        if wanted <= self.bound {
            return Room::default();
        }
        let (needed, excess) = (wanted - self.bound, wanted - self.bound + self.bound / 100);
        let newer: Vec<&str> = subjects.collect();
        let mut folded = self.replaced(&newer, |subject| subject);
        folded.truncate(excess);
        if folded.len() < needed {
            let known: BTreeSet<u64> = folded.iter().copied().collect();
            let of_groups = self.replaced(&newer, group).into_iter().filter(|seq| !known.contains(seq));
            folded.extend(of_groups.take(excess - known.len()));
            folded.sort_unstable();
        }
        let must_go = needed.saturating_sub(folded.len());
        let going: BTreeSet<u64> = folded.iter().copied().collect();
        let dropped = self.pending.keys().copied().filter(|seq| !going.contains(seq)).take(must_go).collect();
        Room { folded, dropped }
    }

    /// Entries with a newer one among the pending or these subjects, told apart by what `part` makes of their subjects; oldest first.
    fn replaced<'s>(&'s self, newer: &[&'s str], part: impl Fn(&'s str) -> &'s str) -> Vec<u64> {
        let mut newer: BTreeSet<&str> = newer.iter().map(|subject| part(subject)).collect();
        let pending = self.pending.iter().rev();
        let mut replaced: Vec<u64> =
            pending.filter(|(_, subject)| !newer.insert(part(subject))).map(|(&seq, _)| seq).collect();
        replaced.reverse();
        replaced
    }

    /// `room` was made and these entries were written, with the numbers after `last`.
    pub(super) fn appended(&mut self, room: &Room, subjects: impl Iterator<Item = Box<str>>) {
        for seq in room.all() {
            self.forget(seq);
        }
        self.lost.folded += u64::try_from(room.folded.len()).unwrap_or(u64::MAX);
        self.lost.dropped += u64::try_from(room.dropped.len()).unwrap_or(u64::MAX);
        for subject in subjects {
            self.last += 1;
            self.pending.insert(self.last, subject);
        }
    }

    /// These entries could not be read and were deleted.
    pub(super) fn unreadable(&mut self, seqs: &[u64]) {
        for &seq in seqs {
            self.forget(seq);
        }
        self.count_unreadable(seqs.len());
    }

    /// So many records had not even a readable number and subject.
    pub(super) fn count_unreadable(&mut self, n: usize) {
        self.lost.unreadable += u64::try_from(n).unwrap_or(u64::MAX);
    }

    /// These are the sinks of this run; one that was not known before begins after `last`.
    pub(super) fn registered(&mut self, names: &[&str]) {
        let last = self.last;
        let mut before = std::mem::take(&mut self.sinks);
        for &name in names {
            let sink = before.remove(name).unwrap_or(Sink { cursor: last, ..Sink::default() });
            self.sinks.entry(name.to_owned()).or_insert(sink);
        }
        self.registered = true;
    }

    pub(super) fn sink_names(&self) -> impl Iterator<Item = &str> {
        self.sinks.keys().map(String::as_str)
    }

    /// Notes that `sink` has `seq`. An unknown sink, a number already passed and one that is not pending say nothing new.
    pub(super) fn acknowledge(&mut self, sink: &str, seq: u64) {
        if let Some(sink) = self.sinks.get_mut(sink)
            && seq > sink.cursor
            && self.pending.contains_key(&seq)
        {
            sink.ahead.insert(seq);
        }
    }

    /// How far the cursors can move now. Empty if nothing changes.
    pub(super) fn progress(&self) -> Progress {
        let mut cursors = Vec::new();
        let mut slowest = self.last;
        for (name, sink) in &self.sinks {
            let cursor = self.reach(sink);
            slowest = slowest.min(cursor);
            if cursor > sink.cursor {
                cursors.push((name.clone(), cursor));
            }
        }
        let nobody_known = self.sinks.is_empty() && !self.registered;
        let done =
            if nobody_known { Vec::new() } else { self.pending.range(..=slowest).map(|(&seq, _)| seq).collect() };
        Progress { cursors, done }
    }

    /// `progress` was written.
    pub(super) fn progressed(&mut self, progress: Progress) {
        for seq in progress.done {
            self.pending.remove(&seq);
        }
        for (name, cursor) in progress.cursors {
            if let Some(sink) = self.sinks.get_mut(&name) {
                sink.cursor = cursor;
                sink.ahead = sink.ahead.split_off(&cursor.saturating_add(1));
            }
        }
    }

    /// The number before the first pending entry that `sink` does not have.
    fn reach(&self, sink: &Sink) -> u64 {
        let missing = self.pending.range(sink.cursor.saturating_add(1)..).find(|(seq, _)| !sink.ahead.contains(seq));
        missing.map_or(self.last, |(&seq, _)| seq - 1)
    }

    fn forget(&mut self, seq: u64) {
        self.pending.remove(&seq);
        for sink in self.sinks.values_mut() {
            sink.ahead.remove(&seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(bound: usize, sinks: &[&str], subjects: &[&str]) -> Outbox {
        let mut outbox = Outbox::restored(BTreeMap::new(), Vec::new(), 0, bound);
        outbox.registered(sinks);
        outbox.appended(&Room::default(), subjects.iter().map(|&s| s.into()));
        outbox
    }

    fn acknowledge(outbox: &mut Outbox, sink: &str, seq: u64) -> (Vec<(String, u64)>, Vec<u64>) {
        outbox.acknowledge(sink, seq);
        let progress = outbox.progress();
        let told = (progress.cursors.clone(), progress.done.clone());
        outbox.progressed(progress);
        told
    }

    #[test]
    fn a_cursor_moves_over_what_is_complete_and_the_slowest_sink_keeps_entries() {
        let mut outbox = outbox(10, &["mqtt", "nms"], &["a", "b", "c"]);
        let to = |sink: &str, seq| vec![(sink.to_owned(), seq)];
        assert_eq!(acknowledge(&mut outbox, "mqtt", 2), (vec![], vec![]));
        assert_eq!(outbox.backlog("mqtt"), Some(2));
        assert_eq!(acknowledge(&mut outbox, "mqtt", 1), (to("mqtt", 2), vec![]));
        assert_eq!(acknowledge(&mut outbox, "nms", 1), (to("nms", 1), vec![1]));
        assert_eq!(acknowledge(&mut outbox, "nms", 3), (vec![], vec![]));
        assert_eq!(acknowledge(&mut outbox, "nms", 2), (to("nms", 3), vec![2]));
        assert_eq!(acknowledge(&mut outbox, "mqtt", 3), (to("mqtt", 3), vec![3]));
        assert_eq!((outbox.len(), outbox.last()), (0, 3));
    }

    #[test]
    fn acknowledgements_that_say_nothing_new_change_nothing() {
        let mut outbox = outbox(10, &["mqtt"], &["a", "b"]);
        acknowledge(&mut outbox, "mqtt", 1);
        for (sink, seq) in [("mqtt", 1), ("mqtt", 9), ("mqtt", 0), ("other", 2)] {
            assert_eq!(acknowledge(&mut outbox, sink, seq), (vec![], vec![]), "{sink} {seq}");
        }
    }

    #[test]
    fn a_full_outbox_folds_the_oldest_that_a_newer_one_replaces() {
        let outbox = outbox(5, &["mqtt"], &["a", "b", "a", "c", "a"]);
        let room = |subjects: &[&str]| outbox.room_for(subjects.iter().copied());
        assert_eq!(room(&["d"]), Room { folded: vec![1], dropped: vec![] });
        assert_eq!(room(&["b", "d"]), Room { folded: vec![1, 2], dropped: vec![] });
    }

    #[test]
    fn a_full_outbox_of_different_subjects_drops_the_oldest() {
        let outbox = outbox(3, &["mqtt"], &["a", "b", "c"]);
        assert_eq!(outbox.room_for(["d"].into_iter()), Room { folded: vec![], dropped: vec![1] });
        assert_eq!(outbox.room_for(["d", "b"].into_iter()), Room { folded: vec![2], dropped: vec![1] });
    }

    #[test]
    fn only_when_no_entry_has_a_newer_one_the_newest_of_each_group_stays() {
        let outbox = outbox(5, &["mqtt"], &["jdoe 1", "jdoe 2", "asmith 3", "jdoe 4", "jdoe 2"]);
        let room = |subjects: &[&str]| outbox.room_for(subjects.iter().copied());
        assert_eq!(room(&["x 5"]), Room { folded: vec![2], dropped: vec![] });
        assert_eq!(room(&["x 5", "y 6"]), Room { folded: vec![1, 2], dropped: vec![] });
        assert_eq!(room(&["x 5", "jdoe 6", "y 7", "z 8"]), Room { folded: vec![1, 2, 4, 5], dropped: vec![] });
        assert_eq!(room(&["v", "w", "x", "y", "z"]), Room { folded: vec![1, 2, 4], dropped: vec![3, 5] });
    }

    #[test]
    fn folding_the_one_missing_entry_lets_the_cursor_move() {
        let mut outbox = outbox(2, &["mqtt"], &["a", "b"]);
        assert_eq!(acknowledge(&mut outbox, "mqtt", 2), (vec![], vec![]));
        let room = outbox.room_for(["a"].into_iter());
        outbox.appended(&room, ["a".into()].into_iter());
        assert_eq!(outbox.progress(), Progress { cursors: vec![("mqtt".into(), 2)], done: vec![2] });
        assert_eq!(outbox.lost(), Lost { folded: 1, ..Lost::default() });
    }

    #[test]
    fn a_new_sink_starts_at_the_end_and_a_gone_one_holds_up_nobody() {
        let mut outbox = outbox(10, &["mqtt", "nms"], &["a", "b"]);
        acknowledge(&mut outbox, "mqtt", 1);
        outbox.registered(&["mqtt", "program"]);
        assert_eq!((outbox.cursor("mqtt"), outbox.cursor("program"), outbox.cursor("nms")), (Some(1), Some(2), None));
        assert_eq!(outbox.progress(), Progress { cursors: vec![], done: vec![1] });
    }

    #[test]
    fn without_any_sink_nothing_is_kept_but_only_once_that_is_known() {
        let pending = BTreeMap::from([(7, "a".into())]);
        let mut outbox = Outbox::restored(pending, Vec::new(), 0, 10);
        assert_eq!((outbox.has_readers(), outbox.progress().done), (true, vec![]));
        outbox.registered(&[]);
        assert_eq!((outbox.has_readers(), outbox.progress().done), (false, vec![7]));
    }
}
