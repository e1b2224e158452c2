//! What a decoder would like to have said to a sender.

/// A message to be published, if the configuration allows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// For what, in counts and in the log.
    pub purpose: Purpose,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A Sparkplug node is asked for its birth, without which its aliases mean nothing.
    Rebirth,
}

impl Purpose {
    /// Label value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rebirth => "rebirth",
        }
    }
}

/// The topic names a node; only the purpose is shown.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}
