pub(crate) mod accounts;
pub(crate) mod consents;
pub(crate) mod funds;
pub(crate) mod payments;

use countersign_axum::{Code, Fault};

use super::tpp_message::TppCode;

/// A body, a header or a query that is not as it should be.
fn malformed(wanted: impl Into<String>) -> Fault {
    TppCode::FormatError.fault(Code::RequestInvalid, wanted)
}
