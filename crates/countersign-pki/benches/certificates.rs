//! How many certificates does a second of the processor make? In process, beside rcgen alone.
//!
//!     cargo bench -p countersign-pki [-- PART OF A NAME]
//!
//! It counts the time that this process has had on a processor, so another load on the machine moves it
//! less than a clock on the wall. The rows take turns, and each answers with its median round. It
//! asserts no number. Without `--bench`, as `cargo test --benches` starts it, every row runs once.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::time::Duration;
use std::{env, fs, hint};

use countersign_pki::{Authority, Issued, Key, KeyKind, Request};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, SanType};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A name and what makes one certificate.
type Row<'a> = (&'static str, Box<dyn Fn() -> Outcome<()> + 'a>);

const ROUNDS: usize = 5;
/// Of the processor, for each row in each round.
const ROUND: Duration = Duration::from_millis(500);

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));

    let root = Authority::root("Bench Root", "2026-08-01T12:00:00Z".parse()?)?;
    let root_ed25519 = authority(KeyKind::Ed25519)?;
    let root_rsa = authority(KeyKind::Rsa2048)?;
    let (p256, ed25519) = (
        Key::generate(KeyKind::P256)?,
        Key::generate(KeyKind::Ed25519)?,
    );
    let rsa = Key::generate(KeyKind::Rsa2048)?;
    let bare = Bare::new()?;
    let bare_key = KeyPair::generate()?;

    let rows: Vec<Row<'_>> = vec![
        ("P-256 key and certificate", making(&root, KeyKind::P256)),
        (
            "P-256 key and certificate, rcgen alone",
            Box::new(|| bare.sign(&KeyPair::generate()?)),
        ),
        ("P-256 certificate for a key", signing(&root, &p256)),
        (
            "P-256 certificate for a key, rcgen alone",
            Box::new(|| bare.sign(&bare_key)),
        ),
        (
            "Ed25519 key and certificate",
            making(&root_ed25519, KeyKind::Ed25519),
        ),
        (
            "Ed25519 certificate for a key",
            signing(&root_ed25519, &ed25519),
        ),
        (
            "RSA-2048 key and certificate",
            making(&root_rsa, KeyKind::Rsa2048),
        ),
        ("RSA-2048 certificate for a key", signing(&root_rsa, &rsa)),
    ];
    let is_wanted = |name: &str| wanted.is_none_or(|part| name.contains(part.as_str()));
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .collect();
    if is_bench {
        return measure(&rows);
    }
    rows.iter().try_for_each(|(_, make)| make())
}

/// Prints certificates per second of the processor: the median of the rounds, the least and the most.
fn measure(rows: &[Row<'_>]) -> Outcome<()> {
    let mut rates = vec![Vec::with_capacity(ROUNDS); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, make), rates) in rows.iter().zip(&mut rates) {
            rates.push(rate(make)?);
        }
    }
    println!(
        "{:42} {:>9} {:>9} {:>9}",
        "certificates per CPU-second", "median", "least", "most"
    );
    for ((name, _), rates) in rows.iter().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        if let ([least, .., most], Some(median)) = (rates.as_slice(), rates.get(ROUNDS / 2)) {
            println!("{name:42} {median:>9.0} {least:>9.0} {most:>9.0}");
        }
    }
    Ok(())
}

fn rate(make: impl Fn() -> Outcome<()>) -> Outcome<f64> {
    let (began, mut made) = (processor_time()?, 0);
    loop {
        // RSA keys take a tenth of a second each; of the others ten are too quick to be timed alone.
        for _ in 0..10 {
            make()?;
            made += 1;
        }
        let spent = processor_time()?.saturating_sub(began);
        if spent >= ROUND {
            return Ok(f64::from(made) / spent.as_secs_f64());
        }
    }
}

/// What the only thread here has had of a processor: the first number in Linux' `schedstat`, in
/// nanoseconds, brought up to date with every tick.
fn processor_time() -> Outcome<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(first.parse()?))
}

fn making(authority: &Authority, kind: KeyKind) -> Box<dyn Fn() -> Outcome<()> + '_> {
    Box::new(move || keep(client(authority)?.key(kind)))
}

fn signing<'a>(authority: &'a Authority, key: &'a Key) -> Box<dyn Fn() -> Outcome<()> + 'a> {
    Box::new(move || keep(client(authority)?.for_key(key)))
}

fn client(authority: &Authority) -> Outcome<Request<'_>> {
    let now = "2026-08-01T12:00:00Z".parse()?;
    let request = authority.client(now).common_name("billing");
    Ok(request.uri("spiffe://dev.example/billing"))
}

fn keep(request: Request<'_>) -> Outcome<()> {
    let issued: Issued = request.issue()?;
    hint::black_box(issued);
    Ok(())
}

fn authority(kind: KeyKind) -> Outcome<Authority> {
    let request = Authority::root_request("Bench Root", "2026-08-01T12:00:00Z".parse()?);
    Ok(request.key(kind).issue_authority()?)
}

/// The same certificate, as near as rcgen makes it.
struct Bare(Issuer<'static, KeyPair>);

impl Bare {
    fn new() -> Outcome<Self> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Bench Root");
        Ok(Self(Issuer::new(params, KeyPair::generate()?)))
    }

    fn sign(&self, key: &KeyPair) -> Outcome<()> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "billing");
        params.use_authority_key_identifier_extension = true;
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let name = "spiffe://dev.example/billing".try_into()?;
        params.subject_alt_names = vec![SanType::URI(name)];
        hint::black_box(params.signed_by(key, &self.0)?);
        Ok(())
    }
}
