//! Why is there no answer of the service?

use std::error::Error as StdError;
use std::{io, iter};

use countersign_axum::{Code, Fault};
use countersign_client::{Kind, TransportFault};
use http_body_util::LengthLimitError;

/// Why there is no answer: the operator gets to read the reason, the caller the code.
pub(super) struct Failure {
    code: Code,
    detail: &'static str,
    reason: String,
}

impl Failure {
    pub(super) fn late(reason: impl ToString) -> Self {
        Self {
            code: Code::UpstreamTimeout,
            detail: "the service behind the gateway takes too long",
            reason: reason.to_string(),
        }
    }

    pub(super) fn unreadable(reason: impl ToString) -> Self {
        Self {
            code: Code::UpstreamUnreachable,
            detail: "the service behind the gateway gives no answer",
            reason: reason.to_string(),
        }
    }

    pub(super) fn unwritable(reason: impl ToString) -> Self {
        Self {
            code: Code::RequestInvalid,
            detail: "the request cannot be passed on",
            reason: reason.to_string(),
        }
    }

    pub(super) fn plain(error: hyper_util::client::legacy::Error) -> Self {
        let of_the_caller = under::<hyper::Error>(&error).is_some_and(hyper::Error::is_user);
        let late =
            under::<io::Error>(&error).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
        match late {
            true => Self::late(chain(&error)),
            false => Self::of(&error, of_the_caller),
        }
    }

    pub(super) fn tls(error: countersign_client::Error) -> Self {
        match error.kind() {
            Kind::Transport(TransportFault::Timeout) => Self::late(chain(&error)),
            _ => Self::of(&error, false),
        }
    }

    /// The body of the caller may be what failed.
    fn of(error: &(dyn StdError + 'static), of_the_caller: bool) -> Self {
        if under::<LengthLimitError>(error).is_some() {
            return Self {
                code: Code::BodyTooLarge,
                detail: "the body is larger than the gateway takes",
                reason: chain(error),
            };
        }
        match of_the_caller {
            true => Self::unwritable(chain(error)),
            false => Self::unreadable(chain(error)),
        }
    }

    /// Tells the operator under `id` what the caller is not told.
    pub(super) fn into_fault(self, id: &str) -> Fault {
        let Self {
            code,
            detail,
            reason,
        } = self;
        tracing::warn!(correlation_id = id, %code, "{detail}: {reason}");
        Fault::new(code, detail)
    }
}

/// The first error of kind `E` among `error` and what is under it.
fn under<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    iter::successors(Some(error), source).find_map(|error| error.downcast_ref())
}

fn chain(error: &(dyn StdError + 'static)) -> String {
    let reasons = iter::successors(Some(error), source).map(ToString::to_string);
    reasons.collect::<Vec<_>>().join(": ")
}

fn source<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    (**error).source()
}
