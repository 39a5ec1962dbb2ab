//! What does a revocation list of a million entries cost? To load, in memory, in a handshake.
//!
//!     cargo bench -p countersign-tls --bench revocation [-- ENTRIES…]
//!
//! Each list is loaded in a process of its own, so that memory can be told. A handshake is one in
//! memory, TLS 1.3, of which only the server's side is timed: with a client that the server has never
//! seen, with one that it has, and the first again with rustls' own verifier, which verifies the
//! signature of the list each time. Medians; it asserts no number. Without `--bench`, as
//! `cargo test --benches` starts it, a small list is gone through once.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, iter};

use countersign_identity::{NameRules, Scheme, Thumbprint};
use countersign_pki::{Authority, Issued};
use countersign_tls::{
    Anchors, Credential, Peer, RevocationList, RustlsCredential, SystemClock, Trust, TrustSnapshot,
    provider,
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use time::OffsetDateTime;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many handshakes a median is of.
const HANDSHAKES: usize = 100;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, folder] = arguments.as_slice()
        && command == "load"
    {
        return load(Path::new(folder));
    }
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let sizes = arguments.iter().filter(|it| !it.starts_with('-'));
    let sizes = sizes
        .map(|it| Ok(it.parse()?))
        .collect::<Outcome<Vec<_>>>()?;
    let (sizes, handshakes) = match (is_bench, sizes.is_empty()) {
        (false, _) => (vec![10], 2),
        (true, true) => (vec![0, 1_000, 100_000, 1_000_000], HANDSHAKES),
        (true, false) => (sizes, HANDSHAKES),
    };
    println!("entries | DER | load | memory: held, at most | new client | known | rustls alone");
    sizes.into_iter().try_for_each(|size| row(size, handshakes))
}

fn row(size: u32, handshakes: usize) -> Outcome<()> {
    let bench = Bench::new(size)?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("list.crl"), &bench.list)?;
    fs::write(folder.path().join("root.pem"), bench.root.certificate_pem())?;
    let server = bench.root.server(Timestamp::now()).issue()?;
    let server = server.chain_pem() + &server.key_pem();
    fs::write(folder.path().join("server.pem"), server)?;
    let loaded = Command::new(env::current_exe()?)
        .arg("load")
        .arg(folder.path())
        .output()?;
    let loaded = String::from_utf8(loaded.stdout)?;
    let (new, known) = bench.ours(handshakes)?;
    let theirs = bench.rustls_alone(handshakes)?;
    println!(
        "{size} | {} KiB | {} | {new:?} | {known:?} | {theirs:?}",
        bench.list.len() / 1024,
        loaded.trim(),
    );
    Ok(())
}

/// In a process of its own: how long it takes to read a list and to verify it, and the memory for it.
fn load(folder: &Path) -> Outcome<()> {
    let server = fs::read(folder.join("server.pem"))?;
    let server = Credential::from_combined_pem(&server)?;
    let trust = trust(Anchors::from_pem_file(folder.join("root.pem"))?)?;
    let before = memory("VmRSS")?;
    let start = Instant::now();
    let trust = trust.with_lists(RevocationList::from_file(folder.join("list.crl"))?);
    let snapshot = TrustSnapshot::new(server, vec![trust], Arc::new(SystemClock))?;
    let took = start.elapsed();
    let held = memory("VmRSS")?.saturating_sub(before);
    let most = memory("VmHWM")?.saturating_sub(before);
    println!("{took:?} | {held} KiB, {most} KiB");
    drop(snapshot);
    Ok(())
}

fn trust(anchors: Anchors) -> Outcome<Trust> {
    let names = NameRules::new(Scheme::Spiffe, ["spiffe://bench.example/*".parse()?]);
    Ok(Trust::new("clients".parse()?, anchors, names))
}

/// A line of `/proc/self/status`, in KiB; elsewhere than on Linux there is none.
fn memory(name: &str) -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.unwrap_or("0").parse()?)
}

/// A CA, its list, and a server that both configurations present.
struct Bench {
    root: Authority,
    list: Vec<u8>,
    server: Credential,
    roots: RootCertStore,
}

impl Bench {
    fn new(size: u32) -> Outcome<Self> {
        let now = Timestamp::now();
        let root = Authority::root("Bench Root", now)?;
        let server = root.server(now).dns("localhost").issue()?;
        let mut roots = RootCertStore::empty();
        roots.add(root.certificate_der().to_vec().into())?;
        Ok(Self {
            list: list(&root, size)?,
            server: credential(&server)?,
            roots,
            root,
        })
    }

