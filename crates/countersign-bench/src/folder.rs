use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use countersign_pki::{Authority, Issued, Key, KeyKind, RevocationReason};
use jiff::Timestamp;
use tempfile::TempDir;

/// What a run is made of: a PKI, a policy, revocation lists and configurations, gone with the value.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    issuing: Authority,
    now: Timestamp,
    key: Key,
    server: Vec<u8>,
}

impl Folder {
    /// Makes all of it, the revocation list of a million entries if `million` says so.
    ///
    /// # Errors
    ///
    /// A certificate cannot be made, or a file not written.
    pub fn new(million: bool) -> Result<Self> {
        let now = Timestamp::now();
        let root = Authority::root("Bench Root", now)?;
        let issuing = root.intermediate("Bench Issuing", now)?;
        let server = issuing.server(now).dns("localhost").issue()?;
        let made = Self {
            folder: tempfile::tempdir()?,
            key: Key::generate(KeyKind::P256)?,
            server: server.certificate_der().to_vec(),
            issuing,
            now,
        };
        made.write("server.pem", server.chain_pem())?;
        made.write("server-key.pem", server.key_pem())?;
        made.write("server-both.pem", server.chain_pem() + &server.key_pem())?;
        made.write("root.pem", root.certificate_pem())?;
        made.write("policy.toml", policy())?;
        made.write("empty.crl", made.lists(&root, 0)?)?;
        if million {
            made.write("million.crl", made.lists(&root, 1_000_000)?)?;
        }
        Ok(made)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file in it, and answers its path.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.file(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(path)
    }

    /// The certificate of every server, as DER.
    pub fn server_der(&self) -> &[u8] {
        &self.server
    }

    /// A certificate for the principal `number`, one of `PRINCIPALS`. All are for one key: that they are many is for
    /// the server to see, and not for the caller to pay.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn client(&self, number: usize) -> Result<Issued> {
        let name = format!("spiffe://bench.example/caller-{}", number % PRINCIPALS);
        let request = self.issuing.client(self.now).uri(name);
        Ok(request.for_key(&self.key).issue()?)
    }

    /// The lists of root and issuing CA; on the latter's are `entries`.
    fn lists(&self, root: &Authority, entries: u128) -> Result<String> {
        let mut list = self.issuing.crl(self.now);
        for number in 0..entries {
            // In no order, and of 16 bytes: as CAs give them.
            let serial = (1_u128 << 126) | (number.wrapping_mul(SPREAD) >> 2);
            list = list.revoke(
                &serial.to_be_bytes(),
                RevocationReason::Superseded,
                self.now,
            );
        }
        Ok(list.issue()?.pem() + &root.crl(self.now).issue()?.pem())
    }
}

fn policy() -> String {
    let mut policy = String::from(
        "version = 1\n[roles.reader]\npermissions = [\"transactions:read\"]\n\
         [roles.clerk]\npermissions = [\"transactions:read\", \"transactions:write\"]\n",
    );
    for number in 0..PRINCIPALS {
        // Writing to a String does not fail.
        let _ = write!(
            policy,
            "[principals.caller-{number}]\nroles = [\"clerk\"]\n\
             identities = [{{ trust = \"clients\", name = \"spiffe://bench.example/caller-{number}\" }}]\n"
        );
    }
    policy
}

/// In the policy.
pub(crate) const PRINCIPALS: usize = 10_000;

/// Odd, so that no two products are the same.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

#[cfg(test)]
mod tests {
    use countersign_pki::KeyKind;

    use super::*;

    #[test]
    fn every_client_is_a_principal_of_the_policy() {
        let folder = Folder::new(false).unwrap();
        assert_eq!(folder.key.kind(), Some(KeyKind::P256));
        let policy = fs::read_to_string(folder.file("policy.toml")).unwrap();
        for (number, name) in [
            (0, "caller-0"),
            (9_999, "caller-9999"),
            (10_000, "caller-0"),
        ] {
            let client = folder.client(number).unwrap();
            let name = format!("spiffe://bench.example/{name}");
            assert!(policy.contains(&format!("name = \"{name}\"")));
            let der = client.certificate_der();
            assert!(der.windows(name.len()).any(|part| part == name.as_bytes()));
        }
    }
}
