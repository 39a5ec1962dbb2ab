//! Whatever `countersign pki export` makes of a key, of whichever kind, other programs read.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use countersign_pki::{Authority, Key, KeyKind};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::support::{Dev, is_here, is_installed, python, stderr, stdout};

const KINDS: [(&str, KeyKind); 7] = [
    ("p256", KeyKind::P256),
    ("p384", KeyKind::P384),
    ("p521", KeyKind::P521),
    ("ed25519", KeyKind::Ed25519),
    ("rsa2048", KeyKind::Rsa2048),
    ("rsa3072", KeyKind::Rsa3072),
    ("rsa4096", KeyKind::Rsa4096),
];

/// A dev server, and in its folder each key in every form: for `p256` that is `p256.p12`,
/// `p256-legacy.p12`, `p256-encrypted.pem`, `p256-both.pem` and `p256.der`. The password is `changeit`.
struct Shelf(Dev);

impl Shelf {
    /// The one that another test has at the moment, or a new one: filling it takes a while.
    fn get() -> Arc<Self> {
        static SHARED: Mutex<Weak<Shelf>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some(shelf) = shared.upgrade() {
            return shelf;
        }
        let shelf = Arc::new(Self::fill());
        *shared = Arc::downgrade(&shelf);
        shelf
    }

    fn fill() -> Self {
        let shelf = Self(Dev::start());
        fs::write(shelf.0.folder().join("password"), "changeit\n").unwrap();
        let issuing = shelf.issuing();
        for (name, kind) in KINDS {
            shelf.put(&issuing, name, kind);
            for (format, file) in [
                ("p12", format!(".countersign/{name}.p12")),
                ("p12-legacy", format!("{name}-legacy.p12")),
                ("encrypted-pem", format!("{name}-encrypted.pem")),
            ] {
                let options = format!("--out {file} --password-file password");
                shelf.export(name, format, &options);
            }
            shelf.export(name, "pem", &format!("--out {name}-both.pem"));
            shelf.export(name, "der", &format!("--out {name}.der"));
        }
        let options = "--out .countersign/root.p12 --password-file password";
        shelf.export("root", "p12", options);
        shelf
    }

    /// The authority of the dev certificates.
    fn issuing(&self) -> Authority {
        let read = |file| fs::read_to_string(self.0.folder().join(file)).unwrap();
        let chain = read(".countersign/issuing.pem");
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes());
        let chain: Vec<_> = chain.map(|der| der.unwrap().to_vec()).collect();
        let key = Key::from_pem(&read(".countersign/issuing-key.pem")).unwrap();
        Authority::from_chain(&chain, key).unwrap()
    }

    /// Puts a client with a key of that kind into the folder of the certificates; the server knows it.
    fn put(&self, issuing: &Authority, name: &str, kind: KeyKind) {
        let id = "spiffe://dev.countersign.example/billing";
        let client = issuing.client(Timestamp::now()).key(kind).uri(id);
        let client = client.issue().unwrap();
        let certs = self.0.folder().join(".countersign");
        fs::write(certs.join(format!("{name}.pem")), client.chain_pem()).unwrap();
        fs::write(certs.join(format!("{name}-key.pem")), client.key_pem()).unwrap();
        let manifest = fs::read_to_string(certs.join("pki.toml")).unwrap();
        let entry = format!(
            "\n[certificate.{name}]\nprofile = \"client\"\nissuer = \"issuing\"\nspiffe = \"{id}\"\n"
        );
        fs::write(certs.join("pki.toml"), manifest + &entry).unwrap();
    }

    /// What `countersign pki export` prints.
    fn export(&self, name: &str, format: &str, options: &str) -> String {
        let countersign = env!("CARGO_BIN_EXE_countersign");
        self.paste(&format!(
            "{countersign} pki export {name} --format {format} {options}"
        ))
    }

    /// What a line says that must work.
    fn paste(&self, line: &str) -> String {
        let output = self.0.paste(line);
        let said = stdout(&output) + &stderr(&output);
        assert!(output.status.success(), "{line}\n{said}");
        said
    }

    /// Runs a line that calls the server, which answers billing.
    fn call(&self, line: &str) {
        let said = self.paste(line);
        assert!(said.contains(r#"{"items":["#), "{line}\n{said}");
    }

    fn url(&self) -> String {
        let (_, url) = self.0.line("curl").rsplit_once("https://").unwrap();
        format!("https://{}", url.trim_matches(['\'', '"']))
    }
}

#[test]
fn openssl_reads_every_key_and_store() {
    if !is_here("openssl", Command::new("openssl").arg("version")) {
        return;
    }
    let shelf = Shelf::get();
    for (name, _) in KINDS {
        let key = format!(".countersign/{name}-key.pem");
        let encrypted = format!("{name}-encrypted.pem -passin file:password");
        for file in [&key, &encrypted] {
            let said = shelf.paste(&format!("openssl pkey -check -noout -in {file}"));
            assert!(said.contains("Key is valid"), "{file}: {said}");
        }
        let public = shelf.paste(&format!("openssl pkey -pubout -in {key}"));
        let of = |line: &str| assert_eq!(shelf.paste(line), public, "{line}");
        of(&format!("openssl pkey -pubout -in {name}-both.pem"));
        of(&format!(
            "openssl x509 -pubkey -noout -inform DER -in {name}.der"
        ));
        let dialects = [
            (format!(".countersign/{name}.p12"), "AES-256-CBC"),
            (format!("{name}-legacy.p12"), "pbeWithSHA1And3-KeyTripleDES"),
        ];
        for (store, cipher) in dialects {
            let open = format!("openssl pkcs12 -in {store} -passin file:password");
            let said = shelf.paste(&format!("{open} -info -noout"));
            assert_eq!(said.matches(cipher).count(), 2, "{store}: {said}");
            of(&format!("{open} -nodes -nocerts | openssl pkey -pubout"));
            let chain = shelf.paste(&format!("{open} -nokeys"));
            assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2, "{store}");
            let wrong = format!("openssl pkcs12 -in {store} -noout -passin pass:wrong");
            let refused = shelf.0.paste(&wrong);
            assert!(stderr(&refused).contains("invalid password"), "{store}");
        }
    }
}

