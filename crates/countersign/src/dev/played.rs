use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::ui;

/// A call that was made, and what came of it.
pub(super) struct Played {
    pub(super) caller: String,
    pub(super) request: String,
    pub(super) outcome: String,
    pub(super) expected: String,
    pub(super) why: String,
}

/// Prints who got what and why, and fails where something came out otherwise than expected.
pub(super) fn tell(calls: &[Played], as_json: bool) -> Result<()> {
    match as_json {
        true => ui::data(calls.iter().map(Played::document).collect::<Value>()),
        false => ui::table(
            &["caller", "request", "outcome", "why"],
            calls.iter().map(Played::line).collect(),
        ),
    }
    match calls.iter().filter(|call| !call.is_expected()).count() {
        0 => Ok(()),
        surprises => bail!(
            "{surprises} of {} calls came out otherwise than expected",
            calls.len()
        ),
    }
}

impl Played {
    fn is_expected(&self) -> bool {
        self.outcome == self.expected
    }

    fn line(&self) -> Vec<String> {
        let outcome = match self.is_expected() {
            true => self.outcome.clone(),
            false => format!("{}, expected {}", self.outcome, self.expected),
        };
        let (caller, request) = (self.caller.clone(), self.request.clone());
        vec![caller, request, outcome, self.why.clone()]
    }

    fn document(&self) -> Value {
        json!({
            "caller": self.caller,
            "request": self.request,
            "outcome": self.outcome,
            "expected": self.expected,
            "why": self.why,
        })
    }
}
