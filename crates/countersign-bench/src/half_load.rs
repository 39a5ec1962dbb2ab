use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use crate::{Caller, Load, Operation, Running, Sample};

/// Calls ours at `rate`, and reads all its files again so many times meanwhile.
///
/// # Errors
///
/// A call is not answered, or a reload did not take place.
pub async fn reloading(
    caller: &Caller,
    server: &Running,
    rate: f64,
    lasts: Duration,
    reloads: u32,
) -> Result<Sample> {
    let load = paced(rate, lasts);
    let each = lasts / reloads.max(1);
    let asking = async {
        for _ in 0..reloads {
            sleep(each / 2).await;
            server.reload()?;
            sleep(each / 2).await;
        }
        anyhow::Ok(())
    };
    let (sample, asked) = tokio::join!(load.run(caller, server), asking);
    asked?;
    // The last has begun before the load ended, and is told of when it has ended.
    sleep(each).await;
    let told = server.reloads()?;
    ensure!(told >= u64::from(reloads), "{told} reloads took place");
    sample
}

/// 32 connections over HTTP/1.1 that call at `rate` together.
pub fn paced(rate: f64, lasts: Duration) -> Load {
    Load {
        operation: Operation::Paced(rate),
        callers: 32,
        lasts,
    }
}