#[test]
fn curl_calls_with_every_key_and_store() {
    if !is_here("curl", Command::new("curl").arg("--version")) {
        return;
    }
    let shelf = Shelf::get();
    let url = shelf.url();
    let countersign = env!("CARGO_BIN_EXE_countersign");
    for (name, _) in KINDS {
        for credential in [
            format!("--cert-type P12 --cert .countersign/{name}.p12:changeit"),
            format!("--cert-type P12 --cert ./{name}-legacy.p12:changeit"),
            format!("--cert ./{name}-encrypted.pem:changeit"),
            format!("--cert ./{name}-both.pem"),
        ] {
            shelf.call(&format!(
                "curl -sS {credential} --cacert .countersign/root.pem {url}"
            ));
        }
        shelf.call(&format!(
            "{countersign} pki export {name} --format curl | curl -sS --config - {url}"
        ));
    }
}

#[test]
fn python_reads_every_key_and_store() {
    let python = python();
    let probe = ["-c", "import cryptography, requests"];
    let tool = "Python with cryptography and requests";
    if !is_here(tool, Command::new(&python).args(probe)) {
        return;
    }
    let shelf = Shelf::get();
    fs::write(shelf.0.folder().join("read.py"), PYTHON).unwrap();
    for (name, _) in KINDS {
        shelf.paste(&format!("{python} read.py {name}"));
        let snippet = shelf.export(name, "requests", "");
        let call = format!("{snippet}print(session.get('{}').text)\n", shelf.url());
        fs::write(shelf.0.folder().join(format!("{name}.py")), call).unwrap();
        shelf.call(&format!("{python} {name}.py"));
    }
}

#[test]
fn node_reads_every_key_and_store() {
    if !is_here("node", Command::new("node").arg("--version")) {
        return;
    }
    let shelf = Shelf::get();
    fs::write(shelf.0.folder().join("read.js"), NODE).unwrap();
    for (name, _) in KINDS {
        shelf.paste(&format!("node read.js {name}"));
        let snippet = shelf.export(name, "node", "");
        let url = shelf.url();
        let get = format!("https.get('{url}', {{ agent }}, (it) => it.pipe(process.stdout));\n");
        fs::write(shelf.0.folder().join(format!("{name}.js")), snippet + &get).unwrap();
        shelf.call(&format!("node {name}.js"));
    }
}

#[test]
fn go_calls_with_every_key() {
    if !is_installed("go", Command::new("go").arg("version")) {
        return;
    }
    let shelf = Shelf::get();
    let folder = shelf.0.folder();
    for (name, _) in KINDS {
        let program = GO.to_owned() + &shelf.export(name, "go", "");
        fs::write(folder.join(format!("{name}.go")), program).unwrap();
        let cache = "GOCACHE=$PWD/go-cache GOTOOLCHAIN=local GOFLAGS=-mod=mod";
        shelf.call(&format!("{cache} go run {name}.go {}", shelf.url()));
    }
}

