use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use crate::load::connect;
use crate::{Caller, Running};

/// Memory of `server`, in KiB, for each of `connections` on which one call was made and nothing was asked for a while.
///
/// # Errors
///
/// One of them is refused.
pub async fn idle_memory(caller: &Caller, server: &Running, connections: usize) -> Result<f64> {
    // What the first calls need is not for these connections.
    drop(connect(caller, server.address(), 64).await?);
    let before = server.memory()?;
    let standing = connect(caller, server.address(), connections).await?;
    sleep(A_WHILE).await;
    let more = server.memory()?.saturating_sub(before);
    drop(standing);
    let [more, connections] = [more, u64::try_from(connections)?].map(|number| {
        let number = u32::try_from(number);
        number.map_or(f64::MAX, f64::from)
    });
    Ok(more / connections)
}

/// Ours takes less than five seconds for a pause of a client that is at work, and looks each five seconds.
const A_WHILE: Duration = Duration::from_secs(12);
