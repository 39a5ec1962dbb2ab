//! What went wrong, in words that both ends share?
//!
//! A server that refuses a caller and the client that is refused speak of the same thing only when
//! they use the same word for it. The words are the variants of [`Code`]; the document that carries
//! one over HTTP is a [`Problem`] (RFC 9457).
//!
//! Nothing here decides whether somebody is refused, and nothing here knows TLS or HTTP: a status
//! is a number.
//!
//! ```
//! use countersign_problem::{Code, Problem};
//!
//! let problem = Problem::new(Code::PermissionMissing, "`reports` lacks `transactions:write`", "7f3a");
//! assert_eq!(problem.code().status(), 403);
//! assert_eq!(problem.code().type_uri(), "urn:countersign:problem:permission-missing");
//! assert_eq!("permission-missing".parse(), Ok(Code::PermissionMissing));
//! ```

mod code;
pub use code::{Code, UnknownCode};

mod document;

mod problem;
pub use problem::Problem;

/// The media type of a [`Problem`] (RFC 9457, section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";