#[test]
fn nginx_loads_every_key() {
    if !is_here("nginx", Command::new("nginx").arg("-v")) {
        return;
    }
    let shelf = Shelf::get();
    let server = shelf.export("server", "nginx", "");
    for (name, _) in KINDS {
        let client = shelf.export(name, "nginx", "");
        let config = format!(
            "error_log stderr;\npid nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n\
             server {{\nlisten unix:nginx.sock ssl;\n{server}\
             location / {{\nproxy_pass https://localhost;\n{client}}}\n}}\n}}\n"
        );
        fs::write(shelf.0.folder().join(format!("{name}.conf")), config).unwrap();
        shelf.paste(&format!("nginx -t -e stderr -p . -c {name}.conf"));
    }
}

#[test]
fn a_key_that_openssl_wrote_leaves_in_the_form_that_all_read() {
    if !is_here("openssl", Command::new("openssl").arg("version")) {
        return;
    }
    let shelf = Shelf::get();
    let countersign = env!("CARGO_BIN_EXE_countersign");
    shelf.paste(&format!("{countersign} pki init other"));
    // SEC 1 (RFC 5915), as `openssl ec` writes it.
    shelf.paste(
        "openssl ec -in other/billing-key.pem -out sec1.pem && mv sec1.pem other/billing-key.pem",
    );
    let exported = shelf.export("billing", "pem", "--dir other");
    assert!(
        exported.contains("-----BEGIN PRIVATE KEY-----\n"),
        "it was written by OpenSSL"
    );
}

#[test]
fn java_lists_every_store() {
    if !is_installed("keytool", Command::new("keytool").arg("-help")) {
        return;
    }
    let shelf = Shelf::get();
    let list = |store: &str| {
        let options = "-storetype PKCS12 -storepass:file password";
        shelf.paste(&format!("keytool -list -v -keystore {store} {options}"))
    };
    for (name, _) in KINDS {
        for store in [
            format!(".countersign/{name}.p12"),
            format!("{name}-legacy.p12"),
        ] {
            let said = list(&store);
            assert!(said.contains(&format!("Alias name: {name}\n")), "{said}");
            assert!(said.contains("Entry type: PrivateKeyEntry\n"), "{said}");
            assert!(said.contains("Certificate chain length: 2\n"), "{said}");
        }
    }
    let said = list(".countersign/root.p12");
    assert!(said.contains("Entry type: trustedCertEntry\n"), "{said}");
}

#[test]
fn java_calls_with_every_key() {
    let modules = "java --list-modules | grep -q '^jdk.compiler'";
    if !is_installed("a JDK", Command::new("sh").args(["-c", modules])) {
        return;
    }
    let shelf = Shelf::get();
    fs::write(shelf.0.folder().join("Get.java"), JAVA).unwrap();
    for (name, _) in KINDS {
        let options = format!("--password-file password --out {name}.args");
        shelf.export(name, "java", &options);
        shelf.call(&format!("java @{name}.args Get.java {}", shelf.url()));
    }
}

const PYTHON: &str = r#"
import sys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

def read(name):
    with open(name, 'rb') as file:
        return file.read()

name = sys.argv[1]
leaf = x509.load_der_x509_certificate(read(f'{name}.der'))
keys = [
    load_pem_private_key(read(f'.countersign/{name}-key.pem'), None),
    load_pem_private_key(read(f'{name}-encrypted.pem').split(b'-----END CERTIFICATE-----\n')[-1], b'changeit'),
]
for store in [f'.countersign/{name}.p12', f'{name}-legacy.p12']:
    found = pkcs12.load_pkcs12(read(store), b'changeit')
    assert found.cert.certificate == leaf, store
    assert len(found.additional_certs) == 1, store
    keys.append(found.key)
for key in keys:
    assert key.public_key() == leaf.public_key()
"#;

const NODE: &str = r#"
const fs = require('node:fs');
const tls = require('node:tls');

const name = process.argv[2];
const passphrase = 'changeit';
const both = fs.readFileSync(`${name}-both.pem`);
const encrypted = fs.readFileSync(`${name}-encrypted.pem`);
tls.createSecureContext({ cert: both, key: both });
tls.createSecureContext({ cert: encrypted, key: encrypted, passphrase });
for (const store of [`.countersign/${name}.p12`, `${name}-legacy.p12`]) {
  tls.createSecureContext({ pfx: fs.readFileSync(store), passphrase });
}
"#;

const GO: &str = r#"
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
)

func main() {
	config, err := tlsConfig()
	if err != nil {
		panic(err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	answer, err := client.Get(os.Args[1])
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	io.Copy(os.Stdout, answer.Body)
}

"#;

const JAVA: &str = r#"
import java.net.URL;

class Get {
    public static void main(String[] args) throws Exception {
        try (var answer = new URL(args[0]).openStream()) {
            answer.transferTo(System.out);
        }
    }
}
"#;
