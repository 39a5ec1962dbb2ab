//! How long does a decision take, and how long does it take to read a policy, with 100,000 principals?
//!
//!     cargo bench -p countersign-policy
//!
//! It asserts no number.

use std::fmt::Write as _;

use countersign_identity::{Certificate, Identity, NameRules, Scheme, TrustName};
use countersign_pki::Authority;
use countersign_policy::{Directory, Permission, Requirement};
use divan::{Bencher, black_box};
use jiff::Timestamp;

struct WriteLedger;
impl Permission for WriteLedger {
    const NAME: &'static str = "ledger:write";
}

/// As many as a policy may have.
const PRINCIPALS: usize = 100_000;

fn main() {
    divan::main();
}

/// The caller in the middle of the policy.
struct Caller {
    certificate: Certificate,
    trust: TrustName,
    rules: NameRules,
    directory: Directory,
    now: Timestamp,
}

impl Caller {
    fn new() -> Option<Self> {
        let now = "2026-08-01T12:00:00Z".parse().ok()?;
        let root = Authority::root("Bench Root", now).ok()?;
        let issued = root.client(now).uri("spiffe://a.example/caller-50000");
        let issued = issued.issue().ok()?;
        Some(Self {
            certificate: Certificate::from_der(issued.certificate_der()).ok()?,
            trust: "clients".parse().ok()?,
            rules: NameRules::new(Scheme::Spiffe, ["spiffe://a.example/*".parse().ok()?]),
            directory: Directory::from_toml(&policy()).ok()?,
            now,
        })
    }

    fn identity(&self) -> Option<Identity> {
        Identity::of(&self.certificate, &self.trust, &self.rules).ok()
    }

    fn decide(&self, identity: &Identity) -> bool {
        let principal = self.directory.lookup(identity, self.now);
        principal.is_ok_and(|principal| principal.permit::<WriteLedger>().is_ok())
    }
}

fn policy() -> String {
    let mut policy = String::from(
        "version = 1\n[roles.reader]\npermissions = [\"ledger:read\"]\n\
         [roles.clerk]\npermissions = [\"ledger:read\", \"ledger:write\"]\n",
    );
    for number in 0..PRINCIPALS {
        // Writing to a String does not fail.
        let _ = write!(
            policy,
            "[principals.caller-{number}]\nroles = [\"clerk\"]\n\
             identities = [{{ trust = \"clients\", name = \"spiffe://a.example/caller-{number}\" }}]\n"
        );
    }
    policy
}

#[divan::bench(sample_count = 10)]
fn read_the_policy(bencher: Bencher<'_, '_>) {
    let policy = policy();
    bencher.bench(|| Directory::from_toml(black_box(&policy)));
}

#[divan::bench]
fn identify_look_up_and_permit(bencher: Bencher<'_, '_>) {
    let Some(caller) = Caller::new() else { return };
    bencher.bench(|| {
        let identity = black_box(&caller).identity();
        identity.is_some_and(|identity| caller.decide(&identity))
    });
}

#[divan::bench]
fn look_up_and_permit(bencher: Bencher<'_, '_>) {
    let Some(caller) = Caller::new() else { return };
    let Some(identity) = caller.identity() else {
        return;
    };
    bencher.bench(|| black_box(&caller).decide(black_box(&identity)));
}

#[divan::bench]
fn explain(bencher: Bencher<'_, '_>) {
    let Some(caller) = Caller::new() else { return };
    let Some(identity) = caller.identity() else {
        return;
    };
    let Ok(asked) = "ledger:write".parse() else {
        return;
    };
    let asked = Requirement::Permission(asked);
    bencher.bench(|| {
        let explanation = caller.directory.explain(&identity, &asked, caller.now);
        black_box(explanation.verdict.is_ok())
    });
}
