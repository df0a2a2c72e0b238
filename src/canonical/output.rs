//! The canonical form while it is being made: nothing is copied as long as it equals what was received.

use std::borrow::Cow;
use std::ops::Range;

/// What was written so far, followed by the part of the input that may still be taken over unchanged.
pub(super) struct Output<'a> {
    input: &'a [u8],
    /// Where the part that is taken over begins. `None` outside of `signed`, where nothing is written.
    run: Option<usize>,
    written: Vec<u8>,
}

impl<'a> Output<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, run: None, written: Vec::new() }
    }

    /// From input offset `at` on, input is output.
    pub(super) fn start(&mut self, at: usize) {
        self.run = Some(at);
    }

    /// Everything since [`start`](Self::start), up to input offset `at`.
    pub(super) fn finish(&mut self, at: usize) -> Cow<'a, [u8]> {
        let rest = self.run.take().unwrap_or(at)..at;
        // A value begins with a byte that is taken over: where nothing was written, nothing had to be changed.
        if self.written.is_empty() {
            return Cow::Borrowed(self.input.get(rest).unwrap_or_default());
        }
        self.take_over(rest);
        Cow::Owned(std::mem::take(&mut self.written))
    }

    /// Within `signed`?
    pub(super) fn is_on(&self) -> bool {
        self.run.is_some()
    }

    /// Where in the output the byte at input offset `at` comes to stand. 0 outside of `signed`.
    pub(super) fn position(&self, at: usize) -> usize {
        self.run.map_or(0, |run| self.written.len() + (at - run))
    }

    /// Leaves out this range of the input.
    pub(super) fn leave_out(&mut self, range: Range<usize>) {
        if let Some(run) = self.run {
            self.take_over(run..range.start);
            self.run = Some(range.end);
        }
    }

    /// Writes `c` for this range of the input.
    pub(super) fn replace(&mut self, range: Range<usize>, c: char) {
        if self.is_on() {
            self.leave_out(range);
            self.written.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Puts members, given by their ranges of the output, into the order given. They are all that was written from the
    /// start of the first to input offset `at`, with a comma between two of them.
    pub(super) fn reorder(&mut self, at: usize, first: usize, members: impl Iterator<Item = Range<usize>>) {
        if !self.is_on() {
            return;
        }
        self.leave_out(at..at);
        let received = self.written.split_off(first);
        for member in members {
            if self.written.len() > first {
                self.written.push(b',');
            }
            let member = received.get(member.start - first..member.end - first).unwrap_or_default();
            self.written.extend_from_slice(member);
        }
    }

    #[inline]
    fn take_over(&mut self, range: Range<usize>) {
        let part = self.input.get(range).unwrap_or_default();
        if self.written.capacity() == 0 {
            // The canonical form is never longer than what was received.
            self.written.reserve_exact(self.input.len());
        }
        self.written.extend_from_slice(part);
    }
}
