//! What does a call cost our server, beside those that one would take instead?
//!
//! A [`Folder`] holds a PKI made for one run, a policy of 10,000 principals, revocation lists and the configuration
//! of every [`Contender`]. A contender is started as a process on one processor; a [`Load`] calls it from the other
//! and tells what a call cost: CPU time of the server's process, and how long the caller waited. A [`Scene`] has
//! contenders take turns at one load; a [`Page`] is the table and the plot of it.
//!
//! Linux only: time and memory are read from `/proc`, and `taskset` says who runs where. It builds elsewhere, and a run ends at once
//! with the reason.

mod caller;
pub use caller::{Caller, Group, Sessions};

mod contender;
pub use contender::{Contender, Kind, Lists};

mod exchange;

mod folder;
pub use folder::Folder;

mod latencies;
pub use latencies::Latencies;

mod linux;
pub use linux::stay_on;

mod load;
pub use load::{Http, Load, Operation, Sample};

mod half_load;
pub use half_load::{paced, reloading};

mod idle;
pub use idle::idle_memory;

mod memory;
pub use memory::{Warm, touch_all};

mod page;
pub use page::Page;

pub mod plain;

mod plot;

mod pool;
pub use pool::Pool;

mod running;
pub use running::{Running, stolen};

mod scene;
pub use scene::{Asked, Scene, Whom};

mod table;
pub use table::Table;
