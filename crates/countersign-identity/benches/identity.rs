//! How long does it take to read a certificate, and to say whose it is?
//!
//!     cargo bench -p countersign-identity [-- PART OF A NAME]
//!
//! It counts the time that this thread has had on a processor, as the bench of `countersign-pki` does.
//! The rows take turns, and each answers with its median round. It asserts no number. Without
//! `--bench`, as `cargo test --benches` starts it, every row runs once.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;
use std::{env, fs};

use countersign_identity::{
    Certificate, DistinguishedName, Identity, NameRules, Psd2, Psd2Role, Scheme, TrustName,
};
use countersign_pki::psd2::{Nca, Role, Tpp};
use countersign_pki::{Authority, KeyKind};
use x509_parser::prelude::{FromDer, X509Certificate};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A name and what is done once.
type Row<'a> = (&'static str, Box<dyn Fn() + 'a>);

const ROUNDS: usize = 9;
/// Of the processor, for each row in each round.
const ROUND: Duration = Duration::from_millis(100);
/// How often a row runs between two looks at the clock.
const BATCH: u32 = 100;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));

    let subjects = Subjects::new()?;
    let mut rows = subjects.reading();
    rows.extend(subjects.identifying());
    rows.retain(|(name, _)| wanted.is_none_or(|part| name.contains(part.as_str())));
    if is_bench {
        return measure(&rows);
    }
    rows.iter().for_each(|(_, run)| run());
    Ok(())
}

/// What is read, and whose it is.
struct Subjects {
    leaf: Vec<u8>,
    rsa: Vec<u8>,
    qwac: Vec<u8>,
    read: Certificate,
    read_qwac: Certificate,
    trust: TrustName,
    spiffe: NameRules,
    subject: NameRules,
    names: [DistinguishedName; 2],
}

impl Subjects {
    fn new() -> Outcome<Self> {
        let now = "2026-08-01T12:00:00Z".parse()?;
        let root = Authority::root("Bench Root", now)?;
        let client = || {
            let client = root.client(now).common_name("billing");
            client.uri("spiffe://dev.example/billing")
        };
        let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
        let tpp = Tpp::new("Acme TPP Limited", fca, "123456").roles(Role::ALL);
        let leaf = client().issue()?.certificate_der().to_vec();
        let rsa = client().key(KeyKind::Rsa2048).issue()?;
        let qwac = tpp.qwac(&root, now).issue()?.certificate_der().to_vec();
        Ok(Self {
            read: Certificate::from_der(&leaf)?,
            read_qwac: Certificate::from_der(&qwac)?,
            leaf,
            rsa: rsa.certificate_der().to_vec(),
            qwac,
            trust: "partners".parse()?,
            spiffe: NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]),
            subject: NameRules::new(Scheme::DistinguishedName, ["dn:CN=billing".parse()?]),
            names: [
                "CN=Billing,OU=Sales+L=Göteborg,O=Acme Straße 1,C=SE".parse()?,
                "cn=BILLING,l=GÖTEBORG+ou=sales,o=acme  strasse 1,c=se".parse()?,
            ],
        })
    }

    fn reading(&self) -> Vec<Row<'_>> {
        let read = |der: &Vec<u8>| {
            let _ = black_box(Certificate::from_der(black_box(der)));
        };
        vec![
            ("read a leaf, P-256", Box::new(move || read(&self.leaf))),
            ("read a leaf, RSA-2048", Box::new(move || read(&self.rsa))),
            ("read a QWAC", Box::new(move || read(&self.qwac))),
            (
                "read a leaf, P-256, x509-parser alone",
                Box::new(|| {
                    let _ = black_box(X509Certificate::from_der(black_box(&self.leaf)));
                }),
            ),
        ]
    }

    fn identifying(&self) -> Vec<Row<'_>> {
        let identify = |rules: &NameRules| {
            let _ = black_box(Identity::of(black_box(&self.read), &self.trust, rules));
        };
        vec![
            (
                "identify by SPIFFE ID",
                Box::new(move || identify(&self.spiffe)),
            ),
            (
                "identify by subject",
                Box::new(move || identify(&self.subject)),
            ),
            (
                "read the PSD2 statement of a QWAC, ask for a role",
                Box::new(|| {
                    let psd2 = Psd2::of_tls(black_box(&self.read_qwac));
                    let _ = black_box(psd2.map(|psd2| psd2.require(Psd2Role::CardIssuing)));
                }),
            ),
            (
                "match two names of four RDNs beyond ASCII",
                Box::new(|| {
                    let [first, second] = &self.names;
                    black_box(black_box(first).matches(second));
                }),
            ),
        ]
    }
}

/// Prints the time of each row: the median of the rounds, the least and the most.
fn measure(rows: &[Row<'_>]) -> Outcome<()> {
    let mut times = vec![Vec::with_capacity(ROUNDS); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, run), times) in rows.iter().zip(&mut times) {
            times.push(time(run)?);
        }
    }
    println!(
        "{:50} {:>9} {:>9} {:>9}",
        "microseconds", "median", "least", "most"
    );
    for ((name, _), times) in rows.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        if let ([least, .., most], Some(median)) = (times.as_slice(), times.get(ROUNDS / 2)) {
            println!("{name:50} {median:>9.2} {least:>9.2} {most:>9.2}");
        }
    }
    Ok(())
}

/// Microseconds of the processor for one run.
fn time(run: impl Fn()) -> Outcome<f64> {
    let (began, mut runs) = (processor_time()?, 0);
    loop {
        for _ in 0..BATCH {
            run();
        }
        runs += BATCH;
        let spent = processor_time()?.saturating_sub(began);
        if spent >= ROUND {
            return Ok(spent.as_secs_f64() * 1e6 / f64::from(runs));
        }
    }
}

/// What this thread has had of a processor: the first number in Linux' `schedstat`, in nanoseconds,
/// brought up to date with every tick.
fn processor_time() -> Outcome<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(first.parse()?))
}