    /// The medians for clients never seen, and for one that is known.
    fn ours(&self, handshakes: usize) -> Outcome<(Duration, Duration)> {
        let anchors = Anchors::from_pem(self.root.certificate_pem().as_bytes())?;
        let trust = trust(anchors)?.with_lists([RevocationList::from_der(&self.list)?]);
        let snapshot = TrustSnapshot::new(self.server.clone(), vec![trust], Arc::new(SystemClock))?;
        let config = without_sessions(&snapshot.server_config());
        let judge = |server: &ServerConnection| {
            Peer::of(server, &snapshot, Timestamp::now())?;
            Ok(())
        };
        let mut new = Vec::new();
        for _ in 0..handshakes {
            new.push(handshake(&self.client()?, &config, judge)?);
        }
        let client = self.client()?;
        let known = iter::repeat_with(|| handshake(&client, &config, judge));
        let known = known.take(handshakes).collect::<Outcome<Vec<_>>>()?;
        Ok((median(new), median(known)))
    }

    fn rustls_alone(&self, handshakes: usize) -> Outcome<Duration> {
        let roots = Arc::new(self.roots.clone());
        let list = CertificateRevocationListDer::from(self.list.clone());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let key = SingleCertAndKey::from(self.server.certified_key());
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier.with_crls([list]).build()?)
            .with_cert_resolver(Arc::new(key));
        let config = without_sessions(&config);
        let mut times = Vec::new();
        for _ in 0..handshakes {
            times.push(handshake(&self.client()?, &config, |_| Ok(()))?);
        }
        Ok(median(times))
    }

    /// One that nobody has seen.
    fn client(&self) -> Outcome<Arc<ClientConfig>> {
        let request = self.root.client(Timestamp::now());
        let issued = request.uri("spiffe://bench.example/client").issue()?;
        let key = SingleCertAndKey::from(credential(&issued)?.certified_key());
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots.clone())
            .with_client_cert_resolver(Arc::new(key));
        Ok(Arc::new(config))
    }
}

/// The time that the server takes for its side of a handshake, and to judge the client.
fn handshake(
    client: &Arc<ClientConfig>,
    config: &Arc<ServerConfig>,
    judge: impl Fn(&ServerConnection) -> Outcome<()>,
) -> Outcome<Duration> {
    let mut client = ClientConnection::new(Arc::clone(client), "localhost".try_into()?)?;
    let mut server = ServerConnection::new(Arc::clone(config))?;
    let mut spent = Duration::ZERO;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes)?;
        }
        let start = Instant::now();
        let mut input = bytes.as_slice();
        while !input.is_empty() {
            server.read_tls(&mut input)?;
            server.process_new_packets()?;
        }
        let mut answer = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answer)?;
        }
        spent += start.elapsed();
        let mut input = answer.as_slice();
        while !input.is_empty() {
            client.read_tls(&mut input)?;
            client.process_new_packets()?;
        }
    }
    let start = Instant::now();
    judge(&server)?;
    Ok(spent + start.elapsed())
}

/// Every handshake is to be a full one.
fn without_sessions(config: &ServerConfig) -> Arc<ServerConfig> {
    let mut config = config.clone();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

fn credential(issued: &Issued) -> Outcome<Credential> {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Ok(Credential::from_pem(chain.as_bytes(), key.as_bytes())?)
}

/// A list with so many serial numbers of 17 bytes, in no order, each with a reason.
fn list(root: &Authority, size: u32) -> Outcome<Vec<u8>> {
    let (now, next) = (Timestamp::now(), SignedDuration::from_hours(24));
    let (this_update, next_update) = (time(now)?, time(now + next)?);
    let revoked = (0..size).map(|number| {
        let digest = Thumbprint::of(&number.to_be_bytes());
        let (serial, _) = digest.as_bytes().split_at(16);
        RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[&[0x40], serial].concat()),
            revocation_time: this_update,
            reason_code: Some(rcgen::RevocationReason::Superseded),
            invalidity_date: None,
        }
    });
    let params = CertificateRevocationListParams {
        this_update,
        next_update,
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let key = KeyPair::from_pem(&root.key_pem())?;
    let issuer = Issuer::from_ca_cert_der(&root.certificate_der().into(), key)?;
    Ok(params.signed_by(&issuer)?.der().to_vec())
}

fn time(at: Timestamp) -> Outcome<OffsetDateTime> {
    Ok(OffsetDateTime::from_unix_timestamp(at.as_second())?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
