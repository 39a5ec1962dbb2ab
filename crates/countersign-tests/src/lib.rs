//! A whole world on loopback: certificates in memory, the reference server on a free port, clients
//! for it, and a clock that stands still until somebody moves it.
//!
//! ```
//! # async fn a_known_caller_is_answered() -> anyhow::Result<()> {
//! let mut world = countersign_tests::World::start().await?;
//! let client = world.client_as(countersign_tests::BILLING)?.build().await?;
//! assert_eq!(client.get(world.url("/whoami")).send().await?.status(), 200);
//! assert_eq!(world.event().await?.principal().unwrap().as_str(), "billing");
//! # Ok(())
//! # }
//! ```

mod clock;
pub use clock::StandingClock;

mod wire;
pub use wire::Wire;

mod world;
pub use world::{BANK_POLICY, BILLING, NEWCOMER, POLICY, REPORTS, World, trust};

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The code of the page on forwarded identity compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/reference/forwarded.md")]
struct Forwarded;

/// The code of the guide on calling a partner compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/call-a-partners-api.md")]
struct CallPartner;

/// The code of the guide on protecting a service compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/protect-an-axum-service.md")]
struct ProtectService;

/// The code of the guide on bound tokens compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/bound-tokens.md")]
struct BoundTokens;

/// The code of the guide on CI compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/ci-without-checked-in-certificates.md")]
struct Ci;

/// The code of the guide on the rotation of a client certificate compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/rotate-a-client-certificate.md")]
struct RotateClient;
