//! Which certificate was refused, by the audit log?

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use data_encoding::BASE64;
use serde_json::Value;

use crate::failure::Hint;
use crate::input;

/// A refusal in the audit log, with the certificate itself.
pub(super) struct Logged {
    event: Value,
    pub(super) leaf: Vec<u8>,
}

impl Logged {
    /// The last in `log`.
    pub(super) fn last(log: &Path) -> Result<Self> {
        let reading = || format!("cannot read `{}`", log.display());
        let mut last = None;
        for line in input::lines(
            log,
            "name the file of the audit log, or - for standard input",
        )? {
            last = Self::read(&line.with_context(reading)?).or(last);
        }
        last.ok_or_else(|| anyhow!("no line of `{}` has a certificate", log.display()))
            .hint("only a certificate that was refused is in the log itself, as `presented`")
    }

    /// None of a line without one.
    fn read(line: &str) -> Option<Self> {
        // A log has many lines, and few of them have one.
        let line = Some(line).filter(|line| line.contains("\"presented\""))?;
        let event: Value = serde_json::from_str(line).ok()?;
        let presented = event.get("presented")?.as_str()?;
        let leaf = BASE64.decode(presented.as_bytes()).ok()?;
        Some(Self { event, leaf })
    }

    /// A member of the line that is text, and empty where there is none.
    pub(super) fn text(&self, member: &str) -> &str {
        let value = self.event.get(member).and_then(Value::as_str);
        value.unwrap_or_default()
    }
}
