use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use futures_util::stream::FuturesUnordered;
use tokio::task::yield_now;

use crate::exchange::{Http1, Http2};
use crate::{Caller, Latencies, Running};

/// What is asked of a server, by how many, for how long.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "nothing depends on this crate")]
pub struct Load {
    /// What counts as one.
    pub operation: Operation,
    /// How many are under way at one time.
    pub callers: usize,
    /// How long.
    pub lasts: Duration,
}

/// What counts as one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Operation {
    /// TCP connection, handshake, GET over HTTP/1.1, and the end of the connection.
    Connection,
    /// A GET over a connection that stands.
    Call(Http),
    /// The same over HTTP/1.1, so many in a second in all, each at its time: how long it takes is counted from when
    /// it was due.
    Paced(f64),
}

/// How a connection that stands is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Http {
    /// HTTP/1.1: a connection for each caller.
    One,
    /// HTTP/2: a connection for each 16 callers.
    Two,
}

/// What a load came to.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "nothing depends on this crate")]
pub struct Sample {
    /// How long callers waited, each time.
    pub waits: Latencies,
    /// How long it took in all.
    pub wall: Duration,
    /// User and system time of the server.
    pub cpu: Duration,
}

impl Http {
    pub(crate) fn alpn(self) -> &'static [u8] {
        match self {
            Self::One => b"http/1.1",
            Self::Two => b"h2",
        }
    }
}

impl Sample {
    /// CPU time of the server for each operation, in microseconds.
    pub fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.operations()
    }

    /// Operations in a second.
    pub fn rate(&self) -> f64 {
        self.operations() / self.wall.as_secs_f64()
    }

    fn operations(&self) -> f64 {
        u32::try_from(self.waits.count()).map_or(f64::MAX, f64::from)
    }
}

impl Load {
    /// Calls `server`, and measures once everybody has been served once.
    ///
    /// # Errors
    ///
    /// A call is not answered as it should be.
    pub async fn run(&self, caller: &Caller, server: &Running) -> Result<Sample> {
        let at = server.address();
        match self.operation {
            Operation::Connection => {
                let callers = vec![(); self.callers];
                let callers: Vec<_> = callers.iter().map(|()| caller.alone()).collect();
                try_join_all(callers.iter().map(|it| first_visits(it, at))).await?;
                let until = self.until();
                let visits = callers.iter().map(|it| visit(it, at, until));
                measure(server, try_join_all(visits)).await
            }
            Operation::Call(Http::One) => {
                let mut connections = connect(caller, at, self.callers).await?;
                let until = self.until();
                let calls = connections.iter_mut().map(|it| call(it, until));
                measure(server, try_join_all(calls)).await
            }
            Operation::Call(Http::Two) => {
                let count = self.callers.div_ceil(STREAMS);
                let connections = connect2(caller, at, count).await?;
                let until = self.until();
                let calls = connections.iter().map(|it| call2(it, until));
                measure(server, try_join_all(calls)).await
            }
            Operation::Paced(rate) => {
                let free = connect(caller, at, self.callers).await?;
                let gap = Duration::from_secs_f64(1.0 / rate);
                measure(server, paced(free, gap, self.until())).await
            }
        }
    }

    fn until(&self) -> Instant {
        Instant::now() + self.lasts
    }
}

async fn measure(
    server: &Running,
    work: impl Future<Output = Result<Vec<Latencies>>>,
) -> Result<Sample> {
    // A caller that sleeps would have to be woken with each answer, by the server and at its expense; and the more
    // often, the slower the server is.
    let awake = tokio::spawn(async {
        loop {
            yield_now().await;
        }
    });
    let (begun, before) = (Instant::now(), server.cpu()?);
    let all = work.await;
    let (wall, cpu) = (begun.elapsed(), server.cpu()?.saturating_sub(before));
    awake.abort();
    let mut waits = Latencies::default();
    all?.into_iter().for_each(|each| waits.join(each));
    Ok(Sample { waits, wall, cpu })
}

/// Connections of which each has been used once, from many addresses; they stand as long as the value.
pub(crate) async fn connect(
    caller: &Caller,
    server: SocketAddr,
    count: usize,
) -> Result<Vec<Http1>> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let from = u8::try_from(2 + number / FROM_ONE_ADDRESS)?;
        let mut connection = Http1::new(caller.connect(server, from).await?);
        connection.call().await?;
        connections.push(connection);
    }
    Ok(connections)
}

async fn connect2(caller: &Caller, server: SocketAddr, count: usize) -> Result<Vec<Http2>> {
    let caller = caller.speaking(Http::Two);
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let connection = Http2::new(caller.connect(server, 1).await?).await?;
        connection.call().await?;
        connections.push(connection);
    }
    Ok(connections)
}

/// Of which the first handshake may be of another kind: there is no session yet.
async fn first_visits(caller: &Caller, server: SocketAddr) -> Result<()> {
    for _ in 0..2 {
        let mut connection = Http1::new(caller.connect(server, 1).await?);
        connection.call().await?;
        connection.close().await;
    }
    Ok(())
}

async fn visit(caller: &Caller, server: SocketAddr, until: Instant) -> Result<Latencies> {
    let mut waits = Latencies::default();
    let mut begun = Instant::now();
    while begun < until {
        let tls = caller.connect(server, 1).await?;
        caller.check(&tls)?;
        let mut connection = Http1::new(tls);
        connection.call().await?;
        waits.add(begun.elapsed());
        connection.close().await;
        begun = Instant::now();
    }
    Ok(waits)
}

async fn call(connection: &mut Http1, until: Instant) -> Result<Latencies> {
    repeat(async || connection.call().await, until).await
}

async fn repeat(mut call: impl AsyncFnMut() -> Result<()>, until: Instant) -> Result<Latencies> {
    let mut waits = Latencies::default();
    let mut begun = Instant::now();
    while begun < until {
        call().await?;
        let now = Instant::now();
        waits.add(now - begun);
        begun = now;
    }
    Ok(waits)
}

async fn call2(connection: &Http2, until: Instant) -> Result<Latencies> {
    let stream = || repeat(async || connection.call().await, until);
    let all = try_join_all((0..STREAMS).map(|_| stream())).await?;
    let mut waits = Latencies::default();
    all.into_iter().for_each(|each| waits.join(each));
    Ok(waits)
}

/// A call each time that a `gap` has passed, on a connection that is free.
async fn paced(mut free: Vec<Http1>, gap: Duration, until: Instant) -> Result<Vec<Latencies>> {
    let (mut waits, mut due) = (Latencies::default(), Instant::now());
    let mut under_way = FuturesUnordered::new();
    while due < until || !under_way.is_empty() {
        while due < until && due <= Instant::now() {
            let Some(connection) = free.pop() else { break };
            under_way.push(one(connection, due));
            due += gap;
        }
        tokio::select! {
            biased;
            Some(done) = under_way.next() => {
                let (connection, wait) = done?;
                waits.add(wait);
                free.push(connection);
            }
            // A timer is too coarse for this: it asks for the time again and again.
            () = yield_now() => {}
        }
    }
    Ok(vec![waits])
}

async fn one(mut connection: Http1, due: Instant) -> Result<(Http1, Duration)> {
    connection.call().await?;
    Ok((connection, due.elapsed()))
}

/// Our server lets 1,000 in from each.
const FROM_ONE_ADDRESS: usize = 900;

/// At one time on one HTTP/2 connection.
const STREAMS: usize = 16;
