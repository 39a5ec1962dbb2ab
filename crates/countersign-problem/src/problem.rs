use serde::{Deserialize, Serialize};

use crate::Code;
use crate::document::Document;

/// One occurrence of a [`Code`], as a document (RFC 9457).
///
/// It says what the caller may know: what is wrong and under which id the operator can find the
/// rest. Members that this release does not know are ignored when one is read.
///
/// ```
/// use countersign_problem::{Code, Problem};
///
/// let problem = Problem::new(Code::NotFound, "no transaction `t-9`", "7f3a");
/// let json = serde_json::to_value(&problem)?;
/// assert_eq!(json["type"], "urn:countersign:problem:not-found");
/// assert_eq!(json["status"], 404);
/// assert_eq!(serde_json::from_value::<Problem>(json)?, problem);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Problem {
    code: Code,
    detail: String,
    correlation_id: String,
}

impl Problem {
    /// A problem whose `detail` explains this occurrence, findable under `correlation_id`.
    pub fn new(code: Code, detail: impl Into<String>, correlation_id: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            correlation_id: correlation_id.into(),
        }
    }

    /// What is wrong.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong this time, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The id under which the server's audit log tells more.
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }
}
