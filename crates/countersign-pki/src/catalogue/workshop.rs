//! With what are the fixtures made? One hierarchy, and dates that never matter.

use jiff::Timestamp;

use crate::authority::Authority;
use crate::error::IssueError;
use crate::request::Request;

/// The caller that the catalogue's server knows, and lets do all that is asked.
pub(super) const BILLING: &str = "spiffe://catalogue.example/ns/payments/sa/billing";

/// The authorities of the catalogue.
pub(super) struct Workshop {
    pub(super) root: Authority,
    pub(super) issuing: Authority,
    /// Trusted by nobody, unless a fixture says so.
    pub(super) stranger: Authority,
}

impl Workshop {
    pub(super) fn open() -> Result<Self, IssueError> {
        let root = Authority::root_valid("Catalogue Root TEST ONLY", start(), end())?;
        let issuing = root.intermediate_valid("Catalogue Issuing CA TEST ONLY", start(), end())?;
        let stranger = Authority::root_valid("Catalogue Stranger TEST ONLY", start(), end())?;
        Ok(Self {
            root,
            issuing,
            stranger,
        })
    }

    /// A client's certificate that is as it should be, but for its name.
    pub(super) fn client(&self) -> Request<'_> {
        always(self.issuing.client(start()))
    }

    /// The certificate of the caller that the server knows.
    pub(super) fn billing(&self) -> Request<'_> {
        self.client().uri(BILLING)
    }
}

/// Valid from the first day of the catalogue to the last.
pub(super) fn always(request: Request<'_>) -> Request<'_> {
    request.validity(start(), end())
}

/// 2000-01-01: before every clock that runs a test.
pub(super) fn start() -> Timestamp {
    day(946_684_800)
}

/// 2001-01-01: what ended then had a time, and it is over.
pub(super) fn long_ago() -> Timestamp {
    day(978_307_200)
}

/// 2900-01-01: what begins then has not begun.
pub(super) fn far_ahead() -> Timestamp {
    day(29_348_006_400)
}

/// 2999-12-31: after every clock that runs a test.
pub(super) fn end() -> Timestamp {
    day(32_503_593_600)
}

/// None of the constants above is beyond what a timestamp can hold.
fn day(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
