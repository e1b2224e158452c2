//! Appending all or nothing.

/// What is appended to a batch is in it whole or, after a panic, not at all.
pub(super) struct Whole<'b> {
    pub(super) buffer: &'b mut Vec<u8>,
    length: usize,
}

impl<'b> Whole<'b> {
    pub(super) fn begin(buffer: &'b mut Vec<u8>) -> Self {
        Self { length: buffer.len(), buffer }
    }

    pub(super) fn end(mut self) {
        self.length = self.buffer.len();
    }
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        self.buffer.truncate(self.length);
    }
}
