//! A whole world on loopback: certificates in memory, the reference server on a free port, clients
//! for it, and a clock that stands still until somebody moves it.
//!
//! ```
//! # async fn a_known_caller_is_answered() -> anyhow::Result<()> {
//! let mut world = countersign_tests::World::start().await?;
//! let client = world.client_as(countersign_tests::BILLING)?.build().await?;
//! assert_eq!(client.get(world.url("/whoami")).send().await?.status(), 200);
//! assert_eq!(world.event().await?.principal.unwrap().as_str(), "billing");
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
