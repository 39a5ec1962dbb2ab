//! What does our client cost beside plain reqwest, curl and Python's httpx?
//!
//!     cargo bench -p countersign-client [-- REQUESTS ROUNDS]
//!
//! One server, in a process of its own, demands a client certificate over TLS 1.3. Each contender calls it from a
//! process of its own, one request after the other on one connection, in rounds that take turns; counted are
//! wall clock and time on the processor after the first call. Then the first call of new clients, on loopback
//! and through 20 ms. Medians; it asserts no number. `COUNTERSIGN_PYTHON` names an interpreter that has
//! `httpx[http2]`. Without `--bench`, as `cargo test --benches` starts it, every row is gone through once.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench that cannot go on has failed, and the table is what it is for"
)]

#[path = "../tests/it/relay.rs"]
mod relay;
#[path = "../tests/it/world.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod world;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use countersign_client::{Client, Credential, HttpVersion, ServerTrust};
use jiff::Timestamp;

use crate::relay::relay;
use crate::world::World;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", folder] => run(serve(Path::new(folder))),
        ["call", contender, http, url, requests] => {
            run(call(contender, http, url, requests.parse().unwrap()));
        }
        ["first", url, clients, rest @ ..] => {
            run(first(url, clients.parse().unwrap(), !rest.is_empty()));
        }
        rest => compare(rest),
    }
}

fn run(task: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(task);
}

fn compare(arguments: &[&str]) {
    let is_bench = arguments.contains(&"--bench");
    let numbers = arguments.iter().filter_map(|it| it.parse().ok());
    let numbers: Vec<usize> = numbers.collect();
    let (requests, rounds) = match (is_bench, numbers.as_slice()) {
        (false, _) => (10, 1),
        (true, [requests, rounds, ..]) => (*requests, *rounds),
        (true, _) => (20_000, 9),
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    println!("contender, HTTP | requests per second | CPU per request, us | beside reqwest");
    for http in ["1.1", "2"] {
        kept_alive(&server, http, requests, rounds);
    }
    println!("first call of {rounds}0 clients | reqwest | ours | more");
    server.first_calls("loopback", 10 * rounds, false);
    server.first_calls("through 20 ms", 10 * rounds, true);
}

/// The contenders take turns.
fn kept_alive(server: &Server, http: &str, requests: usize, rounds: usize) {
    let mut samples = vec![Vec::new(); CONTENDERS.len()];
    for _ in 0..rounds {
        for (name, samples) in CONTENDERS.iter().zip(&mut samples) {
            samples.extend(server.round(name, http, requests));
        }
    }
    let medians: Vec<_> = samples
        .iter()
        .map(|samples| Cost::median(samples))
        .collect();
    let plain = medians[0].expect("reqwest is always here").cpu;
    for (name, cost) in CONTENDERS.iter().zip(medians) {
        match cost {
            Some(cost) => println!(
                "{name}, HTTP/{http} | {:.0} | {:.1} | {:.3}",
                1.0 / cost.wall,
                cost.cpu * 1e6,
                cost.cpu / plain
            ),
            None => println!("{name}, HTTP/{http} | not here"),
        }
    }
}

/// Of one request, in seconds.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
}

impl Cost {
    fn of(wall: Duration, cpu: Duration, requests: usize) -> Self {
        let requests = f64::from(u32::try_from(requests).unwrap());
        Self {
            wall: wall.as_secs_f64() / requests,
            cpu: cpu.as_secs_f64() / requests,
        }
    }

    fn median(samples: &[Self]) -> Option<Self> {
        let of = |part: fn(&Self) -> f64| median(samples.iter().map(part).collect());
        Some(Self {
            wall: of(|cost| cost.wall)?,
            cpu: of(|cost| cost.cpu)?,
        })
    }
}

fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied()
}

/// The server's process, and what its callers need to know.
struct Server {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let command = command.arg("serve").arg(folder).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        let said = child.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut url).unwrap();
        Self {
            child,
            folder: folder.to_owned(),
            url: url.trim().to_owned(),
        }
    }

    /// None, if the contender is not here.
    fn round(&self, contender: &str, http: &str, requests: usize) -> Option<Cost> {
        match contender {
            "curl" => self.curl(http, requests),
            "httpx" => self.httpx(http, requests),
            rust => {
                let mut command = Command::new(env::current_exe().unwrap());
                command.args(["call", rust, http, &self.url, &requests.to_string()]);
                self.reported(&mut command, requests)
            }
        }
    }

    /// It has no first call apart from the others, and starts anew: of many requests both are little.
    fn curl(&self, http: &str, requests: usize) -> Option<Cost> {
        let mut command = Command::new("curl");
        let version = if http == "2" { "--http2" } else { "--http1.1" };
        command.args(["--silent", "--fail", "--output", "/dev/null", version]);
        command.args(["--cacert", "ca.pem", "--cert", "both.pem"]);
        command.arg(format!("{}?[1-{requests}]", self.url));
        let (began, before) = (Instant::now(), children_time());
        let done = command.current_dir(&self.folder).status().ok()?;
        let (wall, cpu) = (began.elapsed(), children_time() - before);
        assert!(done.success());
        Some(Cost::of(wall, cpu, requests))
    }

    fn httpx(&self, http: &str, requests: usize) -> Option<Cost> {
        let python = env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let requests = requests.div_ceil(10);
        let mut command = Command::new(python);
        command.args(["-c", HTTPX, http, &self.url, &requests.to_string()]);
        self.reported(&mut command, requests)
    }

    /// It prints nanoseconds of wall clock and of the processor.
    fn reported(&self, command: &mut Command, requests: usize) -> Option<Cost> {
        let output = command.current_dir(&self.folder).output().ok()?;
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let mut numbers = text.split_whitespace().map(|it| it.parse().unwrap());
        let mut next = || Duration::from_nanos(numbers.next().unwrap());
        Some(Cost::of(next(), next(), requests))
    }

    fn first_calls(&self, way: &str, clients: usize, delayed: bool) {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["first", &self.url, &clients.to_string()]);
        command.args(delayed.then_some("delayed"));
        let output = command.current_dir(&self.folder).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        println!("{way} | {}", text.trim());
    }
}

