//! What does a program have to be told? Lines for it, that name the files where they are.

use std::path::{Path, absolute};

use anyhow::{Context, Result};
use countersign_pki::{Plan, Store, Usage};

/// Where the files are, from wherever the reader starts.
pub(super) struct Paths {
    certificate: String,
    key: String,
    root: String,
}

impl Paths {
    pub(super) fn of(store: &Store, plan: &Plan, name: &str) -> Result<Self> {
        Ok(Self {
            certificate: text(&store.certificate_path(name))?,
            key: text(&store.key_path(name))?,
            root: text(&store.certificate_path(plan.root_of(name)?))?,
        })
    }

    /// For a POSIX shell.
    pub(super) fn env(&self) -> String {
        let own = [
            ("COUNTERSIGN_CERT", &self.certificate),
            ("COUNTERSIGN_KEY", &self.key),
        ];
        let roots = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
        ];
        let all = own.into_iter().chain(roots.map(|name| (name, &self.root)));
        lines(all.map(|(name, path)| format!("export {name}={}", shell(path))))
    }

    /// For `curl --config`.
    pub(super) fn curl(&self) -> String {
        let options = [
            ("cert", &self.certificate),
            ("key", &self.key),
            ("cacert", &self.root),
        ];
        lines(options.map(|(name, path)| format!("{name} = {}", quoted(path))))
    }

    /// For Python.
    pub(super) fn requests(&self) -> String {
        let [certificate, key, root] = self.escaped();
        format!(
            "import requests\n\n\
             session = requests.Session()\n\
             session.cert = ({certificate}, {key})\n\
             session.verify = {root}\n\
             session.trust_env = False  # or REQUESTS_CA_BUNDLE would win over verify\n"
        )
    }

    /// For Node, as a module or not.
    pub(super) fn node(&self, usage: &[Usage]) -> String {
        let [certificate, key, root] = self.escaped();
        let files = format!(
            "  cert: fs.readFileSync({certificate}),\n  \
               key: fs.readFileSync({key}),\n  \
               ca: fs.readFileSync({root}),\n"
        );
        let head = "const fs = require('node:fs');\nconst https = require('node:https');\n\n";
        match is_server(usage) {
            true => format!(
                "{head}const server = https.createServer({{\n{files}  \
                   requestCert: true,\n  rejectUnauthorized: true,\n}});\n"
            ),
            false => format!("{head}const agent = new https.Agent({{\n{files}}});\n"),
        }
    }

    /// For Go: a function that makes the configuration of either side.
    pub(super) fn go(&self, usage: &[Usage]) -> String {
        let [certificate, key, root] = self.escaped();
        let trust = match is_server(usage) {
            true => "\t\tClientAuth:   tls.RequireAndVerifyClientCert,\n\t\tClientCAs:    roots,\n",
            false => "\t\tRootCAs:      roots,\n",
        };
        format!(
            "// import \"crypto/tls\", \"crypto/x509\", \"errors\" and \"os\".\n\
             func tlsConfig() (*tls.Config, error) {{\n\
             \tcertificate, err := tls.LoadX509KeyPair({certificate}, {key})\n\
             \tif err != nil {{\n\t\treturn nil, err\n\t}}\n\
             \tpem, err := os.ReadFile({root})\n\
             \tif err != nil {{\n\t\treturn nil, err\n\t}}\n\
             \troots := x509.NewCertPool()\n\
             \tif !roots.AppendCertsFromPEM(pem) {{\n\
             \t\treturn nil, errors.New(\"no certificate to trust\")\n\t}}\n\
             \treturn &tls.Config{{\n\
             \t\tCertificates: []tls.Certificate{{certificate}},\n\
             {trust}\t}}, nil\n}}\n"
        )
    }

    /// For nginx: of a server to serve with, of a client to call an upstream with.
    pub(super) fn nginx(&self, usage: &[Usage]) -> String {
        let (prefix, root, verify) = match is_server(usage) {
            true => ("ssl", "ssl_client_certificate", "ssl_verify_client"),
            false => (
                "proxy_ssl",
                "proxy_ssl_trusted_certificate",
                "proxy_ssl_verify",
            ),
        };
        lines([
            format!("{prefix}_certificate {};", quoted(&self.certificate)),
            format!("{prefix}_certificate_key {};", quoted(&self.key)),
            format!("{root} {};", quoted(&self.root)),
            format!("{verify} on;"),
        ])
    }

    /// As literals of Python, JavaScript and Go.
    fn escaped(&self) -> [String; 3] {
        [&self.certificate, &self.key, &self.root].map(|path| quoted(path))
    }
}

/// For `java @FILE`: an option a line, each quoted as its argument files want it.
pub(super) fn java(own: &Path, trusted: &Path, password: &str) -> Result<String> {
    let options = [
        ("keyStore", text(own)?.as_str()),
        ("keyStoreType", "PKCS12"),
        ("keyStorePassword", password),
        ("trustStore", text(trusted)?.as_str()),
        ("trustStoreType", "PKCS12"),
        ("trustStorePassword", password),
    ]
    .map(|(name, value)| quoted(&format!("-Djavax.net.ssl.{name}={value}")));
    Ok(lines(options))
}

/// The path from wherever the reader starts.
fn text(path: &Path) -> Result<String> {
    let path = absolute(path)?;
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| format!("`{}` cannot be written as text", path.display()))
}

fn is_server(usage: &[Usage]) -> bool {
    usage.contains(&Usage::Server)
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

/// For a POSIX shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// For curl, nginx, Java's argument files, Python, JavaScript and Go, which unescape these alike.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_every_kind_of_quotes() {
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(quoted(r#"a\b"c"#), r#""a\\b\"c""#);
    }
}
