use anyhow::Result;

use crate::load::connect;
use crate::{Caller, Running};

/// Memory of `server`, in KiB, for each of `connections` on which one call was made and nothing is asked any more.
///
/// # Errors
///
/// One of them is refused.
pub async fn idle_memory(caller: &Caller, server: &Running, connections: usize) -> Result<f64> {
    // What the first calls need is not for these connections.
    drop(connect(caller, server.address(), 64).await?);
    let before = server.memory()?;
    let standing = connect(caller, server.address(), connections).await?;
    let more = server.memory()?.saturating_sub(before);
    drop(standing);
    let [more, connections] = [more, u64::try_from(connections)?].map(|number| {
        let number = u32::try_from(number);
        number.map_or(f64::MAX, f64::from)
    });
    Ok(more / connections)
}
