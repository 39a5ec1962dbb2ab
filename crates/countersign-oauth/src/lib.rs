//! Access tokens that only the holder of a certificate can use (RFC 8705, section 3).
//!
//! Whoever steals such a token has nothing: it names the certificate of its holder, and counts on connections
//! alone on which that certificate was proven. There are no others here: what is not bound is neither signed
//! nor accepted.
//!
//! [`SigningKeys`] sign an [`AccessToken`], a [`TokenVerifier`] reads it back (RFC 9068); a [`BearerCheck`]
//! asks for one on the routes of an API.

mod bearer;
pub use bearer::{
    Asking, BearerCheck, Introspection, LookingAgain, RemoteKeys, Revocations, TokenKeys,
    Unavailable, Withdrawal,
};

mod token;
pub use token::{
    AccessToken, Algorithm, Jwk, KeyError, KeyId, KeySet, KeySetError, Scope, ScopeError,
    SigningKeys, TokenError, TokenId, TokenSigner, TokenVerifier,
};