async fn serve(folder: &Path) {
    let world = World::new();
    let client = world.client_ca.client(Timestamp::now());
    let client = client.uri("spiffe://dev.example/a").issue().unwrap();
    let both = client.chain_pem() + &client.key_pem();
    fs::write(folder.join("both.pem"), both).unwrap();
    fs::write(folder.join("ca.pem"), world.server_ca.certificate_pem()).unwrap();
    let server = world.serve().await;
    println!("{}", server.url("/ok"));
    std::future::pending().await
}

/// Prints what the calls after the first take.
async fn call(contender: &str, http: &str, url: &str, requests: usize) {
    let version = match http {
        "2" => HttpVersion::Http2,
        _ => HttpVersion::Http1,
    };
    let (wall, cpu) = if contender.contains("reqwest") {
        let client = match contender {
            "reqwest" => plain(version),
            _ => ours(version).await.to_reqwest(),
        };
        let call = async || {
            let answer = client.get(url).send().await.unwrap();
            answer.error_for_status().unwrap().bytes().await.unwrap();
        };
        timed(call, requests).await
    } else {
        let client = ours(version).await;
        let call = async || {
            let answer = client.get(url).send().await.unwrap();
            answer.bytes().await.unwrap();
        };
        timed(call, requests).await
    };
    println!("{} {}", wall.as_nanos(), cpu.as_nanos());
}

async fn timed(call: impl AsyncFn(), requests: usize) -> (Duration, Duration) {
    call().await;
    let (began, before) = (Instant::now(), own_time());
    for _ in 0..requests {
        call().await;
    }
    (began.elapsed(), own_time() - before)
}

/// Prints the medians of the first calls of new clients: both kinds take turns.
async fn first(url: &str, clients: usize, delayed: bool) {
    let mut url = reqwest::Url::parse(url).unwrap();
    if delayed {
        let server = ([127, 0, 0, 1], url.port().unwrap()).into();
        let way = relay(server, Duration::from_millis(10)).await;
        url.set_port(Some(way.port())).unwrap();
    }
    let (mut theirs, mut our) = (Vec::new(), Vec::new());
    for _ in 0..clients {
        let client = plain(HttpVersion::Http2);
        let began = Instant::now();
        client.get(url.clone()).send().await.unwrap();
        theirs.push(began.elapsed().as_secs_f64());
        let client = ours(HttpVersion::Http2).await;
        let began = Instant::now();
        client.get(url.clone()).send().await.unwrap();
        our.push(began.elapsed().as_secs_f64());
    }
    let [theirs, ours] = [theirs, our].map(|samples| median(samples).unwrap() * 1e3);
    let more = ours - theirs;
    println!("{theirs:.2} ms | {ours:.2} ms | {more:.2} ms");
}

fn plain(version: HttpVersion) -> reqwest::Client {
    let provider = countersign_tls::provider().as_ref().clone();
    // Of a second one it says that there is one already.
    let _ = provider.install_default();
    let [ca, both] = ["ca.pem", "both.pem"].map(|file| fs::read(file).unwrap());
    let builder = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .identity(reqwest::Identity::from_pem(&both).unwrap());
    let builder = match version {
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
        _ => builder.http1_only(),
    };
    builder.build().unwrap()
}

async fn ours(version: HttpVersion) -> Client {
    let [ca, both] = ["ca.pem", "both.pem"].map(|file| fs::read(file).unwrap());
    let builder = Client::builder()
        .trust(ServerTrust::pinned_ca_pem(&ca).unwrap())
        .credential(Credential::from_combined_pem(&both).unwrap())
        .http_version(version);
    builder.build().await.unwrap()
}

/// On the processor, of all threads of this process; elsewhere than on Linux none is told.
fn own_time() -> Duration {
    let threads = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let times = threads.filter_map(|it| fs::read_to_string(it.path().join("schedstat")).ok());
    let nanos = times.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

/// The same of the processes that have ended, in steps of 10 ms.
fn children_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(13).take(2);
    let ticks = ticks.filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

const CONTENDERS: [&str; 5] = ["reqwest", "ours", "reqwest within ours", "curl", "httpx"];

const HTTPX: &str = r#"
import ssl, sys, time
import httpx

http, url, requests = sys.argv[1], sys.argv[2], int(sys.argv[3])
context = ssl.create_default_context(cafile="ca.pem")
context.load_cert_chain("both.pem")
with httpx.Client(verify=context, http1=http == "1.1", http2=http == "2") as client:
    client.get(url).raise_for_status()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(requests):
        client.get(url).raise_for_status()
    print(time.perf_counter_ns() - wall, time.process_time_ns() - cpu)
"#;
