//! What flows into a command's standard input, as far as the text tells.

/// The origin of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Nothing was said: the terminal, or whatever the outer command has.
    Terminal,
    /// Known to the last character; marks stand for parts that are not.
    Text { text: String, at: Option<usize> },
    /// A file's contents.
    File(String),
    /// The output of a command that is not known beforehand.
    Unknown,
    /// Something fetched from the network.
    Network,
}

impl Stream {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), at: None }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal)
    }
}
