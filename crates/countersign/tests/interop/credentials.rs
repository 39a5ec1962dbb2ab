//! Whatever OpenSSL makes of a key and its certificate, a credential is read from it.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_client::{Credential, CredentialError};
use countersign_pki::{Authority, Issued, KeyKind};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::support::is_here;

/// A folder with a certificate and its key, for OpenSSL to convert.
struct Folder(TempDir);

impl Folder {
    /// None without OpenSSL.
    fn of(kind: KeyKind) -> Option<Self> {
        if !is_here("openssl", Command::new("openssl").arg("version")) {
            return None;
        }
        let root = Authority::root("Test Root", Timestamp::now()).unwrap();
        let issuing = root.intermediate("Test Issuing", Timestamp::now()).unwrap();
        let client = issuing.client(Timestamp::now()).key(kind);
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(&client.common_name("billing").issue().unwrap());
        Some(folder)
    }

    fn write(&self, issued: &Issued) {
        fs::write(self.path().join("chain.pem"), issued.chain_pem()).unwrap();
        fs::write(self.path().join("key.pem"), issued.key_pem()).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs OpenSSL with these words.
    fn openssl(&self, words: &str) {
        let mut command = Command::new("openssl");
        let command = command.args(words.split(' ')).current_dir(self.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {words}: {said}");
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path().join(file)).unwrap()
    }

    fn open(&self, password: &str) -> Result<Credential, CredentialError> {
        let (chain, key) = (self.read("chain.pem"), self.read("made.pem"));
        Credential::from_encrypted_pem(&chain, &key, &password.into())
    }
}

#[test]
fn keys_that_openssl_encrypts_in_the_older_way() {
    for (kind, command) in [
        (KeyKind::P256, "ec"),
        (KeyKind::Rsa2048, "rsa -traditional"),
    ] {
        let Some(folder) = Folder::of(kind) else {
            return;
        };
        for cipher in ["aes128", "aes192", "aes256", "des3"] {
            folder.openssl(&format!(
                "{command} -in key.pem -{cipher} -passout pass:changeit -out made.pem"
            ));
            let text = String::from_utf8(folder.read("made.pem")).unwrap();
            assert!(text.contains("Proc-Type: 4,ENCRYPTED"), "{text}");
            assert_eq!(folder.open("changeit").unwrap().chain_der().len(), 2);
            let wrong = folder.open("changed").unwrap_err();
            assert_eq!(wrong, CredentialError::KeyPassword, "{kind:?} {cipher}");
        }
    }
}

#[test]
fn keys_that_openssl_encrypts_as_pkcs8() {
    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
    ] {
        let Some(folder) = Folder::of(kind) else {
            return;
        };
        for how in [
            "-v2 aes-256-cbc",
            "-v2 aes-128-cbc -v2prf hmacWithSHA1",
            "-v2 des3",
            "-scrypt -scrypt_N 1024",
        ] {
            folder.openssl(&format!(
                "pkcs8 -topk8 -in key.pem {how} -passout pass:changeit -out made.pem"
            ));
            assert!(folder.open("changeit").is_ok(), "{kind:?} {how}");
            let wrong = folder.open("changed").unwrap_err();
            assert_eq!(wrong, CredentialError::KeyPassword, "{kind:?} {how}");
        }
    }
}

#[test]
fn a_scheme_of_pkcs8_that_is_too_old_is_named() {
    let Some(folder) = Folder::of(KeyKind::P256) else {
        return;
    };
    folder
        .openssl("pkcs8 -topk8 -in key.pem -v1 PBE-SHA1-3DES -passout pass:changeit -out made.pem");
    let error = folder.open("changeit").unwrap_err();
    let scheme = "something other than PBES2".to_owned();
    assert_eq!(error, CredentialError::KeyEncryption { scheme });
    assert!(error.hint().unwrap().contains("openssl pkcs8"));
}

#[test]
fn stores_of_openssl_whatever_stands_first_in_them() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let Some(folder) = Folder::of(kind) else {
            return;
        };
        let export = "pkcs12 -export -in chain.pem -inkey key.pem -passout pass:changeit";
        // Debian's OpenSSL reads its own older dialect with a provider that need not be there.
        for how in [
            "",
            " -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        ] {
            folder.openssl(&format!("{export}{how} -out made.p12"));
            let bytes = folder.read("made.p12");
            let credential = Credential::from_pkcs12(&bytes, &"changeit".into()).unwrap();
            assert_eq!(credential.certificate().subject().to_string(), "CN=billing");
            assert_eq!(credential.chain_der().len(), 2, "{kind:?}{how}");
        }
    }
}
