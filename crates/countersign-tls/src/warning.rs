use countersign_identity::TrustName;
use jiff::Timestamp;
use thiserror::Error;

use crate::AnchorsError;

/// What is wrong with a trust and does not keep it from being in force: for the operator to know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Warning {
    /// A certificate of the bundle is not used.
    #[error("the trust `{trust}`: {source}; it is not used")]
    AnchorDropped {
        /// The trust.
        trust: TrustName,
        /// What is wrong with it.
        source: AnchorsError,
    },
    /// An anchor has ended, and is not used.
    #[error("the trust `{trust}`: the anchor `{subject}` expired at {not_after}; it is not used")]
    AnchorEnded {
        /// The trust.
        trust: TrustName,
        /// The subject of the anchor.
        subject: String,
        /// When it ended.
        not_after: Timestamp,
    },
    /// An anchor may not issue for clients, and is not used.
    #[error(
        "the trust `{trust}`: the extended key usage of the anchor `{subject}` does not include clientAuth; it is not used"
    )]
    AnchorNotForClients {
        /// The trust.
        trust: TrustName,
        /// The subject of the anchor.
        subject: String,
    },
    /// An anchor has not begun: it vouches for nobody until then.
    #[error("the trust `{trust}`: the anchor `{subject}` is not valid before {not_before}")]
    AnchorNotYetValid {
        /// The trust.
        trust: TrustName,
        /// The subject of the anchor.
        subject: String,
        /// When it begins.
        not_before: Timestamp,
    },
    /// A list should have been replaced.
    #[error("the trust `{trust}`: the revocation list of `{issuer}` is stale since {next_update}")]
    ListStale {
        /// The trust.
        trust: TrustName,
        /// Who issued it.
        issuer: String,
        /// When it should have been replaced.
        next_update: Timestamp,
    },
    /// Of two lists of one issuer this is the older, and does not count.
    #[error(
        "the trust `{trust}`: the revocation list of `{issuer}` of {this_update} is not used: there is a newer one"
    )]
    ListSuperseded {
        /// The trust.
        trust: TrustName,
        /// Who issued it.
        issuer: String,
        /// When it was made.
        this_update: Timestamp,
    },
}
