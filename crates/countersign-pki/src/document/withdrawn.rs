//! Which certificates are revoked from the start? `revoked = { reason = "keyCompromise", at = "-1h" }`.

use serde::Deserialize;
use toml::Spanned;

use super::{Fault, fault, words};
use crate::crl::RevocationReason;
use crate::error::Flaw;
use crate::manifest::Withdrawn;
use crate::validity::When;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawnDocument {
    reason: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
}

impl WithdrawnDocument {
    pub(super) fn read(self) -> Result<Withdrawn, Fault> {
        let reason = self.reason.map(reason).transpose()?;
        Ok(Withdrawn {
            reason: reason.unwrap_or(RevocationReason::Unspecified),
            at: self.at.map(|text| when(&text)).transpose()?,
        })
    }
}

fn reason(text: Spanned<String>) -> Result<RevocationReason, Fault> {
    let known = || words::join(RevocationReason::ALL.map(RevocationReason::as_str));
    let all = RevocationReason::ALL.into_iter();
    let found = all.into_iter().find(|it| it.as_str() == text.get_ref());
    words::one_of("reason", &text, found, known)
}

/// A moment of the calendar, or before or after now.
pub(super) fn when(text: &Spanned<String>) -> Result<When, Fault> {
    When::parse(text.get_ref()).map_err(|reason| {
        let text_of = text.get_ref().escape_debug().to_string();
        fault(
            text.span(),
            Flaw::Moment {
                text: text_of,
                reason,
            },
        )
    })
}
